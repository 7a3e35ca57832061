//! A disk that is full, read-only, or out of names: a small file system of its own, mounted where gate keeps its store.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Output, Stdio};

use super::{LASTS, Lasting, POLICY, kinds, row};
use crate::stage::{Run, Stage};

const FULL: &str = "the disk is full";
const READ_ONLY: &str = "the file system is read-only";

/// A small file system over gate's home, in a mount namespace of its own that ends with this value.
struct Disk {
    stage: Stage,
    holder: Child,
}

impl Disk {
    fn new(options: &str) -> Disk {
        let stage = Stage::new();
        let script = format!(
            "mount -t tmpfs -o mode=700,{options} none {} && echo mounted && exec cat",
            stage.home().display()
        );
        // A user who may not mount gets a user namespace in which it may.
        let how = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
        let mut holder = std::process::Command::new("unshare")
            .args([how, "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare of util-linux");
        let mut line = String::new();
        BufReader::new(holder.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        assert_eq!(line, "mounted\n", "these tests need a mount namespace");
        let disk = Disk { stage, holder };
        let policy = disk.stage.root().join("policy.toml");
        std::fs::write(&policy, POLICY).unwrap();
        disk.program("cp", [policy.to_str().unwrap(), "../home/policy.toml"]).check();
        disk
    }

    /// Returns a run of `program` that sees the small file system.
    fn program<'a>(&self, program: &str, args: impl IntoIterator<Item = &'a str>) -> Run<'_> {
        let holder = self.holder.id().to_string();
        let mut run = self.stage.program("nsenter", ["-m", "-t", &holder]);
        if !rustix::process::geteuid().is_root() {
            run = run.arg("-U").arg("--preserve-credentials");
        }
        args.into_iter()
            .fold(run.arg(format!("--wdns={}", self.stage.cwd().display())).arg(program), |run, arg| {
                run.arg(arg)
            })
    }

    fn gate<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Run<'_> {
        let run = self.program(env!("CARGO_BIN_EXE_gate"), ["--home"]).arg(self.stage.home());
        args.into_iter().fold(run, |run, arg| run.arg(arg))
    }

    fn output(&self, args: &[&str]) -> Output {
        self.gate(args.iter().copied()).output()
    }

    /// Takes all room that is left; wherever it writes, it is not more than the small file system has.
    fn fill(&self) {
        let output = self
            .program("dd", ["if=/dev/zero", "of=../home/fill", "bs=4k", "count=512", "status=none"])
            .output();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("No space left on device"), "{said}");
    }

    fn make_room(&self) {
        self.program("rm", ["../home/fill"]).check();
    }

    fn mount(&self, how: &str) {
        let home = self.stage.home();
        self.program("mount", ["-o", how, home.to_str().unwrap()]).check();
    }

    fn kinds(&self) -> Vec<String> {
        kinds(|args| self.output(args))
    }

    #[track_caller]
    fn row(&self, fault: &str, when: &str, args: &[&str]) {
        row(&self.stage, fault, when, &self.output(args));
    }

    fn is_made(&self, name: &str) -> bool {
        self.stage.cwd().join(name).exists()
    }

    /// Claims that everything goes on as before the fault.
    #[track_caller]
    fn goes_on(&self) {
        self.gate(["--", "cp", "/dev/null", "after"]).check();
        assert!(self.is_made("after"));
        let kinds = self.kinds();
        assert_eq!(kinds[kinds.len() - 3..], ["judged", "exec.start", "exec.end"]);
        assert!(self.output(&["doctor"]).status.success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ended_already = self.holder.kill();
        let _reaped = self.holder.wait();
    }
}

/// Reading works, whatever the disk has.
#[track_caller]
fn reading_works(disk: &Disk, fault: &str) {
    for args in [&["requests"][..], &["requests", "--json"], &["audit", "log"], &["audit", "show", "1"]] {
        let output = disk.output(args);
        assert!(output.status.success() && output.stdout.len() > 20, "{args:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{args:?}: {output:?}");
    }
    disk.row(fault, "the record is read and verified", &["audit", "verify"]);
    let doctor = disk.output(&["doctor"]);
    let text = String::from_utf8(doctor.stdout.clone()).unwrap();
    assert!(text.contains("problem  store") && text.contains("until then no command starts"), "{text}");
    row(&disk.stage, fault, "`gate doctor`", &doctor);
}

#[test]
fn full_disk_keeps_commands_from_starting_and_nothing_else() {
    let disk = Disk::new("size=2m");
    disk.gate(["--", "cp", "/dev/null", "before"]).check();
    disk.fill();
    disk.row(FULL, "an allowed command", &["--", "cp", "/dev/null", "made"]);
    disk.row(FULL, "an allowed command, once more", &["--", "cp", "/dev/null", "made"]);
    disk.row(FULL, "a refused command", &["--", "rmdir", "."]);
    disk.row(FULL, "a command that is asked about", &["--wait", "0s", "--", "touch", "asked"]);
    reading_works(&disk, FULL);
    assert!(!disk.is_made("made") && !disk.is_made("asked"));
    let recorded =
        ["genesis", "judged", "exec.start", "exec.end", "log.disk_low", "judged", "request", "request"];
    assert_eq!(disk.kinds(), recorded, "what needs no start is recorded in the reserve");
    disk.make_room();
    disk.goes_on();
}

