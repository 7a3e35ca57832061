//! Job control and the keys that send signals.

use super::{With, all_are_stopped, same, same_screen, script, set};
use crate::interactive::{at_prompt, presses, types};
use crate::stage::{Stage, Terminal, until};

/// Types a line that stops a job in the background, and waits until the process that the shell has started is stopped.
#[track_caller]
fn stops_in_background(terminal: &mut Terminal, line: &str) {
    let waits = "awaits \"grep -q ') T ' /proc/$!/stat\"; echo is stopped";
    types(terminal, &format!("{line} & {waits}\r"), "\nis stopped\n");
}

#[test]
fn ctrl_z_stops_it_and_fg_and_bg_continue_it() {
    for job in ["run cat", "shell 'cat | cat'"] {
        let screen = same_screen(|terminal, stage| {
            types(terminal, &format!("{job}\r"), "\n");
            presses(terminal, "one\r", "one\none\n");
            presses(terminal, "\x1a", "Stopped ");
            all_are_stopped(stage, "cat");
            types(terminal, "jobs -s; echo code:$?\r", "code:0\n");
            types(terminal, "fg\r", "fg\n");
            presses(terminal, "two\r", "two\ntwo\n");
            presses(terminal, "\x1a", "Stopped ");
            all_are_stopped(stage, "cat");
            // It reads from the terminal, and is stopped for that.
            types(terminal, "p=$(jobs -p); bg; awaits \"grep -q ') T ' /proc/$p/stat\"\r", "\n");
            all_are_stopped(stage, "cat");
            types(terminal, "jobs; fg\r", "fg\n");
            presses(terminal, "three\r", "three\nthree\n");
            presses(terminal, "\x04", "% ");
            types(terminal, "echo code:$?\r", "code:0\n");
        });
        assert_eq!(screen.matches("Stopped ").count(), 5, "{screen}");
    }
}

#[test]
fn it_is_stopped_when_it_stops_itself() {
    let screen = same_screen(|terminal, _| {
        for signal in ["STOP", "TSTP", "TTIN", "TTOU"] {
            types(terminal, &format!("shell 'kill -{signal} $$; echo went on'; echo code:$?\r"), "code:1");
            types(terminal, "fg\r", "went on\n");
        }
    });
    assert_eq!(screen.matches("\nwent on\n").count(), 4, "{screen}");
}

#[test]
fn a_job_in_the_background_that_wants_the_terminal_waits_for_it() {
    let screen = same_screen(|terminal, _| {
        stops_in_background(terminal, "run cat");
        types(terminal, "jobs -l\r", "(tty input)");
        types(terminal, "fg\r", "run cat\n");
        presses(terminal, "typed\r", "typed\ntyped\n");
        presses(terminal, "\x04", "% ");
        types(terminal, "stty tostop\r", "% ");
        stops_in_background(terminal, "shell 'echo printed'");
        types(terminal, "jobs -l\r", "(tty output)");
        types(terminal, "fg\r", "\nprinted\n");
    });
    assert!(screen.contains("Stopped (tty input)") && screen.contains("Stopped (tty output)"), "{screen}");
}

#[test]
fn it_is_stopped_and_continued_by_what_is_sent_to_it_alone() {
    let counted = same(|terminal, stage| {
        let work =
            "trap 'echo continued >> got' CONT; exec 8<> go; : > ready; until read -r x <&8; do true; done";
        types(terminal, &format!("shell \"{work}\" & awaits '[ -e ready ]'\r"), "\n");
        let stopped = "awaits \"grep -q ') T ' /proc/$!/stat\"; jobs";
        let times = |count| format!("awaits '[ \"$(grep -sc . got)\" = {count} ]'");
        for (stop, go_on, count) in [("$!", "kill -CONT $!", 1), ("%1", "bg", 2), ("$!", "kill -CONT %1", 3)]
        {
            types(terminal, &format!("kill -TSTP {stop}; {stopped}\r"), "Stopped ");
            types(terminal, &format!("{go_on}; {}\r", times(count)), "\n");
        }
        types(terminal, &format!("kill -STOP %1; {stopped}\r"), "Stopped ");
        types(terminal, "(echo > go &); fg; echo code:$?\r", "code:0");
        std::fs::read_to_string(stage.cwd().join("got")).unwrap()
    });
    assert_eq!(counted, "continued\n".repeat(4));
}

#[test]
fn ctrl_c_and_ctrl_backslash_are_its_own_to_answer() {
    let screen = same_screen(|terminal, _| {
        for key in ["\x03", "\x1c"] {
            types(terminal, "run cat\r", "\n");
            presses(terminal, "one\r", "one\none\n");
            presses(terminal, key, "% ");
            types(terminal, "echo code:$?\r", "code:1");
            // The child is there to be ended: a builtin that waits could begin to right behind the signal.
            let trapped = "exec 2>/dev/null; trap 'echo answered; exit 7' INT QUIT; (echo ready; exec cat)";
            types(terminal, &format!("shell \"{trapped}\"\r"), "\nready\n");
            presses(terminal, key, "answered\n");
            types(terminal, "echo code:$?\r", "code:7\n");
        }
    });
    assert!(screen.contains("code:130\n") && screen.contains("code:131\n"), "{screen}");
}

