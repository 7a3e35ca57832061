//! A machine that has not enough: no process, no memory, no descriptor, no longer file.

use super::{LASTS, Lasting, kinds, row, stage};
use crate::many::until_in_line;
use crate::stage::{Run, Stage, until};

/// Returns a run of gate below `program` with `options`.
fn gate<'a>(stage: &'a Stage, program: &str, options: &[&str], args: &[&str]) -> Run<'a> {
    let home = stage.home();
    let run = stage.program(program, options).arg(env!("CARGO_BIN_EXE_gate")).arg("--home").arg(home);
    args.iter().fold(run, |run, arg| run.arg(arg))
}

fn entries(stage: &Stage) -> Vec<String> {
    kinds(|args| stage.gate(args).output())
}

fn is_made(stage: &Stage) -> bool {
    stage.cwd().join("made").exists()
}

#[test]
fn command_that_gets_no_process_does_not_run_and_that_is_recorded() {
    let stage = stage();
    for (fault, errno) in [("no process can be made", "EAGAIN"), ("no memory for a process", "ENOMEM")] {
        let inject = format!("--inject=fork,vfork,clone,clone3:error={errno}");
        let strace = ["-o", "/dev/null", &inject];
        let output = gate(&stage, "strace", &strace, &["--", "cp", "/dev/null", "made"]).output();
        row(&stage, fault, "an allowed command", &output);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("gate: hint: ") && said.contains(", and run it again"), "{said}");
    }
    assert!(!is_made(&stage));
    assert_eq!(entries(&stage)[4..], ["judged", "exec.start", "exec.end"].repeat(2));
    let mut waiting = stage.gate(["--", "touch", "made"]).start();
    let id = waiting.id().to_owned();
    waiting.kill();
    assert!(stage.gate(["approve", "--yes", &id]).on_terminal().output().status.success());
    let strace = ["-o", "/dev/null", "--inject=fork,vfork,clone,clone3:error=EAGAIN"];
    let output = gate(&stage, "strace", &strace, &["resume", &id]).output();
    row(&stage, "no process can be made", "an approved command", &output);
    let shown = stage.gate(["show", "--json", &id]).output();
    assert!(String::from_utf8(shown.stdout).unwrap().contains("\"NOT_STARTED\""));
    assert!(!is_made(&stage));
}

/// Gate runs with so little of something in steps: each time the command runs and gate says so, or neither.
#[track_caller]
fn in_steps(stage: &Stage, limits: impl Iterator<Item = String>, args: &[&str], code: i32) -> (usize, usize) {
    let (mut ran, mut held) = (0, 0);
    for limit in limits {
        let output = gate(stage, "prlimit", &[&limit], args).output();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_done = output.status.code() == Some(code);
        assert_eq!(is_made(stage), is_done && code == 0, "{limit}: {output:?}");
        assert!(is_done || output.status.code() != Some(0), "{limit}: {said}");
        // Where there is no room for gate itself, nobody is there to say so.
        let is_gate = output.status.code().is_some_and(|code| code != 127 && code != 126);
        assert!(is_done || !is_gate || !said.is_empty(), "{limit}: it does not say why");
        let _not_made = std::fs::remove_file(stage.cwd().join("made"));
        *(if is_done { &mut ran } else { &mut held }) += 1;
    }
    (ran, held)
}

/// Returns how often gate came to its end with this few descriptors, and how often not; a command runs beside.
fn with_few_descriptors(most: u32, args: &[&str], code: i32) -> (usize, usize) {
    let stage = stage();
    let lasting = Lasting::new(&stage);
    let mut beside = stage.gate(["--", "sh", "-c", LASTS]).spawn_only();
    lasting.runs(&stage);
    let counts = in_steps(&stage, (3..=most).map(|limit| format!("--nofile={limit}")), args, code);
    lasting.end();
    assert_eq!(beside.wait().unwrap().code(), Some(7));
    // The lock of the command beside is not mistaken for that of a lost run.
    assert!(!entries(&stage).contains(&"exec.lost".to_owned()));
    counts
}

#[test]
fn command_runs_with_enough_descriptors_or_not_at_all() {
    let (ran, held) = with_few_descriptors(20, &["--", "cp", "/dev/null", "made"], 0);
    assert!(ran >= 8 && held >= 4, "{ran} {held}");
}

