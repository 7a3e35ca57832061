//! A person at a terminal works in the real shell, and each line is judged when Enter is pressed.

use crate::stage::{Stage, Terminal, until};

/// Denies `rm`, asks for `touch`; what only prints is allowed by gate's own rules.
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

/// Runs whatever is typed, and records it.
const ALL: &str = "[policy]\nversion = 1\nmode = \"observe\"\n";

/// Without the sequences that announce a paste, what is printed stands alone on its lines.
const RC: &str = "PS1='% '\nHISTFILE=\nbind 'set enable-bracketed-paste off'\n";

fn stage() -> Stage {
    Stage::new().policy(SOME).file("kept", "").file(".bashrc", RC)
}

/// Starts gate with `args` where the person's home is the stage's directory, and waits for the prompt.
fn person(stage: &Stage, args: &[&str]) -> Terminal {
    let terminal = stage.gate(args).env("HOME", stage.cwd()).interactive();
    at_prompt(&terminal);
    terminal
}

/// Waits until the shell is ready for the next line.
#[track_caller]
pub(crate) fn at_prompt(terminal: &Terminal) {
    let is_ready = || plain(&terminal.text()).ends_with("% ").then_some(());
    if is_ready().is_none() {
        until(&format!("a prompt after {:?}", terminal.text()), is_ready);
    }
}

/// Types the keys at a prompt, and waits until they have brought `shows`.
#[track_caller]
pub(crate) fn types(terminal: &mut Terminal, keys: &str, shows: &str) {
    at_prompt(terminal);
    presses(terminal, keys, shows);
}

/// Types the keys, wherever, and waits until they have brought `shows`.
#[track_caller]
pub(crate) fn presses(terminal: &mut Terminal, keys: &str, shows: &str) {
    let before = terminal.text();
    terminal.send(keys);
    let come = || plain(&terminal.text()[before.len()..]);
    let what = format!("`{shows}` after `{}` and\n{before}", keys.escape_debug());
    until(&what, || come().contains(shows).then_some(()));
}

/// Returns the text without what only moves the cursor or colours.
///
/// Such a sequence may be cut off: Ctrl-Z makes the terminal forget what it has not shown yet. The next control character ends it then.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        match char {
            '\x1b' if rest.next_if_eq(&'[').is_some() => {
                while rest.next_if(|of| !of.is_ascii_alphabetic() && !of.is_control()).is_some() {}
                rest.next_if(char::is_ascii_alphabetic);
            }
            '\x1b' => drop(rest.next_if(|of| !of.is_control())),
            '\r' => {}
            char => out.push(char),
        }
    }
    out
}

/// Ends the shell by these keys at a prompt, and returns its exit code and everything that was shown.
#[track_caller]
pub(crate) fn ends(mut terminal: Terminal, keys: &str) -> (i32, String) {
    at_prompt(&terminal);
    terminal.send(keys);
    (terminal.code(), terminal.text())
}

#[test]
fn an_allowed_line_runs_in_the_shell_and_a_refused_one_does_not() {
    let stage = stage();
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "x=5; cd /; greet() { echo hello $1; }; echo s$((1+1))\r", "s2");
    types(&mut shell, "echo $x-$PWD; greet 7\r", "5-/\nhello 7\n");
    types(&mut shell, "rm kept\r", "refused by rule `own.rm`: nothing is removed here");
    types(&mut shell, "echo code:$?\r", "code:126");
    types(&mut shell, "echo t$((1+1)); false\r", "t2");
    types(&mut shell, "echo code:$?\r", "code:1\n");
    let (code, text) = ends(shell, "exit 3\r");
    assert_eq!((code, text.contains("__gate")), (3, false), "{text}");
    assert!(stage.cwd().join("kept").exists());
    let log = String::from_utf8(stage.gate(["audit", "log"]).output().stdout).unwrap();
    assert_eq!(log.matches("exec.start").count(), 7 - 1, "{log}");
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
}

