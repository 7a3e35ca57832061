//! Asking and waiting: what is said, what is bound, and that nothing is lost and nothing runs twice.

use crate::stage::{Stage, until};

const ASK: &str = r#"
[policy]
version = 1
default = "allow"
[[rule]]
id = "test.touch"
verdict = "ask"
risk = "high"
reason = "a test asks"
instead = "leave it"
match = { program = "touch" }
"#;

const WAITS: &str =
    "gate: waiting for approval [ID] (high: a test asks); answer with `gate --home [ROOT]/home inbox`\n";
const APPROVED: &str = "gate: approved by [USER] via tty: by a test\n";

/// What is said of a command whose request is parked.
fn parked(command: &str) -> String {
    format!(
        "gate: no decision on [ID] yet; parked, nothing was run\ngate: not run: {command}\n\
         gate: hint: run `gate --home [ROOT]/home resume [ID4]` when it is approved\n"
    )
}

fn stage() -> Stage {
    Stage::new().policy(ASK)
}

fn said(lines: &[&str]) -> String {
    lines.concat()
}

/// Answers request `id` from a terminal of its own, as a person does.
#[track_caller]
fn answer(stage: &Stage, verb: &str, id: &str) {
    let output = stage.gate([verb, id, "--yes", "-m", "by a test"]).on_terminal().output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn is_made(stage: &Stage) -> bool {
    stage.cwd().join("made").exists()
}

/// Returns the id of the only request there is.
#[track_caller]
fn only_id(stage: &Stage) -> String {
    let output = stage.gate(["requests", "--json"]).output();
    let text = String::from_utf8(output.stdout).unwrap();
    let id = text.split("\"id\":").nth(1).expect("a request").split('"').nth(1).unwrap().to_owned();
    assert_eq!(text.matches("\"id\":").count(), 1, "{text}");
    id
}

fn user() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn an_approval_starts_the_waiting_command() {
    let stage = stage();
    let waiting = stage.gate(["--", "touch", "made"]).start();
    assert!(!is_made(&stage));
    answer(&stage, "approve", waiting.id());
    waiting.stderr(&said(&[WAITS, APPROVED])).check();
    assert!(is_made(&stage));
}

#[test]
fn a_rejection_says_who_and_why_and_what_to_do_instead() {
    let stage = stage();
    let waiting = stage.gate(["--", "touch", "made"]).start();
    answer(&stage, "reject", waiting.id());
    let rejected = "gate: rejected by [USER] via tty: by a test\ngate: not run: touch made\ngate: hint: instead: leave it\n";
    waiting.stderr(&said(&[WAITS, rejected])).code(126).check();
    assert!(!is_made(&stage));
}

#[test]
fn a_request_is_parked_when_patience_ends_and_taken_up_by_asking_again() {
    let stage = stage();
    let again = || stage.gate(["--wait", "0s", "--", "touch", "made"]);
    again().stderr(&said(&[WAITS, &parked("touch made")])).code(124).check();
    let id = only_id(&stage);
    answer(&stage, "approve", &id);
    assert!(!is_made(&stage));
    again().stderr(APPROVED).check();
    assert!(is_made(&stage));
    // The approval is used up: the same command asks anew.
    again().stderr(&said(&[WAITS, &parked("touch made")])).code(124).check();
}

#[test]
fn a_killed_gate_loses_nothing() {
    let stage = stage();
    let mut waiting = stage.gate(["--", "touch", "made"]).env("CLAUDECODE", "1").start();
    let id = waiting.id().to_owned();
    waiting.kill();
    let told = stage.gate(["approve", "--yes", "-m", "by a test", &id]).on_terminal().output();
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("; the process that asked for it is gone\n"), "{told}");
    assert!(told.contains("or the same command again, within 10 min\n"), "{told}");
    let approved = APPROVED.to_owned();
    stage.gate(["--", "touch", "made"]).env("CLAUDECODE", "1").stderr(&approved).check();
    assert!(is_made(&stage));
}

