//! Agents at work behind gate: stand-ins call it exactly as each of them calls its shell (`tests/agents/`).

use std::path::PathBuf;

use crate::stage::{Run, Stage, until};

const POLICY: &str = r#"
[policy]
version = 1
default = "allow"

[[rule]]
id = "test.touch"
verdict = "ask"
risk = "high"
reason = "a test asks"
match = { program = "touch" }

[[rule]]
id = "test.frob"
verdict = "deny"
reason = "a test refuses"
match = { program = "frob" }
"#;

const REFUSED: &str = "gate: refused by rule `test.frob`: a test refuses\ngate: not run: frob --hard\ngate: hint: leave it, or let a person change the rule\n";
const ASKED: &str = "gate: waiting for approval [ID] (high: a test asks); answer with `gate inbox`\ngate: approved by me via tty: by a test\n";

/// A person's machine: gate under the name of a shell, the policy, a directory to work in.
fn person() -> Stage {
    let stage = Stage::new().file("sub/notes.txt", "hello\n");
    for dir in [".config/gate", "shells"] {
        std::fs::create_dir_all(stage.person().join(dir)).unwrap();
    }
    std::fs::write(stage.person().join(".config/gate/policy.toml"), POLICY).unwrap();
    std::fs::write(stage.person().join(".bashrc"), "greet() { echo \"hello $1\"; }\n").unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_gate"), link(&stage)).unwrap();
    stage
}

fn link(stage: &Stage) -> PathBuf {
    stage.person().join("shells/bash")
}

/// Returns a run of a stand-in.
fn agent<'a>(stage: &'a Stage, name: &str, args: &[&str]) -> Run<'a> {
    let script = format!("{}/tests/agents/{name}.py", env!("CARGO_MANIFEST_DIR"));
    stage.as_person("python3", std::iter::once(script.as_str()).chain(args.iter().copied()))
}

