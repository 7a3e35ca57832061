//! Programs that take the whole screen, pagers, and questions that are not to be seen.

use super::{all_are_stopped, same, same_screen};
use crate::interactive::{at_prompt, presses, types};
use crate::stage::{Stage, Terminal};

/// Types a line, and waits for what the program shows then.
#[track_caller]
fn opens(terminal: &mut Terminal, line: &str, shows: &str) {
    types(terminal, &format!("{line}\r"), shows);
}

/// Returns what the last line ended with, and the modes it left.
#[track_caller]
fn left(terminal: &mut Terminal) -> String {
    at_prompt(terminal);
    types(terminal, "echo code:$?:\r", "code:");
    at_prompt(terminal);
    let text = terminal.text();
    let code = text.rsplit_once("\ncode:").unwrap().1.split_once(':').unwrap().0.to_owned();
    format!("{code} {}", terminal.modes())
}

fn numbered(stage: &Stage) {
    let lines: String = (1..=500).map(|line| format!("line {line} of it\n")).collect();
    std::fs::write(stage.cwd().join("long"), lines).unwrap();
}

#[test]
fn vim_edits_is_suspended_and_comes_back() {
    for word in ["run vim -u NONE -N text", "shell 'vim -u NONE -N text; exit $?'"] {
        let seen = same(|terminal, stage| {
            std::fs::write(stage.cwd().join("text"), "here it is\n").unwrap();
            opens(terminal, word, "here it is");
            presses(terminal, "ione \x1b", "one");
            presses(terminal, "\x1a", "Stopped");
            all_are_stopped(stage, "vim");
            opens(terminal, "fg", "here it is");
            presses(terminal, "itwo \x1b", "two");
            terminal.send(":wq\r");
            (left(terminal), std::fs::read_to_string(stage.cwd().join("text")).unwrap())
        });
        assert_eq!((&seen.0[..2], seen.1.as_str()), ("0 ", "onetwo  here it is\n"));
    }
}

#[test]
fn vim_hears_of_a_new_size() {
    let seen = same(|terminal, stage| {
        let says = "autocmd VimResized * call writefile([&lines . 'x' . &columns], 'size') | cquit 6";
        opens(terminal, &format!("run vim -u NONE -N -c \"{says}\""), "VIM - Vi IMproved");
        terminal.resize(20, 60);
        (left(terminal), std::fs::read_to_string(stage.cwd().join("size")).unwrap())
    });
    assert_eq!((&seen.0[..2], seen.1.as_str()), ("6 ", "20x60\n"));
}

#[test]
fn less_scrolls_and_ends() {
    let seen = same(|terminal, stage| {
        numbered(stage);
        let mut codes = Vec::new();
        for line in ["run less long", "cat long | run less", "shell 'cat long | less'"] {
            opens(terminal, line, "line 39 of it");
            presses(terminal, " ", "line 78 of it");
            presses(terminal, "G", "line 500 of it");
            presses(terminal, "\x1a", "Stopped");
            all_are_stopped(stage, "less");
            opens(terminal, "fg", "line 500 of it");
            terminal.send("q");
            codes.push(left(terminal));
        }
        codes
    });
    assert!(seen.len() == 3 && seen.iter().all(|seen| seen.starts_with("0 ")), "{seen:?}");
}

/// Without Ctrl-Z: under load htop itself now and then passes over it, gate or no gate.
#[test]
fn htop_draws_helps_and_ends() {
    let seen = same(|terminal, _| {
        opens(terminal, "run htop", "Quit");
        presses(terminal, "h", "Press any key to return.");
        presses(terminal, " ", "Quit");
        terminal.send("q");
        left(terminal)
    });
    assert!(seen.starts_with("0 "), "{seen}");
}

#[test]
fn git_log_shows_its_pager() {
    let seen = same(|terminal, _| {
        let made = "git init -q r; cd r; for i in {10..69}; do git -c user.name=n -c user.email=e commit -q --allow-empty -m c$i; done";
        types(terminal, &format!("{made}; echo ma''de\r"), "\nmade\n");
        let mut codes = Vec::new();
        for line in ["run git log --format=%s", "shell 'git log --format=%s'"] {
            opens(terminal, &format!("LESS=R {line}"), "c32");
            presses(terminal, "G", "c10");
            terminal.send("q");
            codes.push(left(terminal));
        }
        codes
    });
    assert!(seen.len() == 2 && seen.iter().all(|seen| seen.starts_with("0 ")), "{seen:?}");
}

#[test]
fn a_passphrase_is_asked_for_without_showing_it() {
    let screen = same_screen(|terminal, _| {
        types(
            terminal,
            "ssh-keygen -q -t ed25519 -N sesame -C me -f key; cut -c1-20 key.pub\r",
            "\nssh-ed25519",
        );
        for line in ["run ssh-keygen -y -f key", "shell 'ssh-keygen -y -f key < /dev/null | cat'"] {
            opens(terminal, &format!("{line} | cut -c1-20"), "Enter passphrase");
            let before = terminal.modes();
            presses(terminal, "sesame\r", "\nssh-ed25519");
            at_prompt(terminal);
            assert_ne!(terminal.modes(), before, "it was asked for without an echo");
            opens(terminal, line, "Enter passphrase");
            presses(terminal, "wrong\r", "incorrect passphrase");
            types(terminal, "echo code:$?\r", "code:");
        }
        // A Ctrl-C that comes right before it reads is lost to ssh-keygen, but not to bash.
        opens(terminal, "shell 'read -rsp secret? x'", "\nsecret?");
        presses(terminal, "ses\x03", "% ");
        types(terminal, "echo code:$?\r", "code:130\n");
    });
    let count = |text| screen.matches(text).count();
    assert_eq!((count("sesame"), count("wrong"), count("code:255\n")), (1, 0, 1), "{screen}");
}
