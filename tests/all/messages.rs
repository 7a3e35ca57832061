//! What a requester is told when its command is not run: the table of docs/agents.md, word for word, and the same facts as JSON.

use crate::stage::{Stage, Waiting};

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
const NOT_RUN: &str = "gate: not run: touch made\n";

fn stage() -> Stage {
    Stage::new().policy(ASK)
}

/// The rule without what it would rather see.
fn bare() -> Stage {
    Stage::new().policy(&ASK.replace("instead = \"leave it\"\n", ""))
}

/// Starts the command as an agent does, with the result file that every case looks at.
fn waiting(stage: &Stage) -> Waiting<'_> {
    stage.gate(["--result", "r.json", "--", "touch", "made"]).env("CLAUDECODE", "1").start()
}

fn person(stage: &Stage, args: &[&str]) {
    let output = stage.gate(args).on_terminal().output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Returns the keys of the result that are not null, but the id, the person and the time.
fn result(stage: &Stage) -> serde_json::Value {
    let text = std::fs::read_to_string(stage.cwd().join("r.json")).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let map = value.as_object_mut().unwrap();
    map.retain(|_, value| !value.is_null());
    for (name, shortest) in [("request", 14), ("by", 1), ("until", 20)] {
        if let Some(text) = map.remove(name) {
            assert!(text.as_str().unwrap().len() >= shortest, "{name}: {text}");
        }
    }
    // The built-in rules that speak of `touch` too are no matter of these tests.
    map["rules"].as_array_mut().unwrap().retain(|rule| rule != "files.write");
    assert!(!stage.cwd().join("made").exists());
    value
}

/// Runs the command with the result file, and says what is told and what the result holds.
#[track_caller]
fn case(stage: &Stage, code: i32, stderr: &str, expected: serde_json::Value) {
    let run = stage.gate(["--wait", "0s", "--result", "r.json", "--", "touch", "made"]);
    run.env("CLAUDECODE", "1").stderr(stderr).code(code).check();
    assert_eq!(result(stage), expected);
}

fn asked(state: &str, exit: u8, next: &str) -> serde_json::Value {
    serde_json::json!({
        "state": state, "verdict": "ask", "rules": ["test.touch"], "exit": exit,
        "reason": "a test asks", "instead": ["leave it"], "next": next,
    })
}

fn with(mut value: serde_json::Value, name: &str, text: &str) -> serde_json::Value {
    value[name] = text.into();
    value
}

#[test]
fn refused_by_a_rule() {
    let deny = ASK.replace("\"ask\"", "\"deny\"");
    let blocked = |instead: serde_json::Value, next: &str| {
        serde_json::json!({
            "state": "BLOCKED", "verdict": "deny", "rules": ["test.touch"], "exit": 126,
            "reason": "a test asks", "instead": instead, "next": next,
        })
    };
    let refused = format!("gate: refused by rule `test.touch`: a test asks\n{NOT_RUN}");
    let stage = Stage::new().policy(&deny);
    case(
        &stage,
        126,
        &format!("{refused}gate: hint: instead: leave it\n"),
        blocked(serde_json::json!(["leave it"]), "instead"),
    );
    let stage = Stage::new().policy(&deny.replace("instead = \"leave it\"\n", ""));
    let hint = "gate: hint: leave it, or let a person change the rule\n";
    case(&stage, 126, &format!("{refused}{hint}"), blocked(serde_json::json!([]), "leave"));
}

#[test]
fn refused_by_the_default() {
    let stage =
        Stage::new().policy("[policy]\nversion = 1\ndefault = \"deny\"\n").script("own", "#!/bin/sh\n");
    let stderr = "gate: refused by the default: `[ROOT]/work/own` is not in a trusted directory\n\
                  gate: not run: ./own\n\
                  gate: hint: leave it, or let a person write a rule that allows it\n";
    stage.gate(["--result", "r.json", "--", "./own"]).stderr(stderr).code(126).check();
    let said = result(&stage);
    assert_eq!((&said["state"], &said["next"]), (&"BLOCKED".into(), &"leave".into()));
}

#[test]
fn refused_by_what_no_rule_may_allow() {
    // Observe mode lets everything through but that.
    let stage = Stage::new().policy("[policy]\nversion = 1\nmode = \"observe\"\n");
    let stderr = "gate: refused by rule `gate.decide`: answers a request that only a person may answer\n\
                  gate: not run: gate approve 7KQ2\n\
                  gate: hint: instead: leave the request waiting; `gate resume` runs it once a person has approved it\n";
    stage
        .gate(["--", "gate", "approve", "7KQ2"])
        .stderr(&stderr.replace(" 7KQ2", " [ID4]"))
        .code(126)
        .check();
}

#[test]
fn rejected_with_and_without_a_comment() {
    let stage = stage();
    let one = waiting(&stage);
    person(&stage, &["reject", "--yes", "-m", "not today", one.id()]);
    let after = format!("{NOT_RUN}gate: hint: instead: leave it\n");
    one.stderr(&format!("{WAITS}gate: rejected by [USER] via tty: not today\n{after}")).code(126).check();
    assert_eq!(result(&stage), with(asked("REJECTED", 126, "instead"), "comment", "not today"));
    let two = waiting(&stage);
    person(&stage, &["reject", "--yes", two.id()]);
    two.stderr(&format!("{WAITS}gate: rejected by [USER] via tty\n{after}")).code(126).check();
    assert_eq!(result(&stage), asked("REJECTED", 126, "instead"));
    let stage = bare();
    let three = waiting(&stage);
    person(&stage, &["reject", "--yes", three.id()]);
    let after = format!(
        "{NOT_RUN}gate: hint: leave it, or settle it with whoever rejected it before you ask again\n"
    );
    three.stderr(&format!("{WAITS}gate: rejected by [USER] via tty\n{after}")).code(126).check();
    assert_eq!(result(&stage)["next"], "leave");
}

#[test]
fn escalated_and_still_waiting() {
    let user = String::from_utf8(Stage::new().program("id", ["-un"]).output().stdout).unwrap();
    let user = user.trim();
    let steps = format!(
        "{ASK}\n[approval]\nescalate = [{{ after = \"1h\", to = [\"{user}\"] }}]\n[[approver]]\nname = \"{user}\"\n"
    );
    let stage = Stage::new().policy(&steps);
    let mut terminal = stage.gate(["--", "touch", "made"]).env("CLAUDECODE", "1").interactive();
    terminal.shows("inbox`\n");
    let id: String = terminal.text().split("approval ").nth(1).unwrap().chars().take(14).collect();
    person(&stage, &["escalate", "--yes", "-m", "not mine", &id]);
    terminal
        .shows(&format!("gate: escalated by {user} via tty: not mine\ngate: {id} now waits for {user}\n"));
    person(&stage, &["cancel", &id]);
    assert_eq!(terminal.code(), 124);
}

#[test]
fn expired() {
    let stage = Stage::new().policy(&format!("{ASK}\n[approval]\ndeadline = \"1s\"\n"));
    let stderr = format!(
        "{WAITS}gate: no decision on [ID] in time; it has expired, nothing was run\n{NOT_RUN}\
         gate: hint: run the command again to ask anew\n"
    );
    let run = stage.gate(["--result", "r.json", "--", "touch", "made"]);
    run.env("CLAUDECODE", "1").stderr(&stderr).code(124).check();
    assert_eq!(result(&stage), asked("EXPIRED", 124, "ask_again"));
}

#[test]
fn cancelled() {
    let stage = stage();
    let one = waiting(&stage);
    person(&stage, &["cancel", one.id()]);
    let stderr = format!(
        "{WAITS}gate: [ID] was cancelled by human:[USER]; nothing was run\n{NOT_RUN}\
         gate: hint: run the command again to ask anew\n"
    );
    one.stderr(&stderr).code(124).check();
    let said = result(&stage);
    assert_eq!((&said["state"], &said["next"]), (&"CANCELLED".into(), &"ask_again".into()));
    assert!(said["reason"].as_str().unwrap().starts_with("cancelled by human:"), "{said}");
}

#[test]
fn invalidated_by_what_changed() {
    let stage = stage().script("deploy", "#!/bin/sh\ntouch made\n");
    let run = || stage.gate(["--wait", "0s", "--result", "r.json", "-c", "./deploy; touch made"]);
    assert_eq!(run().output().status.code(), Some(124));
    let listed = stage.gate(["requests", "--json"]).output();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = listed[0]["id"].as_str().unwrap();
    person(&stage, &["approve", "--yes", id]);
    std::fs::write(stage.cwd().join("deploy"), "#!/bin/sh\ntouch other made\n").unwrap();
    let stderr = "gate: [ID] is no longer valid (`./deploy` changed since it was asked for); nothing was run\n\
                  gate: not run: ./deploy; touch made\n\
                  gate: hint: run the command again to ask anew\n";
    stage.gate(["resume", "--result", "r.json", id]).stderr(stderr).code(126).check();
    let said = result(&stage);
    assert_eq!((&said["state"], &said["next"]), (&"INVALIDATED".into(), &"ask_again".into()));
    assert_eq!(said["reason"], "`./deploy` changed since it was asked for");
}

#[test]
fn parked_when_patience_is_over_and_joined_by_asking_again() {
    let stage = stage();
    let parked = format!(
        "{WAITS}gate: no decision on [ID] yet; parked, nothing was run\n{NOT_RUN}\
         gate: hint: run `gate --home [ROOT]/home resume [ID4]` when it is approved\n"
    );
    case(&stage, 124, &parked, asked("PENDING", 124, "resume"));
    let first = std::fs::read_to_string(stage.cwd().join("r.json")).unwrap();
    case(&stage, 124, &parked, asked("PENDING", 124, "resume"));
    assert_eq!(std::fs::read_to_string(stage.cwd().join("r.json")).unwrap(), first);
}

#[test]
fn parked_at_once_where_nobody_may_answer() {
    let stage = Stage::new().policy(&format!("{ASK}\n[approval]\nassurance = \"chat\"\n"));
    let stderr = format!(
        "gate: nobody can approve [ID] (high: a test asks): it needs `chat`, a terminal gives `tty`, and no approver has a key that gives more; parked, nothing was run\n\
         {NOT_RUN}gate: hint: `gate --home [ROOT]/home doctor` says how to mend that\n"
    );
    let run = stage.gate(["--result", "r.json", "--", "touch", "made"]);
    run.env("CLAUDECODE", "1").stderr(&stderr).code(124).check();
    assert_eq!(result(&stage), asked("PENDING", 124, "set_up"));
}

#[test]
fn too_many_pending() {
    let stage = stage();
    for number in 0..20 {
        let run = stage.gate(["--wait", "0s", "--", "touch", &number.to_string()]).env("CLAUDECODE", "1");
        assert_eq!(run.output().status.code(), Some(124));
    }
    let many = format!(
        "gate: 20 requests of yours wait already, at most 20 may; nothing was run\n{NOT_RUN}\
         gate: hint: see them with `gate --home [ROOT]/home requests`, take one back with `gate --home [ROOT]/home cancel ID`\n"
    );
    case(&stage, 126, &many, asked("BLOCKED", 126, "cancel"));
}

#[test]
fn error_of_the_policy_and_of_the_store() {
    let stage = Stage::new().policy("[policy]\nversion = 2\n");
    let output = stage.gate(["--result", "r.json", "--", "touch", "made"]).output();
    let said = String::from_utf8(output.stderr).unwrap();
    let mut lines = said.lines();
    assert!(lines.next().unwrap().starts_with("gate: error: "), "{said}");
    assert_eq!(lines.next(), Some("gate: not run: touch made"));
    assert!(lines.next().unwrap().ends_with(" doctor` looks for what is wrong"), "{said}");
    assert_eq!((lines.next(), output.status.code()), (None, Some(125)));
    let said = result(&stage);
    assert_eq!(
        (&said["state"], &said["exit"], &said["next"]),
        (&"ERROR".into(), &125.into(), &"mend".into())
    );
}

#[test]
fn not_found() {
    let stage = stage();
    let run = stage.gate(["--result", "r.json", "--", "no-such-thing"]);
    run.stderr("gate: `no-such-thing`: command not found\n").code(127).check();
    let said = result(&stage);
    assert_eq!((&said["state"], &said["exit"]), (&"NOT_STARTED".into(), &127.into()));
}

#[test]
fn resumed_and_run_only_once() {
    let stage = stage();
    let mut one = waiting(&stage);
    let id = one.id().to_owned();
    one.kill();
    let resumed = stage.gate(["resume", &id]).env("CLAUDECODE", "1").start();
    person(&stage, &["approve", "--yes", &id]);
    resumed.stderr(&format!("{WAITS}gate: approved by [USER] via tty\n")).check();
    std::fs::remove_file(stage.cwd().join("made")).unwrap();
    let again = format!(
        "gate: [ID] is SUCCEEDED already, by another process; nothing was run here\n{NOT_RUN}\
         gate: hint: `gate --home [ROOT]/home show [ID4]` says how it went\n"
    );
    let run = stage.gate(["resume", "--result", "r.json", &id]).env("CLAUDECODE", "1");
    run.stderr(&again).code(124).check();
    assert_eq!(result(&stage), asked("SUCCEEDED", 124, "show"));
}

#[test]
fn terminated_it_parks_and_the_answer_is_taken_up() {
    let stage = stage();
    let gate = format!("{} --home ../home -- touch made </dev/null", env!("CARGO_BIN_EXE_gate"));
    let script = format!(
        "{gate} 2>said & until grep -q waiting said 2>/dev/null; do :; done; kill -TERM $!; wait $!; echo $?; cat said"
    );
    let output = stage.program("bash", ["-c", &script]).env("CLAUDECODE", "1").output();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("124\n") && said.contains("parked, nothing was run\n"), "{said}");
    let id: String = said.split("approval ").nth(1).unwrap().chars().take(14).collect();
    person(&stage, &["approve", "--yes", &id]);
    let again = stage.program("bash", ["-c", &gate]).env("CLAUDECODE", "1");
    again.stderr("gate: approved by [USER] via tty\n").check();
}

#[test]
fn an_agent_may_resume_and_look_but_not_answer() {
    let stage = Stage::new();
    for (command, verdict) in [
        ("gate resume 7KQ2", "allow"),
        ("gate resume 7KQ2-M9XD-4T1B --wait 90s", "allow"),
        ("gate show --json 7KQ2", "allow"),
        ("gate requests", "allow"),
        ("gate cancel 7KQ2", "allow"),
        ("gate approve 7KQ2", "deny"),
        ("gate reject 7KQ2 -m no", "deny"),
        ("gate escalate 7KQ2", "deny"),
        ("gate inbox", "deny"),
    ] {
        let output = stage.gate(["explain", "--json", "-c", command]).output();
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["verdict"], verdict, "{command}: {said}");
    }
}

#[test]
fn no_text_of_the_requesters_enters_the_result() {
    let stage = stage();
    let run = stage.gate([
        "--wait",
        "0s",
        "--result",
        "r.json",
        "--reason",
        "sesame-reason",
        "--ticket",
        "sesame-ticket",
    ]);
    run.arg("--").arg("touch").arg("sesame-file").output();
    let text = std::fs::read_to_string(stage.cwd().join("r.json")).unwrap();
    assert!(!text.contains("sesame"), "{text}");
}
