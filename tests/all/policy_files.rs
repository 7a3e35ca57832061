//! Working on a policy: `gate policy check`, `test` and `diff`.

use serde_json::{Value, json};

use crate::stage::Stage;

const HEAD: &str = "[policy]\nversion = 1\n";

fn rule(id: &str, verdict: &str, rest: &str) -> String {
    format!("[[rule]]\nid = '{id}'\nverdict = '{verdict}'\nreason = 'x'\n{rest}\n")
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let stage = Stage::new().file("p.toml", format!("{HEAD}{text}"));
    let output = stage.gate(["policy", "check", "p.toml"]).output();
    let found = String::from_utf8(output.stdout).unwrap();
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{text}");
    assert_eq!(output.status.code(), Some(i32::from(!expected.is_empty())));
}

#[test]
fn an_example_that_does_not_hold_is_pointed_to() {
    check(
        &rule("a.b", "deny", "match = { program = 'deploy' }\nexamples = [\n  'deploy x',\n  'ls',\n]"),
        &["p.toml:10:3: rule `a.b`: example `ls` is not matched; what spoke: `files.read`"],
    );
    check(
        &rule("a.b", "deny", "match = { program = 'deploy' }\ncounterexamples = ['ls', 'deploy x']"),
        &["p.toml:8:26: rule `a.b`: counterexample `deploy x` is matched"],
    );
    check(
        "[[test]]\ncommand = 'ls'\nverdict = 'deny'\n[[test]]\ncommand = 'ls'\nverdict = 'allow'\nrules = ['files.raed']",
        &[
            "p.toml:5:11: test `ls` comes to `allow`, expected `deny`; what spoke: `files.read`",
            "p.toml:9:9: test `ls` is not matched by `files.raed`, did you mean `files.read`?; what spoke: `files.read`",
        ],
    );
}

#[test]
fn rules_that_can_never_decide_are_found() {
    let deny = rule("a.deny", "deny", "match = { program = ['deploy', 'ship'] }");
    let at = |line: usize, column: usize, text: &str| format!("p.toml:{line}:{column}: rule `a.b`: {text}");
    let found = |rest: &str, verdict: &str, expected: &str| {
        check(&(deny.clone() + &rule("a.b", verdict, rest)), &[expected])
    };
    found(
        "match = { program = 'deploy', subcommand = 'staging' }",
        "allow",
        &at(12, 9, "can never decide: `a.deny` (p.toml:3) matches all of it, and its `deny` is stricter"),
    );
    found(
        "match = { program = ['ship', 'deploy'] }\nwhen = { branch = 'x' }",
        "ask",
        &at(12, 9, "can never decide: `a.deny` (p.toml:3) matches all of it, and its `deny` is stricter"),
    );
    found(
        "match = { program = ['deploy', 'ship'] }",
        "allow",
        &at(
            10,
            11,
            "contradicts `a.deny` (p.toml:3): both match the same, `allow` here and `deny` there, which counts",
        ),
    );
    check(
        &rule("a.b", "ask", "match = { program = 'deploy', option = '-f' }\nexcept = { program = 'deploy' }"),
        &[&at(8, 10, "can never decide: `except` takes away all that `match` has")],
    );
    check(
        &rule("a.b", "ask", "match = { program = 'deploy', bare = true, option = '-f' }"),
        &[&at(3, 1, "can never match: `bare` refuses the arguments that are asked for")],
    );
}

#[test]
fn what_could_decide_is_left_alone() {
    let deny = rule("a.deny", "deny", "match = { program = 'deploy', subcommand = 'production' }");
    check(&(deny.clone() + &rule("a.b", "allow", "match = { program = 'deploy' }")), &[]);
    check(
        &(deny.clone() + &rule("a.b", "allow", "match = { program = 'deploy', subcommand = 'staging' }")),
        &[],
    );
    let narrow = rule("a.deny", "deny", "match = { program = 'deploy' }\nexcept = { option = '--dry-run' }");
    check(&(narrow + &rule("a.b", "allow", "match = { program = 'deploy' }")), &[]);
    let when = rule("a.deny", "deny", "match = { program = 'deploy' }\nwhen = { branch = 'main' }");
    check(&(when + &rule("a.b", "allow", "match = { program = 'deploy' }")), &[]);
    let changed = "[[override]]\nrule = 'a.deny'\nverdict = 'ask'\nreason = 'x'\n";
    check(
        &(deny + &rule("a.b", "ask", "match = { program = 'deploy', subcommand = 'production' }") + changed),
        &[],
    );
    check(
        &rule("a.b", "ask", "match = { program = 'deploy', option = '-f' }\nexcept = { option = '-n' }"),
        &[],
    );
}

