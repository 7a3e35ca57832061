//! `gate agent setup`, `gate agent list` and what the doctor makes of them, against scratch directories only.
//!
//! `tests/all/agent_setup/NAME.json` is what a fresh set-up writes for each agent: the golden files.

mod doctor;

use std::path::PathBuf;

use self::doctor::{at_home, doctor, installed};
use crate::stage::{Stage, set_mode, until};

/// A stage with a person's directory in which each agent was started once.
fn person() -> Stage {
    let stage = Stage::new();
    for dir in [".claude", ".codex", ".gemini", ".cursor", ".copilot"] {
        std::fs::create_dir_all(stage.root().join("person").join(dir)).unwrap();
    }
    stage
}

fn path(stage: &Stage, name: &str) -> PathBuf {
    stage.root().join("person").join(name)
}

fn has(stage: &Stage, name: &str, text: &str) {
    std::fs::write(path(stage, name), text).unwrap();
}

fn text(stage: &Stage, name: &str) -> String {
    std::fs::read_to_string(path(stage, name)).unwrap()
}

/// `gate agent ARGS… --directory PERSON`
fn gate<'a>(stage: &'a Stage, args: &[&str]) -> crate::stage::Run<'a> {
    let run = stage.gate(["agent"]);
    let run = args.iter().fold(run, |run, arg| run.arg(arg));
    run.arg("--directory").arg(stage.root().join("person")).env("PATH", "/usr/bin:/bin")
}

#[track_caller]
fn ends(stage: &Stage, args: &[&str], code: i32, said: &str) {
    let output = gate(stage, args).output();
    let root = stage.root().display().to_string();
    let stderr = String::from_utf8(output.stderr).unwrap().replace(&root, "[ROOT]");
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(said), "{stderr}");
}

/// The settings that gate writes, with placeholders for its own paths.
fn plain(stage: &Stage, text: &str) -> String {
    let gate = std::fs::canonicalize(env!("CARGO_BIN_EXE_gate")).unwrap();
    text.replace(&gate.display().to_string(), "[GATE]").replace(&stage.root().display().to_string(), "[ROOT]")
}

const AGENTS: [(&str, &str, &str); 5] = [
    ("claude", ".claude/settings.json", include_str!("agent_setup/claude.json")),
    ("codex", ".codex/hooks.json", include_str!("agent_setup/codex.json")),
    ("gemini", ".gemini/settings.json", include_str!("agent_setup/gemini.json")),
    ("cursor", ".cursor/hooks.json", include_str!("agent_setup/cursor.json")),
    ("copilot", ".copilot/hooks/gate.json", include_str!("agent_setup/copilot.json")),
];

#[test]
fn each_agents_settings_are_written_as_documented_and_gone_again() {
    let stage = person();
    for (agent, file, golden) in AGENTS {
        let again = format!(
            "`gate --home [ROOT]/home doctor --directory [ROOT]/person` tries it; `gate --home [ROOT]/home agent setup {agent} --undo --directory [ROOT]/person` takes it out again\n"
        );
        ends(&stage, &["setup", agent, "--yes"], 0, &again);
        assert_eq!(plain(&stage, &text(&stage, file)), golden, "{agent}");
        ends(&stage, &["setup", agent, "--yes"], 0, "is already set up in `");
        ends(&stage, &["setup", agent, "--undo", "--yes"], 0, "does not go through gate any more by `");
        assert!(!path(&stage, file).exists(), "{agent}: the file was gate's alone");
        ends(&stage, &["setup", agent, "--undo", "--yes"], 0, "nothing to undo");
    }
}

const BEFORE: &str = "{
  \"zzz\": 1.50,
  \"hooks\": {
    \"PreToolUse\": [
      { \"matcher\": \"Bash\", \"hooks\": [{ \"type\": \"command\", \"command\": \"lint\" }] }
    ]
  },
  \"aaa\": \"ü\"
}
";

