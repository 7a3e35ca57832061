//! Faults of the machine, made for real: whatever breaks, nothing runs without its record, nothing that was recorded is lost,
//! and gate says what to do. `docs/faults.md` has the table of all of them, and is held here to what came out.
//!
//! A test plays one fault on a stage, says what became of command and record, and [`row`] compares exit code and message with the table.

mod clock;
mod disk;
mod flush;
mod limits;
mod replaced;

use std::process::Output;

use crate::stage::{Stage, until};

/// `cp` runs, `touch` is asked about, `rmdir` is refused.
const POLICY: &str = r#"
[policy]
version = 1
default = "allow"
[[rule]]
id = "test.touch"
verdict = "ask"
reason = "makes a file"
match = { program = "touch" }
[[rule]]
id = "test.rmdir"
verdict = "deny"
reason = "takes a directory away"
match = { program = "rmdir" }
"#;

const TABLE: &str = include_str!("../../docs/faults.md");

/// The tests, to find each row of the table in.
const TESTS: [&str; 5] = [
    include_str!("faults/clock.rs"),
    include_str!("faults/disk.rs"),
    include_str!("faults/flush.rs"),
    include_str!("faults/limits.rs"),
    include_str!("faults/replaced.rs"),
];

/// Returns the cells of each row of the table.
fn rows() -> Vec<Vec<&'static str>> {
    let lines = TABLE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| fault |"));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Returns the line that says what was wrong, or else the first one about the outcome.
fn decisive(said: &str) -> &str {
    let is_before =
        |line: &&str| ["gate: waiting for", "gate: approved by"].iter().any(|text| line.starts_with(text));
    let error = said.lines().find(|line| line.starts_with("gate: error: "));
    error.or(said.lines().find(|line| !is_before(line))).unwrap_or("nothing")
}

/// Claims that what came out of `fault` at `when` is what the table says: the exit code, and the first line that was said.
#[track_caller]
fn row(stage: &Stage, fault: &str, when: &str, output: &Output) {
    let said = stage.shown(&output.stderr);
    let said = decisive(&said).trim_start_matches("gate: ");
    let code = output.status.code().map_or("a signal".to_owned(), |code| code.to_string());
    let found = rows().into_iter().find(|cells| cells[..2] == [fault, when]);
    let found = found.unwrap_or_else(|| panic!("no row | {fault} | {when} | … | {code} | {said} |"));
    assert_eq!(
        found[3..],
        [code.as_str(), said],
        "{fault}, {when}; {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Claims that the log is in order, and returns the types of its entries.
#[track_caller]
fn kinds(run: impl Fn(&[&str]) -> Output) -> Vec<String> {
    let verified = run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
    let log = run(&["audit", "log", "--json"]);
    let lines = String::from_utf8(log.stdout).unwrap();
    let entries = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    entries.map(|entry| entry["type"].as_str().unwrap().to_owned()).collect()
}

/// Returns a stage with the policy of these tests, on which one command has run: four entries.
fn stage() -> Stage {
    let stage = Stage::new().policy(POLICY);
    stage.gate(["--", "cp", "/dev/null", "before"]).check();
    stage
}

/// A command that runs, `sh -c LASTS`, until it is told to end, or the test is over.
struct Lasting(std::fs::File);

/// Says that it runs, and waits for a line.
const LASTS: &str = "exec 3< end; echo > running; read x <&3; exit 7";

impl Lasting {
    fn new(stage: &Stage) -> Lasting {
        let fifo = stage.cwd().join("end");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        // Held open for both: the other side never waits to open it, and reads its end where the test is no more.
        Lasting(std::fs::File::options().read(true).write(true).open(fifo).unwrap())
    }

    /// Waits until it runs.
    #[track_caller]
    fn runs(&self, stage: &Stage) {
        until("a running command", || stage.cwd().join("running").exists().then_some(()));
    }

    fn end(mut self) {
        std::io::Write::write_all(&mut self.0, b"end\n").unwrap();
    }
}

#[test]
fn every_row_of_the_table_is_played_by_a_test() {
    assert!(rows().len() > 60, "{}", rows().len());
    for cells in rows() {
        assert_eq!(cells.len(), 5, "{cells:?}");
        let is_played =
            TESTS.iter().any(|test| cells[..2].iter().all(|cell| test.contains(&format!("\"{cell}\""))));
        assert!(is_played, "{cells:?}");
    }
}
