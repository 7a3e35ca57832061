//! A store that is deleted or replaced: while a command waits, between judging it and running it, and while it runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{LASTS, Lasting, kinds, row, stage};
use crate::stage::{Stage, until};

fn database(stage: &Stage) -> PathBuf {
    stage.home().join("gate.db")
}

/// Takes the database away with its logs, for [`put_back`].
fn take_away(stage: &Stage) {
    let kept = stage.root().join("kept");
    std::fs::create_dir(&kept).unwrap();
    std::fs::rename(database(stage), kept.join("gate.db")).unwrap();
    for name in ["gate.db-wal", "gate.db-shm"] {
        let _not_there = std::fs::rename(stage.home().join(name), kept.join(name));
    }
}

fn put_back(stage: &Stage) {
    let path = database(stage);
    for end in ["db", "db-wal", "db-shm"] {
        let path = path.with_extension(end);
        let _not_there = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path));
        let _not_there = std::fs::rename(stage.root().join("kept").join(path.file_name().unwrap()), path);
    }
    assert!(database(stage).is_file());
}

/// Puts something where the database was.
type Put = Box<dyn Fn(&Path)>;

/// Returns what stands where the database was: as the table says it, and how it comes there.
fn others(stage: &Stage, other: &Stage) -> Vec<(&'static str, Put)> {
    let backup = stage.root().join("backup.db");
    let foreign = database(other);
    let elsewhere = stage.root().join("kept/gate.db");
    vec![
        ("the store is deleted", Box::new(|_| ())),
        ("an older copy of the store is put in its place", Box::new(move |path| copy(&backup, path))),
        ("another log is put in its place", Box::new(move |path| copy(&foreign, path))),
        ("a directory is put in its place", Box::new(|path| std::fs::create_dir(path).unwrap())),
        ("a FIFO is put in its place", Box::new(fifo)),
        (
            "a symbolic link is put in its place",
            Box::new(move |path| std::os::unix::fs::symlink(&elsewhere, path).unwrap()),
        ),
    ]
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(path).status().unwrap().success());
}

/// A stage on which one command has run, with a copy of its database from then.
fn stage_with_backup() -> Stage {
    let stage = stage();
    let db = rusqlite::Connection::open(database(&stage)).unwrap();
    db.execute("VACUUM INTO ?", [stage.root().join("backup.db").to_str().unwrap()]).unwrap();
    crate::stage::set_mode(&stage.root().join("backup.db"), 0o600);
    stage
}

fn is_made(stage: &Stage, name: &str) -> bool {
    stage.cwd().join(name).exists()
}

/// Put back, the store has all that was in it, and everything goes on.
#[track_caller]
fn goes_on(stage: &Stage, expected: &[&str]) {
    put_back(stage);
    stage.gate(["--", "cp", "/dev/null", "after"]).check();
    let kinds = kinds(|args| stage.gate(args).output());
    let tail = ["judged", "exec.start", "exec.end"];
    assert_eq!(kinds[4..], [expected, &tail].concat());
}

#[track_caller]
fn while_it_waits(index: usize) {
    let (stage, other) = (stage_with_backup(), super::stage());
    let (fault, put) = others(&stage, &other).swap_remove(index);
    let waiting = stage.gate(["--", "touch", "asked"]).start();
    let id = waiting.id().to_owned();
    take_away(&stage);
    put(&database(&stage));
    row(&stage, fault, "while a command waits", &waiting.output());
    assert!(!is_made(&stage, "asked"));
    // The request is where it was: nothing is lost with whoever waited.
    put_back(&stage);
    assert!(stage.gate(["approve", "--yes", &id]).on_terminal().output().status.success());
    stage.gate(["resume", &id]).stderr("gate: approved by [USER] via tty\n").check();
    assert!(is_made(&stage, "asked"));
}

/// Holds the lock that all writers queue for, so that gate stands between judging and recording.
#[track_caller]
fn before_it_starts(index: usize) {
    let (stage, other) = (stage_with_backup(), super::stage());
    let (fault, put) = others(&stage, &other).swap_remove(index);
    let lock = std::fs::File::options().write(true).open(stage.home().join("gate.lock")).unwrap();
    lock.lock().unwrap();
    let running = stage.gate(["--", "cp", "/dev/null", "made"]).spawn_only();
    let queue = || std::fs::read_to_string("/proc/locks").unwrap();
    let inode = {
        use std::os::unix::fs::MetadataExt as _;
        format!(":{} ", lock.metadata().unwrap().ino())
    };
    until("a gate that queues for the lock", || {
        queue().lines().any(|line| line.contains("-> FLOCK") && line.contains(&inode)).then_some(())
    });
    take_away(&stage);
    put(&database(&stage));
    lock.unlock().unwrap();
    row(&stage, fault, "between judging and running", &running.wait_with_output().unwrap());
    assert!(!is_made(&stage, "made"));
    goes_on(&stage, &[]);
}

#[track_caller]
fn while_it_runs(index: usize) {
    let (stage, other) = (stage_with_backup(), super::stage());
    let (fault, put) = others(&stage, &other).swap_remove(index);
    let lasting = Lasting::new(&stage);
    let running = stage.gate(["--", "sh", "-c", LASTS]).spawn_only();
    lasting.runs(&stage);
    take_away(&stage);
    put(&database(&stage));
    lasting.end();
    row(&stage, fault, "while a command runs", &running.wait_with_output().unwrap());
    goes_on(&stage, &["judged", "exec.start", "exec.lost"]);
}

/// What comes after finds no store, or none it may use.
#[track_caller]
fn afterwards(index: usize) {
    let (stage, other) = (stage_with_backup(), super::stage());
    let (fault, put) = others(&stage, &other).swap_remove(index);
    take_away(&stage);
    put(&database(&stage));
    let requests = stage.gate(["requests"]).output();
    row(&stage, fault, "the next `gate requests`", &requests);
    let next: Output = stage.gate(["--", "cp", "/dev/null", "made"]).output();
    row(&stage, fault, "the next command", &next);
    assert_eq!(is_made(&stage, "made"), next.status.success());
    goes_on(&stage, &[]);
}

macro_rules! each_fault {
    ($($index:literal $name:ident,)*) => {
        $(mod $name {
            #[test]
            fn while_it_waits() { super::while_it_waits($index); }
            #[test]
            fn before_it_starts() { super::before_it_starts($index); }
            #[test]
            fn while_it_runs() { super::while_it_runs($index); }
            #[test]
            fn afterwards() { super::afterwards($index); }
        })*
    };
}

each_fault! { 0 deleted, 1 older_copy, 2 another_log, 3 directory, 4 fifo, 5 symbolic_link, }

#[test]
fn older_copy_written_over_the_store_lets_nothing_run() {
    let stage = stage_with_backup();
    let mut waiting = stage.gate(["--", "touch", "asked"]).start();
    // `cp` writes into the file that is there, below the log that has what is newer.
    copy(&stage.root().join("backup.db"), &database(&stage));
    let fault = "an older copy is written over the store";
    let approved = stage.gate(["approve", "--yes", waiting.id()]).on_terminal().output();
    row(&stage, fault, "a decision", &approved);
    row(&stage, fault, "an allowed command", &stage.gate(["--", "cp", "/dev/null", "made"]).output());
    waiting.kill();
    assert!(!is_made(&stage, "asked") && !is_made(&stage, "made"));
}