#[test]
fn change_is_shown_and_nothing_happens_without_a_yes() {
    let stage = person();
    has(&stage, ".claude/settings.json", BEFORE);
    let run = gate(&stage, &["setup", "claude"]);
    let output = run.output();
    let shown = plain(&stage, &String::from_utf8(output.stdout).unwrap());
    let expected = "--- [ROOT]/person/.claude/settings.json
+++ [ROOT]/person/.claude/settings.json
@@ -2,7 +2,18 @@
   \"zzz\": 1.50,
   \"hooks\": {
     \"PreToolUse\": [
-      { \"matcher\": \"Bash\", \"hooks\": [{ \"type\": \"command\", \"command\": \"lint\" }] }
+      { \"matcher\": \"Bash\", \"hooks\": [{ \"type\": \"command\", \"command\": \"lint\" }] },
+      {
+        \"matcher\": \"*\",
+        \"hooks\": [
+          {
+            \"type\": \"command\",
+            \"command\": \"'[GATE]' --home '[ROOT]/home' hook claude || exit 2\",
+            \"timeout\": 300,
+            \"onFailure\": \"block\"
+          }
+        ]
+      }
     ]
   },
   \"aaa\": \"ü\"
";
    assert_eq!(shown, expected);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with("so nothing was changed; `--yes` makes the change\n"), "{said}");
    assert_eq!(text(&stage, ".claude/settings.json"), BEFORE);
}

#[test]
fn person_at_a_terminal_is_asked() {
    let stage = person();
    has(&stage, ".claude/settings.json", BEFORE);
    let answer = |keys: &str, args: &[&str]| {
        let mut terminal = gate(&stage, args).interactive();
        terminal.shows("make this change to `");
        terminal.shows("[y/N] ");
        terminal.send(keys);
        (terminal.code(), terminal.text())
    };
    let (code, shown) = answer("n\r", &["setup", "claude"]);
    assert_eq!((code, text(&stage, ".claude/settings.json").as_str()), (1, BEFORE));
    assert!(shown.contains("gate: nothing was changed\n"), "{shown}");
    assert!(shown.contains("\x1b[32m+"), "colour on a terminal: {shown}");
    assert_eq!(answer("y\r", &["setup", "claude"]).0, 0);
    assert_ne!(text(&stage, ".claude/settings.json"), BEFORE);
    assert_eq!(answer("y\r", &["setup", "claude", "--undo"]).0, 0);
    assert_eq!(text(&stage, ".claude/settings.json"), BEFORE, "byte for byte");
}

#[test]
fn undo_leaves_what_changed_meanwhile_and_every_copy_stays() {
    let stage = person();
    has(&stage, ".claude/settings.json", BEFORE);
    ends(&stage, &["setup", "claude", "--yes"], 0, "gate: kept what was there as `[ROOT]/home/agents/");
    let changed = text(&stage, ".claude/settings.json").replace("1.50", "2");
    has(&stage, ".claude/settings.json", &changed);
    ends(&stage, &["setup", "claude", "--undo", "--yes"], 0, "");
    assert_eq!(text(&stage, ".claude/settings.json"), BEFORE.replace("1.50", "2"));
    let copies: Vec<_> = std::fs::read_dir(stage.home().join("agents")).unwrap().collect();
    assert_eq!(copies.len(), 2);
}

#[test]
fn hook_that_begins_like_gates_and_does_more_is_somebody_elses() {
    let stage = person();
    let before = "{\"hooks\":{\"PreToolUse\":[{\"matcher\":\"*\",\"hooks\":[{\"type\":\"command\",\"command\":\"/opt/other/gate hook claude --and-mine; audit\"}]}]}}\n";
    has(&stage, ".claude/settings.json", before);
    ends(&stage, &["setup", "claude", "--undo", "--yes"], 0, "nothing to undo");
    assert_eq!(text(&stage, ".claude/settings.json"), before);
    let listed = String::from_utf8(gate(&stage, &["list"]).output().stdout).unwrap();
    let expected = "claude   changed since
         problem: a hook begins like gate's and is not gate's own, so that it is left alone: /opt/other/gate hook claude --and-mine; audit
";
    assert!(listed.starts_with(expected), "{listed}");
    ends(&stage, &["setup", "claude", "--yes"], 0, "gate: wrote `");
    let both = text(&stage, ".claude/settings.json");
    assert!(both.contains("--and-mine; audit") && both.contains("hook claude || exit 2"), "{both}");
    ends(&stage, &["setup", "claude", "--undo", "--yes"], 0, "");
    assert_eq!(text(&stage, ".claude/settings.json"), before, "byte for byte");
}

