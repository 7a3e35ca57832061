//! The builder itself: what a test says about a run is what the run gets and what is compared.

use crate::stage::{Stage, set_mode, until};

#[test]
fn run_gets_its_arguments_its_input_and_only_the_environment_that_was_given() {
    let stage = Stage::new().file("notes.txt", "hello\n");
    stage
        .program("sh", ["-c", "cat; cat notes.txt; echo $1 >&2; exit 3", "sh"])
        .arg("words")
        .stdin("typed\n")
        .stdout("typed\nhello\n")
        .stderr("words\n")
        .code(3)
        .check();
    stage
        .program("sh", ["-c", "env | cut -d= -f1 | grep -v -e PWD -e SHLVL -e ^_$ | sort"])
        .env("GATE_REASON", "because")
        .without_env("TZ")
        .stdout("GATE_REASON\nHOME\nLC_ALL\nPATH\n")
        .check();
    stage.program("pwd", [""; 0]).stdout("[ROOT]/work\n").check();
    stage.program("pwd", [""; 0]).cwd("/").stdout("/\n").check();
}

#[test]
fn files_of_the_stage_are_where_gate_looks_for_them() {
    let stage =
        Stage::new().policy("# policy\n").config("# config\n").script("run.sh", "#!/bin/sh\necho ran\n");
    stage.program("./run.sh", [""; 0]).stdout("ran\n").check();
    stage
        .program("cat", ["../home/policy.toml", "../home/config.toml"])
        .stdout("# policy\n# config\n")
        .check();
    set_mode(&stage.home(), 0o755);
    stage.program("stat", ["-c", "%a", "../home"]).stdout("755\n").check();
}

#[test]
fn every_run_has_a_session_of_its_own_and_a_terminal_only_if_it_asked_for_one() {
    let stage = Stage::new();
    let script = "tty; (: < /dev/tty) 2>/dev/null && echo terminal; read word && echo $word";
    stage.program("sh", ["-c", script]).stdin("a\n").stdout("not a tty\na\n").check();
    let output = stage.program("sh", ["-c", script]).stdin("b\n").on_terminal().output();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("/dev/pts/") && text.ends_with("\nterminal\nb\n"), "{text}");
}

#[test]
fn person_at_a_terminal_types_and_reads() {
    let stage = Stage::new();
    let mut terminal =
        stage.program("sh", ["-c", "printf 'name? '; read name; echo hi $name; exit 4"]).interactive();
    terminal.shows("name? ");
    terminal.send("mara\r");
    terminal.shows("hi mara");
    assert_eq!(terminal.code(), 4);
    assert_eq!(terminal.text(), "name? mara\nhi mara\n");
}

#[test]
fn waiting_run_is_followed_to_its_end() {
    let stage = Stage::new();
    let script = "echo 'gate: waiting for approval 7KQ2-M9XD-4T1B (high)' >&2; until test -e go; do :; done; echo done";
    let waiting = stage.program("sh", ["-c", script]).start();
    assert_eq!(waiting.id(), "7KQ2-M9XD-4T1B");
    let stage_with_file = stage.cwd().join("go");
    std::fs::write(stage_with_file, "").unwrap();
    waiting.stdout("done\n").stderr("gate: waiting for approval [ID] (high)\n").code(0).check();
}

#[test]
fn waiting_run_can_be_killed() {
    let stage = Stage::new();
    let script =
        "echo 'gate: waiting for approval 7KQ2-M9XD-4T1B (high)' >&2; exec cat <> /dev/zero > /dev/null";
    let mut waiting = stage.program("sh", ["-c", script]).start();
    let proc = format!("/proc/{}/stat", waiting.pid());
    waiting.kill();
    until("the end of a killed run", || (!std::path::Path::new(&proc).exists()).then_some(()));
    waiting.stderr("gate: waiting for approval [ID] (high)\n").code(-9).check();
}

#[test]
fn started_run_is_left_alone() {
    let stage = Stage::new();
    let mut child = stage.program("sh", ["-c", "echo made > made"]).spawn_only();
    assert!(child.wait().unwrap().success());
    stage.program("cat", ["made"]).stdout("made\n").check();
}
