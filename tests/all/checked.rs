//! The program of an approved command: what runs is the very file that was approved, whatever happens to it in the meantime.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use crate::stage::{Stage, until};

const POLICY: &str = r#"
[policy]
version = 1
default = "ask"
[[rule]]
id = "test.shell"
verdict = "ask"
reason = "starts a shell"
match = { program = "sh" }
examples = ["sh x"]
counterexamples = ["ls"]
"#;

fn stage() -> Stage {
    Stage::new().policy(POLICY)
}

/// Makes a fifo that a script reads from before it goes on.
fn fifo(stage: &Stage) -> std::path::PathBuf {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let go = stage.cwd().join("go");
    mknodat(CWD, &go, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    go
}

/// Has the machine's `echo` in the working directory, where its requester may write.
fn with_echo(stage: Stage) -> Stage {
    let echo = fs::read("/bin/echo").unwrap();
    let stage = stage.file("say", echo);
    fs::set_permissions(stage.cwd().join("say"), fs::Permissions::from_mode(0o755)).unwrap();
    stage
}

/// Writes to the script `deploy` while it runs: what it prints is what was approved.
#[track_caller]
fn case(command: &[&str], text: &str, expected: &str) {
    let stage = stage().script("deploy", text);
    let go = fifo(&stage);
    let waiting = stage.gate(["--"].iter().chain(command)).start();
    let card = stage.approve(waiting.id());
    assert!(!card.contains("in the instant of its start"), "{card}");
    until("the script's first line", || stage.cwd().join("begun").exists().then_some(()));
    let mut file = OpenOptions::new().append(true).open(stage.cwd().join("deploy")).unwrap();
    file.write_all(b"echo evil\n").unwrap();
    fs::write(&go, "\n").unwrap();
    let output = waiting.output();
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{command:?}");
    assert_eq!(output.status.code(), Some(0), "{command:?}");
}

#[test]
fn a_running_script_is_read_from_what_was_approved_and_not_from_its_file() {
    let text = "echo one\n: > begun\nread -r _ < go\necho \"two $1\"\n";
    case(&["./deploy", "x"], &format!("#!/bin/sh\n{text}"), "one\ntwo x\n");
    case(&["sh", "-e", "deploy", "x"], text, "one\ntwo x\n");
}

#[test]
fn a_script_that_cannot_be_held_is_named_on_the_card() {
    let stage = stage().file("place", "echo \"$0\"\n").file("called", "echo called\n");
    for command in [&["sh", "place"][..], &["sh", "-c", "sh called"], &["env", "sh", "called"]] {
        let waiting = stage.gate(["--"].into_iter().chain(command.iter().copied())).start();
        let card = stage.approve(waiting.id());
        assert!(card.contains(" in the instant of its start\n"), "{command:?} {card}");
        assert!(waiting.output().status.success());
    }
}

/// The file begins as a program, so it is executed as an open file, which fails; a shell would then be given its name.
#[test]
fn what_is_no_program_after_all_is_not_read_by_a_shell() {
    let stage = stage().script("odd", "\x7fELF=1\ntouch made\n");
    let waiting = stage.gate(["--", "./odd"]).start();
    stage.approve(waiting.id());
    let output = waiting.output();
    assert_eq!(output.status.code(), Some(126), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!stage.cwd().join("made").exists());
}

#[test]
fn a_script_that_looks_for_its_own_place_finds_it_and_the_card_says_what_that_leaves_open() {
    let stage =
        stage().script("deploy", "#!/bin/sh\ncat \"$(dirname \"$0\")/name\"\n").file("name", "shop\n");
    let waiting = stage.gate(["--", "./deploy"]).start();
    let card = stage.approve(waiting.id());
    assert!(card.contains("a change of `./deploy` in the instant of its start\n"), "{card}");
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "shop\n");
}

#[test]
fn a_program_of_the_requesters_own_is_executed_as_the_file_that_it_is() {
    let stage = with_echo(stage()).script("where", "#!/usr/bin/env python3\nimport sys\nprint(sys.argv)\n");
    let waiting = stage.gate(["--", "./say", "a", "b"]).start();
    let card = stage.approve(waiting.id());
    assert!(!card.contains("in the instant of its start"), "{card}");
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "a b\n");
    let waiting = stage.gate(["--", "./where", "x"]).start();
    stage.approve(waiting.id());
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "['./where', 'x']\n");
}

#[test]
fn a_program_that_somebody_may_still_write_to_is_not_executed() {
    let stage = with_echo(stage());
    let mut waiting = stage.gate(["--", "./say", "a"]).start();
    let id = waiting.id().to_owned();
    waiting.kill();
    stage.approve(&id);
    let held = OpenOptions::new().write(true).open(stage.cwd().join("say")).unwrap();
    let output = stage.gate(["resume", &id]).output();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(126), &b""[..]));
    drop(held);
    // It was claimed, and is not run a second time.
    assert_eq!(stage.gate(["resume", &id]).output().status.code(), Some(124));
}

#[test]
fn a_file_without_a_first_line_runs_in_a_shell_as_ever() {
    let stage = stage().script("plain", "echo plain \"$1\"\n");
    let waiting = stage.gate(["--", "./plain", "x"]).start();
    stage.approve(waiting.id());
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "plain x\n");
}
