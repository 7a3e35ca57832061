//! The README: every block in it is run, read or checked, so that it stays true.

use crate::stage::Stage;

const README: &str = include_str!("../../README.md");

/// One fenced block: what stands behind the backticks, and its lines.
fn blocks() -> Vec<(&'static str, String)> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((kind, body.join("\n") + "\n"));
        }
    }
    blocks
}

/// Runs `command` as a person would, with `gate` in PATH, and returns what they see.
fn seen(stage: &Stage, command: &str) -> String {
    let path = format!("{}/bin:/usr/bin:/bin", stage.cwd().display());
    let output = stage.program("bash", ["-c", &format!("{command} 2>&1")]).env("PATH", path).output();
    let mut text = String::from_utf8(output.stdout).unwrap();
    if let Some(code @ 1..) = output.status.code() {
        text.push_str(&format!("[exit code {code}]\n"));
    }
    text
}

#[test]
fn every_transcript_is_what_a_person_sees() {
    let stage = Stage::new();
    let wrapper = format!(
        "#!/bin/sh\nexec {} --home '{}' \"$@\"\n",
        env!("CARGO_BIN_EXE_gate"),
        stage.home().display()
    );
    let stage = stage.script("bin/gate", &wrapper);
    stage.program("git", ["init", "--quiet", "."]).check();
    std::fs::write(stage.cwd().join(".git/info/exclude"), "bin\n").unwrap();
    let mut count = 0;
    for (_, body) in blocks().into_iter().filter(|(kind, _)| *kind == "console") {
        let mut commands = body.split("$ ").skip(1).peekable();
        assert!(commands.peek().is_some(), "a transcript without a command:\n{body}");
        for part in commands {
            let (command, expected) = part.split_once('\n').unwrap();
            assert_eq!(seen(&stage, command), expected, "$ {command}");
            count += 1;
        }
    }
    assert!(count >= 5, "{count} commands");
}

#[test]
fn every_policy_and_configuration_is_right() {
    let mut kinds = Vec::new();
    for (kind, body) in blocks().into_iter().filter(|(kind, _)| kind.starts_with("toml")) {
        kinds.push(kind);
        if kind == "toml config" {
            let stage = Stage::new().config(&body);
            assert!(stage.gate(["explain", "--", "ls"]).output().status.success());
        } else {
            let stage = Stage::new().file("policy.toml", &body);
            let output = stage.gate(["policy", "check", "policy.toml"]).output();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
    }
    assert_eq!(kinds, ["toml", "toml config"]);
}

#[test]
fn every_other_command_is_run_elsewhere() {
    let installation = include_str!("../installation");
    let ci = include_str!("../../.ci/run");
    for (_, body) in blocks().into_iter().filter(|(kind, _)| *kind == "sh") {
        for line in body.lines() {
            assert!(installation.contains(line) || ci.contains(line), "`{line}` is run by no test");
        }
    }
}

#[test]
fn every_kind_of_block_is_known() {
    for (kind, _) in blocks() {
        assert!(["console", "sh", "text", "text agent", "toml", "toml config"].contains(&kind), "{kind}");
    }
}

#[test]
fn every_exit_code_of_gates_own_is_in_the_table() {
    let codes = include_str!("../../src/error.rs");
    for line in
        codes.lines().filter(|line| line.starts_with("    ") && line.ends_with(',') && line.contains(" = "))
    {
        let code = line.trim_end_matches(',').rsplit(' ').next().unwrap();
        assert!(README.contains(&format!("| {code} |")) || README.contains(&format!(" {code} ")), "{line}");
    }
}
