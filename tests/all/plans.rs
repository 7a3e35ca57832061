//! Plans: several commands in one request, judged line by line, approved whole or in part, and run one by one in their order.

use crate::stage::{Run, Stage};

const POLICY: &str = r#"
[policy]
version = 1
default = "allow"
[[rule]]
id = "test.make"
verdict = "ask"
risk = "high"
reason = "makes a file"
match = { program = "touch" }
[[rule]]
id = "test.never"
verdict = "deny"
reason = "never here"
instead = "leave it"
match = { program = "rmdir" }
"#;

const PLAN: &str = "# three files\ntouch a\n\necho between\ntouch 'b c'\ntouch d; touch e\n";

fn stage() -> Stage {
    Stage::new().policy(POLICY).file("plan", PLAN)
}

fn agent<'a>(stage: &'a Stage, args: &[&str]) -> Run<'a> {
    stage.gate(args).env("CLAUDECODE", "1")
}

fn asked(stage: &Stage) -> String {
    let output = agent(stage, &["plan", "--wait", "0s", "--", "plan"]).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(124), "{said}");
    said.split("waiting for approval ").nth(1).expect("an id")[..14].to_owned()
}

#[track_caller]
fn approve(stage: &Stage, id: &str, with: &[&str]) -> String {
    let args = ["approve", "--yes", id].into_iter().chain(with.iter().copied());
    let output = stage.gate(args).on_terminal().output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Claims that a line runs by the plan, without being asked about.
#[track_caller]
fn takes_up(stage: &Stage, args: &[&str], line: u32) {
    let args: Vec<&str> = ["--wait", "0s"].iter().chain(args).copied().collect();
    let output = agent(stage, &args).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("approved by a plan approved by ") && said.contains(&format!(", line {line})")),
        "{said}"
    );
}

#[track_caller]
fn asks(stage: &Stage, args: &[&str]) {
    let args: Vec<&str> = ["--wait", "0s"].iter().chain(args).copied().collect();
    let output = agent(stage, &args).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(124) && said.contains("waiting for approval"), "{said}");
}

#[track_caller]
fn verified(stage: &Stage) {
    let output = stage.gate(["audit", "verify"]).output();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn each_line_of_an_approved_plan_runs_once_and_in_order() {
    let stage = stage();
    let id = asked(&stage);
    let card = approve(&stage, &id, &[]);
    assert!(card.contains("a plan: each of the lines 2, 5, 6 runs by itself, once, in this order"), "{card}");
    assert!(card.contains("    2  touch a") && card.contains("    6  touch d; touch e"), "{card}");
    asks(&stage, &["--", "touch", "b c"]);
    takes_up(&stage, &["--", "touch", "a"], 2);
    stage.gate(["--", "echo", "between"]).stdout("between\n").check();
    takes_up(&stage, &["--", "touch", "b c"], 5);
    asks(&stage, &["--", "touch", "a"]);
    takes_up(&stage, &["-c", "touch d; touch e"], 6);
    for made in ["a", "b c", "d", "e"] {
        assert!(stage.cwd().join(made).exists(), "{made}");
    }
    asks(&stage, &["-c", "touch d; touch e"]);
    let shown = stage.gate(["show", &id]).output();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("all its lines were taken up"), "{shown:?}");
    verified(&stage);
}

#[test]
fn only_the_lines_that_an_approver_names_run() {
    let stage = stage();
    let id = asked(&stage);
    approve(&stage, &id, &["--only", "2,6"]);
    let told = agent(&stage, &["plan", "--", "plan"]).output();
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(1), "not all of it: {said}");
    assert!(said.contains("2 of 3 commands may run, on lines 2, 6"), "{said}");
    takes_up(&stage, &["-c", "touch a"], 2);
    asks(&stage, &["--", "touch", "b c"]);
    takes_up(&stage, &["-c", "touch d; touch e"], 6);
    verified(&stage);
}

#[test]
fn a_plan_that_waits_is_told_when_it_is_approved() {
    let stage = stage();
    let waiting = agent(&stage, &["plan", "--reason", "a release", "--", "plan"]).start();
    approve(&stage, waiting.id(), &[]);
    let output = waiting.output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("3 of 3 commands may run, on lines 2, 5, 6"), "{said}");
    assert!(!stage.cwd().join("a").exists(), "nothing runs by asking");
}

#[test]
fn a_line_that_is_refused_refuses_the_plan_with_its_number() {
    let stage = Stage::new().policy(POLICY).file("plan", "touch a\n# the next is never allowed\nrmdir x\n");
    agent(&stage, &["plan", "--", "plan"])
        .stderr(
            "
            gate: line 3 of the plan is refused by rule `test.never`: never here; nobody was asked
            gate: not run: rmdir x
            gate: hint: instead: leave it
            ",
        )
        .code(126)
        .check();
    stage.gate(["requests"]).stderr("gate: nothing waits for a decision\n").check();
}

#[test]
fn a_rejected_plan_and_a_revoked_one_run_nothing() {
    let stage = stage();
    let id = asked(&stage);
    assert!(stage.gate(["reject", "--yes", &id]).on_terminal().output().status.success());
    asks(&stage, &["--", "touch", "a"]);
    let id = asked(&stage);
    approve(&stage, &id, &[]);
    let said = "gate: took the approval of [ID] back; nothing was run\n\
                gate: revoked the grant [ID] after 0 of 3 uses\n";
    agent(&stage, &["revoke", &id]).stderr(said).check();
    asks(&stage, &["--", "touch", "a"]);
    verified(&stage);
}

#[test]
fn a_plan_is_never_run_as_a_whole() {
    let stage = stage();
    let id = asked(&stage);
    approve(&stage, &id, &[]);
    let resumed = agent(&stage, &["resume", &id]).output();
    assert_eq!(resumed.status.code(), Some(124), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert!(!stage.cwd().join("a").exists());
    let with_uses = stage
        .gate([
            "approve",
            "--yes",
            "--uses",
            "2",
            &asked(&Stage::new().policy(POLICY).file("plan", "touch x\n")),
        ])
        .output();
    assert_eq!(with_uses.status.code(), Some(1));
}

#[test]
fn what_is_no_plan_is_said() {
    let stage = Stage::new().policy(POLICY).file("empty", "# nothing\n\n").file("safe", "echo a\n");
    let many = "touch x\n".repeat(101);
    let stage = stage.file("many", many);
    for (name, why) in [
        ("missing", "failed to read the plan `missing`"),
        ("empty", "the plan `empty` has no command"),
        ("many", "the plan `many` has 101 commands, at most 100 can be asked for at once"),
    ] {
        let output = agent(&stage, &["plan", "--", name]).output();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(125) && said.contains(why), "{said}");
    }
    agent(&stage, &["plan", "--", "safe"]).stderr("gate: no command of the plan needs an approval\n").check();
}
