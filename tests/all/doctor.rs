//! `gate doctor`: what it finds, and its exit code.

use crate::stage::Stage;

#[test]
fn well_machine_has_no_problem() {
    let stage = Stage::new().policy("[policy]\nversion = 1\n");
    let output = stage.gate(["doctor", "--json"]).output();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &found["ok"]), (Some(0), &serde_json::json!(true)), "{found}");
    let checks: Vec<&str> =
        found["checks"].as_array().unwrap().iter().filter_map(|c| c["check"].as_str()).collect();
    for check in ["config", "policy", "approval", "store", "sqlite", "shell", "path", "you"] {
        assert!(checks.contains(&check), "{check} is not among {checks:?}");
    }
    stage.program("ls", ["../home"]).stdout("policy.toml\n").check();
}

#[track_caller]
fn problem(stage: &Stage, line: &str) {
    let output = stage.gate(["doctor"]).output();
    let text = String::from_utf8(output.stdout).unwrap();
    let root = stage.root().display().to_string();
    assert!(text.replace(&root, "[ROOT]").contains(line), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn broken_files_are_named_with_their_place() {
    problem(
        &Stage::new().policy("[policy]\nversion = 1\n[[rules]]\n"),
        "problem  policy    [ROOT]/home/policy.toml:3:3: ",
    );
    problem(&Stage::new().config("inline = true\n"), "problem  config    [ROOT]/home/config.toml:1:1: ");
}

#[test]
fn requirement_that_nobody_can_fulfil_is_named() {
    let stage = Stage::new().policy("[policy]\nversion = 1\n[approval.critical]\nquorum = 2\n");
    problem(&stage, "problem  approval  nobody can approve what is of critical risk: it needs 2 people");
}

#[test]
fn rule_that_does_not_do_what_it_says_is_named() {
    let rule = "[[rule]]\nid = \"my.rule\"\nverdict = \"ask\"\nreason = \"r\"\nmatch = { program = \"x\" }\nexamples = [\"y\"]\n";
    problem(
        &Stage::new().policy(&format!("[policy]\nversion = 1\n{rule}")),
        "problem  policy    [ROOT]/home/policy.toml:",
    );
}

#[test]
fn policy_that_allows_everything_is_noted() {
    let lax = "[policy]\nversion = 1\ndefault = \"allow\"\n[[override]]\nrule = \"*\"\nverdict = \"allow\"\nreason = \"r\"\n";
    let output = Stage::new().policy(lax).gate(["doctor"]).output();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("note     policy    `default = \"allow\"`: what no rule speaks of runs"), "{text}");
    assert!(text.contains(" rules that ask or refuse are overridden with `allow`\n"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn agent_is_told_that_it_cannot_decide() {
    let output = Stage::new().gate(["doctor"]).env("CLAUDECODE", "1").output();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("note     you       agent:claude-code (agent: `CLAUDECODE` is set"), "{text}");
}
