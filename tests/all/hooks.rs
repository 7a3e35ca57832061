//! `gate hook`: what each agent is answered, and that every failure blocks.
//!
//! The exact bytes are in `tests/vectors/hooks/AGENT/NAME.{in.json,out}`; the table of docs/agents.md is made by these tests, cell by cell.

mod attacks;
mod broken;
mod table;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::stage::{Stage, until};

const AGENTS: [&str; 5] = ["claude", "codex", "gemini", "cursor", "copilot"];

const GATE: &str = env!("CARGO_BIN_EXE_gate");

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/hooks")
}

fn hook(stage: &Stage, agent: &str, input: impl AsRef<[u8]>) -> Output {
    stage.gate(["hook", agent]).env("SHELL", "/bin/bash").stdin(input).output()
}

fn stage() -> Stage {
    Stage::new().file("notes.txt", "x").file(".git/HEAD", "ref: refs/heads/main\n").file("src/a.rs", "")
}

/// Returns what came out, with what differs from run to run replaced.
fn shown(stage: &Stage, output: &Output) -> String {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).replace(GATE, "[GATE]");
        text.replace(&stage.root().display().to_string(), "[ROOT]")
    };
    let code = output.status.code().unwrap_or(-1);
    format!("code {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_vector_is_answered_byte_for_byte() {
    let mut wrong = String::new();
    let mut count = 0;
    for agent in AGENTS {
        let mut inputs: Vec<PathBuf> = std::fs::read_dir(vectors().join(agent))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_str().unwrap().ends_with(".in.json"))
            .collect();
        inputs.sort();
        for input in inputs {
            let stage = stage();
            let text = std::fs::read_to_string(&input).unwrap();
            let given = text.replace("[ROOT]", stage.root().to_str().unwrap());
            let came = shown(&stage, &hook(&stage, agent, given));
            let expected = PathBuf::from(input.to_str().unwrap().replace(".in.json", ".out"));
            if std::fs::read_to_string(&expected).unwrap_or_default() != came {
                writeln!(wrong, "{}:\n{came}", expected.display()).unwrap();
            }
            count += 1;
        }
    }
    assert!(count > 40, "only {count} vectors");
    assert!(wrong.is_empty(), "other than in the vectors:\n{wrong}");
}

