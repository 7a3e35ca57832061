//! A shell that reads its script from standard input: each command is judged before the shell gets it, and the shell lives on.

use std::io::{BufRead as _, BufReader, Write as _};

use crate::stage::{Stage, until};

const ALL: &str = "[policy]\nversion = 1\nmode = \"observe\"\n";

/// Allows what only prints and moves about, denies `rm`, asks for `touch`.
const SOME: &str = r#"
[policy]
version = 1

[[rule]]
id = "own.rm"
verdict = "deny"
reason = "nothing is removed here"
match = { program = "rm" }

[[rule]]
id = "own.touch"
verdict = "ask"
reason = "it leaves a file behind"
match = { program = "touch" }
"#;

/// Runs the script under bash and under gate; all but what commands read from standard input is the same.
#[track_caller]
fn same(args: &[&str], script: &str) {
    let stage = Stage::new().policy(ALL);
    let bash = stage.program("bash", args).stdin(script).output();
    let gate = stage.gate(args).stdin(script).output();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let told = |output: &std::process::Output| (text(&output.stdout), text(&output.stderr), output.status);
    assert_eq!(told(&gate), told(&bash), "{args:?} {script}");
}

#[test]
fn the_last_command_is_the_same_however_long_it_is() {
    for length in [10, 950, 1024, 5000, 60_000] {
        let word = "x".repeat(length);
        same(&["-s"], &format!("x=1\necho $x {word}; cat; exit 3"));
        same(&["-s"], &format!("coproc echo {word}; read -r x <&${{COPROC[0]}}; echo ${{#x}}; cat\n"));
    }
    same(&["-n", "-s"], "echo never\nexit 3\n");
    same(&["-n", "-s", "--", "a"], "echo never\nfi\n");
}

#[test]
fn a_script_on_standard_input_does_what_it_does_under_bash() {
    for script in [
        "",
        "\n# nothing\n",
        "echo hi",
        "x=1; cd /\npwd; echo $x\n",
        "f() { echo in $1; return 4; }\nf a\necho $? $LINENO\n",
        "if true\nthen echo yes\nfi\nno-such-command\n",
        "cat <<E\n$0 $#\nE\nno-such-command\n",
        "\n\n\nno-such-command\n",
        "exit 7\necho never\n",
        "set -e\nfalse\necho never\n",
        "false | true\necho ${PIPESTATUS[@]} $-\n",
        "trap 'echo bye' EXIT\nexit 3\n",
        "trap 'echo err' ERR\nfalse\n(exit 3)\n",
        "kill -TERM $$\n",
        "exec echo replaced\n",
        "shopt -s extglob\necho !(a)\n",
        "coproc cat\necho more\n",
        "echo ok\nfi\necho never\n",
        "echo ok\nif true\n",
        "echo ok\necho 'open\n",
        "sleep 0 &\nwait\necho $?\n",
        "a=(1 2)\necho ${a[1]} ${#a[@]}\n",
        "set -x\necho traced\n",
        "set -u\necho $unset\necho never\n",
        "umask 027\numask\nulimit -c 0; ulimit -c\n",
        "exec 3</dev/null\ncat <&3\necho done\n",
        "echo ${BASH_SOURCE[0]}.\ncaller\necho $?\n",
        "return\necho $?\n",
        "alias e='echo aliased'\nshopt -s expand_aliases\ne\n",
        "printf '%s\\n' \"$@\"\nshift\necho $1\n",
        "echo a\\\n",
        "echo a\\",
        "exec 10</dev/null\nread -r x <&9\necho next\n",
    ] {
        same(&["-s", "one", "two words"], script);
    }
    same(&["-es"], "false\necho never\n");
    same(&["-s", "-u", "--", "-x"], "echo $1 $unset\n");
    same(&["--norc", "-s"], "echo $-\n");
}

#[test]
fn commands_find_no_script_to_read() {
    // Under bash, `head` would take the `#` and the second command would run.
    let stage = Stage::new().policy(ALL);
    stage.gate(["-s"]).stdin("head -c1\n#echo hidden\necho end\n").stdout("end\n").check();
    stage.gate(["-s"]).stdin("exec < /etc/hostname\necho still judged\n").stdout("still judged\n").check();
    stage.gate(["-s"]).stdin("read x\necho $?\n").stdout("1\n").check();
}

#[test]
fn a_script_ends_where_a_command_is_refused() {
    let stage = Stage::new().policy(SOME).file("kept", "");
    let run = stage.gate(["-s"]).stdin("echo before\nrm kept\necho after\n");
    let output = run.output();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(126), b"before\n".as_slice()));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("refused by rule `own.rm`: nothing is removed here"), "{said}");
    assert!(stage.cwd().join("kept").exists());
    stage.gate(["audit", "verify"]).output();
}

