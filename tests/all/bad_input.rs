//! Bad input: each case has its message and its exit code, and nothing of it runs.

use crate::stage::{Stage, set_mode};

const ALLOW: &str = "[policy]\nversion = 1\nmode = \"observe\"\n";

/// Runs a command that would leave a trace, and says what comes out of it instead.
#[track_caller]
fn refused(stage: &Stage, stderr: &str) {
    let after =
        "gate: not run: touch made\ngate: hint: `gate --home [ROOT]/home doctor` looks for what is wrong\n";
    stage.gate(["--", "touch", "made"]).stderr(&format!("{stderr}{after}")).code(125).check();
    assert!(!stage.cwd().join("made").exists());
}

#[test]
fn a_broken_policy_stops_gate_with_its_place() {
    refused(
        &Stage::new().policy("[policy]\nversion = 1\ndefault = \"block\"\n"),
        "gate: error: [ROOT]/home/policy.toml:3:11: unknown verdict `block`, expected `allow`, `ask` or `deny`\n",
    );
}

#[test]
fn a_policy_that_others_could_have_written_stops_gate() {
    let stage = Stage::new().policy(ALLOW);
    let path = stage.home().join("policy.toml");
    let failed = "gate: error: failed to read policy `[ROOT]/home/policy.toml`: ";
    set_mode(&path, 0o666);
    refused(&stage, &format!("{failed}others may write to it (mode 0666)\n"));
    set_mode(&path, 0o660);
    refused(&stage, &format!("{failed}others may write to it (mode 0660)\n"));
    std::fs::rename(&path, stage.home().join("real.toml")).unwrap();
    std::os::unix::fs::symlink("real.toml", &path).unwrap();
    refused(&stage, &format!("{failed}it is a symbolic link\n"));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    refused(&stage, &format!("{failed}it is not a regular file\n"));
}

#[test]
fn a_policy_of_somebody_else_or_that_cannot_be_read_stops_gate() {
    let stage = Stage::new().policy(ALLOW);
    let path = stage.home().join("policy.toml");
    let failed = "gate: error: failed to read policy `[ROOT]/home/policy.toml`: ";
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        refused(&stage, &format!("{failed}it belongs to user 12345, not to user 0 or root\n"));
    } else {
        set_mode(&path, 0);
        refused(&stage, &format!("{failed}permission denied\n"));
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let stage = Stage::new().policy("[policy]\nversion = 1\n");
    stage.gate(["--", "true"]).check();
    for subcommand in ["requests --json", "audit log", "audit log --json", "policy show", "explain -- ls"] {
        let script = format!("{} --home ../home {subcommand} > /dev/full", crate::running::gate());
        let said = "gate: error: failed to write the answer: No space left on device (os error 28)\n";
        stage.program("sh", ["-c", &script]).stderr(said).code(125).check();
    }
}

#[test]
fn a_project_may_only_restrict() {
    let stage =
        Stage::new().policy(ALLOW).file(".gate/policy.toml", "[policy]\nversion = 1\ndefault = \"allow\"\n");
    let output = stage.gate(["--", "touch", "made"]).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("/work/.gate/policy.toml:"), "{said}");
    assert_eq!(output.status.code(), Some(125));
    let deny = "[policy]\nversion = 1\n[[rule]]\nid = \"here.touch\"\nverdict = \"deny\"\nreason = \"not here\"\nmatch = { program = \"touch\" }\n";
    let stage = Stage::new().file(".gate/policy.toml", deny);
    let below = stage.file("below/.gate/policy.toml", "[policy]\nversion = 1\n");
    let here = below.cwd().join("below");
    below
        .gate(["--", "touch", "made"])
        .cwd(here)
        .stderr("gate: refused by rule `here.touch`: not here\ngate: not run: touch made\ngate: hint: leave it, or let a person change the rule\n")
        .code(126)
        .check();
}

#[test]
fn another_home_can_only_restrict_and_says_how_to_name_it() {
    let stage = Stage::new().policy(ALLOW).file("h/.config/gate/policy.toml", ALLOW);
    let home = stage.cwd().join("h");
    let output = stage.gate(["--", "touch", "made"]).env("HOME", &home).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("/h/.config/gate/policy.toml:") && said.contains("--home"), "{said}");
    assert_eq!(output.status.code(), Some(125));
}

