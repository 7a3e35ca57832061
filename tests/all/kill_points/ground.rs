//! The ground on which gate is killed again and again: one stage, put back for each point, and what lies on it afterwards.

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stage::{Run, Stage, until};

/// What is run: it leaves a line when it begins and one when it ends, and does not end before it may.
pub(super) const TEXT: &str = "echo begin >> ran; test -e go || read x < ../fifo; echo end >> ran";
/// The same, so that it has to be asked for.
pub(super) const ASKED: &str =
    "touch made; echo begin >> ran; test -e go || read x < ../fifo; echo end >> ran";

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

/// A script for a shell that reads it from standard input, command by command.
pub(super) const LINES: &str = "echo begin >> ran\necho end >> ran\n";

/// The files that gate keeps, however it ends.
const KEPT: [&str; 7] =
    ["gate.db", "gate.db-shm", "gate.db-wal", "gate.lock", "gate.reserve", "gate.wake", "policy.toml"];

/// What must never be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Wrong {
    Unrecorded,
    Double,
    Stuck,
    Unreadable,
    Leftover,
}

impl Wrong {
    pub(super) const ALL: [Wrong; 5] =
        [Wrong::Unrecorded, Wrong::Double, Wrong::Stuck, Wrong::Unreadable, Wrong::Leftover];

    /// Returns its name in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Wrong::Unrecorded => "unrecorded runs",
            Wrong::Double => "double runs",
            Wrong::Stuck => "stuck requests",
            Wrong::Unreadable => "unreadable stores",
            Wrong::Leftover => "unexplained leftovers",
        }
    }
}

/// A stage that can be put back to what it was.
pub(super) struct Ground {
    pub(super) stage: Stage,
    wrongs: RefCell<Vec<(Wrong, String)>>,
    /// Where a command that waits for its end reads; it is let go when this is closed, too.
    fifo: RefCell<Option<File>>,
    /// How the gate ended that was stepped.
    pub(super) code: Cell<i32>,
}

/// What the log says of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Recorded,
    Lost,
    Open,
}

impl Ground {
    pub(super) fn new() -> Ground {
        let stage = Stage::new().policy(POLICY);
        let ground =
            Ground { stage, wrongs: RefCell::default(), fifo: RefCell::default(), code: Cell::new(0) };
        ground.make_fifo();
        ground
    }

    /// Keeps what is there now, for [`Ground::put_back`].
    pub(super) fn keep(&self) {
        for (dir, saved) in self.dirs() {
            copy(&dir, &saved);
        }
    }

    /// Makes the fifo, with nothing in it. It is open for writing at once, so that whoever reads there can open it.
    fn make_fifo(&self) {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let path = self.stage.root().join("fifo");
        let _not_there = fs::remove_file(&path);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a fifo");
        let both = File::options().read(true).write(true).open(path).expect("the fifo");
        self.fifo.replace(Some(both));
    }

    /// Puts everything back.
    pub(super) fn put_back(&self) {
        self.make_fifo();
        for (dir, saved) in self.dirs() {
            // The directory itself stays: its inode belongs to what a request is about.
            for entry in fs::read_dir(&dir).expect("a directory of the stage") {
                let path = entry.expect("an entry").path();
                let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.expect("a file of the stage");
            }
            copy(&saved, &dir);
        }
    }

    fn dirs(&self) -> [(PathBuf, PathBuf); 2] {
        let saved = |name: &str| self.stage.root().join("saved").join(name);
        [(self.stage.home(), saved("home")), (self.stage.cwd(), saved("work"))]
    }

    /// Notes something that must never be.
    pub(super) fn wrong(&self, wrong: Wrong, what: impl Into<String>) {
        self.wrongs.borrow_mut().push((wrong, what.into()));
    }