#[test]
fn approval_on_a_full_disk_is_kept_until_there_is_room() {
    let disk = Disk::new("size=2m");
    let waiting = disk.gate(["--", "touch", "asked"]).start();
    let id = waiting.id().to_owned();
    disk.fill();
    let first = disk.gate(["approve", "--yes", &id]).on_terminal().output();
    row(&disk.stage, FULL, "a decision", &first);
    row(&disk.stage, FULL, "the waiting command, approved", &waiting.output());
    assert!(!disk.is_made("asked"));
    disk.make_room();
    disk.gate(["resume", &id]).stderr("gate: approved by [USER] via tty\n").check();
    assert!(disk.is_made("asked"));
    let again = disk.output(&["resume", &id]);
    assert_eq!(again.status.code(), Some(124), "it runs once: {again:?}");
    disk.goes_on();
}

#[test]
fn outcome_of_a_command_that_ends_on_a_full_disk_is_recorded() {
    let disk = Disk::new("size=2m");
    let lasting = Lasting::new(&disk.stage);
    let mut running = disk.gate(["--", "sh", "-c", LASTS]).spawn_only();
    lasting.runs(&disk.stage);
    disk.fill();
    lasting.end();
    let output = Output { status: running.wait().unwrap(), stdout: Vec::new(), stderr: Vec::new() };
    row(&disk.stage, FULL, "while a command runs", &output);
    assert_eq!(disk.kinds()[1..], ["judged", "exec.start", "log.disk_low", "exec.end"]);
    disk.make_room();
    disk.goes_on();
}

#[test]
fn disk_without_a_byte_left_is_still_read_and_still_refuses() {
    let disk = Disk::new("size=2m");
    disk.gate(["--", "cp", "/dev/null", "before"]).check();
    // The reserve is used up, and SQLite's index of the log has to be made anew.
    disk.program("rm", ["../home/gate.reserve", "../home/gate.db-shm"]).check();
    disk.program("touch", ["../home/gate.db-shm"]).check();
    disk.fill();
    const LAST: &str = "the disk is full, the reserve used up";
    disk.row(LAST, "an allowed command", &["--", "cp", "/dev/null", "made"]);
    assert_eq!(disk.kinds().len(), 4);
    disk.make_room();
    disk.goes_on();
    assert_eq!(disk.output(&["--wait", "0s", "--", "touch", "parked"]).status.code(), Some(124));
    // This time the index is there, and no room for an entry.
    disk.program("rm", ["../home/gate.reserve"]).check();
    disk.fill();
    disk.row(LAST, "a refused command", &["--", "rmdir", "."]);
    disk.row(LAST, "a command that is asked about", &["--wait", "0s", "--", "touch", "asked"]);
    reading_works(&disk, LAST);
    disk.make_room();
    disk.goes_on();
}

#[test]
fn no_store_can_be_made_on_a_full_disk() {
    let disk = Disk::new("size=2m");
    disk.fill();
    disk.row(FULL, "the first command of all", &["--", "cp", "/dev/null", "made"]);
    assert!(!disk.is_made("made"));
    disk.make_room();
    disk.goes_on();
}

#[test]
fn disk_without_a_name_left_keeps_commands_from_starting() {
    let disk = Disk::new("size=2m,nr_inodes=32");
    disk.gate(["--", "cp", "/dev/null", "before"]).check();
    // One command runs beside the next, so that the next needs a lock of its own.
    let lasting = Lasting::new(&disk.stage);
    let mut beside = disk.gate(["--", "sh", "-c", LASTS]).spawn_only();
    lasting.runs(&disk.stage);
    disk.program("rm", ["../home/gate.reserve"]).check();
    let fill = "i=0; while [ $i -lt 40 ] && touch ../home/fill$i; do i=$((i + 1)); done; [ $i -lt 40 ]";
    assert!(disk.program("sh", ["-c", fill]).output().status.success());
    disk.row("the disk has no inode left", "an allowed command", &["--", "cp", "/dev/null", "made"]);
    disk.row("the disk has no inode left", "a refused command", &["--", "rmdir", "."]);
    assert!(!disk.is_made("made"));
    disk.program("sh", ["-c", "rm ../home/fill*"]).check();
    lasting.end();
    assert_eq!(beside.wait().unwrap().code(), Some(7));
    disk.goes_on();
}

#[test]
fn read_only_file_system_is_read_and_nothing_runs() {
    let disk = Disk::new("size=2m");
    disk.gate(["--", "cp", "/dev/null", "before"]).check();
    let parked = disk.gate(["--wait", "0s", "--", "touch", "asked"]).output();
    let said = String::from_utf8(parked.stderr).unwrap();
    let id = said.split_once("approval ").unwrap().1.get(..14).unwrap();
    disk.mount("remount,ro");
    disk.row(READ_ONLY, "an allowed command", &["--", "cp", "/dev/null", "made"]);
    disk.row(READ_ONLY, "a refused command", &["--", "rmdir", "."]);
    disk.row(READ_ONLY, "a command that is asked about", &["--wait", "0s", "--", "touch", "other"]);
    let answer = disk.gate(["approve", "--yes", id]).on_terminal().output();
    row(&disk.stage, READ_ONLY, "a decision", &answer);
    disk.row(READ_ONLY, "an approved command", &["resume", id]);
    reading_works(&disk, READ_ONLY);
    assert!(!disk.is_made("made") && !disk.is_made("asked"));
    disk.mount("remount,rw");
    assert!(disk.gate(["approve", "--yes", id]).on_terminal().output().status.success());
    disk.gate(["resume", id]).stderr("gate: approved by [USER] via tty\n").check();
    assert!(disk.is_made("asked"));
    disk.goes_on();
}
