//! Deciding: what an approver reads and answers, and what gate then does with the waiting command.

use crate::stage::Stage;

/// Asks before anything is made.
const POLICY: &str = r#"
[policy]
version = 1
[[rule]]
id = "test.make"
verdict = "ask"
risk = "high"
reason = "makes a file that others see"
instead = "make it in your own directory"
match = { program = "touch" }
examples = ["touch x", "touch -a y"]
counterexamples = ["ls", "cat x"]
"#;

const WAITS: &str = "gate: waiting for approval [ID] (high: makes a file that others see); answer with \
                     `gate --home [ROOT]/home inbox`\n";

fn stage() -> Stage {
    Stage::new().policy(POLICY)
}

#[track_caller]
fn exists(stage: &Stage, name: &str) -> bool {
    stage.cwd().join(name).exists()
}

#[test]
fn approved_command_runs_and_its_exit_code_passes_through() {
    let stage = stage();
    let waiting = stage.gate(["--reason", "to see it", "--", "touch", "made"]).start();
    assert!(!exists(&stage, "made"));
    stage
        .gate(["approve", "--yes", "-m", "go ahead", waiting.id()])
        .on_terminal()
        .stdout(
            "
            request      [ID]
            state        waits for a decision, [SPAN] left
            risk         high
            asked by     human [USER]
                         asserted, not proven: human: no known agent's or CI system's variable is set
            from         user [USER] (uid [UID]) on [HOST], process [PID], no terminal
            directory    [ROOT]/work
            command      run as it is, no shell
                1  touch made
                   ^^^^^^^^^^  test.make
            because      test.make (high): makes a file that others see
                         instead: make it in your own directory
            reason       to see it
            needs        1 person at another terminal of this machine, at `tty` or stronger
            not covered  files that `touch` finds by itself
            before       never asked before by this requester
            ",
        )
        .stderr("gate: approved [ID]; it starts now\n")
        .check();
    waiting.stderr(&format!("{WAITS}gate: approved by [USER] via tty: go ahead\n")).check();
    assert!(exists(&stage, "made"));
}

#[test]
fn rejected_command_does_not_run_and_its_requester_is_told_why_and_what_instead() {
    let stage = stage();
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let said = stage.gate(["reject", "--yes", "-m", "not today", waiting.id()]).on_terminal().output();
    assert!(said.status.success());
    let expected = format!(
        "{WAITS}gate: rejected by [USER] via tty: not today\ngate: not run: touch made\ngate: hint: instead: make it in your own directory\n"
    );
    waiting.stderr(&expected).code(126).check();
    assert!(!exists(&stage, "made"));
}

#[test]
fn person_is_asked_once_more_and_may_still_leave_it() {
    let stage = stage();
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let mut terminal = stage.gate(["approve", waiting.id()]).interactive();
    terminal.shows("? [y/N] ");
    terminal.send("n\r");
    assert_eq!(terminal.code(), 1);
    assert!(terminal.text().ends_with(&format!("gate: left {} as it is\n", waiting.id())));
    let mut terminal = stage.gate(["approve", waiting.id()]).interactive();
    terminal.shows("? [y/N] ");
    terminal.send("y\r");
    assert_eq!(terminal.code(), 0);
    waiting.stderr(&format!("{WAITS}gate: approved by [USER] via tty\n")).check();
}

#[test]
fn decision_needs_a_terminal() {
    let stage = stage();
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let said = stage.gate(["approve", "--yes", waiting.id()]).output();
    let refused = format!(
        "gate: request {}: a decision needs a person at a terminal, and there is none here\n",
        waiting.id()
    );
    assert_eq!((String::from_utf8(said.stderr).unwrap(), said.status.code()), (refused, Some(1)));
    stage.gate(["cancel", waiting.id()]).stderr("gate: cancelled [ID]; nothing was run\n").check();
    let cancelled = format!(
        "{WAITS}gate: [ID] was cancelled by human:[USER]; nothing was run\ngate: not run: touch made\n\
         gate: hint: run the command again to ask anew\n"
    );
    waiting.stderr(&cancelled).code(124).check();
}

#[test]
fn agent_never_decides() {
    let stage = stage();
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let said = stage.gate(["approve", "--yes", waiting.id()]).env("CLAUDECODE", "1").on_terminal().output();
    let refused = format!(
        "gate: request {}: this terminal belongs to an agent (`claude-code`), and agents never decide\n",
        waiting.id()
    );
    assert_eq!((String::from_utf8(said.stderr).unwrap(), said.status.code()), (refused, Some(1)));
}