#[test]
fn a_name_that_an_earlier_command_took_is_no_longer_that_program() {
    let stage = Stage::new().policy(SOME).file("kept", "");
    let script = "echo() { rm kept; }\necho\n";
    let output = stage.gate(["--wait", "0s", "-s"]).stdin(script).output();
    assert_eq!(output.status.code(), Some(126), "{}", String::from_utf8_lossy(&output.stderr));
    let script = "cat() { :; }\ncat\n";
    let output = stage.gate(["--wait", "0s", "-s"]).stdin(script).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.contains("waiting for approval")), (Some(0), false), "{said}");
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn an_interactive_session_on_a_pipe_goes_on_after_a_refusal() {
    let stage = Stage::new().policy(SOME).file("kept", "");
    let run = stage.gate(["--as", "bash", "--norc", "-i"]).env("PS1", "");
    let mut child = run.talk();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    writeln!(input, "x=5; echo a").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "a");
    writeln!(input, "rm kept").unwrap();
    writeln!(input, "echo $? $x").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "126 5");
    writeln!(input, "exit 9").unwrap();
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(9));
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn an_interactive_session_puts_no_earlier_command_for_an_exclamation_mark() {
    let stage = Stage::new().policy(ALL);
    for (shell, option) in [("bash", "--norc"), ("zsh", "-f")] {
        let run = stage.gate(["--as", shell, option, "-i"]).env("PS1", "");
        let output = run.stdin("echo 'a; echo b; c'\necho \"!!\"\necho !!\n").output();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said, "a; echo b; c\n!!\n!!\n", "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn what_would_act_at_the_prompt_of_an_interactive_session_is_asked_about() {
    let stage = Stage::new().policy("[policy]\nversion = 1\n");
    let code = |env: Option<(&str, &str)>, script: &str| {
        let run = stage.gate(["--wait", "0s", "--as", "bash", "--norc", "-i"]).env("SHLVL", "1");
        let run = env.into_iter().fold(run, |run, (name, value)| run.env(name, value));
        let output = run.stdin(script).output();
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
    };
    for script in [
        "MAILPATH='kept?$(echo ran >&1)'\n",
        "PROMPT_COMMAND='echo ran'\n",
        "PS1='$(echo ran >&1)'\n",
        "export PS0='`echo ran`'\n",
        "HISTFILE=there\n",
    ] {
        assert_eq!(code(None, script), (String::new(), Some(124)), "{script}");
    }
    for name in ["MAILPATH", "PROMPT_COMMAND", "PS0", "PS1", "PS2"] {
        assert_eq!(code(Some((name, "$(echo ran >&1)")), "echo a\n"), (String::new(), Some(124)), "{name}");
    }
    assert_eq!(code(Some(("HISTFILE", "there")), "echo a\n"), (String::new(), Some(124)));
    assert!(!stage.cwd().join("there").exists());
    for (name, value) in
        [("PS1", "\\u:\\w\\$ "), ("PS2", "> "), ("HISTFILE", "/dev/null"), ("MAILPATH", "kept?new")]
    {
        assert_eq!(code(Some((name, value)), "PS1='$ '\necho a\n"), ("a\n".to_owned(), Some(0)), "{name}");
    }
}

#[test]
fn an_interactive_session_starts_where_the_environment_names_another_home() {
    let stage = Stage::new().policy(ALL).file(".bashrc", "echo read at the start\n");
    for args in [&["--as", "bash", "-i"][..], &["--as", "bash", "--noprofile", "-i"]] {
        let run = stage.gate(args).env("HOME", stage.cwd()).env("SHLVL", "1").env("PS1", "");
        let output = run.stdin("echo a\nexit 3\n").output();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.stdout.as_slice(), output.status.code()),
            (&b"a\n"[..], Some(3)),
            "{args:?} {told}"
        );
    }
}

#[test]
fn each_command_is_recorded_before_it_starts_and_the_log_holds() {
    let stage = Stage::new().policy(ALL);
    stage.gate(["-s"]).stdin("cd /\necho a\nexit 3\n").stdout("a\n").code(3).check();
    let log = String::from_utf8(stage.gate(["audit", "log"]).output().stdout).unwrap();
    let told: Vec<&str> = log.lines().map(|line| line[29..].trim()).collect();
    assert_eq!(told.iter().filter(|line| line.starts_with("exec.start")).count(), 3, "{log}");
    assert_eq!(
        told.iter().filter(|line| line.ends_with("handed to a shell that ran on")).count(),
        2,
        "{log}"
    );
    assert!(told.last().unwrap().contains("exit 3 after"), "{log}");
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
}