/// Approves, as a person does in another terminal.
fn approve(stage: &Stage, id: &str) {
    let run = stage.as_person(env!("CARGO_BIN_EXE_gate"), ["approve", id, "--yes", "-m", "by a test"]);
    let output = run.on_terminal().output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Lets the agent work until it waits, approves that, and compares all that it printed.
#[track_caller]
fn works(stage: &Stage, run: Run<'_>, stdout: &str) {
    let waiting = run.start();
    assert!(!stage.cwd().join("sub/made").exists());
    approve(stage, waiting.id());
    waiting.stdout(stdout).stderr(&format!("{REFUSED}{ASKED}")).check();
    assert!(stage.cwd().join("sub/made").exists());
}

/// Returns the scripts that were judged, as the record shows them.
fn judged(stage: &Stage) -> Vec<String> {
    let output = stage.as_person(env!("CARGO_BIN_EXE_gate"), ["audit", "log", "--json"]).output();
    let lines = String::from_utf8(output.stdout).unwrap();
    let entries = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let scripts = entries.filter(|entry| entry["type"] == "judged" || entry["type"] == "request.created");
    scripts.filter_map(|entry| entry["action"]["script"].as_str().map(str::to_owned)).collect()
}

const CLAUDE: [&str; 5] =
    ["cat sub/notes.txt", "cd sub", "echo 'now in' \"$(basename \"$PWD\")\"", "frob --hard", "touch made"];
const CLAUDE_PRINTS: &str = "> cat sub/notes.txt\nhello\n[exit 0]\n> cd sub\n[exit 0]\n> echo 'now in' \"$(basename \"$PWD\")\"\nnow in sub\n[exit 0]\n> frob --hard\n[exit 126]\n> touch made\n[exit 0]\n";

#[test]
fn claude_code_works_with_gate_as_its_shell() {
    let stage = person();
    let run = agent(&stage, "claude", &[&CLAUDE[..], &["pwd -P"]].concat());
    let prints = format!("start-up: a snapshot\n{CLAUDE_PRINTS}> pwd -P\n[ROOT]/work/sub\n[exit 0]\n");
    works(&stage, run.env("CLAUDE_CODE_SHELL", link(&stage)), &prints);
    let all = judged(&stage);
    assert!(all[0].starts_with("SNAPSHOT_FILE="), "{all:?}");
    let own: Vec<&str> = all[1..].iter().map(String::as_str).filter(|text| *text != "touch made").collect();
    assert_eq!(own, [&CLAUDE[..4], &["pwd -P"]].concat());
}

#[test]
fn claude_code_works_with_gate_as_the_shell_of_the_environment() {
    let stage = person();
    let run = agent(&stage, "claude", &CLAUDE).env("SHELL", link(&stage));
    works(&stage, run, &format!("start-up: a snapshot\n{CLAUDE_PRINTS}"));
}

#[test]
fn claude_code_works_with_gate_as_its_prefix() {
    let stage = person();
    let run = agent(&stage, "claude", &CLAUDE).env("CLAUDE_CODE_SHELL_PREFIX", env!("CARGO_BIN_EXE_gate"));
    works(&stage, run, &format!("start-up: a snapshot\n{CLAUDE_PRINTS}"));
    assert_eq!(judged(&stage)[0], CLAUDE[0]);
}

const CODEX: [&str; 7] = [
    "cat sub/notes.txt",
    "cd sub && basename \"$PWD\"",
    "@sub",
    "basename \"$PWD\"",
    "frob --hard",
    "touch made",
    "ls",
];
const CODEX_PRINTS: &str = "> cat sub/notes.txt\nhello\n[exit 0]\n> cd sub && basename \"$PWD\"\nsub\n[exit 0]\n> basename \"$PWD\"\nsub\n[exit 0]\n> frob --hard\n[exit 126]\n> touch made\n[exit 0]\n> ls\nmade\nnotes.txt\n[exit 0]\n";

#[test]
fn codex_works_with_gate_as_the_shell_of_the_password_database() {
    let stage = person();
    works(&stage, agent(&stage, "codex", &CODEX), CODEX_PRINTS);
    assert_eq!(judged(&stage)[0], CODEX[0]);
}

#[test]
fn codex_works_with_a_snapshot_and_asks_once() {
    let stage = person();
    let run = agent(&stage, "codex", &[&["--snapshot"], &CODEX[..]].concat());
    works(&stage, run, &format!("start-up: a snapshot\n{CODEX_PRINTS}"));
}

#[test]
fn gemini_cli_works_with_gate_before_bash_on_its_path() {
    let stage = person();
    let path = format!("{}:/usr/bin:/bin", stage.person().join("shells").display());
    let run = agent(&stage, "gemini", &CODEX).env("PATH", path);
    works(&stage, run, CODEX_PRINTS);
    assert_eq!(judged(&stage)[0], CODEX[0]);
}

#[test]
fn aider_works_with_gate_as_its_shell_on_a_terminal() {
    for with_i in [true, false] {
        let stage = person();
        let commands = ["cat sub/notes.txt", "cd sub && basename \"$PWD\"", "frob --hard", "touch sub/made"];
        let mut run = agent(&stage, "aider", &commands).env("SHELL", link(&stage));
        if !with_i {
            run = run.env("AIDER_WITHOUT_I", "1");
        }
        let mut terminal = run.interactive();
        terminal.shows("waiting for approval ");
        let id = until("the request's id", || {
            let text = terminal.text();
            let id: String = text.split("waiting for approval ").nth(1)?.chars().take(14).collect();
            (id.len() == 14).then_some(id)
        });
        approve(&stage, &id);
        assert_eq!(terminal.code(), 0, "{}", terminal.text());
        let asked = ASKED.replace("[ID]", &id);
        let prints = format!(
            "> cat sub/notes.txt\nhello\n[exit 0]\n> cd sub && basename \"$PWD\"\nsub\n[exit 0]\n> frob --hard\n{REFUSED}[exit 126]\n> touch sub/made\n{asked}[exit 0]\n"
        );
        assert_eq!(terminal.text(), prints);
        assert!(stage.cwd().join("sub/made").exists());
    }
}