/// What an agent may be about to do.
enum Doing {
    Command(&'static str),
    Argv(&'static [&'static str]),
    Write(String),
    Patch(&'static str),
    Reads,
    Server,
    After,
}

/// Returns what `agent` sends to its hook.
fn event(agent: &str, stage: &Stage, doing: &Doing) -> Value {
    let cwd = stage.cwd();
    let shell = match agent {
        "gemini" => "run_shell_command",
        "cursor" => "Shell",
        "copilot" => "bash",
        _ => "Bash",
    };
    let write = match agent {
        "gemini" => "write_file",
        "copilot" => "create",
        _ => "Write",
    };
    let path = if agent == "copilot" { "path" } else { "file_path" };
    let (tool, input) = match doing {
        Doing::Command(text) => (shell, json!({ "command": text })),
        Doing::Argv(words) => (shell, json!({ "command": words })),
        Doing::Write(file) => (write, json!({ path: file, "content": "x" })),
        Doing::Patch(text) => ("apply_patch", json!({ "command": text })),
        Doing::Reads => ("Read", json!({ path: "/etc/passwd" })),
        Doing::Server => ("mcp__shell__run", json!({ "command": "rm -rf /" })),
        Doing::After => (shell, json!({ "command": "git push --force" })),
    };
    let is_after = matches!(doing, Doing::After);
    let event = match (agent, is_after) {
        ("gemini", false) => "BeforeTool",
        ("gemini", true) => "AfterTool",
        ("cursor", false) => "preToolUse",
        ("cursor", true) => "postToolUse",
        (_, false) => "PreToolUse",
        (_, true) => "PostToolUse",
    };
    match (agent, is_after) {
        ("copilot", false) => json!({ "sessionId": "s", "cwd": cwd, "toolName": tool, "toolArgs": input }),
        ("copilot", true) => {
            json!({ "cwd": cwd, "toolName": tool, "toolArgs": input, "toolResult": { "resultType": "success" } })
        }
        _ => {
            json!({ "hook_event_name": event, "transcript_path": "/t", "cwd": cwd, "tool_name": tool, "tool_input": input })
        }
    }
}

/// Returns one word for what `agent` was answered, and fails where the format does not know the answer.
#[track_caller]
fn word(agent: &str, output: &Output) -> &'static str {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(2) {
        assert!(stdout.is_empty() && !stderr.trim().is_empty(), "{agent}: {stdout}{stderr}");
        return "blocked";
    }
    assert_eq!((output.status.code(), stderr.as_ref()), (Some(0), ""), "{agent}: {stdout}");
    if stdout.is_empty() {
        assert!(["claude", "codex", "copilot"].contains(&agent), "{agent} expects JSON");
        return "passes";
    }
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    let specific = &answer["hookSpecificOutput"];
    let rewritten = [&specific["updatedInput"], &specific["tool_input"], &answer["updated_input"]];
    if let Some(input) = rewritten.iter().find(|input| !input.is_null()) {
        let command = ["cmd", "command"].iter().find_map(|name| input[name].as_str()).unwrap();
        assert!(command.starts_with(GATE), "{agent}: {command}");
        return "rewritten";
    }
    let (decision, reason) = match agent {
        "claude" | "codex" => (&specific["permissionDecision"], &specific["permissionDecisionReason"]),
        "gemini" => (&answer["decision"], &answer["reason"]),
        "cursor" => (&answer["permission"], &answer["agent_message"]),
        _ => (&answer["permissionDecision"], &answer["permissionDecisionReason"]),
    };
    match decision.as_str() {
        Some("deny") => {
            assert!(reason.as_str().is_some_and(|reason| reason.starts_with("gate: ")), "{agent}: {answer}");
            "refused"
        }
        None if answer == json!({}) => "passes",
        other => panic!("{agent}: {other:?}: {answer}"),
    }
}

fn in_home(name: &str) -> String {
    let user = std::process::Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8_lossy(&user.stdout).trim().to_owned();
    let entry = std::process::Command::new("getent").args(["passwd", &user]).output().unwrap();
    let entry = String::from_utf8_lossy(&entry.stdout).trim().to_owned();
    format!("{}/{name}", entry.split(':').nth(5).unwrap())
}

