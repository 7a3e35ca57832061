//! A shell reads files before its script. Where only the environment says that they are, nobody knows whose they are.

use crate::stage::Stage;

const NAMES: [&str; 8] =
    [".bash_profile", ".bash_login", ".bashrc", ".profile", ".zshenv", ".zshrc", ".zprofile", "env"];

/// Returns a stage whose working directory would do as somebody's home, with files that would give themselves away.
fn stage() -> Stage {
    let stage = Stage::new().policy("[policy]\nversion = 1\n");
    NAMES.iter().fold(stage, |stage, name| stage.file(name, "echo read at the start\n"))
}

#[track_caller]
fn asked(stage: &Stage, args: &[&str], env: &[(&str, &str)], stdin: &str) {
    let args: Vec<&str> = ["--wait", "0s"].iter().chain(args).copied().collect();
    let mut run = stage.gate(&args).stdin(stdin);
    let cwd = stage.cwd().display().to_string();
    for (name, value) in env {
        run = run.env(name, value.replace("HERE", &cwd));
    }
    let output = run.output();
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("read at the start"), "{args:?} {env:?}: {said}");
    assert_eq!(output.status.code(), Some(124), "{args:?} {env:?}: {said}{told}");
}

#[test]
fn start_up_files_that_the_environment_names_are_nobodys() {
    let stage = stage();
    let home = [("HOME", "HERE")];
    for args in [
        &["-lc", "echo a"][..],
        &["-c", "-l", "echo a"],
        &["--login", "-c", "echo a"],
        &["--as", "sh", "-lc", "echo a"],
        &["--as", "zsh", "-c", "echo a"],
        &["--as", "zsh", "-lc", "echo a"],
        &["-c", "bash -lc 'echo a'"],
        &["-c", "zsh -c 'echo a'"],
        &["--", "bash", "-lc", "echo a"],
    ] {
        asked(&stage, args, &home, "");
    }
    // The first shell, as sshd starts one.
    asked(&stage, &["-c", "echo a"], &[("HOME", "HERE"), ("SSH_CLIENT", "x")], "");
    for args in [&["-ls"][..], &["--as", "sh", "-ls"], &["--as", "zsh", "-s"]] {
        asked(&stage, args, &home, "echo a\n");
        asked(&stage, args, &home, "");
    }
    // A requester has room for twenty.
    let stage = self::stage();
    let zsh = [("ZDOTDIR", "HERE")];
    asked(&stage, &["--as", "zsh", "-c", "echo a"], &zsh, "");
    asked(&stage, &["-c", "zsh -c 'echo a'"], &zsh, "");
    asked(&stage, &["-c", "HOME=$PWD bash -lc 'echo a'"], &[], "");
    asked(&stage, &["-c", "export HOME=/tmp; zsh -c 'echo a'"], &[], "");
    asked(&stage, &["-c", "HOME=/tmp SHLVL= SSH_CLIENT=x bash -c 'echo a'"], &[], "");
    asked(&stage, &["-c", "echo a"], &[("BASH_ENV", "HERE/env")], "");
    asked(&stage, &["--as", "sh", "-s"], &[("ENV", "HERE/env")], "");
}

#[test]
fn where_no_file_is_read_another_home_changes_nothing() {
    let stage = stage();
    let cwd = stage.cwd().display().to_string();
    for args in [&["-c", "echo a"][..], &["--as", "sh", "-c", "echo a"], &["--as", "zsh", "-fc", "echo a"]] {
        stage.gate(args).env("HOME", &cwd).env("SHLVL", "1").stdout("a\n").check();
        stage.gate(args).env("HOME", &cwd).env("SHLVL", "899").stdout("a\n").check();
        // The first shell reads a file for `-c` only where it takes itself for a remote one.
        stage.gate(args).env("HOME", &cwd).env("SHLVL", "0").stdout("a\n").check();
    }
    let timed = stage.gate(["-c", "timeout 9 bash -c 'echo a'"]).env("HOME", &cwd).env("SHLVL", "1");
    timed.stdout("a\n").check();
    stage.gate(["--noprofile", "-lc", "echo a"]).env("HOME", &cwd).stdout("a\n").check();
    stage.gate(["-c", "bash -c 'echo a'"]).env("HOME", &cwd).env("SHLVL", "1").stdout("a\n").check();
}

#[test]
fn options_that_zsh_reads_in_its_own_way_are_asked_about() {
    let stage = Stage::new().policy("[policy]\nversion = 1\n");
    for args in [&["-b", "-c", "echo a"][..], &["-oexec", "errexit", "echo a"], &["-T", "-c", "echo a"]] {
        asked(&stage, &[&["--as", "zsh"], args].concat(), &[], "");
    }
    stage.gate(["--as", "zsh", "-eo", "nounset", "-c", "echo a"]).stdout("a\n").check();
}

#[test]
fn a_shell_whose_level_is_not_certain_may_be_the_first() {
    let stage = stage();
    for level in ["", "0", "-5", "01", "1x", "1e5", "999", "9999999999"] {
        asked(&stage, &["-c", "echo a"], &[("HOME", "HERE"), ("SHLVL", level), ("SSH_CLIENT", "x")], "");
    }
    for args in [
        &["-c", "env -u SHLVL bash -c 'echo a'"][..],
        &["-c", "export SHLVL=0; bash -c 'echo a'"],
        &["-c", "SHLVL=0 bash -c 'echo a'"],
        &["-c", "unset SHLVL; bash -c 'echo a'"],
        &["--", "env", "SHLVL=999", "bash", "-c", "echo a"],
    ] {
        asked(&stage, args, &[("HOME", "HERE"), ("SHLVL", "1"), ("SSH_CLIENT", "x")], "");
    }
}
