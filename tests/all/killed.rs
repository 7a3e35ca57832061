//! What is killed or stopped as a whole, by somebody who knows nothing of gate. `kill_points` has every single moment.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::stage::{Stage, Waiting, until};

const POLICY: &str = r#"
[policy]
version = 1
default = "allow"
[[rule]]
id = "test.touch"
verdict = "ask"
risk = "high"
reason = "a test asks"
match = { program = "touch" }
"#;

const ASKED: &str = "touch made; echo ran >> log";

fn stage() -> Stage {
    Stage::new().policy(POLICY)
}

fn pid(waiting: &Waiting<'_>) -> Pid {
    Pid::from_raw(waiting.pid().cast_signed()).unwrap()
}

#[track_caller]
fn approve(stage: &Stage, id: &str) -> String {
    let output = stage.gate(["approve", "--yes", id]).on_terminal().output();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn log(stage: &Stage) -> String {
    std::fs::read_to_string(stage.cwd().join("log")).unwrap_or_default()
}

/// Returns the types of the newest entries, oldest first.
fn newest<const N: usize>(stage: &Stage) -> Vec<String> {
    let output = stage.gate(["audit", "log", "--json", "-n", &N.to_string()]).output();
    let text = String::from_utf8(output.stdout).unwrap();
    let word = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["type"].as_str().unwrap().to_owned()
    };
    text.lines().map(word).collect()
}

#[test]
fn killed_with_its_whole_process_group_the_run_is_recorded_as_lost() {
    let stage = stage();
    stage.program("mkfifo", ["fifo"]).check();
    // Whoever reads there waits until this test is over.
    let _held = std::fs::File::options().read(true).write(true).open(stage.cwd().join("fifo")).unwrap();
    let mut gate = stage.gate(["-c", "echo ran >> log; read x < fifo"]).spawn_only();
    until("the beginning of the command", || (!log(&stage).is_empty()).then_some(()));
    // Gate has a session of its own here, and so a process group.
    kill_process_group(Pid::from_raw(gate.id().cast_signed()).unwrap(), Signal::KILL).unwrap();
    gate.wait().unwrap();
    stage.gate(["--", "true"]).check();
    assert_eq!(newest::<4>(&stage), ["exec.lost", "judged", "exec.start", "exec.end"]);
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
    assert_eq!(log(&stage), "ran\n");
}

#[test]
fn stopped_while_it_is_approved_it_runs_once_it_goes_on() {
    let stage = stage();
    let waiting = stage.gate(["-c", ASKED]).start();
    kill_process(pid(&waiting), Signal::STOP).unwrap();
    approve(&stage, waiting.id());
    assert_eq!(log(&stage), "");
    kill_process(pid(&waiting), Signal::CONT).unwrap();
    assert_eq!(waiting.output().status.code(), Some(0));
    assert_eq!(log(&stage), "ran\n");
}

#[test]
fn stopped_while_another_takes_its_approval_up_it_does_not_run_a_second_time() {
    let stage = stage();
    let waiting = stage.gate(["-c", ASKED]).start();
    kill_process(pid(&waiting), Signal::STOP).unwrap();
    approve(&stage, waiting.id());
    assert_eq!(stage.gate(["-c", ASKED]).output().status.code(), Some(0));
    kill_process(pid(&waiting), Signal::CONT).unwrap();
    let output = waiting.output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is SUCCEEDED already, by another process; nothing was run here"), "{said}");
    assert_eq!(output.status.code(), Some(124));
    assert_eq!(log(&stage), "ran\n");
}

#[test]
fn stopped_until_its_deadline_it_says_that_the_request_has_expired() {
    let stage = Stage::new().policy(&format!("{POLICY}[approval]\ndeadline = \"1s\"\n"));
    let waiting = stage.gate(["-c", ASKED]).start();
    kill_process(pid(&waiting), Signal::STOP).unwrap();
    let expired = || {
        let listed = stage.gate(["show", "--json", waiting.id()]).output();
        String::from_utf8(listed.stdout).unwrap().contains("EXPIRED").then_some(())
    };
    until("the deadline", expired);
    kill_process(pid(&waiting), Signal::CONT).unwrap();
    let output = waiting.output();
    assert_eq!(output.status.code(), Some(124));
    assert!(String::from_utf8(output.stderr).unwrap().contains("in time; it has expired, nothing was run"));
    assert_eq!(log(&stage), "");
}
