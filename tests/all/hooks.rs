//! `gate hook`: what each agent is answered, and that every failure blocks.
//!
//! The exact bytes are in `tests/vectors/hooks/AGENT/NAME.{in.json,out}`; the table of docs/agents.md is made by these tests, cell by cell.

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

/// A stage with what an attack goes by: links to an agent's settings and to git's hooks.
fn attacked() -> Stage {
    let stage = stage().file(".claude/settings.json", "{}").file(".git/hooks/x.sample", "").file("src/x", "");
    std::fs::create_dir_all(stage.root().join("deep/a")).unwrap();
    for (link, target) in [
        ("docs", ".claude"),
        ("notes.json", ".claude/settings.json"),
        ("link", ".git/hooks"),
        ("src/far", "../../deep"),
    ] {
        std::os::unix::fs::symlink(target, stage.cwd().join(link)).unwrap();
    }
    stage
}

/// Each line of `tests/vectors/hooks/attacks/AGENT.jsonl` is what an agent sent that wanted past the hook, and what it was told.
#[track_caller]
fn every_attack_is_answered(agent: &str) {
    let stage = attacked();
    let lines = std::fs::read_to_string(vectors().join(format!("attacks/{agent}.jsonl"))).unwrap();
    let root = stage.root().to_str().unwrap();
    let mut wrong = String::new();
    for line in lines.lines() {
        let attack: Value = serde_json::from_str(line).unwrap();
        let input = attack["raw"].as_str().map_or_else(|| attack["input"].to_string(), str::to_owned);
        let came = word(agent, &hook(&stage, agent, input.replace("[ROOT]", root)));
        if attack["says"] != came {
            writeln!(wrong, "{}: {came}, not {}", attack["what"], attack["says"]).unwrap();
        }
    }
    assert!(lines.lines().count() >= 60, "only {} attacks", lines.lines().count());
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn claude_gets_past_by_no_known_attack() {
    every_attack_is_answered("claude");
}

#[test]
fn codex_gets_past_by_no_known_attack() {
    every_attack_is_answered("codex");
}

#[test]
fn gemini_gets_past_by_no_known_attack() {
    every_attack_is_answered("gemini");
}

#[test]
fn cursor_gets_past_by_no_known_attack() {
    every_attack_is_answered("cursor");
}

#[test]
fn copilot_gets_past_by_no_known_attack() {
    every_attack_is_answered("copilot");
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

/// Returns the rows of the table: what is about to be done, with a stage for it.
fn rows(agent: &str, stage: &Stage) -> Vec<(&'static str, Doing)> {
    use Doing::{After, Argv, Command, Patch, Reads, Server, Write};
    let own: String = [GATE, "--home", stage.home().to_str().unwrap(), "-c 'git push --force'"].join(" ");
    let notes = match agent {
        "claude" => ".claude/plans/next.md",
        "codex" => ".codex/memories/next.md",
        "gemini" => ".gemini/tmp/next.md",
        "cursor" => ".cursor/plans/next.md",
        _ => ".copilot/session-state/next.md",
    };
    vec![
        ("a command that the policy allows", Command("ls -la")),
        ("a command that it asks about", Command("git push --force")),
        ("a command that it denies", Command("gate approve 7KQ2-M9XD-4T1B")),
        ("the same as an argument vector, allowed", Argv(&["bash", "-lc", "ls"])),
        ("the same as an argument vector, asked about", Argv(&["bash", "-lc", "git push --force"])),
        ("what goes through this gate by its own words", Command(own.leak())),
        ("the same through another file called `gate`", Command("./gate -c 'git push --force'")),
        ("a command that is allowed in its directory only", Command("cat notes.txt")),
        ("an allowed command that leaves the project", Command("cd / && ls")),
        ("an allowed command that begins with `bash -c`", Command("bash -c 'ls'")),
        ("a file of the project", Write("src/a.rs".to_owned())),
        ("a `Dockerfile`, a lock file, `.env` of the project", Write("Dockerfile".to_owned())),
        ("a file in `/tmp`", Write("/tmp/gate-test-scratch/x".to_owned())),
        ("the agent's own plans and notes", Write(in_home(notes))),
        ("a file elsewhere", Write("/srv/x.txt".to_owned())),
        ("a CI workflow", Write(".github/workflows/ci.yml".to_owned())),
        ("a git hook", Write(".git/hooks/pre-commit".to_owned())),
        ("an agent's instructions (`CLAUDE.md`, `AGENTS.md`)", Write("AGENTS.md".to_owned())),
        ("a shell's start-up file", Write(in_home(".bashrc"))),
        ("an agent's hook settings", Write(in_home(".claude/settings.json"))),
        ("gate's own policy", Write(in_home(".config/gate/policy.toml"))),
        ("one of these by way of a link in the project", Write("link/pre-commit".to_owned())),
        ("one of these by way of `..`", Write("src/../.git/hooks/pre-commit".to_owned())),
        (
            "a patch that touches one of these",
            Patch(
                "*** Begin Patch\n*** Update File: a\n*** Move to: .git/hooks/x\n@@\n-a\n+b\n*** End Patch",
            ),
        ),
        ("a patch of the project", Patch("*** Begin Patch\n*** Delete File: notes.txt\n*** End Patch")),
        ("a tool that reads or searches", Reads),
        ("a tool of an MCP server", Server),
        ("an event after a tool, or of another kind", After),
    ]
}

#[test]
fn the_table_of_the_documentation_is_what_happens() {
    let mut table =
        String::from("| input | claude | codex | gemini | cursor | copilot |\n|---|---|---|---|---|---|\n");
    let stage = stage().script("gate", "#!/bin/sh\n");
    std::fs::create_dir_all(stage.cwd().join(".git/hooks")).unwrap();
    std::os::unix::fs::symlink(".git/hooks", stage.cwd().join("link")).unwrap();
    let columns: Vec<Vec<(&str, Doing)>> = AGENTS.iter().map(|agent| rows(agent, &stage)).collect();
    for at in 0..columns[0].len() {
        write!(table, "| {} |", columns[0][at].0).unwrap();
        for (agent, column) in AGENTS.iter().zip(&columns) {
            let output = hook(&stage, agent, event(agent, &stage, &column[at].1).to_string());
            write!(table, " {} |", word(agent, &output)).unwrap();
        }
        table.push('\n');
    }
    for (name, words) in failures() {
        writeln!(table, "| {name} | {} |", words.join(" | ")).unwrap();
    }
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/agents.md")).unwrap();
    assert!(docs.contains(&table), "docs/agents.md must hold this table:\n{table}");
}

/// Returns what comes of each failure, agent by agent.
fn failures() -> Vec<(&'static str, Vec<&'static str>)> {
    let asked = Doing::Command("git push --force");
    let each = |input: &dyn Fn(&str) -> (Stage, Vec<u8>)| -> Vec<&'static str> {
        let one = |agent: &&'static str| {
            let (stage, input) = input(agent);
            word(agent, &hook(&stage, agent, input))
        };
        AGENTS.iter().map(one).collect()
    };
    let allowed = |agent: &str, stage: &Stage| event(agent, stage, &Doing::Command("ls")).to_string();
    let without = |agent: &str, name: &str| {
        let stage = stage();
        let mut event = event(agent, &stage, &asked);
        event.as_object_mut().unwrap().remove(name);
        (stage, event.to_string().into_bytes())
    };
    vec![
        ("no JSON", each(&|_| (stage(), b"git push".to_vec()))),
        ("nothing at all", each(&|_| (stage(), Vec::new()))),
        ("not UTF-8", each(&|_| (stage(), b"{\"a\":\"\xff\"}".to_vec()))),
        (
            "a name that stands twice",
            each(&|agent| {
                let stage = stage();
                let text =
                    allowed(agent, &stage).replace("\"ls\"", "\"ls\",\"command\":\"git push --force\"");
                (stage, text.into_bytes())
            }),
        ),
        ("a tool call without its directory", each(&|agent| without(agent, "cwd"))),
        (
            "a command that is no text",
            each(&|agent| {
                let stage = stage();
                let text = allowed(agent, &stage).replace("\"ls\"", "7");
                (stage, text.into_bytes())
            }),
        ),
        (
            "a call larger than 16 MiB",
            each(&|agent| {
                let stage = stage();
                let text = allowed(agent, &stage).replace("ls", &"x".repeat(17 << 20));
                (stage, text.into_bytes())
            }),
        ),
        (
            "a policy with an error",
            each(&|agent| {
                let stage = stage().policy("[policy]\nversion = 1\ndefault = \"block\"\n");
                let text = allowed(agent, &stage);
                (stage, text.into_bytes())
            }),
        ),
        (
            "a store that cannot be written",
            each(&|agent| {
                let stage = stage();
                std::fs::create_dir(stage.home().join("gate.db")).unwrap();
                let text = allowed(agent, &stage);
                (stage, text.into_bytes())
            }),
        ),
    ]
}