#[test]
fn link_to_a_repository_of_dotfiles_stays_a_link_and_the_mode_stays() {
    let stage = person();
    has(&stage, "dotfile.json", "{}\n");
    set_mode(&path(&stage, "dotfile.json"), 0o644);
    std::os::unix::fs::symlink("../dotfile.json", path(&stage, ".claude/settings.json")).unwrap();
    ends(&stage, &["setup", "claude", "--yes"], 0, "");
    assert!(text(&stage, "dotfile.json").contains("hook claude"));
    ends(&stage, &["setup", "claude", "--undo", "--yes"], 0, "");
    assert_eq!(text(&stage, "dotfile.json"), "{}\n");
    assert!(path(&stage, ".claude/settings.json").is_symlink());
    stage.program("stat", ["-c", "%a", "../person/dotfile.json"]).stdout("644\n").check();
}

#[test]
fn what_cannot_be_changed_safely_is_left_alone_and_told() {
    let stage = person();
    let case = |before: &str, said: &str| {
        has(&stage, ".claude/settings.json", before);
        ends(&stage, &["setup", "claude", "--yes"], 1, said);
        assert_eq!(text(&stage, ".claude/settings.json"), before);
    };
    case(
        "{ // mine\n}",
        "was left as it is: line 1, column 3: it has comments, which gate would have to take apart",
    );
    case("{\"a\": 1,}", "line 1, column 9: it has a trailing comma");
    case("{\"a\": ", "line 1, column 7: it ends where a value is expected");
    case("{\"hooks\": \"x\"}", "`hooks` is a string, expected an object");
    case("[]", "the whole is a list, expected an object");
    case(&" ".repeat(2 << 20), "it is larger than 1024 KiB");
    assert_eq!(std::fs::read_dir(stage.home()).unwrap().count(), 0, "no copy of what was not changed");
    std::fs::remove_dir_all(path(&stage, ".codex")).unwrap();
    ends(
        &stage,
        &["setup", "codex", "--yes"],
        1,
        "Codex was never started here: `[ROOT]/person/.codex` is not there; nothing was changed",
    );
    ends(&stage, &["setup", "codex", "--with", "shell", "--yes"], 1, "");
    ends(
        &stage,
        &["setup", "gemini", "--with", "shell", "--yes"],
        1,
        "no documented setting chooses the shell of this agent",
    );
    ends(&stage, &["setup", "aider", "--with", "hook", "--yes"], 1, "Aider has no hooks; use `--with shell`");
    ends(&stage, &["setup", "nobody"], 2, "invalid value 'nobody'");
}

#[test]
fn read_only_settings_are_left_alone() {
    let stage = person();
    has(&stage, ".claude/settings.json", "{}\n");
    set_mode(&path(&stage, ".claude/settings.json"), 0o444);
    ends(&stage, &["setup", "claude", "--yes"], 1, "failed to write `[ROOT]/person/.claude/settings.json`: ");
    assert_eq!(text(&stage, ".claude/settings.json"), "{}\n");
}

#[test]
fn gate_that_would_block_everything_is_not_set_up() {
    let stage = person().policy("[policy]\nversion = 9\n");
    ends(&stage, &["setup", "claude", "--yes"], 1, "gate: error: ");
    assert!(!path(&stage, ".claude/settings.json").exists());
}

#[test]
fn project_has_settings_of_its_own() {
    let stage = person();
    ends(
        &stage,
        &["setup", "claude", "--project", "--yes"],
        0,
        "gate: wrote `[ROOT]/work/.claude/settings.local.json`",
    );
    ends(
        &stage,
        &["setup", "copilot", "--project", "--yes"],
        0,
        "`gate --home [ROOT]/home agent setup copilot --project --undo --directory [ROOT]/person` takes it out again\n",
    );
    let listed = String::from_utf8(gate(&stage, &["list"]).output().stdout).unwrap();
    assert!(
        plain(&stage, &listed)
            .contains("claude   set up         hook `[GATE]`, by `[ROOT]/work/.claude/settings.local.json`"),
        "{listed}"
    );
    ends(&stage, &["setup", "claude", "--project", "--undo", "--yes"], 0, "");
    assert!(!stage.cwd().join(".claude/settings.local.json").exists());
}