#[test]
fn one_of_a_pipeline_is_in_its_foreground_group() {
    let screen = same_screen(|terminal, stage| {
        let groups = "ps -o pgid=,tpgid= -p $$ | while read -r a b; do [ $a = $b ] && echo in front; done";
        types(terminal, &format!("true | shell '{groups}' | cat\r"), "\nin front\n");
        // What comes through tells that all of them are there.
        let last = "sh -c 'read -r x; echo ready >&2; exec cat > /dev/null'";
        types(terminal, &format!("tail -f .bashrc | run cat | {last}\r"), "\nready\n");
        presses(terminal, "\x1a", "Stopped ");
        all_are_stopped(stage, "cat");
        types(terminal, "fg\r", "fg\n");
        presses(terminal, "\x03", "% ");
        types(terminal, "echo code:$?\r", "code:130\n");
    });
    assert!(screen.contains("Stopped "), "{screen}");
}

#[test]
fn a_script_with_job_control_of_its_own_keeps_the_terminal() {
    let screen = same_screen(|terminal, _| {
        types(terminal, "shell 'set -m; cat; echo stopped $?; fg; echo ended $?'\r", "\n");
        presses(terminal, "one\r", "one\none\n");
        presses(terminal, "\x1a", "stopped 148");
        presses(terminal, "two\r", "two\ntwo\n");
        presses(terminal, "\x03", "% ");
        types(terminal, "echo code:$?\r", "code:130\n");
    });
    assert!(screen.contains("Stopped "), "{screen}");
}

#[test]
fn a_terminal_that_hangs_up_ends_it() {
    let leads = |with, text: &str| {
        let stage = set(with);
        let run = match with {
            With::Nothing => stage.program("bash", ["-c", text]),
            With::Gate => stage.gate(["-c", text]),
        };
        let terminal = run.interactive();
        terminal.shows("ready");
        let code = terminal.hang_up();
        (code, std::fs::read_to_string(stage.cwd().join("said")).ok())
    };
    for (text, code, said) in [
        ("echo ready; exec sleep 1000", -1, None),
        ("trap 'echo hung up >> said; exit 3' HUP; echo ready; sleep 60 & wait", 3, Some("hung up\n")),
        // The shell is not in the foreground group then.
        ("set -m; trap 'echo hung up >> said' EXIT; echo ready; sleep 1000; echo never >> said", -1, None),
    ] {
        let (bare, gated) = (leads(With::Nothing, text), leads(With::Gate, text));
        assert_eq!(gated, bare, "{text}");
        assert_eq!(bare.0, code, "{text}");
        assert!(said.is_none_or(|said| bare.1.as_deref() == Some(said)), "{text}: {bare:?}");
    }
}

#[test]
fn a_job_of_a_shell_whose_terminal_hangs_up_ends_with_it() {
    for with in [With::Nothing, With::Gate] {
        let stage = set(with);
        let mut terminal = stage.program("bash", ["-i"]).env("HOME", stage.cwd()).interactive();
        types(
            &mut terminal,
            "shell 'echo $$ > pid; echo ready; sleep 1000; echo never > said'\r",
            "\nready\n",
        );
        let pid = std::fs::read_to_string(stage.cwd().join("pid")).unwrap();
        terminal.hang_up();
        is_gone(&pid);
        assert!(!stage.cwd().join("said").exists(), "{with:?}");
    }
}

/// Waits until there is no process of this number.
#[track_caller]
pub(super) fn is_gone(pid: &str) {
    let stat = format!("/proc/{}/stat", pid.trim());
    until("the end of the command", || {
        let state = std::fs::read_to_string(&stat).ok();
        state.is_none_or(|state| state.contains(") Z ")).then_some(())
    });
}

#[test]
fn the_terminal_is_left_as_it_leaves_it() {
    let modes = same(|terminal, _| {
        let usual = terminal.modes();
        for raw in ["stty raw -echo; echo ready; kill -KILL $$", "stty raw -echo; echo ready; exit 3"] {
            types(terminal, &format!("shell '{raw}'\r"), "ready");
            at_prompt(terminal);
            types(terminal, "echo code:$?\r", "code:");
            at_prompt(terminal);
        }
        // Without a shell that would put it right.
        (usual, terminal.modes(), terminal.text().matches("code:137").count())
    });
    assert_eq!(modes.2, 1, "{modes:?}");
    let left = |with| {
        let stage = set(with);
        let mut terminal =
            script(&stage, "run sh -c 'stty raw -echo; kill -KILL $$'; echo left; read -r x").interactive();
        terminal.shows("left");
        let modes = terminal.modes();
        terminal.send("\n");
        (modes, terminal.code())
    };
    let (bare, gated) = (left(With::Nothing), left(With::Gate));
    assert_eq!(gated, bare);
    assert_ne!(bare.0, modes.0, "the modes were changed");
}

#[test]
fn a_new_size_reaches_it() {
    let sizes = same(|terminal: &mut Terminal, _: &Stage| {
        let waits = "trap 'stty size; exit 5' WINCH; echo ready; read -r x";
        types(terminal, &format!("run dash -c \"{waits}\"\r"), "\nready\n");
        terminal.resize(20, 60);
        terminal.shows("20 60\n");
        types(terminal, "echo code:$?\r", "code:5\n");
        terminal.text().matches("20 60").count()
    });
    assert_eq!(sizes, 1);
}