#[test]
fn resume_runs_the_stored_bytes_from_anywhere() {
    let stage = stage();
    stage
        .gate(["--wait", "0s", "-c", "touch made && echo $PWD"])
        .stderr(&said(&[WAITS, &parked("touch made && echo $PWD")]))
        .code(124)
        .check();
    let id = only_id(&stage);
    let still = parked("touch made && echo $PWD");
    stage.gate(["resume", &id, "--wait", "0s"]).stderr(&said(&[WAITS, &still])).code(124).check();
    answer(&stage, "approve", &id);
    let approved = APPROVED.to_owned();
    stage.gate(["resume", &id]).cwd("/").stderr(&approved).stdout("[ROOT]/work\n").check();
    assert!(is_made(&stage));
    let done = "gate: [ID] is SUCCEEDED already, by another process; nothing was run here\n\
                gate: not run: touch made && echo $PWD\n\
                gate: hint: `gate --home [ROOT]/home show [ID4]` says how it went\n";
    stage.gate(["resume", &id]).stderr(done).code(124).check();
}

#[test]
fn two_who_wait_for_the_same_run_it_once() {
    let stage = stage();
    let command = ["--", "sh", "-c", "touch made; echo ran >> log"];
    let (one, two) = (stage.gate(command).start(), stage.gate(command).start());
    assert_eq!(one.id(), two.id());
    answer(&stage, "approve", one.id());
    let (one, two) = (one.output(), two.output());
    let codes = [one.status.code(), two.status.code()];
    assert!(codes.contains(&Some(0)) && codes.contains(&Some(124)), "{one:?} {two:?}");
    assert_eq!(std::fs::read_to_string(stage.cwd().join("log")).unwrap(), "ran\n");
}

#[test]
fn what_changed_after_the_approval_does_not_run() {
    let stage = stage().script("deploy", "#!/bin/sh\ntouch made\n");
    let command = ["--wait", "0s", "-c", "./deploy; touch made"];
    stage.gate(command).stderr(&said(&[WAITS, &parked("./deploy; touch made")])).code(124).check();
    let id = only_id(&stage);
    answer(&stage, "approve", &id);
    std::fs::write(stage.cwd().join("deploy"), "#!/bin/sh\ntouch other made\n").unwrap();
    let gone = "gate: [ID] is no longer valid (`./deploy` changed since it was asked for); nothing was run\n\
                gate: not run: ./deploy; touch made\n\
                gate: hint: run the command again to ask anew\n";
    stage.gate(["resume", &id]).stderr(gone).code(126).check();
    assert!(!is_made(&stage));
}

#[test]
fn a_changed_policy_takes_an_approval_back() {
    let stage = stage();
    stage
        .gate(["--wait", "0s", "--", "touch", "made"])
        .stderr(&said(&[WAITS, &parked("touch made")]))
        .code(124)
        .check();
    let id = only_id(&stage);
    answer(&stage, "approve", &id);
    let stage = stage.policy(&format!("{ASK}\n# changed\n"));
    let gone = "gate: [ID] is no longer valid (the policy is no longer the one it was approved under); nothing was run\n\
                gate: not run: touch made\n\
                gate: hint: run the command again to ask anew\n";
    stage.gate(["resume", &id]).stderr(gone).code(126).check();
    assert!(!is_made(&stage));
}

#[test]
fn the_end_of_the_requester_parks_and_ctrl_c_cancels() {
    let stage = stage();
    let mut terminal = stage.gate(["--", "touch", "made"]).interactive();
    terminal.shows("waiting for approval");
    terminal.send("\x03");
    terminal.shows("is cancelled; nothing was run");
    assert_eq!(terminal.code(), -2);
    let script = format!(
        "{} --home ../home -- touch made 2> said & until grep -q waiting said 2>/dev/null; do :; done; kill -TERM $!; wait $!; echo $?",
        env!("CARGO_BIN_EXE_gate")
    );
    stage.program("bash", ["-c", &script]).stdout("124\n").check();
    let said = std::fs::read_to_string(stage.cwd().join("said")).unwrap();
    assert!(said.contains("yet; parked, nothing was run"), "{said}");
}