#[test]
fn refused_command_does_not_run_for_want_of_descriptors() {
    let (refused, failed) = with_few_descriptors(10, &["--", "rmdir", "."], 126);
    assert!(refused >= 2 && failed >= 2, "{refused} {failed}");
}

#[test]
fn command_that_is_asked_about_does_not_run_for_want_of_descriptors() {
    let (asked, failed) = with_few_descriptors(10, &["--wait", "0s", "--", "touch", "made"], 124);
    assert!(asked >= 2 && failed >= 2, "{asked} {failed}");
}

#[test]
fn too_few_descriptors_are_said_to_be_that() {
    let (stage, fault) = (stage(), "too many files are open");
    let few = |args: &[&str]| gate(&stage, "prlimit", &["--nofile=6"], args).output();
    row(&stage, fault, "an allowed command", &few(&["--", "cp", "/dev/null", "made"]));
    row(&stage, fault, "a refused command", &few(&["--", "rmdir", "."]));
    row(&stage, fault, "the record is read and verified", &few(&["audit", "verify"]));
    assert!(!is_made(&stage));
}

#[test]
fn every_small_amount_of_memory_is_enough_or_nothing_runs() {
    let stage = stage();
    let limits = (4..=40).step_by(4).map(|mib| format!("--as={}", mib << 20));
    in_steps(&stage, limits, &["--", "cp", "/dev/null", "made"], 0);
    stage.gate(["--", "cp", "/dev/null", "made"]).check();
    assert!(!entries(&stage).is_empty());
}

#[test]
fn limit_on_the_size_of_files_keeps_commands_from_starting() {
    let stage = stage();
    let short = gate(&stage, "prlimit", &["--fsize=20000"], &["--", "cp", "/dev/null", "made"]).output();
    row(&stage, "files may not grow (`ulimit -f`)", "an allowed command", &short);
    assert!(!is_made(&stage));
    stage.gate(["--", "cp", "/dev/null", "made"]).check();
    assert_eq!(entries(&stage).len(), 7);
}

#[test]
fn writer_that_gets_no_timer_to_queue_with_waits_with_a_thread() {
    let stage = stage();
    let lock = std::fs::File::options().write(true).open(stage.home().join("gate.lock")).unwrap();
    lock.lock().unwrap();
    let trace = stage.root().join("trace");
    let strace = ["-f", "-o", trace.to_str().unwrap(), "--inject=timer_create:error=EAGAIN"];
    let running = gate(&stage, "strace", &strace, &["--", "cp", "/dev/null", "made"]).spawn_only();
    until_in_line(&lock, 1);
    assert!(!is_made(&stage));
    lock.unlock().unwrap();
    let output = running.wait_with_output().unwrap();
    row(&stage, "no timer can be made", "an allowed command, while another one is recorded", &output);
    let calls = std::fs::read_to_string(&trace).unwrap();
    assert!(is_made(&stage) && calls.contains("CLONE_THREAD") && calls.contains("(INJECTED)"), "{calls}");
}

#[test]
fn writer_that_gets_neither_timer_nor_thread_to_queue_with_still_waits_for_the_lock() {
    let stage = stage();
    let lock = std::fs::File::options().write(true).open(stage.home().join("gate.lock")).unwrap();
    lock.lock().unwrap();
    let trace = stage.root().join("trace");
    let strace = [
        "-o",
        trace.to_str().unwrap(),
        "--trace=flock,timer_create,clone,clone3",
        "--inject=timer_create:error=EAGAIN",
        "--inject=clone3:error=EAGAIN:when=1",
    ];
    let running = gate(&stage, "strace", &strace, &["--", "cp", "/dev/null", "made"]).spawn_only();
    until("a gate that tries again", || {
        let calls = std::fs::read_to_string(&trace).unwrap_or_default();
        (calls.matches("EAGAIN (Resource").count() >= 4).then_some(())
    });
    assert!(!is_made(&stage));
    lock.unlock().unwrap();
    let output = running.wait_with_output().unwrap();
    row(
        &stage,
        "neither a timer nor a thread can be made",
        "an allowed command, while another one is recorded",
        &output,
    );
    assert!(is_made(&stage));
}