#[test]
fn agents_own_variable_is_followed_and_said() {
    let stage = person();
    let elsewhere = stage.root().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let run = stage.gate(["agent", "setup", "claude", "--yes"]).env("CLAUDE_CONFIG_DIR", &elsewhere);
    let said = String::from_utf8(run.output().stderr).unwrap();
    let expected = format!(
        "gate: `CLAUDE_CONFIG_DIR` says that Claude Code keeps its settings in `{}`\n",
        elsewhere.display()
    );
    assert!(said.starts_with(&expected), "{said}");
    assert!(elsewhere.join("settings.json").exists());
}

#[test]
fn list_says_how_each_agent_stands_and_what_is_wrong() {
    let stage = person();
    std::fs::remove_dir_all(path(&stage, ".cursor")).unwrap();
    std::fs::remove_dir_all(path(&stage, ".copilot")).unwrap();
    let old = "{\"hooks\":{\"PreToolUse\":[{\"matcher\":\"*\",\"hooks\":[{\"type\":\"command\",\"command\":\"'/gone/gate' hook claude\"}]}]},\"disableAllHooks\":true}";
    has(&stage, ".claude/settings.json", old);
    has(&stage, ".codex/config.toml", "[features]\nhooks = false\n");
    ends(&stage, &["setup", "codex", "--yes"], 0, "type `/hooks` and trust this one");
    let listed = String::from_utf8(gate(&stage, &["list"]).output().stdout).unwrap();
    let expected = "claude   changed since  hook `/gone/gate`, by `[ROOT]/person/.claude/settings.json`
         problem: the agent would go on if gate were missing: `|| exit 2` is not there
         problem: `/gone/gate` is not there
         problem: `[ROOT]/person/.claude/settings.json`: `disableAllHooks` turns hooks off
         note: it takes gate's policy from the usual place
codex    partly set up  hook `[GATE]`, by `[ROOT]/person/.codex/hooks.json`
         problem: `[ROOT]/person/.codex/config.toml`: `features.hooks = false` turns hooks off
gemini   not set up     `gate --home [ROOT]/home agent setup gemini --directory [ROOT]/person`
cursor   not installed
copilot  not installed
aider    not installed
";
    assert_eq!(plain(&stage, &listed), expected);
    let json = gate(&stage, &["list", "--json"]).output().stdout;
    let all: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&all[0]["set_up"], &all[2]["set_up"]), (&"hook".into(), &"none".into()), "{all}");
    assert_eq!(all[0]["command"], "'/gone/gate' hook claude");
    let states: Vec<_> = all.as_array().unwrap().iter().filter_map(|one| one["state"].as_str()).collect();
    assert_eq!(
        states,
        ["changed since", "partly set up", "not set up", "not installed", "not installed", "not installed"]
    );
    has(&stage, ".gemini/settings.json", "{");
    let listed = String::from_utf8(gate(&stage, &["list"]).output().stdout).unwrap();
    assert!(listed.contains("gemini   unknown\n         problem: "), "{listed}");
    ends(&stage, &["setup", "claude", "--yes"], 0, "");
    assert!(!text(&stage, ".claude/settings.json").contains("/gone/gate"), "an old path is mended");
}