#[test]
fn a_refusal_says_which_rule_and_what_instead() {
    let policy = ASK.replace("verdict = \"ask\"", "verdict = \"deny\"");
    let stage = Stage::new().policy(&policy);
    let refused = "gate: refused by rule `test.touch`: a test asks\ngate: not run: touch made\ngate: hint: instead: leave it\n";
    stage.gate(["--", "touch", "made"]).stderr(refused).code(126).check();
    assert!(!is_made(&stage));
}

#[test]
fn observe_mode_runs_and_records() {
    let stage = Stage::new().policy(&ASK.replace("version = 1", "version = 1\nmode = \"observe\""));
    stage.gate(["--", "touch", "made"]).check();
    assert!(is_made(&stage));
}

#[test]
fn a_reason_and_a_ticket_may_be_demanded() {
    let policy = format!("{ASK}\n[approval]\nreason = \"required\"\nticket = \"required\"\n");
    let stage = Stage::new().policy(&policy);
    let reason = "gate: rule `test.touch`: a test asks needs a reason; nothing was asked, nothing was run\n\
                  gate: not run: touch made\n\
                  gate: hint: give it with `--reason TEXT`, or `GATE_REASON='…'` in front of the command\n";
    stage.gate(["--", "touch", "made"]).stderr(reason).code(126).check();
    let ticket =
        reason.replace("a reason", "a ticket").replace("--reason", "--ticket").replace("REASON", "TICKET");
    stage.gate(["--reason", "because", "--", "touch", "made"]).stderr(&ticket).code(126).check();
    let given = "GATE_REASON='because it must' GATE_TICKET=OPS-1 touch made";
    stage
        .gate(["--wait", "0s", "-c", given])
        .stderr(&said(&[WAITS, &parked("touch made")]))
        .code(124)
        .check();
    let shown = stage.gate(["show", &only_id(&stage)]).output();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("because it must") && shown.contains("OPS-1"), "{shown}");
    stage
        .gate(["--wait", "0s", "--", "touch", "made"])
        .env("GATE_REASON", "from outside")
        .env("GATE_TICKET", "OPS-2")
        .stderr(&said(&[WAITS, &parked("touch made")]))
        .code(124)
        .check();
}

#[test]
fn a_reason_in_a_script_is_not_passed_on() {
    let stage = Stage::new().policy("[policy]\nversion = 1\ndefault = \"allow\"\n");
    stage.gate(["-c", "GATE_REASON='x y' printenv GATE_REASON || echo none"]).stdout("none\n").check();
}

#[test]
fn the_result_file_says_who_spoke() {
    let stage = stage();
    let read = || -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(stage.cwd().join("r.json")).unwrap()).unwrap()
    };
    stage.gate(["--result", "r.json", "--", "sh", "-c", "exit 3"]).code(3).check();
    assert_eq!((&read()["state"], &read()["exit"]), (&"FAILED".into(), &3.into()));
    let waiting = stage.gate(["--", "touch", "made"]).env("GATE_RESULT", "r.json").start();
    let id = waiting.id().to_owned();
    answer(&stage, "approve", &id);
    waiting.stderr(&said(&[WAITS, APPROVED])).check();
    let result = read();
    assert_eq!(result["state"], "SUCCEEDED");
    assert_eq!(result["request"], id.as_str());
    assert_eq!(result["by"], user());
    assert_eq!(result["rules"], serde_json::json!(["test.touch"]));
    stage
        .gate(["--result", "r.json", "--", "no-such-thing"])
        .stderr("gate: `no-such-thing`: command not found\n")
        .code(127)
        .check();
    assert_eq!(read()["state"], "NOT_STARTED");
    let foreign = stage.file("mine.json", "{}");
    foreign
        .gate(["--result", "mine.json", "--", "true"])
        .stderr("gate: error: failed to open the result file `mine.json`: it holds something else than a result of gate\n\
                 gate: not run: true\ngate: hint: name another file for the result\n")
        .code(125)
        .check();
}

