//! What the way of an allowed command costs in system calls: counted, because times differ from machine to machine.
//!
//! The bars for the static build are checked by `benches/overhead --check`; here the build under test has a baseline of its own.

use crate::stage::Stage;

/// What gate's own process calls in this build, memory apart: the dynamic loader's part is in it, which the static build has not.
///
/// Who needs another one says in the commit what for.
const BASELINE: usize = 270;

/// The allocator of the C library decides about these.
const OF_MEMORY: [&str; 7] = ["brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "prlimit64"];

/// A process starts so, and a thread too.
const STARTS: [&str; 4] = ["fork", "vfork", "clone", "clone3"];

/// One system call of gate's own process: its name, and its arguments as far as strace shows them.
type Call = (String, String);

/// Returns the calls of `gate -- /bin/true` in their order, on a store that has seen some runs.
fn calls() -> Vec<Call> {
    let stage = Stage::new().policy("[policy]\nversion = 1\n");
    for _ in 0..3 {
        stage.gate(["--", "/bin/true"]).check();
    }
    let trace = stage.root().join("trace");
    let run = stage.program("strace", ["-f", "-qq", "-o"]).arg(&trace).arg(env!("CARGO_BIN_EXE_gate"));
    run.arg("--home").arg(stage.home()).arg("--").arg("/bin/true").check();
    let text = String::from_utf8_lossy(&std::fs::read(trace).expect("the trace")).into_owned();
    let own = text.split(' ').next().expect("a process id").to_owned();
    let lines = text.lines().filter_map(|line| line.split_once(' ')).filter(|(process, _)| *process == own);
    // What goes on after another process had its turn, a signal and the end are no calls.
    let called = lines.filter_map(|(_, call)| call.trim_start().split_once('('));
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    called.filter(|(name, _)| is_name(name)).map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect()
}

fn places(calls: &[Call], is_such: impl Fn(&Call) -> bool) -> Vec<usize> {
    (0..calls.len()).filter(|at| is_such(&calls[*at])).collect()
}

#[test]
fn an_allowed_command_costs_one_flush_one_process_and_no_more_calls_than_it_did() {
    let calls = calls();
    let starts = places(&calls, |(name, _)| STARTS.contains(&name.as_str()));
    let threads = places(&calls, |(_, rest)| rest.contains("CLONE_THREAD"));
    assert_eq!((starts.len(), threads.len()), (1, 0), "one process, no thread: {calls:#?}");
    let flushes = places(&calls, |(name, _)| name.contains("sync"));
    assert_eq!(flushes.len(), 1, "one flush: {calls:#?}");
    assert!(flushes[0] < starts[0], "it comes before the command: {calls:#?}");
    assert_eq!(calls[flushes[0]].0, "fdatasync");
    // The C library may ask a cache on this machine who the user is.
    let sockets = places(&calls, |(name, rest)| name == "socket" && !rest.starts_with("AF_UNIX"));
    assert!(sockets.is_empty(), "it speaks to nobody: {calls:#?}");
    let counted = places(&calls, |(name, _)| !OF_MEMORY.contains(&name.as_str())).len();
    assert!(counted <= BASELINE, "{counted} system calls, at most {BASELINE}: {calls:#?}");
}