#[test]
fn several_lines_are_judged_as_one_when_they_are_complete() {
    let stage = stage().file(".bashrc", RC.replace("paste off", "paste on"));
    let mut shell = person(&stage, &["-i"]);
    shell.send("if true\r");
    shell.send("then echo a$((1+1))b\r");
    shell.send("fi\r");
    shell.shows("a2b");
    shell.send("cat <<E\rline$((2+2))\rE\r");
    shell.shows("line4\n");
    shell.send("echo 'open\rrm kept'; rm kept\r");
    shell.shows("nothing is removed here");
    // Pasted in brackets, all lines are one text.
    shell.send("\x1b[200~echo p$((3+3))\nrm kept\necho q$((4+4))\x1b[201~\r");
    until("the second refusal", || {
        (shell.text().matches("nothing is removed here").count() == 2).then_some(())
    });
    types(&mut shell, "fi\r", "syntax error near unexpected token `fi'");
    types(&mut shell, "echo code:$?\r", "code:2\n");
    let (code, text) = ends(shell, "\x04");
    assert_eq!((code, text.contains("p6"), text.contains("q8")), (0, false, false), "{text}");
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn history_and_completion_are_the_shells() {
    let stage = stage();
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "echo a$((1+1))\r", "a2");
    types(&mut shell, "rm kept\r", "nothing is removed here");
    types(&mut shell, "ls ke\t\r", "\nkept\n");
    // Up past the refused line to the one before.
    let right = "\x1b[C".repeat(5);
    types(&mut shell, &format!("\x1b[A\x1b[A\x1b[A\x01{right}b\r"), "\nba2\n");
    // What `!ec` stands for is put into the line, and runs with the next Enter.
    types(&mut shell, &format!("!ec\r\x01{right}c\r"), "\ncba2\n");
    ends(shell, "\x04");
}

#[test]
fn jobs_are_the_shells() {
    let stage = Stage::new().policy(ALL).file(".bashrc", RC);
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "sleep 1000 &\r", "[1] ");
    types(&mut shell, "jobs\r", "Running ");
    types(&mut shell, "kill %1; wait\r", "Terminated ");
    types(&mut shell, "cat\r", "cat\n");
    presses(&mut shell, "back\r", "back\nback\n");
    presses(&mut shell, "\x1a", "Stopped ");
    types(&mut shell, "fg\r", "fg\ncat\n");
    presses(&mut shell, "again\r", "again\nagain\n");
    presses(&mut shell, "\x03", "% ");
    types(&mut shell, "echo code:$?\r", "code:130");
    ends(shell, "\x04");
}

#[test]
fn aliases_are_judged_as_what_they_stand_for_and_functions_as_what_they_do() {
    let rc = "alias ll='ls -d' gone='rm -f' odd='echo $(rm kept)' again='echo '\nls() { command ls \"$@\"; }\n\
        both() { echo b$((1+1)); rm kept; }\nfine() { echo f$((2+2)); }\n";
    let stage = stage().file(".bashrc", [RC, rc].concat());
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "gone kept\r", "not run: gone kept");
    types(&mut shell, "both\r", "not run: both");
    types(&mut shell, "fine\r", "f4\n");
    types(&mut shell, "ll /\r", "\n/\n");
    types(&mut shell, "odd\r", "waiting for approval");
    presses(&mut shell, "\x03", "not run: odd");
    for line in ["again gone", "bash -c 'gone kept'", "eval 'gone kept'"] {
        types(&mut shell, &format!("{line}\r"), "waiting for approval");
        presses(&mut shell, "\x03", &format!("not run: {line}"));
    }
    let (_, text) = ends(shell, "\x04");
    assert!(!text.contains("b2"), "{text}");
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn ctrl_c_takes_a_question_back_and_ctrl_z_does_not_leave_it() {
    let stage = stage();
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "touch made\r", "waiting for approval");
    presses(&mut shell, "\x1a\x03", "is cancelled; nothing was run");
    types(&mut shell, "echo code:$?\r", "code:130\n");
    types(&mut shell, "touch made\r", "waiting for approval");
    let text = shell.text();
    let id: String = text.rsplit_once("waiting for approval ").unwrap().1.chars().take(14).collect();
    stage.gate(["approve", "--yes", &id]).on_terminal().output();
    until("the file", || stage.cwd().join("made").exists().then_some(()));
    types(&mut shell, "echo code:$?\r", "code:0\n");
    ends(shell, "\x04");
}

