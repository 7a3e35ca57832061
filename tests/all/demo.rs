//! `gate demo`, which is also the first thing a person sees of gate.

use crate::stage::Stage;

#[test]
fn demo_allows_refuses_waits_and_shows_a_verified_log() {
    let stage = Stage::new();
    let tmp = stage.cwd();
    let output = stage.gate(["demo"]).env("TMPDIR", &tmp).env("CLAUDECODE", "1").output();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let mut rest = text.as_str();
    for expected in [
        "$ gate -- git status --short --branch\n   ## main",
        "gate: refused by rule `demo.delete-branch`: deletes a branch that others work on",
        "gate: hint: instead: git push origin HEAD:old/main",
        "(exit code 126)",
        "gate: waiting for approval ",
        "The demo's own approver process answers, on a terminal of its own (there is no terminal here)",
        "gate: approved ",
        "The remote has the new commit.",
        "exec.end",
        "verified: ",
    ] {
        let (_, after) =
            rest.split_once(expected).unwrap_or_else(|| panic!("`{expected}` is not in:\n{text}"));
        rest = after;
    }
    stage.program("ls", [""; 0]).check();
}

#[test]
fn demo_lets_the_person_approve_where_there_is_a_terminal() {
    let stage = Stage::new();
    let mut terminal = stage.gate(["demo"]).env("TMPDIR", stage.cwd()).interactive();
    terminal.shows("You are the approver.");
    terminal.shows("? [y/N] ");
    terminal.send("y\r");
    terminal.shows("The remote has the new commit.");
    assert_eq!(terminal.code(), 0, "{}", terminal.text());
}

#[test]
fn demo_that_is_not_approved_pushes_nothing() {
    let stage = Stage::new();
    let mut terminal = stage.gate(["demo"]).env("TMPDIR", stage.cwd()).interactive();
    terminal.shows("? [y/N] ");
    terminal.send("n\r");
    terminal.shows("It was not approved, so the remote is as it was.");
    assert_eq!(terminal.code(), 0);
}
