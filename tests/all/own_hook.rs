//! What an agent might do so as not to go through gate any more: by commands (`agent_setup/attacks.txt`), and by the tools
//! with which it edits files.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::stage::Stage;

const ATTACKS: &str = include_str!("agent_setup/attacks.txt");

fn attacks() -> Vec<(&'static str, &'static str)> {
    let lines = ATTACKS.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(verdict, text)| (verdict, text.trim_start()))
        .collect()
}

#[test]
fn what_an_agent_might_try_is_judged_as_the_list_says() {
    let stage = Stage::new();
    let mut input = Vec::new();
    for (_, command) in attacks() {
        writeln!(input, "{}", json!({ "command": command })).unwrap();
    }
    let output =
        stage.gate(["explain", "--batch", "--json"]).env("PATH", "/usr/bin:/bin").stdin(input).output();
    let judged = String::from_utf8(output.stdout).unwrap();
    assert_eq!(judged.lines().count(), attacks().len());
    let verdict =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["verdict"].as_str().unwrap().to_owned();
    let wrong: Vec<_> = attacks()
        .into_iter()
        .zip(judged.lines().map(verdict))
        .filter(|((expected, _), verdict)| expected != verdict)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn gate_within_gate_needs_what_the_worst_command_needs() {
    let stage = Stage::new();
    let output = stage.gate(["explain", "--json", "-c", "gate -c 'git push --force'"]).output();
    let judged: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&judged["verdict"], &judged["risk"]), (&json!("ask"), &json!("critical")));
}

/// Returns whether the agent's tool may write `file`.
fn may_write(stage: &Stage, env: &[(&str, &str)], tool: &str, input: &Value) -> bool {
    let event = json!({ "hook_event_name": "PreToolUse", "transcript_path": "/t", "cwd": stage.cwd(), "tool_name": tool,
        "tool_input": input });
    let run = stage.gate(["hook", "claude"]).env("SHELL", "/bin/bash").stdin(event.to_string());
    let output = env.iter().fold(run, |run, (name, value)| run.env(name, value)).output();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.is_empty()
}

#[track_caller]
fn refused(stage: &Stage, path: &str) {
    let edits = [
        ("Write", json!({ "file_path": path, "content": "{}" })),
        ("Edit", json!({ "file_path": path, "old_string": "a", "new_string": "b" })),
    ];
    for (tool, input) in edits {
        assert!(!may_write(stage, &[], tool, &input), "{tool} {path}");
    }
}

#[test]
fn no_tool_edits_the_settings_by_which_the_agent_goes_through_gate() {
    let stage = Stage::new().file(".git/HEAD", "ref: refs/heads/main\n").file(".claude/settings.json", "{}");
    let cwd = stage.cwd();
    std::os::unix::fs::symlink(".claude", cwd.join("docs")).unwrap();
    std::os::unix::fs::symlink(".claude/settings.json", cwd.join("notes.json")).unwrap();
    for path in [
        "~/.claude/settings.json",
        ".claude/settings.json",
        ".claude/settings.local.json",
        "./src/../.claude/settings.local.json",
        "docs/settings.local.json",
        "notes.json",
        ".codex/hooks.json",
        ".codex/config.toml",
        ".gemini/settings.json",
        ".cursor/hooks.json",
        ".github/hooks/x.json",
        ".github/copilot/settings.local.json",
        ".aider.conf.yml",
    ] {
        refused(&stage, path);
    }
    refused(&stage, &cwd.join(".claude/settings.local.json").display().to_string());
    refused(&stage, &stage.home().join("policy.toml").display().to_string());
    refused(&stage, &stage.home().join("agents/settings_json-x.copy").display().to_string());
    assert!(may_write(&stage, &[], "Write", &json!({ "file_path": "src/a.rs", "content": "" })));
}

#[test]
fn tool_of_a_server_writes_anything_but_what_nobody_may() {
    let stage = Stage::new();
    let call =
        |tool: &str, path: &str| may_write(&stage, &[], tool, &json!({ "path": path, "content": "x" }));
    let policy = stage.home().join("policy.toml").display().to_string();
    for path in
        ["~/.claude/settings.json", ".claude/settings.local.json", &policy, &format!("file://{policy}")]
    {
        assert!(!call("mcp__filesystem__write_file", path), "{path}");
        assert!(call("mcp__filesystem__read_text_file", path), "{path}");
    }
    for path in ["src/a.rs", "/etc/hosts", "https://example.com/a.txt"] {
        assert!(call("mcp__filesystem__write_file", path), "{path}");
    }
    let moved = json!({ "source": "a.json", "destination": ".claude/settings.json" });
    assert!(!may_write(&stage, &[], "mcp__filesystem__move_file", &moved));
    let event = json!({ "hook_event_name": "BeforeTool", "transcript_path": "", "cwd": stage.cwd(), "tool_name": "write_file",
        "mcp_context": { "server_name": "fs" }, "tool_input": { "path": ".gemini/settings.json" } });
    let output = stage.gate(["hook", "gemini"]).env("SHELL", "/bin/bash").stdin(event.to_string()).output();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["decision"], "deny");
    let nested = json!({ "files": [{ "path": "a" }, { "path": ".codex/hooks.json" }] });
    assert!(!may_write(&stage, &[], "mcp__x__create_many", &nested));
}