#[test]
fn in_vi_mode_a_line_is_judged_from_both_modes() {
    let stage = stage().file(".bashrc", format!("{RC}set -o vi\n"));
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "rm kept\r", "not run: rm kept");
    types(&mut shell, "echo a$((1+1))\x1b\r", "\na2\n");
    types(&mut shell, "rm kept # two\x1b0\r", "not run: rm kept # two");
    types(&mut shell, "rm kept # three\x1bv#", "# three");
    types(&mut shell, "echo b$((1+1))\r", "\nb2\n");
    ends(shell, "\x04");
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn a_line_that_is_accepted_on_another_way_does_not_run() {
    // A person's own settings may bind what they like; bash reads them before gate's part.
    let rc = "bind '\"\\C-xa\": accept-line'\nbind '\"\\C-x!\": accept-line'\n";
    let stage = stage().file(".bashrc", [RC, rc].concat());
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "rm kept # one\x18a", "not run: rm kept # one");
    types(&mut shell, "rm kept # two\x0f", "not run: rm kept # two");
    // The end of what Enter stands for, typed alone.
    types(&mut shell, "rm kept # three\x18\x072\r", "not run: rm kept # three");
    types(&mut shell, "\x18\x05\x1b\x05\x1b#", "#\n");
    types(&mut shell, "echo a$((1+1))\r", "\na2\n");
    ends(shell, "\x04");
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn what_would_change_how_lines_are_judged_is_asked_for() {
    let stage = stage();
    let mut shell = person(&stage, &["-i"]);
    for line in [
        "bind x:accept-line",
        "PROMPT_COMMAND=ls",
        "PS0=x",
        "PS1='$(rm kept)'",
        "unset PROMPT_COMMAND",
        "for PS0 in a; do :; done",
        "read PROMPT_COMMAND",
        "printf -v PS1 %s x",
        "builtin() { :; }",
        "__gate_state=1",
        "HISTFILE=x",
        "trap ls DEBUG",
        "set +o emacs",
        "bash",
        "exec bash",
        "enable -n bind",
        "hash -p /bin/rm ls",
    ] {
        types(&mut shell, &format!("{line}\r"), "waiting for approval");
        presses(&mut shell, "\x03", &format!("not run: {line}\n"));
    }
    ends(shell, "\x04");
}

#[test]
fn without_its_judge_the_shell_runs_nothing() {
    let stage = stage();
    let gate = stage.cwd().join("gate");
    std::fs::copy(env!("CARGO_BIN_EXE_gate"), &gate).unwrap();
    let mut shell = stage
        .program(gate.to_str().unwrap(), ["--home", stage.home().to_str().unwrap(), "-i"])
        .env("HOME", stage.cwd())
        .interactive();
    at_prompt(&shell);
    types(&mut shell, "echo a$((1+1))\r", "a2");
    std::fs::remove_file(&gate).unwrap();
    types(&mut shell, "echo b$((1+1))\r", "the line was not judged (exit code 127); nothing was run");
    std::fs::copy(env!("CARGO_BIN_EXE_gate"), &gate).unwrap();
    std::fs::write(stage.home().join("policy.toml"), "broken").unwrap();
    types(&mut shell, "echo c$((1+1))\r", "not run: echo c");
    let (code, text) = ends(shell, "\x04");
    assert_eq!((code, text.contains("b2"), text.contains("c2")), (125, false, false), "{text}");
}

#[test]
fn what_a_program_asks_with_the_line_editor_is_no_command() {
    let stage = stage();
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "read -e -p 'what? ' x\r", "\nwhat? ");
    presses(&mut shell, "rm kept\r", "% ");
    types(&mut shell, "echo \"[$x]\"\r", "[rm kept]");
    ends(shell, "\x04");
}

#[test]
fn a_login_shell_reads_the_profile_and_a_posix_shell_what_env_names() {
    let stage = stage()
        .file(".bash_profile", "echo profile; . ~/.bashrc\n")
        .file(".bash_logout", "echo logged out\n")
        .file("env", format!("echo by env\nunset ENV\n{RC}"));
    let mut shell = person(&stage, &["--as", "bash", "-l"]);
    assert!(shell.text().starts_with("profile\n"), "{}", shell.text());
    types(
        &mut shell,
        "shopt login_shell; echo $- ${ENV-no env} ${POSIXLY_CORRECT-no posix}\r",
        "no env no posix",
    );
    types(&mut shell, "rm kept\r", "not run: rm kept");
    let (code, text) = ends(shell, "\x04");
    assert!(text.contains("logged out") && text.contains("login_shell    \ton"), "{code} {text}");

    let mut shell = stage.gate(["--as", "sh"]).env("HOME", stage.cwd()).env("ENV", "$HOME/env").interactive();
    at_prompt(&shell);
    assert!(shell.text().starts_with("by env\n"), "{}", shell.text());
    types(&mut shell, "rm kept\r", "not run: rm kept");
    types(&mut shell, "echo $0\r", "\nsh\n");
    assert_eq!(ends(shell, "exit 4\r").0, 4);
}

#[test]
fn a_shell_without_a_line_editor_is_not_started() {
    let stage = stage();
    for option in ["--noediting", "--restricted"] {
        let mut shell = stage.gate(["--as", "bash", option, "-i"]).env("HOME", stage.cwd()).interactive();
        let code = shell.code();
        let text = shell.text();
        assert!(text.contains("has no line editor in which lines can be judged"), "{text}");
        assert_eq!(code, 125);
    }
}