#[test]
fn an_approval_of_one_command_lets_the_shell_go_on_with_it() {
    let stage = Stage::new().policy(SOME);
    let mut child = stage.gate(["--wait", "60s", "-s"]).talk();
    let mut input = child.stdin.take().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    writeln!(input, "x=5\ntouch \"made-$x\"\necho end").unwrap();
    drop(input);
    let line = until("the request", || said.next().unwrap().ok().filter(|line| line.contains("waiting")));
    let id: String = line.split_once("waiting for approval ").unwrap().1.chars().take(14).collect();
    stage.gate(["approve", "--yes", &id]).on_terminal().output();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"end\n");
    assert!(stage.cwd().join("made-5").exists());
}

#[test]
fn a_script_waits_for_a_decision_as_long_as_it_was_told() {
    let stage = Stage::new().policy(SOME);
    let output = stage.gate(["--wait", "0s", "-s"]).stdin("touch made\necho never\n").output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(124), b"".as_slice()), "{said}");
    assert!(said.contains("parked, nothing was run"), "{said}");
}

#[test]
fn no_command_puts_another_script_in_place_of_the_one_that_is_judged() {
    let policy = SOME.replace("version = 1", "version = 1\ndefault = \"allow\"");
    let stage = Stage::new().policy(&policy).file("kept", "").file("other", "rm kept\necho unjudged\n");
    for script in [
        "exec 10<other\n",
        "exec 11<>other\n",
        "exec 3<other\nexec 10<&3\n",
        "exec 3<other\nexec 10>&3\n",
        "exec {fd}<other\n",
        "eval 'exec 10<other'\n",
        "alias {='rm kept; {'\n",
        "alias }='rm kept; }'\n",
        "alias time=nice\n",
        "set -H\n",
    ] {
        let script = format!("{script}echo next\n");
        let run = stage.gate(["--wait", "0s", "-s"]).stdin(&script).output();
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(
            (run.status.code(), run.stdout.as_slice()),
            (Some(124), b"".as_slice()),
            "{script}: {said}"
        );
    }
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn a_shell_whose_gate_is_killed_runs_nothing_more() {
    let stage = Stage::new().policy(ALL);
    let go = stage.cwd().join("go");
    assert!(std::process::Command::new("mkfifo").arg(&go).status().unwrap().success());
    // `setsid` becomes gate where it leads no process group, and waits for it otherwise: the parent is what counts.
    let script = "echo $$ $PPID > ids; cat go; echo > first\necho > second\n";
    let mut child = stage.gate(["-s"]).stdin(script).spawn_only();
    let ids = until("the shell", || {
        let text = std::fs::read_to_string(stage.cwd().join("ids")).ok()?;
        let (shell, gate) = text.trim_end().split_once(' ')?;
        text.ends_with('\n').then_some((shell.parse::<i32>().ok()?, gate.parse::<i32>().ok()?))
    });
    let kill = |pid: i32, signal| {
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal)
    };
    kill(ids.1, rustix::process::Signal::KILL).unwrap();
    child.wait().unwrap();
    until("the end of the shell", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", ids.0)).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
    std::fs::write(&go, "").unwrap();
    assert!(!stage.cwd().join("first").exists() && !stage.cwd().join("second").exists());
}

#[test]
fn no_program_that_a_command_starts_talks_to_the_shell() {
    let policy = SOME.replace("version = 1", "version = 1\ndefault = \"allow\"");
    // It writes to whatever the shell may read from.
    let text = "#!/bin/sh\nfor number in 0 10 11 12 13 14; do\n  echo 'rm kept' > /proc/$PPID/fd/$number\ndone 2>/dev/null\n: done\n";
    let stage = Stage::new().policy(&policy).file("kept", "").script("talk", text);
    for args in [&["-s"][..], &["--as", "sh", "-s"], &["--as", "zsh", "-s"]] {
        let args = [&["--wait", "0s"], args].concat();
        for script in ["./talk\necho next\n", "echo before\n./talk", "./talk; ./talk\necho one\necho two\n"] {
            let output = stage.gate(&args).stdin(script).output();
            assert!(stage.cwd().join("kept").exists(), "{args:?} {script}: {output:?}");
            assert!(output.status.success(), "{args:?} {script}: {output:?}");
        }
    }
}