#[test]
fn a_usage_error_blocks() {
    let stage = Stage::new();
    for args in [&["hook"][..], &["hook", "vim"], &["hook", "claude", "--sure"], &["hook", "Claude"]] {
        let output = stage.gate(args).output();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn what_is_broken_is_said() {
    let case = |input: &str, stderr: &str| {
        Stage::new().gate(["hook", "claude"]).stdin(input).stderr(stderr).code(2).check();
    };
    case(
        "",
        "gate: error: failed to read the tool call: not a JSON object: EOF while parsing a value at line 1 column 0; the call is blocked\n",
    );
    case("{}", "gate: error: failed to read the tool call: no `hook_event_name`; the call is blocked\n");
    let bash = |input: &str| {
        format!(
            r#"{{"hook_event_name":"PreToolUse","transcript_path":"","tool_name":"Bash","cwd":"/","tool_input":{input}}}"#
        )
    };
    case(&bash("{}"), "gate: error: failed to read the tool call: no `command`; the call is blocked\n");
    case(
        &bash("[1]"),
        "gate: error: failed to read the tool call: `tool_input` is no object; the call is blocked\n",
    );
    let policy = "[policy]\nversion = 1\ndefault = \"block\"\n";
    Stage::new()
        .policy(policy)
        .gate(["hook", "claude"])
        .stdin(bash(r#"{"command":"ls"}"#))
        .stderr("gate: error: [ROOT]/home/policy.toml:3:11: unknown verdict `block`, expected `allow`, `ask` or `deny`; the call is blocked\n")
        .code(2)
        .check();
}

#[test]
fn closed_or_discarded_descriptors_block() {
    let stage = stage();
    let input = stage.root().join("call.json");
    std::fs::write(&input, event("claude", &stage, &Doing::Command("git push --force")).to_string()).unwrap();
    let run = |redirects: &str| {
        let script = format!("exec \"$0\" --home \"$1\" hook claude {redirects}");
        let input = input.to_str().unwrap();
        let home = stage.home();
        let args = ["-c", &script, GATE, home.to_str().unwrap(), input];
        stage.program("sh", args).output()
    };
    assert_eq!(run("<\"$2\"").status.code(), Some(0));
    for redirects in ["<&-", "</dev/null", "<\"$2\" >/dev/null", "<\"$2\" >&-", "<\"$2\" >/dev/full", "<. "] {
        let output = run(redirects);
        assert_eq!(output.status.code(), Some(2), "{redirects}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("; the call is blocked"), "{redirects}");
    }
}

/// Starts a hook whose standard input stays open, waits until it listens, and returns it.
fn waiting(stage: &Stage) -> (std::process::Child, u32) {
    let mut child = std::process::Command::new(GATE)
        .arg("--home")
        .arg(stage.home())
        .args(["hook", "claude"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let caught = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?.trim().to_owned();
        let mask = u64::from_str_radix(&mask, 16).ok()?;
        // SIGIO, the last that is set up.
        (mask & (1 << 28) != 0).then_some(())
    };
    until("the guard of a hook", caught);
    assert!(child.try_wait().unwrap().is_none());
    (child, pid)
}

#[test]
fn a_signal_blocks() {
    use rustix::process::{Pid, Signal, kill_process};
    for (signal, says) in [
        (Signal::TERM, "ended by a signal"),
        (Signal::INT, "ended by a signal"),
        (Signal::HUP, "ended by a signal"),
        (Signal::ABORT, "ended by a signal"),
        (Signal::SEGV, "ended by a signal"),
        (Signal::ALARM, "no judgement in time"),
    ] {
        let stage = stage();
        let (child, pid) = waiting(&stage);
        kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{signal:?}: {stderr}");
        assert!(stderr.contains(says), "{signal:?}: {stderr}");
    }
}

#[test]
fn an_input_that_never_ends_blocks() {
    let stage = stage();
    let (mut child, _) = waiting(&stage);
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let expected = "gate: error: standard input did not end in time; the call is blocked\n";
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(2), expected));
}

#[test]
fn whatever_becomes_of_a_member_an_asked_command_never_passes() {
    let others = [json!(null), json!(1), json!(""), json!([]), json!({}), json!("ls")];
    for agent in AGENTS {
        let stage = stage();
        let base = event(agent, &stage, &Doing::Command("git push --force"));
        for name in base.as_object().unwrap().keys() {
            for other in &others {
                let mut changed = base.clone();
                changed[name] = other.clone();
                let output = hook(&stage, agent, changed.to_string());
                let word = word(agent, &output);
                let names_another = ["hook_event_name", "tool_name", "toolName"].contains(&name.as_str());
                assert!(word != "passes" || names_another, "{agent}: {changed}");
            }
        }
        let text = base.to_string();
        for length in (0..text.len()).step_by(17) {
            assert_eq!(word(agent, &hook(&stage, agent, &text[..length])), "blocked", "{agent}: {length}");
        }
    }
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
