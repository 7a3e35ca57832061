use super::try_policy;
use crate::policy::Authority::{self, Project, User};

#[track_caller]
fn case_in(authority: Authority, text: &str, expected: &str) {
    let message = try_policy(&[(authority, text)]).err().map(|error| error.to_string());
    assert_eq!(message.as_deref(), Some(expected), "{text}");
}

#[track_caller]
fn case(text: &str, expected: &str) {
    case_in(User, &format!("[policy]\nversion = 1\n{text}"), expected);
}

#[track_caller]
fn rule(rest: &str, expected: &str) {
    case(&format!("[[rule]]\nid = 'a.b'\nreason = 'x'\n{rest}"), expected);
}

#[test]
fn a_broken_file_says_where_what_and_what_was_expected() {
    case_in(User, "", "user.toml:1:1: missing `[policy]`, expected `[policy]` with `version = 1`");
    case_in(User, "[policy]\nversion = 2", "user.toml:2:11: unknown version `2`, expected `1`");
    case_in(User, "[policy]\n", "user.toml:1:1: missing field `version`");
    case_in(User, "[policy", "user.toml:1:8: unclosed table, expected `]`");
    case("default = 'block'", "user.toml:3:11: unknown verdict `block`, expected `allow`, `ask` or `deny`");
    case("mode = 'off'", "user.toml:3:8: unknown mode `off`, expected `enforce` or `observe`");
    case("trusted_path = ['bin']", "user.toml:3:16: `bin` is a relative path, expected absolute paths");
    case(
        "colour = 1",
        "user.toml:3:1: unknown field `colour`, expected one of `version`, `default`, `mode`, `trusted_path`",
    );
}

#[test]
fn a_broken_rule_says_where_what_and_what_was_expected() {
    rule("verdict = 'block'", "user.toml:6:11: unknown verdict `block`, expected `allow`, `ask` or `deny`");
    rule("verdict = 'ask'", "user.toml:3:1: missing field `match`");
    rule(
        "verdict = 'ask'\nmatch = {}\nrisk = 'huge'",
        "user.toml:8:8: unknown risk `huge`, expected `low`, `medium`, `high` or `critical`",
    );
    rule("verdict = 'ask'\nmatch = []", "user.toml:7:9: empty list, expected at least one table");
    rule(
        "verdict = 'ask'\nmatch = { option = 'force' }",
        "user.toml:7:20: `force` is no option, expected one like `-f`",
    );
    rule(
        "verdict = 'ask'\nmatch = [{}, { value = { x = 'y' } }]",
        "user.toml:7:24: `x` is no option, expected one like `--context`",
    );
    rule(
        "verdict = 'ask'\nmatch = { scope = 'here' }",
        "user.toml:7:19: unknown scope `here`, expected `local` or `remote`",
    );
    rule(
        "verdict = 'ask'\nmatch = { fact = { moon = 'full' } }",
        "user.toml:7:18: unknown fact `moon`, expected one of `git-branch`, `git-remote`, `kube-context`, `kube-server`, `terraform-workspace`",
    );
    rule(
        "verdict = 'allow'\nmatch = { opaque = true }",
        "user.toml:7:20: `opaque = true` in an `allow` rule: what is opaque is never allowed",
    );
    rule("verdict = 'deny'\nfloor = true\nmatch = {}", "user.toml:7:9: `floor` outside the built-in packs");
    rule(
        "verdict = 'ask'\nmatch = {}\nwhen = { hours = 'always' }",
        "user.toml:8:18: `always` are no hours, expected some like `mon-fri 09:00-17:00 Europe/Berlin`",
    );
    case(
        "[[rule]]\nid = 'push'\nverdict = 'ask'\nreason = 'x'\nmatch = {}",
        "user.toml:4:6: rule id `push`, expected `pack.name`, like `git.push`",
    );
    case(
        "[[rule]]\nid = 'a.b'\nverdict = 'ask'\nmatch = {}",
        "user.toml:3:1: rule `a.b` has no reason, expected `reason`",
    );
    case("[[rule]]\nid = 'a.b'\nverdict = 'ask'\nreason = ' '\nmatch = {}", "user.toml:6:10: empty `reason`");
}

#[test]
fn other_parts_are_checked_as_well() {
    case("[[override]]\nrule = 'a.b'\nverdict = 'ask'\nreason = 'x'", "user.toml:4:8: unknown rule `a.b`");
    case("[approval]\nquorum = 0", "user.toml:4:10: quorum `0`, expected at least `1`");
    case(
        "[approval]\ndeadline = '8'",
        "user.toml:4:12: `8` is no time, expected one like `90s`, `5m`, `8h` or `2d`",
    );
    case(
        "[approval.high]\napprovers = ['mara']",
        "user.toml:4:13: unknown approver `mara`, expected a name or `@group`",
    );
    case(
        "[approval]\nassurance = 'trust'",
        "user.toml:4:13: unknown assurance `trust`, expected `asserted`, `tty`, `chat`, `login`, `key` or `hardware`",
    );
    case(
        "[[group]]\nname = 'team'\nmembers = ['jo']",
        "user.toml:5:11: unknown approver `jo` in group `team`",
    );
    case("[[program]]\nname = []", "user.toml:4:8: `name` is empty or missing, expected at least one");
    case(
        "[[program]]\nname = 'x'\nreads = ['value:f']",
        "user.toml:5:9: `value:f`: expected an option, like `value:-f`",
    );
    case(
        "[[label]]\nset = {}\nmatch = []",
        "user.toml:5:9: `match` is empty or missing, expected at least one",
    );
}

#[test]
fn a_project_file_only_restricts() {
    let only = "a project's file holds only `ask` and `deny` rules; use `--home DIR` for another policy";
    let head = "[policy]\nversion = 1\n";
    let bad = |text: &str, place: &str, what: &str| {
        case_in(
            Project,
            &format!("{head}{text}"),
            &format!("project.toml:{place}: {what} in a project's file: {only}"),
        );
    };
    bad("mode = 'observe'", "3:8", "`mode`");
    bad("default = 'allow'", "3:11", "`default`");
    bad("trusted_path = ['/x']", "3:16", "`trusted_path`");
    bad("[[override]]\nrule = 'a.b'\nverdict = 'deny'\nreason = 'x'", "3:1", "`override`");
    bad("[[program]]\nname = 'x'", "3:1", "`program`");
    bad("[[approver]]\nname = 'x'", "3:1", "`approver`");
    bad("[approval]\nquorum = 1", "3:1", "`approval`");
    bad("[[rule]]\nid = 'a.b'\nverdict = 'allow'\nreason = 'x'\nmatch = {}", "5:11", "verdict `allow`");
}