#[test]
fn overrides_and_names_that_do_nothing_are_found() {
    let change = |rule: &str, verdict: &str| {
        format!("[[override]]\nrule = '{rule}'\nverdict = '{verdict}'\nreason = 'x'\n")
    };
    check(
        &change("git.push", "ask"),
        &["p.toml:5:11: override of rule `git.push` changes nothing: it is `ask` already"],
    );
    check(
        &(change("git.push", "deny") + &change("git.push", "allow")),
        &["p.toml:8:8: override of `git.push` changes nothing: the one at p.toml:3 counts"],
    );
    check(&change("git.push", "allow"), &[]);
    check(&change("git.*", "ask"), &[]);
    check(
        &rule("a.b", "ask", "match = { program = ['kubectl', 'kubctl'] }"),
        &["p.toml:7:33: rule `a.b`: nothing describes a program `kubctl`, did you mean `kubectl`?"],
    );
    check(&rule("a.b", "ask", "match = { program = ['frobnicate', 'python2', 'gti'] }"), &[]);
    check(
        &rule("a.b", "ask", "match = { program = 'x' }\nwhen = { environment = 'prodution' }"),
        &["p.toml:8:8: rule `a.b`: no label sets environment `prodution`, did you mean `production`?"],
    );
}

#[test]
fn a_broken_file_is_a_finding() {
    let stage = Stage::new().file("p.toml", format!("{HEAD}[[rule]]\nid = 'a.b'\nverdit = 'ask'\n"));
    stage
        .gate(["policy", "check", "p.toml", "--json"])
        .stdout(
            "
            {\"findings\":[{\"message\":\"unknown key `verdit`, did you mean `verdict`?\",\"place\":\"p.toml:5:1\"}],\"judged\":0}
            ",
        )
        .code(1)
        .check();
}

#[test]
fn tests_of_a_file_are_run() {
    let tests = "[[test]]\ncommand = 'deploy staging'\nverdict = 'allow'\n[[test]]\ncommand = 'deploy production'\nverdict = 'ask'\nrisk = 'high'\n";
    let rules = rule("a.allow", "allow", "match = { program = 'deploy', subcommand = 'staging' }")
        + &rule("a.ask", "ask", "match = { program = 'deploy', subcommand = 'production' }");
    let stage = Stage::new()
        .policy(&format!("{HEAD}{rules}"))
        .file("both.toml", format!("{HEAD}{rules}{tests}"))
        .file("tests.toml", format!("{HEAD}{tests}"))
        .file("good.toml", format!("{HEAD}[[test]]\ncommand = 'ls'\nverdict = 'allow'\n"))
        .file("none.toml", HEAD)
        .file("broken.toml", format!("{HEAD}[[test]]\nverdict = 'allow'\n"));
    let fails = "gate: 1 of 2 tests fail\n";
    stage
        .gate(["policy", "test", "both.toml"])
        .stdout("both.toml:19:8: test `deploy production` comes to risk `medium`, expected `high`\n")
        .stderr(fails)
        .code(1)
        .check();
    // Nothing but tests: judged with the policy in force.
    stage
        .gate(["policy", "test", "tests.toml"])
        .stdout("tests.toml:9:8: test `deploy production` comes to risk `medium`, expected `high`\n")
        .stderr(fails)
        .code(1)
        .check();
    stage.gate(["policy", "test", "good.toml"]).stderr("gate: 1 test holds\n").check();
    stage.gate(["policy", "test", "none.toml"]).stderr("gate: no `[[test]]` in none.toml\n").code(1).check();
    stage
        .gate(["policy", "test", "broken.toml"])
        .stderr("gate: error: broken.toml:3:1: missing field `command`\n")
        .code(125)
        .check();
    let output = stage.gate(["policy", "test", "both.toml", "--json"]).output();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["holds"], &answer["failed"]), (&json!(1), &json!(1)));
    let second = &answer["tests"][1];
    assert_eq!(
        (&second["verdict"], &second["holds"], &second["rules"], &second["place"]),
        (&json!("ask"), &json!(false), &json!(["a.ask"]), &json!("both.toml:19:8"))
    );
}

#[test]
fn verdicts_that_another_policy_would_change_are_listed() {
    let allow = HEAD.to_owned() + &rule("a.allow", "allow", "match = { program = 'frobnicate' }");
    let stage = Stage::new()
        .policy(&format!("{HEAD}mode = 'observe'\n"))
        .file("laxer.toml", format!("{allow}[[test]]\ncommand = 'frobnicate'\nverdict = 'allow'\n"))
        .file("bad.toml", "[policy]\n");
    assert!(stage.gate(["-c", "true; frobnicate x"]).output().status.code() == Some(127));
    let output = stage.gate(["policy", "diff", "laxer.toml", "--since", "1d"]).output();
    let expected = "\
laxer     ask   -> allow  `frobnicate`
          test at laxer.toml:9:11
laxer     ask   -> allow  `true; frobnicate x`
          once in the log
";
    assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()), (expected, Some(1)));
    let said = String::from_utf8(output.stderr).unwrap();
    let counts = said.starts_with("gate: 2 verdicts change in ");
    assert!(counts && said.ends_with(" examples and tests and 1 command of the log\n"), "{said}");
    stage
        .gate(["policy", "diff", "bad.toml"])
        .stderr("gate: error: bad.toml:1:1: missing field `version`\n")
        .code(125)
        .check();
}