    /// Notes it unless the claim holds.
    pub(super) fn must(&self, holds: bool, wrong: Wrong, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong(wrong, what());
        }
    }

    pub(super) fn take_wrongs(&self) -> Vec<(Wrong, String)> {
        self.wrongs.take()
    }

    /// Claims that others can read the store as its processes stand: none of them holds a lock that keeps readers out, as whoever reads
    /// the write-ahead log in does. The kernel's list of all locks would not do: it leaves some out while others are given back.
    pub(super) fn is_readable(&self) -> bool {
        use rustix::process::{Flock, FlockType, fcntl_getlk};
        let is_free = |name: &str| match File::open(self.stage.home().join(name)) {
            Ok(file) => {
                fcntl_getlk(file, &Flock::from(FlockType::ReadLock)).expect("a lock's holder").is_none()
            }
            Err(_not_there) => true,
        };
        ["gate.db", "gate.db-shm"].into_iter().all(is_free)
    }

    /// Claims that no process holds the lock of all writers.
    pub(super) fn is_writable(&self) -> bool {
        !is_held(&self.stage.home().join("gate.lock"))
    }

    /// Lets the command come to its end.
    pub(super) fn go(&self) {
        let go = self.stage.cwd().join("go");
        if !go.exists() {
            fs::write(go, "").expect("a file of the stage");
            let fifo = self.fifo.borrow();
            fifo.as_ref().expect("a fifo").write_all(b"\n").expect("a line for whoever waits");
        }
    }

    /// Returns how often the command has begun and ended.
    pub(super) fn ran(&self) -> (usize, usize) {
        let text = fs::read_to_string(self.stage.cwd().join("ran")).unwrap_or_default();
        (text.matches("begin").count(), text.matches("end").count())
    }

    /// Waits until the command has begun.
    pub(super) fn until_it_runs(&self) {
        until("the beginning of the command", || (self.ran().0 > 0).then_some(()));
    }

    /// Waits for the lock of the runner that was killed: what it had just forked shares it until it has closed its descriptors, and so long
    /// the run counts as a living one.
    pub(super) fn until_nothing_runs(&self) {
        let lock = self.stage.home().join("runs/0");
        until("the lock of the runner that was killed", || (!is_held(&lock)).then_some(()));
    }

    /// Runs gate, and returns its exit code and what it said.
    pub(super) fn gate<const N: usize>(&self, args: [&str; N]) -> (i32, String) {
        said(self.stage.gate(args))
    }

    /// Runs gate as a person at a terminal of their own does.
    pub(super) fn person<const N: usize>(&self, args: [&str; N]) -> (i32, String) {
        said(self.stage.gate(args).on_terminal())
    }

    /// Returns the id and state of all requests, oldest first, from the store as it lies there.
    pub(super) fn requests(&self) -> Vec<(String, String)> {
        let (code, text) = self.gate(["requests", "--all", "--json"]);
        self.must(code == 0, Wrong::Unreadable, || format!("`gate requests`: {code} {text}"));
        let values: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
        let word = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        values.iter().map(|value| (word(value, "id"), word(value, "state"))).collect()
    }

    /// Checks the log, and returns how each run ended, oldest first, by its record.
    pub(super) fn runs(&self) -> Vec<End> {
        let (code, text) = self.gate(["audit", "verify"]);
        self.must(code == 0, Wrong::Unreadable, || format!("`gate audit verify`: {code} {text}"));
        let entries = self.entries();
        let of = |name: &'static str| entries.iter().filter(move |entry| entry["type"] == name);
        let names = |name: &'static str, start: &Value| of(name).any(|end| end["data"]["start"] == *start);
        of("exec.start")
            .map(|start| match &start["seq"] {
                seq if names("exec.end", seq) => End::Recorded,
                seq if names("exec.lost", seq) => End::Lost,
                _ => End::Open,
            })
            .collect()
    }

    /// Returns the entries of the log.
    fn entries(&self) -> Vec<Value> {
        let db = rusqlite::Connection::open(self.stage.home().join("gate.db")).expect("the store");
        let mut query = db.prepare("SELECT bytes FROM entries ORDER BY seq").expect("a query");
        let rows = query.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("the entries");
        rows.map(|bytes| serde_json::from_slice(&bytes.expect("an entry")).expect("JSON")).collect()
    }

    /// Claims that no file is there that gate does not keep.
    pub(super) fn check_files(&self) {
        let home = self.stage.home();
        let mut left = names(&home);
        left.retain(|name| !KEPT.contains(&name.as_str()) && name != "runs");
        // The lock files of runners stay for the next ones, who find them free. A second one is made where what gate had just forked
        // still shares the lock of the first for a moment: it has not closed its descriptors yet.
        let (locks, others): (Vec<_>, Vec<_>) =
            names(&home.join("runs")).into_iter().partition(|name| name == "0" || name == "1");
        left.extend(others.into_iter().map(|name| format!("runs/{name}")));
        let locks = locks.into_iter().map(|name| format!("runs/{name}"));
        left.extend(
            locks
                .chain(["gate.lock".to_owned()])
                .filter(|name| is_held(&home.join(name)))
                .map(|name| format!("{name} held")),
        );
        let mut work = names(&self.stage.cwd());
        work.retain(|name| !["go", "ran", "made"].contains(&name.as_str()));
        left.extend(work);
        self.must(left.is_empty(), Wrong::Leftover, || left.join(", "));
    }
}

/// Runs it, and returns its exit code and what it said.
pub(super) fn said(run: Run<'_>) -> (i32, String) {
    use std::os::unix::process::ExitStatusExt;
    let output = run.output();
    let code = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0));
    let text = [output.stdout, output.stderr].concat();
    (code, String::from_utf8_lossy(&text).into_owned())
}

/// Claims that somebody holds a lock on this file.
fn is_held(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_err())
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory of the stage");
    for name in names(from) {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file of the stage");
        }
    }
}
