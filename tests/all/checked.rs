//! The program of an approved command: what runs is the very file that was approved, whatever happens to it in the meantime.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use crate::stage::{Stage, until};

const POLICY: &str = "[policy]\nversion = 1\ndefault = \"ask\"\n";

fn stage() -> Stage {
    Stage::new().policy(POLICY)
}

/// Approves the request, and returns the card.
fn approve(stage: &Stage, id: &str) -> String {
    let said = stage.gate(["approve", "--yes", id]).on_terminal().output();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).into_owned()
}

/// Has the machine's `echo` in the working directory, where its requester may write.
fn with_echo(stage: Stage) -> Stage {
    let echo = fs::read("/bin/echo").unwrap();
    let stage = stage.file("say", echo);
    fs::set_permissions(stage.cwd().join("say"), fs::Permissions::from_mode(0o755)).unwrap();
    stage
}

#[test]
fn a_running_script_is_read_from_what_was_approved_and_not_from_its_file() {
    let text = "#!/bin/sh\necho one\n: > begun\nread -r _ < go\necho two\n";
    let stage = stage().script("deploy", text);
    let go = stage.cwd().join("go");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &go,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let waiting = stage.gate(["--", "./deploy"]).start();
    let card = approve(&stage, waiting.id());
    assert!(!card.contains("in the instant of its start"), "{card}");
    until("the script's first line", || stage.cwd().join("begun").exists().then_some(()));
    let mut file = OpenOptions::new().append(true).open(stage.cwd().join("deploy")).unwrap();
    file.write_all(b"echo evil\n").unwrap();
    fs::write(&go, "\n").unwrap();
    let output = waiting.output();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "one\ntwo\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_script_that_looks_for_its_own_place_finds_it_and_the_card_says_what_that_leaves_open() {
    let stage =
        stage().script("deploy", "#!/bin/sh\ncat \"$(dirname \"$0\")/name\"\n").file("name", "shop\n");
    let waiting = stage.gate(["--", "./deploy"]).start();
    let card = approve(&stage, waiting.id());
    assert!(card.contains("a change of `./deploy` in the instant of its start\n"), "{card}");
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "shop\n");
}

#[test]
fn a_program_of_the_requesters_own_is_executed_as_the_file_that_it_is() {
    let stage = with_echo(stage()).script("where", "#!/usr/bin/env python3\nimport sys\nprint(sys.argv)\n");
    let waiting = stage.gate(["--", "./say", "a", "b"]).start();
    let card = approve(&stage, waiting.id());
    assert!(!card.contains("in the instant of its start"), "{card}");
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "a b\n");
    let waiting = stage.gate(["--", "./where", "x"]).start();
    approve(&stage, waiting.id());
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "['./where', 'x']\n");
}

#[test]
fn a_program_that_somebody_may_still_write_to_is_not_executed() {
    let stage = with_echo(stage());
    let mut waiting = stage.gate(["--", "./say", "a"]).start();
    let id = waiting.id().to_owned();
    waiting.kill();
    approve(&stage, &id);
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
    approve(&stage, waiting.id());
    assert_eq!(String::from_utf8_lossy(&waiting.output().stdout), "plain x\n");
}