#[test]
fn without_home_in_the_environment_everything_works() {
    Stage::new()
        .policy(ALLOW)
        .gate(["-c", "echo ${HOME-unset}"])
        .without_env("HOME")
        .stdout("unset\n")
        .check();
}

#[test]
fn a_wrong_configuration_stops_gate() {
    refused(
        &Stage::new().config("[local]\ninlin = true\n"),
        "gate: error: [ROOT]/home/config.toml:2:1: unknown field `inlin`, expected one of `inline`, `attended`, `key`\n",
    );
}

#[test]
fn a_store_that_cannot_be_used_stops_gate() {
    let stage = Stage::new().policy(ALLOW);
    let store = stage.home().join("gate.db");
    std::fs::write(&store, "this is no database, it only has the name of one").unwrap();
    set_mode(&store, 0o600);
    let output = stage.gate(["--", "touch", "made"]).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("gate: error: the store `") && said.contains("is damaged"), "{said}");
    assert_eq!(output.status.code(), Some(125));
    set_mode(&store, 0o644);
    refused(
        &stage,
        "gate: error: `[ROOT]/home/gate.db` is open to other users (mode 0644); run `chmod go-rwx [ROOT]/home/gate.db`\n",
    );
    assert!(!stage.cwd().join("made").exists());
}

#[test]
fn a_store_of_a_newer_gate_stops_gate() {
    let stage = Stage::new().policy(ALLOW);
    stage.gate(["--", "true"]).check();
    let db = rusqlite::Connection::open(stage.home().join("gate.db")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let output = stage.gate(["--", "touch", "made"]).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("has schema 99") && said.contains("install the newer gate"), "{said}");
    assert_eq!(output.status.code(), Some(125));
}

#[test]
fn a_directory_that_cannot_be_written_stops_gate() {
    if rustix::process::getuid().is_root() {
        // Nothing is read-only for root but a file system; `/proc` is one that cannot hold a store.
        let stage = Stage::new();
        let output = stage
            .program(env!("CARGO_BIN_EXE_gate"), ["--home", "/proc/sys", "--", "touch", "made"])
            .output();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.starts_with("gate: error: "), "{said}");
        assert_eq!(output.status.code(), Some(125));
        assert!(!stage.cwd().join("made").exists());
        return;
    }
    let stage = Stage::new();
    set_mode(&stage.home(), 0o500);
    let output = stage.gate(["--", "touch", "made"]).output();
    assert_eq!(output.status.code(), Some(125));
    set_mode(&stage.home(), 0o700);
}

#[test]
fn a_script_too_large_to_read_asks() {
    let big = format!("true\n{}", "# padding padding padding padding\n".repeat(310_000));
    assert!(big.len() > 10 << 20);
    let stage = Stage::new().file("big.sh", &big);
    let output = stage.gate(["--wait", "0s", "--", "bash", "big.sh"]).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("gate: waiting for approval "), "{said}");
    assert_eq!(output.status.code(), Some(124));
    let long = format!("true; : {}", "x".repeat(100 << 10));
    let output = stage.gate(["--wait", "0s", "-c", &long]).output();
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("gate: waiting for approval "));
    assert_eq!(output.status.code(), Some(124));
}

#[test]
fn an_unparsable_script_asks() {
    let stage = Stage::new();
    for script in ["if", "echo $(open", "a && && b", "coproc x", "\u{202e}ls", "ls\r"] {
        let output = stage.gate(["--wait", "0s", "-c", script]).output();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.starts_with("gate: waiting for approval "), "{script}: {said}");
        assert_eq!(output.status.code(), Some(124), "{script}");
    }
}

#[test]
fn a_wrong_line_on_the_hot_path_is_125_and_elsewhere_2() {
    let stage = Stage::new();
    stage.gate(["--"]).stderr("gate: error: nothing after `--`, expected a command\n").code(125).check();
    stage.gate(["-c"]).stderr("gate: error: nothing after `-c`, expected a script\n").code(125).check();
    let both = "gate: error: nothing to run, expected `-- CMD` or `-c STRING`\n";
    stage.gate(["--reason", "x", "git"]).stderr(both).code(125).check();
    assert_eq!(stage.gate(["no-such-subcommand"]).output().status.code(), Some(2));
    assert_eq!(stage.program(env!("CARGO_BIN_EXE_gate"), [""; 0]).output().status.code(), Some(2));
}
