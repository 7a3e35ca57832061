//! A store that cannot be used, as those who read and answer requests meet it: said at once, with what to do, and nothing decided.

use std::path::PathBuf;

use crate::stage::Stage;

const ID: &str = "7KQ2M9XD4T1B";

/// Every subcommand that needs the store, with arguments.
const SUBCOMMANDS: [&[&str]; 7] = [
    &["requests"],
    &["requests", "--json"],
    &["show", ID],
    &["approve", "--yes", ID],
    &["reject", "--yes", ID],
    &["cancel", ID],
    &["resume", ID],
];

/// A stage with a store in which one command has run.
fn stage() -> Stage {
    let stage = Stage::new().policy("[policy]\nversion = 1\ndefault = \"allow\"\n");
    stage.gate(["--", "true"]).check();
    stage
}

fn store(stage: &Stage) -> PathBuf {
    stage.home().join("gate.db")
}

/// Every subcommand fails with a message that has all of `parts`, and so does the doctor, who also says what to do.
#[track_caller]
fn case(stage: &Stage, parts: &[&str]) {
    for args in SUBCOMMANDS {
        let output = stage.gate(args).on_terminal().output();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(parts.iter().all(|part| said.contains(part)), "{args:?}: {said}");
        assert!(said.starts_with("gate: error: ") && said.matches('\n').count() == 1, "{args:?}: {said}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(125), 0), "{args:?}");
    }
    let output = stage.gate(["doctor"]).output();
    let text = String::from_utf8(output.stdout).unwrap();
    let problem: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with("problem  store")).take(2).collect();
    assert!(problem.len() == 2 && problem[1].trim_start().starts_with('→'), "{text}");
    assert!(parts.iter().all(|part| problem[0].contains(part)), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn damaged_store_is_kept_for_the_verifier() {
    let stage = stage();
    for name in ["gate.db-wal", "gate.db-shm"] {
        let _not_there = std::fs::remove_file(stage.home().join(name));
    }
    std::fs::write(store(&stage), "this is no database, it only has the name of one").unwrap();
    case(&stage, &["is damaged", "gate audit verify"]);
}

#[test]
fn store_of_a_newer_gate_is_left_alone() {
    let stage = stage();
    let db = rusqlite::Connection::open(store(&stage)).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    case(&stage, &["has schema 99", "install the newer gate"]);
}

#[test]
fn decision_on_a_store_that_cannot_be_written_is_not_given() {
    let rule = "[[rule]]\nid = \"test.make\"\nverdict = \"ask\"\nreason = \"makes a file\"\nmatch = { program = \"touch\" }\n";
    let stage = Stage::new().policy(&format!("[policy]\nversion = 1\n{rule}"));
    let waiting = stage.gate(["--", "touch", "x"]).start();
    let db = rusqlite::Connection::open(store(&stage)).unwrap();
    db.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let output = stage.gate(["approve", "--yes", waiting.id()]).on_terminal().output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("was locked by another process"), "{said}");
    assert_eq!(output.status.code(), Some(125));
    db.execute_batch("ROLLBACK").unwrap();
    let listed = stage.gate(["requests", "--json"]).output();
    assert!(String::from_utf8(listed.stdout).unwrap().contains("\"PENDING\""));
}

/// Puts `bytes` in the place of the index of the write-ahead log, and claims that a run is recorded nevertheless, as entry `end`.
#[track_caller]
fn with_index(stage: &Stage, bytes: &[u8], end: u64) {
    std::fs::write(stage.home().join("gate.db-shm"), bytes).unwrap();
    stage.gate(["--", "true"]).check();
    let verified = stage.gate(["audit", "verify", "--json"]).output();
    let said = String::from_utf8(verified.stdout).unwrap();
    assert_eq!(verified.status.code(), Some(0), "{said}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["entries"], end);
}

#[test]
fn what_the_index_of_the_log_says_is_not_believed() {
    let stage = stage();
    let old = std::fs::read(stage.home().join("gate.db-shm")).unwrap();
    assert_eq!(old.len(), 32768);
    with_index(&stage, &[0xa5; 32768], 7);
    with_index(&stage, &old, 10);
    with_index(&stage, b"", 13);
    with_index(&stage, &[0; 140], 16);
}

#[test]
fn write_ahead_log_grows_no_longer_however_many_commands_run() {
    let stage = stage();
    let length = || std::fs::metadata(stage.home().join("gate.db-wal")).unwrap().len();
    let mut lengths = Vec::new();
    for _ in 0..16 {
        stage.gate(["--", "true"]).check();
        lengths.push(length());
    }
    assert!(lengths.iter().all(|length| *length <= 60 * 4120), "{lengths:?}");
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
}
