//! Signals that a process sends.

use super::{With, same_script, script, set};
use crate::stage::Run;

/// A command that writes down what it gets, says when it listens, and ends by `done`.
///
/// Some traps wait until bash has read a line.
const WRITES: &str = "for s in $signals; do trap \"echo $s >> got\" $s; done; exec 8<> go; : > ready; until [ -e done ]; do read -r x <&8; done; sort got; exit 9";

/// Starts it in a process group of its own.
const STARTS: &str = "set -m; export signals; shell \"$writes\" & p=$!; awaits '[ -e ready ]'";

/// Waits until so many have come.
const COME: &str = "come() { awaits \"echo > go; [ -s got ] && [ \\$(grep -c . got) -ge $1 ]\"; }";

fn scene(signals: &str, sends: &str) -> String {
    format!(
        "writes='{WRITES}'; signals='{signals}'; {COME}; {STARTS}; {sends}; : > done; echo > go; wait $p 2> /dev/null; echo code:$?"
    )
}

#[test]
fn what_is_sent_to_gate_alone_is_passed_on_once() {
    let signals = "HUP INT QUIT USR1 USR2 PIPE ALRM TERM URG VTALRM PROF WINCH IO PWR RTMIN+3";
    let sends = "n=0; for s in $signals; do kill -$s $p; n=$((n+1)); come $n; done";
    let mut sorted: Vec<&str> = signals.split(' ').collect();
    sorted.sort_unstable();
    same_script(&scene(signals, sends), &format!("{}\ncode:9\n", sorted.join("\n")));
}

#[test]
fn what_ends_a_program_ends_it_and_gate() {
    for signal in ["HUP", "INT", "USR1", "ALRM", "TERM", "PIPE", "RTMIN+3"] {
        let sends = format!("kill -{signal} $p; wait $p; echo code:$?; cat got 2> /dev/null; exit");
        let code = 128
            + [("HUP", 1), ("INT", 2), ("USR1", 10), ("ALRM", 14), ("TERM", 15), ("PIPE", 13)]
                .iter()
                .find(|(name, _)| *name == signal)
                .map_or(37, |(_, number)| *number);
        // The shell says by which signal a job ended, and whose number that was.
        let quiet = format!("exec 2> /dev/null; {}", scene("WINCH", &sends));
        same_script(&quiet, &format!("code:{code}\n"));
    }
}

#[test]
fn what_is_sent_to_the_whole_group_comes_once() {
    // Until gate has somebody beside it who can tell, it passes on what the command has already.
    let beside = "[ $(cat /proc/$p/comm) = bash ] || awaits \"beside $p > beside\"";
    let signals = "HUP INT QUIT TERM USR1 WINCH";
    let sends = format!(
        "{beside}; n=0; for s in $signals; do kill -$s -$p; n=$((n+1)); come $n; kill -$s $p; n=$((n+1)); come $n; done"
    );
    let mut sorted: Vec<&str> = signals.split(' ').flat_map(|signal| [signal; 2]).collect();
    sorted.sort_unstable();
    same_script(&scene(signals, &sends), &format!("{}\ncode:9\n", sorted.join("\n")));
}

#[test]
fn what_was_ignored_stays_ignored() {
    same_script("nohup true; trap '' HUP TERM; shell 'kill -HUP $$; kill -TERM $$; echo lives'", "lives\n");
    let sends = "kill -HUP $p; kill -USR1 $p; come 1";
    let text = scene("USR1", sends).replace("shell \"$writes\"", "nohup shell \"$writes\" 2> /dev/null");
    same_script(&text, "USR1\ncode:9\n");
}

#[test]
fn a_timer_that_was_set_before_rings_for_it() {
    // As `perl -e 'alarm 1; exec @ARGV'`, which many use for a time limit.
    let alarm = "import os, signal, sys; signal.setitimer(signal.ITIMER_REAL, 0.3); os.execvp(sys.argv[1], sys.argv[1:])";
    let text = format!(
        "python3 -c '{alarm}' shell 'trap \"echo rings; exit 3\" ALRM; exec 8<> go; read -r x <&8'; echo $?"
    );
    same_script(&text, "rings\n3\n");
}

#[test]
fn timeout_ends_it_as_it_ends_the_plain_command() {
    same_script("timeout 0.4 run sleep 1000; echo $?", "124\n");
    same_script("timeout --foreground -s INT 0.4 run sleep 1000; echo $?", "124\n");
    same_script("exec 2> /dev/null; timeout -s KILL 0.4 run sleep 1000; echo $?", "137\n");
    same_script(
        "exec 2> /dev/null; timeout -k 0.2 0.4 shell 'trap : TERM; exec 8<> go; until read -r x <&8; do true; done'; echo $?",
        "137\n",
    );
}

#[test]
fn as_the_first_process_it_reaps_what_is_left_to_it() {
    // The same where it was made to adopt orphans; this needs no container.
    let adopts = "import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); os.execvp(sys.argv[1], sys.argv[1:])";
    let leaves = "for i in 1 2 3; do (exec -a orphan sleep 0.2 &); done; export gate=$PPID
        awaits \"orphans sleeping\"; awaits \"! orphans zombie && ! orphans sleeping\"; echo reaped";
    // Those of gate's children that were not its own.
    let orphans = "#!/bin/sh\nfor child in $(cat /proc/$gate/task/$gate/children); do\n  \
        grep -qsE 'sleep|orphan' /proc/$child/comm && grep -qs \"State:.*$1\" /proc/$child/status && exit 0\ndone\nexit 1\n";
    let stage = set(With::Gate).script("../bin/orphans", orphans);
    script(&stage, &format!("python3 -c '{adopts}' shell '{leaves}'")).stdout("reaped\n").check();
}

/// Returns a run of gate as the first process of a container.
fn first<'stage>(stage: &'stage crate::stage::Stage, text: &str) -> Run<'stage> {
    let all = ["--dev-bind", "/", "/", "--unshare-pid", "--as-pid-1", "--proc", "/proc", "--"];
    let gate = [env!("CARGO_BIN_EXE_gate"), "--home", "../home", "-c", text];
    stage.program("bwrap", all.into_iter().chain(gate))
}

#[test]
fn as_the_first_process_it_ends_with_the_code_of_the_signal() {
    let stage = set(With::Gate);
    first(&stage, "echo $PPID; kill -TERM $$").stdout("1\n").code(143).check();
    first(&stage, "kill -USR1 $PPID; exec sleep 60").code(138).check();
}
