//! A disk that is about to die: `fdatasync` fails, or nothing can be written any more.

use super::{kinds, row, stage};
use crate::stage::{Run, Stage};

const FAULT: &str = "`fdatasync` fails";

/// Returns a run of gate in which no flush succeeds.
fn gate<'a>(stage: &'a Stage, args: &[&str]) -> Run<'a> {
    let home = stage.home();
    let strace =
        ["-f", "-o", "/dev/null", "--inject=fsync,fdatasync:error=EIO", env!("CARGO_BIN_EXE_gate"), "--home"];
    args.iter().fold(stage.program("strace", strace).arg(home), |run, arg| run.arg(arg))
}

fn entries(stage: &Stage) -> Vec<String> {
    kinds(|args| stage.gate(args).output())
}

#[test]
fn command_whose_record_is_not_flushed_does_not_run_and_is_not_recorded() {
    let stage = stage();
    row(&stage, FAULT, "an allowed command", &gate(&stage, &["--", "cp", "/dev/null", "made"]).output());
    row(&stage, FAULT, "a refused command", &gate(&stage, &["--", "rmdir", "."]).output());
    let asked = gate(&stage, &["--wait", "0s", "--", "touch", "asked"]).output();
    row(&stage, FAULT, "a command that is asked about", &asked);
    assert!(!stage.cwd().join("made").exists() && !stage.cwd().join("asked").exists());
    assert_eq!(entries(&stage), ["genesis", "judged", "exec.start", "exec.end"]);
    stage.gate(["requests"]).stderr("gate: nothing waits for a decision\n").check();
    stage.gate(["--", "cp", "/dev/null", "made"]).check();
    assert_eq!(entries(&stage).len(), 7);
}

#[test]
fn decision_that_is_not_flushed_is_not_given() {
    let stage = stage();
    let waiting = stage.gate(["--", "touch", "asked"]).start();
    let id = waiting.id().to_owned();
    row(&stage, FAULT, "a decision", &gate(&stage, &["approve", "--yes", &id]).on_terminal().output());
    let shown = stage.gate(["show", "--json", &id]).output();
    assert!(String::from_utf8(shown.stdout).unwrap().contains("\"PENDING\""));
    assert!(!stage.cwd().join("asked").exists());
    assert!(stage.gate(["reject", "--yes", &id]).on_terminal().output().status.success());
    row(&stage, FAULT, "the waiting command, rejected on a disk that flushes", &waiting.output());
    assert_eq!(entries(&stage)[4..], ["request", "decision"]);
}

#[test]
fn claim_that_is_not_flushed_leaves_the_approval() {
    let stage = stage();
    let mut waiting = stage.gate(["--", "touch", "asked"]).start();
    let id = waiting.id().to_owned();
    waiting.kill();
    assert!(stage.gate(["approve", "--yes", &id]).on_terminal().output().status.success());
    row(&stage, FAULT, "an approved command", &gate(&stage, &["resume", &id]).output());
    assert!(!stage.cwd().join("asked").exists());
    stage.gate(["resume", &id]).stderr("gate: approved by [USER] via tty\n").check();
    assert!(stage.cwd().join("asked").exists());
    let kinds = entries(&stage);
    assert_eq!(kinds.iter().filter(|kind| *kind == "exec.start").count(), 2, "{kinds:?}");
}

/// Returns how many writes into the database's files gate makes before its command starts.
fn writes_before_the_start(stage: &Stage) -> usize {
    let trace = stage.root().join("trace");
    let args = [
        "-o",
        trace.to_str().unwrap(),
        "-e",
        "trace=pwrite64,fork,vfork,clone,clone3",
        env!("CARGO_BIN_EXE_gate"),
    ];
    let run = stage.program("strace", args).arg("--home").arg(stage.home());
    assert!(
        ["--", "cp", "/dev/null", "before"]
            .iter()
            .fold(run, |run, arg| run.arg(arg))
            .output()
            .status
            .success()
    );
    let calls = std::fs::read_to_string(trace).unwrap();
    calls.lines().take_while(|line| !line.contains("fork(") && !line.contains("clone")).count()
}

#[test]
fn outcome_that_cannot_be_written_is_said_to_be_lost_and_recorded_as_that() {
    let stage = stage();
    let after = writes_before_the_start(&stage);
    let inject = format!("--inject=pwrite64:error=EIO:when={}+", after + 3);
    let run = stage.program("strace", ["-o", "/dev/null", &inject, env!("CARGO_BIN_EXE_gate"), "--home"]);
    let run = run.arg(stage.home()).arg("--").arg("cp").arg("/dev/null").arg("made");
    row(&stage, "the disk breaks", "while a command runs", &run.output());
    assert!(stage.cwd().join("made").exists());
    stage.gate(["--", "cp", "/dev/null", "after"]).check();
    assert_eq!(
        entries(&stage)[7..],
        ["judged", "exec.start", "exec.lost", "judged", "exec.start", "exec.end"]
    );
}
