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
        "user.toml:3:1: unknown key `colour`, expected one of `version`, `default`, `mode`, `trusted_path`",
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
        "user.toml:7:26: `x` is no option, expected one like `--context`",
    );
    rule(
        "verdict = 'ask'\nmatch = { scope = 'here' }",
        "user.toml:7:19: unknown scope `here`, expected `local` or `remote`",
    );
    rule(
        "verdict = 'ask'\nmatch = { fact = { moon = 'full' } }",
        "user.toml:7:20: unknown fact `moon`, expected one of `git-branch`, `git-remote`, `kube-context`, `kube-server`, `terraform-workspace`, `aws-profile`, `aws-region`, `gcloud-project`, `gcloud-region`, `azure-subscription`, `database-host`, `database-name`, `ci-environment`, `ci-branch`, `ci-repository`",
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
fn the_nearest_right_word_is_named() {
    case("[[rules]]", "user.toml:3:3: unknown key `rules`, did you mean `rule`?");
    case("[approvals]", "user.toml:3:2: unknown key `approvals`, did you mean `approval`?");
    case("[approval]\nquorom = 2", "user.toml:4:1: unknown key `quorom`, did you mean `quorum`?");
    case("[approval.hihg]", "user.toml:3:11: unknown key `hihg`, did you mean `high`?");
    case("defualt = 'ask'", "user.toml:3:1: unknown key `defualt`, did you mean `default`?");
    case("mode = 'observed'", "user.toml:3:8: unknown mode `observed`, did you mean `observe`?");
    case("[approval]\nassurance = 'ttty'", "user.toml:4:13: unknown assurance `ttty`, did you mean `tty`?");
    case(
        "[approval]\nreason = 'require'",
        "user.toml:4:10: unknown need `require`, did you mean `required`?",
    );
    case("[approval]\ngrant = 'one'", "user.toml:4:9: unknown grant `one`, did you mean `once`?");
    rule("verdict = 'alow'\nmatch = {}", "user.toml:6:11: unknown verdict `alow`, did you mean `allow`?");
    rule("verdict = 'ask'\nrisk = 'hihg'", "user.toml:7:8: unknown risk `hihg`, did you mean `high`?");
    rule("verdict = 'ask'\nmatc = {}", "user.toml:7:1: unknown key `matc`, did you mean `match`?");
    rule(
        "verdict = 'ask'\nmatch = { operands = 'x' }",
        "user.toml:7:11: unknown key `operands`, did you mean `operand`?",
    );
    rule(
        "verdict = 'ask'\nmatch = [\n  { program = 'x' },\n  { progam = 'x' },\n]",
        "user.toml:9:5: unknown key `progam`, did you mean `program`?",
    );
    rule(
        "verdict = 'ask'\nmatch = {}\nwhen = { enviroment = 'x' }",
        "user.toml:8:10: unknown key `enviroment`, did you mean `environment`?",
    );
    rule(
        "verdict = 'ask'\nmatch = { scope = 'remot' }",
        "user.toml:7:19: unknown scope `remot`, did you mean `remote`?",
    );
    rule(
        "verdict = 'ask'\nmatch = { fact = { git-brnch = 'x' } }",
        "user.toml:7:20: unknown fact `git-brnch`, did you mean `git-branch`?",
    );
    case(
        "[[label]]\nset = { regoin = 'x' }\nmatch = {}",
        "user.toml:4:9: unknown key `regoin`, did you mean `region`?",
    );
    case(
        "[[program]]\nname = 'x'\nflag = ['-v']",
        "user.toml:5:1: unknown key `flag`, did you mean `flags`?",
    );
    case(
        "[[program]]\nname = 'x'\nruns = { after_operand = 1 }",
        "user.toml:5:10: unknown key `after_operand`, did you mean `after_operands`?",
    );
    case(
        "[[variable]]\nname = 'x'\ntrust = 'x'",
        "user.toml:5:1: unknown key `trust`, did you mean `trusted`?",
    );
    case("[[test]]\ncomand = 'x'", "user.toml:4:1: unknown key `comand`, did you mean `command`?");
    case("[[approver]]\nname = 'x'\nslak = 'x'", "user.toml:5:1: unknown key `slak`, did you mean `slack`?");
    case(
        "[[rule]]\nid = 'team.push'\nverdict = 'ask'\nreason = 'x'\nmatch = {}\n[[override]]\nrule = 'team.psuh'\nverdict = 'ask'\nreason = 'x'",
        "user.toml:9:8: unknown rule `team.psuh`, did you mean `team.push`?",
    );
    let people = "[[approver]]\nname = 'mara'\n[[group]]\nname = 'oncall'\nmembers = ['mara']\n";
    case(
        &format!("{people}[approval]\napprovers = ['mara', 'marra']"),
        "user.toml:9:22: unknown approver `marra`, did you mean `mara`?",
    );
    case(
        &format!("{people}[approval]\nescalate = [{{ after = '5m', to = ['@oncal'] }}]"),
        "user.toml:9:35: unknown approver `@oncal`, did you mean `@oncall`?",
    );
    case(
        "[[approver]]\nname = 'mara'\n[[group]]\nname = 'a'\nmembers = ['mara', 'maar']",
        "user.toml:7:20: unknown approver `maar` in group `a`, did you mean `mara`?",
    );
}

#[test]
fn other_parts_are_checked_as_well() {
    case("[[override]]\nrule = 'a.b'\nverdict = 'ask'\nreason = 'x'", "user.toml:4:8: unknown rule `a.b`");
    let change =
        |rest: &str| format!("[[override]]\nrule = 'env.X'\nverdict = 'allow'\nreason = 'x'\nmatch = {rest}");
    case(&change("{ program = 'x' }"), "user.toml:4:8: `match` cannot limit what overrides `env.X`");
    case(
        &change("{ opaque = true }"),
        "user.toml:7:20: `opaque = true` in an `allow` override: what is opaque is never allowed",
    );
    case(
        &change("{ exactly = 'a  b' }"),
        "user.toml:7:21: `a  b`, expected words with one blank between two of them",
    );
    case("[approval]\nquorum = 0", "user.toml:4:10: quorum `0`, expected at least `1`");
    case(
        "[approval]\ndeadline = '8'",
        "user.toml:4:12: `8` is no time, expected one like `90s`, `5m`, `8h` or `2d`",
    );
    case(
        "[approval.high]\napprovers = ['mara']",
        "user.toml:4:14: unknown approver `mara`, expected a name or `@group`",
    );
    case(
        "[approval]\nassurance = 'trust'",
        "user.toml:4:13: unknown assurance `trust`, expected `asserted`, `tty`, `chat`, `login`, `key` or `hardware`",
    );
    case(
        "[[group]]\nname = 'team'\nmembers = ['jo']",
        "user.toml:5:12: unknown approver `jo` in group `team`",
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