#[test]
fn terminal_session_that_asked_cannot_decide() {
    let stage = stage();
    let gate = env!("CARGO_BIN_EXE_gate");
    let script = format!(
        "{gate} --home ../home -- touch made 2>said & \
         until grep -qs waiting said; do :; done; \
         id=$(sed -n 's/.*approval \\([^ ]*\\) .*/\\1/p' said); \
         {gate} --home ../home approve --yes $id >/dev/null; echo code $?; \
         {gate} --home ../home cancel $id; wait"
    );
    stage
        .program("bash", ["-c", &script])
        .on_terminal()
        .stdout("code 1\n")
        .stderr(
            "
            gate: request [ID]: this is the terminal session that asked; answer in another terminal
            gate: cancelled [ID]; nothing was run
            ",
        )
        .check();
}

#[test]
fn what_is_decided_stays_decided() {
    let stage = stage();
    let waiting = stage.gate(["--", "touch", "made"]).start();
    let id = waiting.id().to_owned();
    assert!(stage.gate(["reject", "--yes", &id]).on_terminal().output().status.success());
    waiting
        .stderr(&format!(
            "{WAITS}gate: rejected by [USER] via tty\ngate: not run: touch made\ngate: hint: instead: make it in your own directory\n"
        ))
        .code(126)
        .check();
    for answer in ["approve", "reject"] {
        let said = stage.gate([answer, "--yes", &id]).on_terminal().output();
        let text = String::from_utf8(said.stderr).unwrap();
        assert!(text.starts_with(&format!("gate: request {id}: it is already REJECTED (by ")), "{text}");
        assert_eq!(said.status.code(), Some(1));
    }
    let said = stage.gate(["cancel", &id]).output();
    assert_eq!(said.status.code(), Some(1));
}

#[test]
fn parked_request_runs_when_it_is_asked_for_again() {
    let stage = stage();
    let mut waiting = stage.gate(["--", "touch", "made"]).start();
    let id = waiting.id().to_owned();
    waiting.kill();
    assert!(stage.gate(["approve", "--yes", &id]).on_terminal().output().status.success());
    assert!(!exists(&stage, "made"));
    stage.gate(["--", "touch", "made"]).stderr("gate: approved by [USER] via tty\n").check();
    assert!(exists(&stage, "made"));
}

#[test]
fn list_and_json_name_what_waits() {
    let stage = stage();
    stage.gate(["requests"]).stderr("gate: nothing waits for a decision\n").check();
    stage.gate(["requests", "--json"]).stdout("[]\n").check();
    let waiting = stage.gate(["--", "touch", "a b"]).start();
    stage
        .gate(["requests"])
        .stdout("[ID]  pending   high     [SPAN] left  human:[USER]         touch 'a b'\n")
        .check();
    let listed = stage.gate(["requests", "--json"]).output();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["id"], waiting.id());
    assert_eq!(listed[0]["state"], "PENDING");
    assert_eq!(listed[0]["command"]["argv"], serde_json::json!(["touch", "a b"]));
    let shown = stage.gate(["show", "--json", &waiting.id()[..4].to_lowercase()]).output();
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["id"], waiting.id());
    stage.gate(["cancel", waiting.id()]).stderr("gate: cancelled [ID]; nothing was run\n").check();
    stage.gate(["requests"]).stderr("gate: nothing waits for a decision\n").check();
    let all = stage.gate(["requests", "--all", "--json"]).output();
    assert!(String::from_utf8(all.stdout).unwrap().contains("\"CANCELLED\""));
}

#[test]
fn inbox_shows_a_request_that_comes_and_takes_an_answer_to_it() {
    let stage = stage();
    let mut inbox = stage.gate(["inbox"]).interactive();
    inbox.shows("nothing waits for a decision");
    let waiting = stage.gate(["--", "touch", "made"]).start();
    inbox.shows("\x1b]9;gate: a new request waits for a decision\x07\x07");
    inbox.shows("Enter reads it");
    inbox.send("\r");
    inbox.shows("> leave it for now");
    inbox.send("\x1b[B");
    inbox.shows("> approve: it runs");
    inbox.send("\r");
    inbox.shows("comment (recorded; may be empty)");
    inbox.send("fine\r");
    inbox.shows(&format!("gate: approved {}; it starts now", waiting.id()));
    waiting.stderr(&format!("{WAITS}gate: approved by [USER] via tty: fine\n")).check();
    inbox.send("q\r");
    assert_eq!(inbox.code(), 0);
}