/// Returns the entries of the log, the oldest first.
fn log(stage: &Stage) -> Vec<Value> {
    let output = stage.gate(["audit", "export", "--format", "jsonl"]).output();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_passes_is_recorded_before_it_passes() {
    let stage = stage();
    let passed = event("codex", &stage, &Doing::Command("git status"));
    assert_eq!(word("codex", &hook(&stage, "codex", passed.to_string())), "passes");
    let denied = event("codex", &stage, &Doing::Command("gate approve 7KQ2"));
    assert_eq!(word("codex", &hook(&stage, "codex", denied.to_string())), "refused");
    let written = event("codex", &stage, &Doing::Write("src/a.rs".to_owned()));
    assert_eq!(word("codex", &hook(&stage, "codex", written.to_string())), "passes");
    let asked = event("codex", &stage, &Doing::Command("git push --force"));
    assert_eq!(word("codex", &hook(&stage, "codex", asked.to_string())), "rewritten");
    let entries: Vec<Value> = log(&stage).into_iter().filter(|entry| entry["type"] == "judged").collect();
    let said = |entry: &Value| {
        let data = &entry["data"];
        let facts =
            [&data["hook"], &data["tool"], &data["verdict"], &data["passed"], &entry["action"]["script"]];
        format!("{} {} {}", entry["actor"]["id"], json!(facts), data["paths"])
    };
    let said: Vec<String> = entries.iter().map(said).collect();
    let file = stage.cwd().join("src/a.rs");
    assert_eq!(
        said,
        [
            r#""codex" ["codex","Bash","allow",true,"git status"] null"#.to_owned(),
            r#""codex" ["codex","Bash","deny",false,"gate approve 7KQ2"] null"#.to_owned(),
            format!(r#""codex" ["codex","Write","allow",true,null] ["{}"]"#, file.display()),
        ]
    );
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
}

#[test]
fn in_observe_mode_only_the_floor_holds() {
    let stage = stage().policy("[policy]\nversion = 1\nmode = \"observe\"\n");
    for (doing, expected) in [
        (Doing::Command("git push --force"), "passes"),
        (Doing::Command("gate approve 7KQ2"), "refused"),
        (Doing::Write(".github/workflows/ci.yml".to_owned()), "passes"),
        (Doing::Write(in_home(".config/gate/policy.toml")), "refused"),
    ] {
        let output = hook(&stage, "claude", event("claude", &stage, &doing).to_string());
        assert_eq!(word("claude", &output), expected);
    }
    let modes: Vec<String> = log(&stage)
        .iter()
        .filter(|entry| entry["type"] == "judged")
        .map(|entry| entry["mode"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(modes, ["observed", "enforced", "observed", "enforced"]);
}

#[test]
fn a_command_of_another_shell_than_bash_goes_through_gate() {
    let stage = stage();
    // zsh runs what bash takes for words: `{ … } always { … }`.
    let event = event("claude", &stage, &Doing::Command("{ echo x } always { echo y; }"));
    let run = |shell: &str| {
        word("claude", &stage.gate(["hook", "claude"]).env("SHELL", shell).stdin(event.to_string()).output())
    };
    assert_eq!((run("/bin/bash"), run("/usr/bin/zsh")), ("passes", "rewritten"));
}

/// Returns what `agent` is told about a call of its shell tool with `input`, where `SHELL` is `shell`.
fn told(stage: &Stage, agent: &str, shell: &str, input: &Value) -> Output {
    let mut event = event(agent, stage, &Doing::Command(""));
    let member = if agent == "copilot" { "toolArgs" } else { "tool_input" };
    event[member] = input.clone();
    stage.gate(["hook", agent]).env("SHELL", shell).stdin(event.to_string()).output()
}

#[test]
fn a_command_for_another_shell_than_gate_knows_is_refused() {
    let stage = stage().script("bash", "#!/bin/sh\n");
    let run = |agent: &str, shell: &str, command: &str| {
        word(agent, &told(&stage, agent, "/bin/bash", &json!({ "command": command, "shell": shell })))
    };
    for agent in AGENTS {
        let others: &[&str] = if agent == "codex" {
            &["fish", "/usr/bin/python3", "./bash", "/tmp/bash", "bash -x", "/bin/ls"]
        } else {
            &["fish", "./bash"]
        };
        for shell in others {
            assert_eq!(run(agent, shell, "ls"), "refused", "{agent} {shell}");
        }
        for shell in ["bash", "/bin/bash", "/bin/sh", "/usr/bin/zsh", GATE] {
            assert_eq!(run(agent, shell, "ls"), "passes", "{agent} {shell}");
        }
    }
    // Each is judged by the rules of the shell that reads it.
    let both = "{ echo x } always { echo y; }";
    assert_eq!(
        (run("claude", "/bin/bash", both), run("claude", "/usr/bin/zsh", both)),
        ("passes", "rewritten")
    );
    assert_eq!(run("codex", "/usr/bin/zsh", both), "rewritten");
    let output = told(&stage, "claude", "/bin/bash", &json!({ "command": "ls", "shell": "fi\u{202e}sh" }));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        answer["hookSpecificOutput"]["permissionDecisionReason"],
        "gate: `fi\\u{202e}sh` is no shell that gate knows\ngate: not run: ls\ngate: hint: leave `shell` out"
    );
}

#[test]
fn a_directory_counts_by_the_name_that_the_agent_documents_and_only_makes_stricter_by_another() {
    let stage = stage();
    // What the project may show may be a secret elsewhere.
    for agent in AGENTS {
        for member in ["workdir", "dir_path", "working_directory", "cwd"] {
            let run = |dir: &Path, command: &str| {
                let input = json!({ "command": command, member: dir });
                word(agent, &told(&stage, agent, "/bin/bash", &input))
            };
            let passes = run(&stage.cwd(), "cat notes.txt") == "passes";
            assert_eq!(passes, agent != "codex", "{agent} {member}");
            let away = run(Path::new("/etc"), "cat shadow");
            assert_eq!(away, if agent == "copilot" { "refused" } else { "rewritten" }, "{agent} {member}");
        }
    }
}

#[test]
fn a_call_of_gate_beside_it_takes_no_doubt_away() {
    let stage = stage();
    let own = format!("{GATE} --home {} -c true", stage.home().display());
    let run = |agent: &str, shell: &str, command: String| {
        word(agent, &told(&stage, agent, shell, &json!({ "command": command })))
    };
    let zsh = "{ echo x } always { echo y; }";
    for (agent, shell, command, expected) in [
        ("claude", "/usr/bin/zsh", zsh, "rewritten"),
        ("codex", "/bin/bash", "cat notes.txt", "rewritten"),
        ("gemini", "/bin/bash", "bash -c 'ls'", "rewritten"),
        ("copilot", "/bin/bash", "cd / && ls", "refused"),
        ("claude", "/usr/bin/fish", r"echo 'a\' b'", "refused"),
    ] {
        for command in [command.to_owned(), format!("{command}; {own}"), format!("{command} && {own}")] {
            assert_eq!(run(agent, shell, command.clone()), expected, "{agent}: {command}");
        }
        assert_eq!(run(agent, "/bin/bash", own.clone()), "passes", "{agent}");
    }
    let recorded = log(&stage).iter().filter(|entry| entry["type"] == "judged").count();
    assert_eq!(recorded, 5, "what passes is recorded");
}

#[test]
fn nothing_is_rewritten_for_fish_that_fish_would_take_apart() {
    let stage = stage();
    let run = |agent: &str, shell: &str, input: Value| word(agent, &told(&stage, agent, shell, &input));
    let asked = |command: &str| json!({ "command": command });
    for agent in ["claude", "codex", "cursor"] {
        for shell in ["/usr/bin/fish", "/opt/nu", "/usr/bin/elvish"] {
            assert_eq!(run(agent, shell, asked("git push --force")), "rewritten");
            for command in
                ["git push --force 'it'\\''s'", "git push --force \"it's\"", "git push --force \\; id"]
            {
                assert_eq!(run(agent, shell, asked(command)), "refused", "{agent} {shell} {command}");
                assert_eq!(run(agent, "/bin/bash", asked(command)), "rewritten", "{agent} {command}");
            }
            // A reason is worth less than a line that every shell reads the same.
            let input = json!({ "command": "git push --force", "description": "it's late" });
            let output = told(&stage, agent, shell, &input);
            assert_eq!(word(agent, &output), "rewritten");
            assert!(!String::from_utf8(output.stdout).unwrap().contains("--reason"), "{agent}");
        }
    }
    let event = event("claude", &stage, &Doing::Command("ls 'a\\' b"));
    let own =
        stage.gate(["hook", "claude"]).env("SHELL", "/bin/bash").env("CLAUDE_CODE_SHELL", "/usr/bin/fish");
    assert_ne!(word("claude", &own.stdin(event.to_string()).output()), "passes");
}

#[test]
fn the_editors_of_vs_code_and_of_copilot_are_known_by_their_members() {
    let stage = stage();
    let is_free = |tool: &str, input: &Value| {
        let compatible = json!({ "hook_event_name": "PreToolUse", "cwd": stage.cwd(), "tool_name": tool, "tool_input": input });
        let own = json!({ "cwd": stage.cwd(), "toolName": tool, "toolArgs": input });
        let [compatible, own] = [compatible, own].map(|event| hook(&stage, "copilot", event.to_string()));
        assert_eq!(compatible.stdout.is_empty(), own.stdout.is_empty(), "{tool}");
        own.stdout.is_empty()
    };
    for (tool, input) in [
        ("create_file", json!({ "filePath": "FILE", "content": "x" })),
        ("replace_string_in_file", json!({ "filePath": "FILE", "oldString": "a", "newString": "b" })),
        (
            "multi_replace_string_in_file",
            json!({ "explanation": "x", "replacements": [{ "filePath": "FILE", "oldString": "a", "newString": "b" }] }),
        ),
        ("insert_edit_into_file", json!({ "explanation": "x", "filePath": "FILE", "code": "x" })),
        ("edit_notebook_file", json!({ "filePath": "FILE", "editType": "insert", "newCode": "x" })),
        (
            "apply_patch",
            json!({ "explanation": "x", "input": "*** Begin Patch\n*** Add File: FILE\n+x\n*** End Patch" }),
        ),
        ("create_directory", json!({ "dirPath": "FILE" })),
        ("create", json!({ "path": "FILE", "file_text": "x" })),
        ("edit", json!({ "path": "FILE", "old_str": "a", "new_str": "b" })),
        (
            "str_replace_editor",
            json!({ "command": "insert", "path": "FILE", "insert_line": 1, "new_str": "b" }),
        ),
    ] {
        let of = |file: &str| serde_json::from_str(&input.to_string().replace("FILE", file)).unwrap();
        assert!(is_free(tool, &of("src/b.rs")), "{tool}");
        assert!(!is_free(tool, &of(".git/hooks/pre-commit")), "{tool}");
    }
}

#[test]
fn a_rewritten_command_runs_as_it_was_meant() {
    let stage = stage().policy(
        "[policy]\nversion = 1\n[[rule]]\nid = \"t.printf\"\nverdict = \"ask\"\nreason = \"a test asks\"\nmatch = { program = \"printf\" }\n",
    );
    let text = "printf '%s|' \"it's\" '$HOME' \\\\ 'a\nb'; exit 3";
    let event = event("claude", &stage, &Doing::Command(Box::leak(text.to_owned().into_boxed_str())));
    let answer = hook(&stage, "claude", event.to_string());
    let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
    let line = answer["hookSpecificOutput"]["updatedInput"]["command"].as_str().unwrap().to_owned();
    for shell in ["bash", "sh"] {
        let waiting = stage.program(shell, ["-c", &line]).start();
        assert!(stage.gate(["approve", waiting.id(), "--yes"]).on_terminal().output().status.success());
        let output = waiting.output();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "it's|$HOME|\\|a\nb|");
        assert_eq!(output.status.code(), Some(3));
    }
}

#[test]
fn rewriting_can_be_turned_off() {
    let stage = stage();
    let event = event("claude", &stage, &Doing::Command("git push --force")).to_string();
    let output = stage.gate(["hook", "claude", "--deny"]).env("SHELL", "/bin/bash").stdin(event).output();
    assert_eq!(word("claude", &output), "refused");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("run exactly this instead: "), "{text}");
}

#[test]
fn a_project_that_asks_of_its_own_files_is_heard_by_editors_too() {
    let stage = stage().file(
        ".gate/policy.toml",
        "[policy]\nversion = 1\n[[rule]]\nid = \"p.contract\"\nverdict = \"ask\"\nrisk = \"low\"\nreason = \"signed\"\nmatch = { writes = [\"*/contract.md\"] }\n",
    );
    let output =
        hook(&stage, "claude", event("claude", &stage, &Doing::Write("contract.md".to_owned())).to_string());
    assert_eq!(word("claude", &output), "refused");
}