#[test]
fn tool_that_gate_does_not_know_writes_no_protected_file_whatever_its_name_and_its_members() {
    let stage = Stage::new();
    let settings = ".claude/settings.json";
    let call = |tool: &str, input: Value| may_write(&stage, &[], tool, &input);
    for verb in [
        "set",
        "modify",
        "store",
        "apply",
        "mv",
        "move",
        "rename",
        "truncate",
        "mkdir",
        "put",
        "save",
        "append",
        "patch",
        "insert",
        "replace",
        "purge",
        "frobnicate",
        "GET_OR_CREATE",
    ] {
        assert!(!call(&format!("mcp__x__{verb}"), json!({ "where": settings })), "{verb}");
    }
    let mut many: Vec<String> = (0..300).map(|at| format!("src/{at}.rs")).collect();
    assert!(call("mcp__x__store", json!({ "files": many })));
    many.push(settings.to_owned());
    for input in [
        json!({ "files": many }),
        json!({ "files": (0..1001).map(|at| at.to_string()).collect::<Vec<_>>() }),
        json!({ "where": format!("{settings} ") }),
        json!({ "where": format!("\t{settings}\n") }),
        json!({ "where": ".CLAUDE/settings.json" }),
        json!({ "where": format!("{}{settings}", "./".repeat(3000)) }),
        json!({ "where": format!("a b/../{settings}") }),
        json!({ "dir": ".claude", "name": "settings.json" }),
        json!({ "files": { settings: "{}" } }),
        json!({ "arguments": json!({ "path": settings }).to_string() }),
        json!({ "where": ".git/hooks/pre-commit" }),
        json!({ "where": "~/.bashrc" }),
        json!({ "where": "CLAUDE.md" }),
        json!({ "where": ".github/workflows/ci.yml" }),
    ] {
        assert!(!call("mcp__x__store", input.clone()), "{input}");
        assert!(!call("x-store", input.clone()), "{input}");
    }
    for (tool, input) in [
        ("mcp__x__read_file", json!({ "path": settings })),
        (
            "mcp__x__post",
            json!({ "text": "look at ~/.claude/settings.json, and at .github/workflows/ci.yml" }),
        ),
        ("mcp__x__open", json!({ "path": "/" })),
        ("x-store", json!({ "path": "src/a.rs", "body": "x" })),
        ("TodoWrite", json!({ "todos": [{ "content": "CLAUDE.md" }] })),
        ("Task", json!({ "prompt": settings })),
    ] {
        assert!(call(tool, input), "{tool}");
    }
}

#[test]
fn directory_that_holds_the_settings_is_neither_deleted_nor_put_in_place() {
    let stage = Stage::new().file(".git/HEAD", "ref: refs/heads/main\n").file(".claude/settings.json", "{}");
    for (tool, input) in [
        ("Delete", json!({ "path": ".claude" })),
        ("delete_directory", json!({ "path": ".claude/" })),
        ("rename_file", json!({ "oldPath": ".claude", "newPath": "x" })),
        ("rename_file", json!({ "oldPath": "x", "newPath": ".codex" })),
        ("Delete", json!({ "path": "." })),
        ("mcp__x__purge", json!({ "path": ".claude" })),
    ] {
        assert!(!may_write(&stage, &[], tool, &input), "{tool} {input}");
    }
    assert!(may_write(&stage, &[], "Delete", &json!({ "path": "src" })));
}

#[test]
fn settings_that_a_variable_moves_are_protected_there() {
    let stage = Stage::new();
    let dir = stage.cwd().join("elsewhere");
    let dir = dir.to_str().unwrap();
    let input = json!({ "file_path": format!("{dir}/settings.json"), "content": "{}" });
    assert!(may_write(&stage, &[], "Write", &input));
    assert!(!may_write(&stage, &[("CLAUDE_CONFIG_DIR", dir)], "Write", &input));
    for name in ["CODEX_HOME", "COPILOT_HOME"] {
        let input = json!({ "file_path": format!("{dir}/hooks.json"), "content": "{}" });
        assert!(!may_write(&stage, &[(name, dir)], "Write", &input), "{name}");
    }
    let input = json!({ "file_path": format!("{dir}/.gemini/settings.json"), "content": "{}" });
    assert!(!may_write(&stage, &[("GEMINI_CLI_HOME", dir)], "Write", &input));
}
