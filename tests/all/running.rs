//! What a command that may run finds: exactly what it would find without gate.

use crate::stage::{Stage, until};

const ALLOW: &str = "[policy]\nversion = 1\nmode = \"observe\"\n";

pub(crate) fn gate() -> String {
    env!("CARGO_BIN_EXE_gate").to_owned()
}

fn stage() -> Stage {
    Stage::new().policy(ALLOW)
}

#[test]
fn the_commands_own_exit_code_passes_through() {
    let stage = stage();
    stage.gate(["--", "true"]).check();
    stage.gate(["--", "sh", "-c", "exit 7"]).code(7).check();
    stage.gate(["-c", "exit 255"]).code(255).check();
}

#[test]
fn a_fatal_signal_ends_gate_too() {
    let stage = stage();
    stage.gate(["--", "sh", "-c", "kill -TERM $$"]).code(-15).check();
    stage.gate(["-c", "kill -KILL $$"]).code(-9).check();
    stage.gate(["-c", "kill -SEGV $$"]).code(-11).check();
}

#[test]
fn what_cannot_start_has_the_shells_exit_codes() {
    let stage = stage().file("plain.txt", "");
    let missing = "gate: `no-such-command`: command not found\n";
    stage.gate(["--", "no-such-command"]).stderr(missing).code(127).check();
    let plain = "gate: `./plain.txt`: permission denied\n";
    stage.gate(["--", "./plain.txt"]).stderr(plain).code(126).check();
    stage.gate(["--", "./missing"]).stderr("gate: `./missing`: command not found\n").code(127).check();
}

#[test]
fn a_script_without_an_interpreter_line_is_run_by_sh() {
    stage().script("plain", "echo ran $1\n").gate(["--", "./plain", "it"]).stdout("ran it\n").check();
}

#[test]
fn arguments_arrive_byte_for_byte() {
    let stage = stage().script("show", "#!/bin/sh\nprintf '[%s]' \"$0\" \"$@\"\n");
    stage
        .gate(["--", "./show", "", "a b", "*", "$HOME", "--", "-c"])
        .stdout("[./show][][a b][*][$HOME][--][-c]")
        .check();
    let latin = std::os::unix::ffi::OsStringExt::from_vec(b"\xff\xfe".to_vec());
    let arg: std::ffi::OsString = latin;
    let output = stage.gate(["--", "printf", "%s"]).arg(arg).output();
    assert_eq!(output.stdout, b"\xff\xfe");
}

#[test]
fn a_hundred_thousand_arguments_arrive() {
    let stage = stage();
    let many = std::iter::repeat_n("a", 100_000);
    stage.gate(["--", "sh", "-c", "echo $#", "sh"].into_iter().chain(many)).stdout("100000\n").check();
}

#[test]
fn the_environment_is_the_one_gate_got() {
    let stage = stage();
    let plain = stage.program("env", ["-0"]).env("A", "1\n2").env("GATE_RESULT", "").output();
    let gated = stage.gate(["--", "env", "-0"]).env("A", "1\n2").env("GATE_RESULT", "").output();
    assert_eq!(gated.stdout, plain.stdout);
}

#[test]
fn standard_input_and_other_descriptors_are_untouched() {
    let stage = stage();
    stage.gate(["--", "cat"]).stdin("typed").stdout("typed").check();
    let script = format!("{} --home ../home -c 'echo three >&3' 3> three", gate());
    stage.program("sh", ["-c", &script]).check();
    stage.program("cat", ["three"]).stdout("three\n").check();
    let list = "ls /proc/self/fd | tr '\\n' ' '";
    let plain = stage.program("sh", ["-c", &format!("sh -c \"{list}\" <&-")]).output();
    let gated =
        stage.program("sh", ["-c", &format!("{} --home ../home -- sh -c \"{list}\" <&-", gate())]).output();
    assert_eq!(gated, plain);
}

/// Signals that are blocked, ignored and caught, as the command finds them.
const SIGNALS: &str = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status";

#[test]
fn signal_dispositions_are_inherited_as_they_were() {
    let stage = stage();
    for trap in [":", "trap '' PIPE", "trap '' INT QUIT HUP TERM CHLD TSTP USR1"] {
        let plain = stage.program("sh", ["-c", &format!("{trap}; exec {SIGNALS}")]).output();
        let gated = format!("{trap}; exec {} --home ../home -- {SIGNALS}", gate());
        let gated = stage.program("sh", ["-c", &gated]).output();
        assert_eq!(gated, plain, "after `{trap}`");
    }
}

#[test]
fn a_broken_pipe_ends_the_command_and_gate() {
    let script = format!("{} --home ../home -- yes | head -1; echo ${{PIPESTATUS[0]}}", gate());
    stage().program("bash", ["-c", &script]).stdout("y\n141\n").check();
}

#[test]
fn ctrl_c_is_the_commands_to_answer() {
    let stage = stage();
    let script = "trap 'echo answered; exit 7' INT; echo ready; read line";
    let mut terminal = stage.gate(["-c", script]).interactive();
    terminal.shows("ready");
    terminal.send("\x03");
    terminal.shows("answered");
    assert_eq!(terminal.code(), 7);
}

#[test]
fn a_stopped_command_stops_gate_and_both_go_on_together() {
    let stage = stage();
    let gated = format!("{} --home ../home -c 'echo ready; read line; echo read $line'", gate());
    let script = format!("set -m; {gated}; echo stopped by $(kill -l $?); fg > /dev/null; echo end $?");
    let mut terminal = stage.program("bash", ["-c", &script]).interactive();
    terminal.shows("ready");
    terminal.send("\x1a");
    terminal.shows("stopped by TSTP");
    terminal.send("again\r");
    terminal.shows("read again");
    terminal.shows("end 0");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_signal_sent_to_gate_reaches_the_command() {
    let stage = stage();
    for (signal, number) in [("TERM", 15), ("HUP", 1), ("USR1", 10), ("USR2", 12)] {
        // A shell that blocks in `read` could miss a signal that comes just before.
        let script = format!("trap 'echo got {signal}; exit 9' {signal}; echo > ready; while :; do :; done");
        let gated = format!(
            "rm -f ready; {} --home ../home -c \"{script}\" & \
             until test -e ready; do :; done; kill -{number} $!; wait $!; echo ended $?",
            gate()
        );
        stage.program("bash", ["-c", &gated]).stdout(&format!("got {signal}\nended 9\n")).check();
    }
}

#[test]
fn a_killed_gate_takes_its_command_along() {
    let stage = stage();
    let gated = format!("{} --home ../home -c 'echo $$ > pid; exec cat' <&3 & ", gate());
    let script = format!(
        "mkfifo in; exec 3<>in; {gated} until test -s pid; do :; done; kill -KILL $!; wait $! 2>/dev/null; echo killed"
    );
    stage.program("bash", ["-c", &script]).stdout("killed\n").stderr("").output();
    let pid = std::fs::read_to_string(stage.cwd().join("pid")).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    until("the end of the command", || {
        let state = std::fs::read_to_string(&stat).ok();
        state.is_none_or(|state| state.contains(") Z ")).then_some(())
    });
}
