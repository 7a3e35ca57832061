//! A pattern that reaches something now is judged as what it reaches: by the built-in rules, in the test world's directories.

use super::{policy, rule, verdict};
use crate::policy::{Authority, Policy, Verdict};

use Verdict::{Allow, Ask, Deny};

/// The verdict on `script`, and that it is the same as on `plain`, which says by name what the pattern reaches.
#[track_caller]
fn same(policy: &Policy, script: &str, plain: &str) {
    let (found, named) = (verdict(policy, script), verdict(policy, plain));
    assert_ne!(named.verdict, Allow, "{plain}");
    assert_eq!(found.verdict, named.verdict, "`{script}` as `{plain}`");
    let rule = named.decisive().map(|hit| (&hit.rule, hit.floor));
    assert_eq!(found.decisive().map(|hit| (&hit.rule, hit.floor)), rule, "`{script}` as `{plain}`");
}

#[test]
fn what_a_pattern_reaches_is_guarded_as_if_it_were_named() {
    let policy = Policy::built_in();
    for (script, plain) in [
        ("echo x > /srv/g*/policy.toml", "echo x > /srv/gate/policy.toml"),
        ("echo x > /s*/g*/p*", "echo x > /srv/gate/policy.toml"),
        ("echo x >> /srv/ga?e/policy.toml", "echo x >> /srv/gate/policy.toml"),
        ("rm /srv/[a-h]ate/*.db", "rm /srv/gate/gate.db"),
        ("rm /srv/[!x]ate/*.db", "rm /srv/gate/gate.db"),
        ("rm -rf /srv/g*", "rm -rf /srv/gate"),
        ("cd /srv && rm -rf g*", "rm -rf /srv/gate"),
        ("sudo tee /srv/*/policy.toml", "sudo tee /srv/gate/policy.toml"),
        ("mv /srv/g* /tmp/x", "mv /srv/gate /tmp/x"),
        ("cp x /srv/g*", "cp x /srv/gate"),
        ("echo x > .git/hook*/pre-commit", "echo x > .git/hooks/pre-commit"),
        ("echo x > .gi[t]/hooks/pre-commit", "echo x > .git/hooks/pre-commit"),
        ("sed -i s/a/b/ .git/conf*", "sed -i s/a/b/ .git/config"),
        ("sed -i s/a/b/ .claude/set*", "sed -i s/a/b/ .claude/settings.json"),
        ("echo x > .cl*/settings.json", "echo x > .claude/settings.json"),
        ("echo x > ~/.cl*/se*", "echo x > ~/.claude/settings.json"),
        ("echo x | tee {.cl*,src}/settings.json", "echo x | tee .claude/settings.json"),
        ("echo x > \"$HOME\"/.cl*/settings.json", "echo x > ~/.claude/settings.json"),
        ("d='.cl*'; echo x > $d/settings.json", "echo x > .claude/settings.json"),
        ("for f in .cl*; do echo x > \"$f/settings.json\"; done", "echo x > .claude/settings.json"),
        ("bash -c 'echo x > .cl*/settings.json'", "bash -c 'echo x > .claude/settings.json'"),
        ("echo $(cat .en*)", "echo $(cat .env)"),
        ("cat .en*", "cat .env"),
        ("cat .e?v", "cat .env"),
        ("cat .[a-f]nv", "cat .env"),
        ("cat .[[:alpha:]]nv", "cat .env"),
        ("cat .en[\\!v]", "cat .env"),
        ("cat .en[v\\]]", "cat .env"),
        ("cat ./.e*", "cat .env"),
        ("cat */../.e*", "cat .env"),
        ("cat .[a-z]*", "cat .env"),
        ("cat < .en*", "cat < .env"),
        ("cp .en* /tmp/e", "cp .env /tmp/e"),
        ("cat {README.md,.en*}", "cat README.md .env"),
        ("cat ~/.ss*/id_*", "cat ~/.ssh/id_ed25519 ~/.ssh/id_ed25519.pub"),
        ("cat ~/.s*/*", "cat ~/.ssh/id_ed25519"),
        ("shopt -s dotglob; cat *", "cat .env"),
        ("shopt -s nocaseglob; cat .EN*", "cat .env"),
        ("shopt -s globstar; cat ~/.ssh/**", "cat ~/.ssh/id_ed25519"),
        ("shopt -s globstar dotglob; cat ~/**/id_ed25519", "cat ~/.ssh/id_ed25519"),
    ] {
        same(&policy, script, plain);
    }
}

#[test]
fn ordinary_patterns_cost_no_question() {
    let policy = Policy::built_in();
    for script in [
        "ls *",
        "ls *.md",
        "ls -d .*",
        "cat *",
        "cat *.md",
        "cat src/*.rs",
        "cat [a-z]*",
        "cat .[f-h]i*e",
        "head -3 {README,notes}.*",
        "rm build/*.o",
        "cp src/* build/",
        "git add .",
        "wc -l **/*.rs",
        "shopt -s globstar; wc -l **/*.rs",
        "shopt -u dotglob nocaseglob; cat *",
        "grep -rn x src/*",
        "for f in *.md; do cat \"$f\"; done",
        "cat '.gi*'",
        "cat nothing-*-here",
    ] {
        assert_eq!(verdict(&policy, script).verdict, Allow, "{script}");
    }
}

#[track_caller]
fn case(rules: &[String], script: &str, expected: Verdict) {
    let tools = "[policy]\nversion = 1\n[[program]]\nname = 'show'\nflags = ['-f']\nreads = ['operands']\n[[program]]\nname = 'move'\nreads = ['init']\nwrites = ['last']\n";
    let policy = policy(&[(Authority::User, &(tools.to_owned() + &rules.concat()))]);
    assert_eq!(verdict(&policy, script).verdict, expected, "{script}");
}

#[test]
fn what_permits_holds_for_the_pattern_and_for_all_that_it_stands_for() {
    let notes = [rule("notes", "allow", "match = { program = 'show', reads_all = ['./*.md'] }")];
    case(&notes, "show *.md", Allow);
    case(&notes, "show not*", Ask);
    case(&notes, "show R*.md n*.md", Allow);
    let but = [rule(
        "all",
        "allow",
        "match = { program = 'show', reads_all = ['./**'] }\nexcept = { reads = ['./.g*'] }",
    )];
    case(&but, "show src/*", Allow);
    case(&but, "show .git*", Ask);
}

#[test]
fn names_take_the_places_that_the_shell_gives_them() {
    let guards = [
        rule("all", "allow", "match = { program = ['show', 'move'] }"),
        rule("written", "deny", "match = { writes = ['./notes.md'], certain = true }"),
        rule("read", "ask", "match = { program = 'move', reads = ['./README.md'], certain = true }"),
    ];
    case(&guards, "move *.md", Deny);
    case(&guards, "move *.md src", Ask);
    case(&guards, "move src/*.rs src", Allow);
}