#[test]
fn at_most_twenty_requests_of_one_requester_wait() {
    let stage = stage();
    for number in 0..20 {
        let output = stage.gate(["--wait", "0s", "--", "touch", &number.to_string()]).output();
        assert_eq!(output.status.code(), Some(124));
    }
    let many = "gate: 20 requests of yours wait already, at most 20 may; nothing was run\n\
                gate: not run: touch made\n\
                gate: hint: see them with `gate --home [ROOT]/home requests`, take one back with `gate --home [ROOT]/home cancel ID`\n";
    stage.gate(["--", "touch", "made"]).stderr(many).code(126).check();
}

#[test]
fn the_session_that_asked_cannot_decide() {
    let stage = stage();
    let script = format!(
        "{0} --home ../home -- touch made 2> said & until grep -q waiting said 2>/dev/null; do :; done; \
         id=$(sed 's/.*approval \\([^ ]*\\) .*/\\1/' said); {0} --home ../home approve $id --yes > card; echo $?; kill $!; wait $!",
        env!("CARGO_BIN_EXE_gate")
    );
    let output = stage.program("bash", ["-c", &script]).on_terminal().output();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("the terminal session that asked"),
        "{output:?}"
    );
    until("nothing", || (!is_made(&stage)).then_some(()));
}

#[test]
fn a_person_may_be_asked_at_their_own_prompt_if_the_configuration_says_so() {
    let stage = stage().config("[local]\ninline = true\n");
    let mut terminal = stage.gate(["--", "touch", "made"]).interactive();
    terminal.shows("approve or reject? [a/r, Enter leaves it waiting]");
    terminal.send("a\r");
    terminal.shows("run it, exactly as shown? [y/N]");
    assert!(!is_made(&stage));
    terminal.send("y\r");
    assert_eq!(terminal.code(), 0);
    assert!(terminal.text().contains(&format!("approved by {} via inline", user())), "{}", terminal.text());
    assert!(is_made(&stage));
}

#[test]
fn what_was_typed_ahead_is_no_answer_and_an_agent_is_never_asked() {
    let stage = stage().config("[local]\ninline = true\n");
    let mut terminal =
        stage.gate(["--wait", "1s", "--", "touch", "made"]).env("CLAUDECODE", "1").interactive();
    terminal.send("a\ry\r");
    terminal.shows("parked, nothing was run");
    assert!(!terminal.text().contains("approve or reject?"), "{}", terminal.text());
    let mut terminal = stage.gate(["--", "touch", "made"]).interactive();
    terminal.shows("approve or reject?");
    terminal.send("a\r");
    terminal.shows("[y/N]");
    terminal.send("\x03");
    assert_eq!(terminal.code(), -2);
    assert!(!is_made(&stage));
}

#[test]
fn a_script_file_is_bound_by_the_bytes_that_were_judged() {
    let stage = stage().file("x.sh", "touch made\n");
    stage
        .gate(["--wait", "0s", "--", "bash", "x.sh"])
        .stderr(&said(&[WAITS, &parked("bash x.sh")]))
        .code(124)
        .check();
    let id = only_id(&stage);
    answer(&stage, "approve", &id);
    let stage = stage.file("x.sh", "touch made # and more\n");
    let gone = "gate: [ID] is no longer valid (`x.sh` changed since it was asked for); nothing was run\n\
                gate: not run: bash x.sh\n\
                gate: hint: run the command again to ask anew\n";
    stage.gate(["resume", &id]).stderr(gone).code(126).check();
    assert!(!is_made(&stage));
}
