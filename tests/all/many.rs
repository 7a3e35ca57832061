//! Many at once on one store: processes that record, and approvers that decide. Nothing is lost, doubled or refused for being busy.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::process::Child;

use crate::stage::{Run, Stage, until};

const PROCESSES: usize = 16;
const EACH: usize = 5;

const POLICY: &str = "[policy]\nversion = 1\ndefault = \"allow\"\n\
                      [[rule]]\nid = \"test.touch\"\nverdict = \"ask\"\nreason = \"makes a file\"\nmatch = { program = \"touch\" }\n";

/// Returns the types of all entries; the log must be in order.
#[track_caller]
fn kinds(stage: &Stage) -> Vec<String> {
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
    let log = stage.gate(["audit", "log", "--json"]).output();
    let lines = String::from_utf8(log.stdout).unwrap();
    let kind = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].as_str().unwrap().to_owned()
    };
    lines.lines().map(kind).collect()
}

fn count(kinds: &[String], wanted: &str) -> usize {
    kinds.iter().filter(|kind| *kind == wanted).count()
}

#[test]
fn many_processes_record_into_one_chain_without_a_busy_error() {
    let stage = Stage::new().policy(POLICY);
    let script = format!(
        "for i in $(seq {EACH}); do {} --home ../home -- true || exit; done",
        env!("CARGO_BIN_EXE_gate")
    );
    let start = |_| stage.program("sh", ["-c", &script]).spawn_only();
    let all: Vec<Child> = (0..PROCESSES).map(start).collect();
    for child in all {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
    let kinds = kinds(&stage);
    for kind in ["judged", "exec.start", "exec.end"] {
        assert_eq!(count(&kinds, kind), PROCESSES * EACH, "{kind}");
    }
    assert_eq!(kinds.len(), 1 + 3 * PROCESSES * EACH);
}

/// The requests, in an order of their own for each approver.
fn shuffled(ids: &[String], seed: usize) -> Vec<String> {
    let mut ids = ids.to_vec();
    for i in (1..ids.len()).rev() {
        ids.swap(i, (i * 7 + seed * 13 + seed) % (i + 1));
    }
    ids
}

#[test]
fn many_waiting_commands_are_each_decided_once_by_approvers_who_race() {
    let stage = Stage::new().policy(POLICY);
    let ask = |n: usize| {
        let line = format!("touch {n}; echo {n} >> ran");
        stage.gate(["-c", &line]).start()
    };
    let waiting: Vec<_> = (0..PROCESSES).map(ask).collect();
    let ids: Vec<String> = waiting.iter().map(|one| one.id().to_owned()).collect();
    // Each decision that an approver can give: even requests are approved, odd ones rejected, whoever comes first.
    let answer = |id: &String| {
        if ids.iter().position(|one| one == id).unwrap().is_multiple_of(2) { "approve" } else { "reject" }
    };
    let approver = |seed| {
        let gate = env!("CARGO_BIN_EXE_gate");
        let lines: Vec<String> = shuffled(&ids, seed)
            .iter()
            .map(|id| {
                format!(
                    "{gate} --home ../home {} --yes {id} > /dev/null 2>> said{seed}; echo $? >> codes{seed}",
                    answer(id)
                )
            })
            .collect();
        let run: Run<'_> = stage.program("sh", ["-c", &format!("{}; echo > done{seed}", lines.join("\n"))]);
        run.interactive()
    };
    let approvers: Vec<_> = (0..4).map(approver).collect();
    for (n, one) in waiting.into_iter().enumerate() {
        let code = one.output().status.code();
        assert_eq!(code, Some(if n.is_multiple_of(2) { 0 } else { 126 }), "request {n}");
        assert_eq!(stage.cwd().join(n.to_string()).exists(), n.is_multiple_of(2), "request {n}");
    }
    let read = |name: String| std::fs::read_to_string(stage.cwd().join(name)).unwrap_or_default();
    let codes: String = (0..4)
        .map(|seed| {
            until("an approver", || {
                stage.cwd().join(format!("done{seed}")).exists().then(|| read(format!("codes{seed}")))
            })
        })
        .collect();
    drop(approvers);
    assert_eq!(
        (codes.matches('0').count(), codes.matches('1').count()),
        (PROCESSES, 3 * PROCESSES),
        "{codes}"
    );
    let mut ran: Vec<usize> = read("ran".to_owned()).lines().map(|line| line.parse().unwrap()).collect();
    ran.sort_unstable();
    assert_eq!(ran, (0..PROCESSES).step_by(2).collect::<Vec<_>>(), "each approved command ran once");
    let kinds = kinds(&stage);
    let counted =
        ["request", "decision", "decision.refused", "exec.start", "exec.end"].map(|kind| count(&kinds, kind));
    assert_eq!(counted, [PROCESSES, PROCESSES, 3 * PROCESSES, PROCESSES / 2, PROCESSES / 2]);
}

/// The lock of all writers, held, on a store that has a run on record.
fn locked(stage: &Stage) -> File {
    stage.gate(["--", "true"]).check();
    let lock = File::open(stage.home().join("gate.lock")).unwrap();
    lock.lock().unwrap();
    lock
}

/// Waits until so many stand in line for the lock (proc_locks(5): `->` before each).
pub(crate) fn until_in_line(lock: &File, count: usize) {
    let inode = format!(":{} ", lock.metadata().unwrap().ino());
    until("the line", || {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let waits = |line: &&str| line.contains("->") && line.contains(&inode);
        (locks.lines().filter(waits).count() == count).then_some(())
    });
}

#[test]
fn who_stands_in_line_is_recorded_in_the_order_of_coming() {
    let stage = Stage::new().policy(POLICY);
    let lock = locked(&stage);
    let names: Vec<String> = (0..8).map(|number| format!("{number}")).collect();
    let line: Vec<Child> = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let child = stage.gate(["--", "echo", name]).spawn_only();
            until_in_line(&lock, number + 1);
            child
        })
        .collect();
    drop(lock);
    for (child, name) in line.into_iter().zip(&names) {
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{name}\n"));
    }
    let log = stage.gate(["audit", "log", "--json"]).output();
    let entries = String::from_utf8(log.stdout).unwrap();
    let entries = entries.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let started = entries.filter(|entry| entry["type"] == "exec.start");
    let order: Vec<String> =
        started.map(|entry| entry["action"]["argv"][1].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(order[1..], names);
}

#[test]
fn command_whose_record_had_to_wait_finds_signals_and_limits_as_without_gate() {
    let stage = Stage::new().policy(POLICY);
    let asks = "grep -E '^(Sig[PBIC]|Shd|Threads)' /proc/self/status; cat /proc/self/timers /proc/self/limits; \
                chrt -p $$ | sed 's/^pid [0-9]*//'";
    let plain = stage.program("sh", ["-c", asks]).output();
    let lock = locked(&stage);
    let waits = stage.gate(["--", "sh", "-c", asks]).spawn_only();
    until_in_line(&lock, 1);
    drop(lock);
    let gated = waits.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&gated.stderr), String::from_utf8_lossy(&plain.stderr));
    assert_eq!(String::from_utf8_lossy(&gated.stdout), String::from_utf8_lossy(&plain.stdout));
    assert_eq!(gated.status.code(), Some(0));
}
