//! `gate doctor` sends samples through what was set up, and says what is wrong with it.

use std::path::PathBuf;

use super::{AGENTS, Stage, ends, has, path, person, plain, text};

#[track_caller]
pub(super) fn doctor(stage: &Stage, expected: &[&str], code: i32) {
    let run = stage.gate(["doctor", "--directory"]).arg(stage.root().join("person"));
    let output = run.output();
    let all = plain(stage, &String::from_utf8(output.stdout).unwrap());
    for line in expected {
        assert!(all.contains(line), "`{line}` is not in:\n{all}");
    }
    assert_eq!(output.status.code(), Some(code), "{all}");
}

#[test]
fn doctor_sends_samples_through_the_hook_of_each_agent() {
    let stage = person();
    let mend =
        "                   → `gate --home [ROOT]/home agent setup claude --directory [ROOT]/person`\n";
    doctor(&stage, &["note     agent     claude: does not go through gate\n", mend], 0);
    for (agent, _, _) in AGENTS {
        ends(&stage, &["setup", agent, "--yes"], 0, "");
    }
    let tried = "its hook was tried: a harmless command passes, a harmful command is blocked, an edit of gate's policy is blocked";
    let lines = AGENTS.map(|(agent, _, _)| format!("ok       agent     {agent}: {tried}\n"));
    doctor(&stage, &lines.each_ref().map(String::as_str), 0);
}

const NO_PWD: &str = "[policy]
version = 1
[[rule]]
id = \"my.pwd\"
verdict = \"deny\"
reason = \"tells where this is\"
match = { program = \"pwd\" }
examples = [\"pwd\"]
counterexamples = [\"ls\"]
";

#[test]
fn doctor_says_exactly_what_is_wrong_with_a_hook() {
    let stage = person();
    let entry = |stage: &Stage, command: &str| {
        let hook = serde_json::json!({ "type": "command", "command": command, "timeout": 300, "onFailure": "block" });
        let all = serde_json::json!({ "hooks": { "PreToolUse": [{ "matcher": "*", "hooks": [hook] }] } });
        has(stage, ".claude/settings.json", &all.to_string());
    };
    entry(&stage, "'/gone/gate' hook claude || exit 2");
    let gone = [
        "problem  agent     claude: `/gone/gate` is not there\n",
        "problem  agent     claude: it was not tried, because `/gone/gate` is not this gate\n",
    ];
    doctor(&stage, &gone, 1);
    // Settings may come from anybody, and an agent may run `gate doctor`: nothing else is started.
    let stage = stage.script("gate", "#!/bin/sh\ntouch started\n");
    entry(&stage, &format!("'{}' hook claude || exit 2", stage.cwd().join("gate").display()));
    let other = [
        "problem  agent     claude: it calls `[ROOT]/work/gate`, and this gate is `[GATE]`\n",
        "problem  agent     claude: it was not tried, because `[ROOT]/work/gate` is not this gate\n",
    ];
    doctor(&stage, &other, 1);
    let gate = std::fs::canonicalize(env!("CARGO_BIN_EXE_gate")).unwrap().display().to_string();
    entry(&stage, &format!("'{gate}' hook claude; touch started"));
    let more = "problem  agent     claude: a hook begins like gate's and is not gate's own, so that it is left alone: '[GATE]' hook claude; touch started\n";
    doctor(&stage, &[more], 1);
    let stage = stage.policy(NO_PWD);
    entry(&stage, &format!("'{gate}' --home '{}' hook claude || exit 2", stage.home().display()));
    let blocked = "problem  agent     claude: a harmless command would be blocked; it said: ";
    doctor(&stage, &[blocked], 1);
    assert!(!stage.cwd().join("started").exists());
}

/// Runs gate where the password database says that home is the person's directory.
pub(super) fn at_home<'a>(stage: &'a Stage, gate: &std::path::Path, args: &[&str]) -> crate::stage::Run<'a> {
    let home = stage.root().join("person");
    let user = rustix::process::getuid().as_raw();
    let line = format!("me:x:{user}:{user}::{}:/bin/sh\n", home.display());
    std::fs::write(stage.root().join("passwd"), line).unwrap();
    let run = stage.program("bwrap", ["--dev-bind", "/", "/", "--ro-bind"]).arg(stage.root().join("passwd"));
    let run = run.arg("/etc/passwd").arg("--").arg(gate).env("HOME", home).env("PATH", "/usr/bin:/bin");
    args.iter().fold(run, |run, arg| run.arg(arg))
}

/// Puts gate and its link where `install.sh` would.
pub(super) fn installed(stage: &Stage) -> PathBuf {
    let prefix = path(stage, ".local");
    std::fs::create_dir_all(prefix.join("bin")).unwrap();
    std::fs::create_dir_all(prefix.join("lib/gate/shells")).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_gate"), prefix.join("bin/gate")).unwrap();
    std::os::unix::fs::symlink("../../../bin/gate", prefix.join("lib/gate/shells/bash")).unwrap();
    prefix.join("bin/gate")
}

#[test]
fn doctor_gives_a_shell_one_command_that_runs_and_one_that_is_refused() {
    let stage = person();
    let gate = installed(&stage);
    let set_up = at_home(&stage, &gate, &["agent", "setup", "claude", "--with", "shell", "--yes"]).output();
    let said = String::from_utf8(set_up.stderr).unwrap();
    assert_eq!(set_up.status.code(), Some(0), "{said}");
    let way = "gate: Claude Code would go through gate with gate as its shell: its edits of files are not seen that way\n";
    assert!(said.starts_with(way), "{said}");
    let aider = at_home(&stage, &gate, &["agent", "setup", "aider", "--yes"]).output();
    assert_eq!(aider.status.code(), Some(0), "{}", String::from_utf8_lossy(&aider.stderr));
    let link = path(&stage, ".local/lib/gate/shells/bash").display().to_string();
    let settings: serde_json::Value = serde_json::from_str(&text(&stage, ".claude/settings.json")).unwrap();
    assert_eq!(settings, serde_json::json!({ "env": { "CLAUDE_CODE_SHELL": link } }));
    let said = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    let tried = format!(
        "ok       agent     claude: its shell `{link}` was tried: a harmless command runs, a forbidden one is refused\n"
    );
    let all = said(at_home(&stage, &gate, &["doctor"]).output());
    assert!(all.contains(&tried), "{all}");
    assert!(all.contains(&tried.replace("claude", "aider")), "{all}");
    // At a terminal too, which Aider's interactive shell would want to have.
    let mut terminal = at_home(&stage, &gate, &["doctor"]).interactive();
    terminal.shows("aider: its shell `");
    assert_eq!(terminal.code(), 0, "{}", terminal.text());
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/bin/bash", &link).unwrap();
    let output = at_home(&stage, &gate, &["doctor"]).output();
    assert_eq!(output.status.code(), Some(1));
    let all = said(output);
    assert!(all.contains(&format!("claude: it was not tried, because `{link}` is not this gate\n")), "{all}");
}
