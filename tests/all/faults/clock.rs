//! A wall clock that is set while commands wait: deadlines and patience follow clocks that nobody can set.
//!
//! Nothing may set the clock of the machine the tests run on, so `clock.c` sets that of one process: what the kernel answers it.

use std::path::PathBuf;

use super::{kinds, row, stage};
use crate::stage::{Run, Stage};

/// A stage with a wall clock of its own.
struct Clock {
    stage: Stage,
    program: PathBuf,
}

impl Clock {
    fn new() -> Clock {
        let stage = stage();
        let program = stage.root().join("clock");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/faults/clock.c");
        stage.program("cc", ["-O1", "-o", program.to_str().unwrap(), source]).check();
        let clock = Clock { stage, program };
        clock.set(0);
        clock
    }

    /// Sets it so many hours off, for all that run by it.
    fn set(&self, hours: i64) {
        let new = self.stage.root().join("new");
        std::fs::write(&new, (hours * 3600).to_string()).unwrap();
        std::fs::rename(new, self.stage.root().join("off")).unwrap();
    }

    fn gate(&self, args: &[&str]) -> Run<'_> {
        let run = self.stage.program(self.program.to_str().unwrap(), [self.stage.root().join("off")]);
        let run = run.arg(env!("CARGO_BIN_EXE_gate")).arg("--home").arg(self.stage.home());
        args.iter().fold(run, |run, arg| run.arg(arg))
    }

    /// Claims that the record is in order, and that the clock was seen to be set.
    #[track_caller]
    fn is_seen(&self) {
        kinds(|args| self.stage.gate(args).output());
        let said = self.stage.gate(["audit", "verify", "--json"]).output();
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        assert!(!said["clock_steps"].as_array().unwrap().is_empty(), "{said}");
    }
}

/// The request is open for 8 hours, whatever the wall clock says meanwhile.
#[track_caller]
fn while_it_waits(fault: &str, hours: i64) {
    let clock = Clock::new();
    let waiting = clock.gate(&["--", "touch", "asked"]).start();
    let id = waiting.id().to_owned();
    clock.set(hours);
    let listed = clock.gate(&["requests"]).output();
    assert!(String::from_utf8(listed.stdout).unwrap().contains("7 h 59 min left"));
    let answer = clock.gate(&["approve", "--yes", &id]).on_terminal().output();
    row(&clock.stage, fault, "a decision", &answer);
    row(&clock.stage, fault, "while a command waits", &waiting.output());
    assert!(clock.stage.cwd().join("asked").exists());
    clock.is_seen();
}

#[test]
fn request_is_not_expired_by_a_clock_that_is_set_forward() {
    while_it_waits("the clock is set 9 hours forward", 9);
}

#[test]
fn request_is_not_prolonged_by_a_clock_that_is_set_back() {
    while_it_waits("the clock is set 9 hours back", -9);
}

#[test]
fn patience_ends_by_a_clock_that_nobody_can_set() {
    let clock = Clock::new();
    let waiting = clock.gate(&["--wait", "1s", "--", "touch", "asked"]).start();
    clock.set(-9);
    let output = waiting.output();
    row(&clock.stage, "the clock is set 9 hours back", "while a command waits for one second", &output);
    assert!(!clock.stage.cwd().join("asked").exists());
    clock.is_seen();
}