#[test]
fn what_a_project_puts_around_the_hook_is_said() {
    let stage = person();
    let gate_of = |agent: &str| ends(&stage, &["setup", agent, "--yes"], 0, "");
    ["claude", "codex", "gemini", "cursor", "copilot"].into_iter().for_each(gate_of);
    let listed = || plain(&stage, &String::from_utf8(gate(&stage, &["list"]).output().stdout).unwrap());
    assert!(!listed().contains("problem:") && !listed().contains("note:"), "{}", listed());
    let claude = r#"{"disableAllHooks": 1, "env": {"CLAUDE_CODE_SHELL": "/tmp/sh", "CLAUDE_CODE_SHELL_PREFIX": "audit", "BASH_ENV": "x"},
        "hooks": {"PreToolUse": [{"matcher": "*", "hooks": [{"type": "command", "command": "lint"}, {"type": "prompt", "prompt": "ask"}]}]}}"#;
    let with_hook =
        |event: &str| format!(r#"{{"hooks": {{"{event}": [{{"hooks": [{{"command": "lint"}}]}}]}}}}"#);
    let flat = r#"{"version": 1, "hooks": {"beforeShellExecution": [{"command": "lint"}]}}"#;
    for (file, text) in [
        (".claude/settings.json", format!("\u{feff}{claude}")),
        (".claude/settings.local.json", r#"{"env": {"CLAUDE_CODE_SHELL": "/bin/zsh"}}"#.to_owned()),
        (".codex/hooks.json", with_hook("PreToolUse")),
        (".codex/config.toml", "[[hooks.PreToolUse]]\nhooks = [{ command = \"lint2\" }]\n".to_owned()),
        (".gemini/settings.json", "{ // off\n \"hooksConfig\": { \"enabled\": false, }, }".to_owned()),
        (".cursor/hooks.json", flat.to_owned()),
        (
            ".github/hooks/more.json",
            r#"{"version": 1, "hooks": {"preToolUse": [{"bash": "lint"}]}, /* x */ "disableAllHooks": true}"#
                .to_owned(),
        ),
    ] {
        let path = stage.cwd().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let other = |file: &str, command: &str| {
        format!(
            "note: `[ROOT]/work/{file}` has another hook; if it changes a command, gate judged another one: {command}\n"
        )
    };
    let shared = |what: &str| format!("problem: `[ROOT]/work/.claude/settings.json`: {what}\n");
    let listed = listed();
    for line in [
        shared("`disableAllHooks` turns hooks off"),
        shared("its `CLAUDE_CODE_SHELL` runs what the hook let pass in `/tmp/sh`"),
        shared("its `CLAUDE_CODE_SHELL_PREFIX` puts `audit` before every command that gate let pass"),
        shared("its `BASH_ENV` runs `x` before every command that gate let pass"),
        other(".claude/settings.json", "lint"),
        other(".claude/settings.json", "ask"),
        other(".codex/hooks.json", "lint"),
        other(".codex/config.toml", "lint2"),
        "problem: `[ROOT]/work/.gemini/settings.json`: `hooksConfig.enabled = false` turns hooks off\n"
            .to_owned(),
        other(".cursor/hooks.json", "lint"),
        other(".github/hooks/more.json", "lint"),
        "problem: `[ROOT]/work/.github/hooks/more.json`: `disableAllHooks` turns hooks off\n".to_owned(),
    ] {
        assert!(listed.contains(&line), "{line} is not in\n{listed}");
    }
    assert!(!listed.contains("settings.local.json"), "{listed}");
    // What Claude Code discards with the whole file is not said to hold.
    std::fs::write(stage.cwd().join(".claude/settings.json"), format!("// x\n{claude}")).unwrap();
    let listed = String::from_utf8(gate(&stage, &["list"]).output().stdout).unwrap();
    assert!(listed.contains("/work/.claude/settings.json` was not looked at: "), "{listed}");
    doctor(&stage, &["note     agent     codex: `[ROOT]/work/.codex/hooks.json` has another hook; "], 1);
}

#[test]
fn readme_shows_what_a_person_sees() {
    let readme = include_str!("../../README.md");
    let blocks: Vec<&str> =
        readme.split("```text agent\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [set_up, tried] = &blocks[..] else { panic!("{} blocks", blocks.len()) };
    let stage = person();
    let gate = installed(&stage);
    let seen = |command: &str| {
        let script = format!("exec 2>&1; exec {} {command}", gate.display());
        let output = at_home(&stage, std::path::Path::new("/bin/sh"), &["-c", &script]).output();
        let text = String::from_utf8(output.stdout).unwrap();
        text.replace(&path(&stage, "").display().to_string(), "/home/mara/")
    };
    // Here nobody is at a terminal to answer.
    let asked =
        set_up.lines().filter(|line| !line.starts_with("$ ") && !line.starts_with("make this change"));
    let asked: String = asked.map(|line| format!("{line}\n")).collect();
    assert_eq!(seen("agent setup claude --yes"), asked);
    let all = seen("doctor");
    assert!(all.contains(tried), "{all}");
}

#[test]
fn hook_and_shell_are_not_set_up_together() {
    let stage = person();
    let gate = installed(&stage);
    let ran = |args: &[&str]| {
        let output = at_home(&stage, &gate, args).output();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(ran(&["agent", "setup", "claude", "--project", "--with", "shell", "--yes"]).0, Some(0));
    let (code, said) = ran(&["agent", "setup", "claude", "--yes"]);
    let expected = format!(
        "gate: Claude Code goes through gate by `{}/.claude/settings.local.json` already; nothing was changed
gate: hint: with a hook and the shell together every command is judged twice; take the other out first, with `--undo`
",
        stage.cwd().display()
    );
    assert_eq!((code, said), (Some(1), expected));
    let hook = "'/opt/gate' hook claude || exit 2";
    let group = serde_json::json!({ "matcher": "*", "hooks": [{ "type": "command", "command": hook }] });
    has(
        &stage,
        ".claude/settings.json",
        &serde_json::json!({ "hooks": { "PreToolUse": [group] } }).to_string(),
    );
    let listed = at_home(&stage, &gate, &["agent", "list"]).output().stdout;
    let listed = String::from_utf8(listed).unwrap();
    let twice = "problem: a hook and the shell both lead to gate, so that every command is judged twice\n";
    assert!(listed.contains(twice), "{listed}");
}

#[test]
fn shell_is_not_set_up_where_it_would_judge_by_another_policy() {
    let stage = person();
    ends(
        &stage,
        &["setup", "claude", "--with", "shell", "--yes"],
        1,
        "a shell cannot be told `--home`; set it up without that",
    );
}

fn judged(stage: &Stage, command: &str) -> serde_json::Value {
    let output = stage.gate(["explain", "--json", "-c", command]).output();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn set_up_that_does_not_hold_is_told_at_once() {
    let stage = person();
    has(&stage, ".claude/settings.json", "{\"disableAllHooks\": true}\n");
    let problem = "gate: problem: `[ROOT]/person/.claude/settings.json`: `disableAllHooks` turns hooks off\n";
    ends(&stage, &["setup", "claude", "--yes"], 0, problem);
    ends(&stage, &["setup", "claude", "--yes"], 0, problem);
}

#[test]
fn agent_that_comes_by_another_way_is_refused_as_well() {
    let stage = person();
    ends(&stage, &["setup", "claude", "--yes"], 0, "");
    let before = text(&stage, ".claude/settings.json");
    let output = gate(&stage, &["setup", "claude", "--undo", "--yes"]).env("CLAUDECODE", "1").output();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = "gate: agent:claude-code may not change how agents go through gate
gate: hint: agent: `CLAUDECODE` is set; on behalf of: it runs as this user; a person does that in a terminal of their own
";
    assert_eq!(said, expected);
    assert_eq!(text(&stage, ".claude/settings.json"), before);
}

#[test]
fn agent_can_neither_set_itself_up_nor_take_it_back() {
    let stage = person();
    for command in
        ["gate agent setup claude --undo --yes", "rm -rf ~/.claude", "rm ~/.copilot/hooks/gate.json"]
    {
        let judged = judged(&stage, command);
        assert_eq!(judged["verdict"], "deny", "{command}: {judged}");
    }
}

#[test]
fn files_below_the_given_directory_are_gates_own() {
    let stage = person();
    let home = stage.home().display().to_string();
    std::os::unix::fs::symlink(stage.home(), stage.cwd().join("link")).unwrap();
    for command in [
        format!("echo x >> {home}/policy.toml"),
        format!("rm -r {home}"),
        format!("touch {home}/runs/x"),
        "cp a ../home/gate.db".to_owned(),
        "tee link/policy.toml".to_owned(),
    ] {
        let judged = judged(&stage, &command);
        assert_eq!(judged["verdict"], "deny", "{command}: {judged}");
    }
    assert_ne!(judged(&stage, &format!("touch {home}s"))["verdict"], "deny");
}

#[test]
fn two_at_once_lose_nothing() {
    let stage = person();
    has(&stage, ".claude/settings.json", BEFORE);
    let mut both: Vec<_> = (0..2).map(|_| gate(&stage, &["setup", "claude", "--yes"]).spawn_only()).collect();
    for child in &mut both {
        until("both to end", || child.try_wait().unwrap());
    }
    let settings: serde_json::Value = serde_json::from_str(&text(&stage, ".claude/settings.json")).unwrap();
    assert_eq!(settings["hooks"]["PreToolUse"].as_array().unwrap().len(), 2, "{settings}");
}