#[test]
fn in_zsh_a_line_is_judged_before_it_runs() {
    let rc = "PROMPT='%% '\nalias gone='rm -f' ll='ls -d'\ngreet() { echo hello; }\nunsetopt prompt_sp\n";
    let stage = stage().file(".zshrc", rc).file("dots/.zshrc", rc).file(".zshenv", "echo env read\n");
    let mut shell = person(&stage, &["--as", "zsh"]);
    assert!(shell.text().starts_with("env read"), "{}", shell.text());
    types(&mut shell, "echo a b\r", "\na b\n");
    types(&mut shell, "rm kept\r", "\ngate: not run: rm kept\n");
    types(&mut shell, "echo $?\r", "\n126\n");
    types(&mut shell, "gone kept\r", "not run: gone kept");
    types(&mut shell, "ll /\r", "\n/\n");
    types(&mut shell, "greet\r", "waiting for approval");
    presses(&mut shell, "\x03", "% ");
    // Without `interactive_comments` a `#` begins none.
    types(&mut shell, "ls # ; rm kept\r", "waiting for approval");
    presses(&mut shell, "\x03", "% ");
    types(&mut shell, "ls |\rcat\r", "kept\n");
    types(&mut shell, "echo 'x\rrm y'; rm kept\r", "not run: echo 'x");
    types(&mut shell, "rm kept\x1ba", "not run: rm kept");
    types(&mut shell, "\x1b[A\x01: \r", "% ");
    assert_eq!(ends(shell, "exit 6\r").0, 6);
    assert!(stage.cwd().join("kept").exists());

    let dots = stage.cwd().join("dots");
    let mut shell =
        stage.gate(["--as", "zsh", "-l"]).env("HOME", stage.cwd()).env("ZDOTDIR", &dots).interactive();
    at_prompt(&shell);
    types(&mut shell, "rm kept\r", "not run: rm kept");
    types(&mut shell, "echo $ZDOTDIR $0\r", "work/dots zsh\n");
    // Past what Enter stands for, by name: the shell ends rather than runs it.
    types(&mut shell, "rm kept\x1bx.accept-line\r", "came on a way on which it was not judged");
    assert_eq!(shell.code(), 125);
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn a_question_at_the_prompt_is_answered_in_the_terminals_usual_mode() {
    let stage = stage().config("[local]\ninline = true\n");
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "touch made\r", "approve or reject?");
    presses(&mut shell, "a\r", "run it, exactly as shown?");
    presses(&mut shell, "y\r", "approved");
    types(&mut shell, "echo code:$?\r", "code:0");
    assert!(stage.cwd().join("made").exists());
    ends(shell, "\x04");
}

#[test]
fn a_line_that_no_key_of_gates_brought_is_interrupted_before_it_runs() {
    let stage = Stage::new().policy(ALL).file("kept", "").file(".bashrc", RC);
    let mut shell = person(&stage, &["-i"]);
    // Nothing holds these back where everything is only observed.
    types(&mut shell, "bind '\"\\C-xq\": accept-line'; echo b$((1+1))\r", "\nb2\n");
    types(&mut shell, "rm kept\x18q", "the line came on a way on which it was not judged");
    types(&mut shell, "echo code:$?\r", "code:130");
    // An alias with an open quote has the shell read on after what was judged.
    types(&mut shell, "alias open=\"echo 'x\"; echo c$((1+1))\r", "\nc2\n");
    types(&mut shell, "open y\r", "> ");
    presses(&mut shell, "'; rm kept\r", "the shell read on where the line should have been complete");
    types(&mut shell, "echo d$((1+1))\r", "\nd2\n");
    ends(shell, "\x04");
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn a_prompt_command_that_fails_leaves_the_next_line_judged() {
    let rc = "PROMPT_COMMAND=('echo ${nope:?wrong}' 'echo code=$?' 'return 3' false)\n";
    let stage = stage().file(".bashrc", [RC, rc].concat());
    let mut shell = person(&stage, &["-i"]);
    for _ in 0..2 {
        types(&mut shell, "rm kept\r", "not run: rm kept");
    }
    types(&mut shell, "echo f$((1+1)); (exit 9)\r", "\ncode=9\n");
    ends(shell, "\x04");
    assert!(stage.cwd().join("kept").exists());
}

#[test]
fn a_judge_that_is_killed_lets_nothing_run() {
    let stage = stage();
    let mut shell = person(&stage, &["-i"]);
    types(&mut shell, "echo pid:$$:; echo e$((1+1))\r", "\ne2\n");
    let text = shell.text();
    let pid = text.rsplit_once("\npid:").unwrap().1.split_once(':').unwrap().0.to_owned();
    types(&mut shell, "touch made\r", "waiting for approval");
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let judge = rustix::process::Pid::from_raw(children.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(judge, rustix::process::Signal::KILL).unwrap();
    at_prompt(&shell);
    types(&mut shell, "echo code:$?\r", "code:125");
    let (_, text) = ends(shell, "\x04");
    assert!(text.contains("the line was not judged (exit code 137); nothing was run"), "{text}");
    assert!(!stage.cwd().join("made").exists());
}
