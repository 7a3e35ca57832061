//! Other settings of an agent that keep it from asking gate, or from running what gate judged: switches, other shells, other hooks.
//!
//! Sources: the table of [`super::Agent`], <https://code.claude.com/docs/en/env-vars>. What cannot be read is a note. Claude Code takes a
//! mark of the byte order before its JSON and discards a file with comments (anthropics/claude-code issues 81355 and 83190), Gemini CLI
//! takes comments (`packages/cli/src/config/settings.ts`); of the others that is not documented, so that what stands behind a comment counts.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::entry::called;
use super::settings::{SHELL, is_link};
use super::{Agent, Mode, Own, Places, Scope, aider, file, loose};

/// The variable by which Claude Code puts a program before every command.
const PREFIX: &str = "CLAUDE_CODE_SHELL_PREFIX";

/// The shells that gate judges for, where they always are.
const SHELLS: [&str; 6] =
    ["/bin/bash", "/usr/bin/bash", "/bin/sh", "/usr/bin/sh", "/bin/zsh", "/usr/bin/zsh"];

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lowered {
    pub(super) problems: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl Lowered {
    fn problem(&mut self, path: &Path, what: &str) {
        self.problems.push(format!("`{}`: {what}", path.display()));
    }
}

/// Looks through the settings of an agent that goes through gate by `mode`, as `standing` says; the hooks there are looked at elsewhere.
pub(super) fn look(agent: Agent, mode: Mode, standing: &Path, places: &Places, own: &Own) -> Lowered {
    let mut found = Lowered::default();
    for path in files(agent, places) {
        let text = match file::read(&path) {
            Ok(file::Settings { text: Some(text), .. }) => text,
            Ok(_) => continue,
            Err(error) => {
                found.notes.push(format!("{error:#}; not looked at"));
                continue;
            }
        };
        if agent == Agent::Aider {
            if aider::sets_variables(&text) {
                found.problem(&path, "its `set-env` takes the place of gate's");
            }
            continue;
        }
        let value = match value(agent, &text) {
            Ok(value) => value,
            Err(error) => {
                found.notes.push(format!("`{}` was not looked at: {error}", path.display()));
                continue;
            }
        };
        one(&mut found, agent, mode, &path, &value, own);
        if agent == Agent::Claude {
            variables(&mut found, mode, &path, &value);
        }
        if mode == Mode::Hook && path != standing {
            let others = others(agent, &value).into_iter().map(|other| {
                format!(
                    "`{}` has another hook; if it changes a command, gate judged another one: {other}",
                    path.display()
                )
            });
            found.notes.extend(others);
        }
    }
    found
}

fn value(agent: Agent, text: &str) -> Result<Value, String> {
    if agent == Agent::Codex && !text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        return toml::from_str(text).map_err(|error| error.message().to_owned());
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).or_else(|error| match agent {
        Agent::Claude => Err(error.to_string()),
        _ => serde_json::from_str(&loose::strict(text)).map_err(|_| error.to_string()),
    })
}

/// Looks for variables by which Claude Code runs what a hook let pass in another shell, or behind another program.
fn variables(found: &mut Lowered, mode: Mode, path: &Path, value: &Value) {
    let of = |name: &str| value["env"][name].as_str().filter(|value| !value.is_empty());
    if let Some(shell) = of(SHELL).filter(|_| mode == Mode::Hook) {
        if is_link(shell) {
            found.problem(
                path,
                &format!("its `{SHELL}` leads to gate as well, so that every command is judged twice"),
            );
        } else if !SHELLS.contains(&shell) {
            found.problem(path, &format!("its `{SHELL}` runs what the hook let pass in `{shell}`"));
        }
    }
    if let Some(prefix) = of(PREFIX) {
        found.problem(
            path,
            &format!("its `{PREFIX}` puts `{prefix}` before every command that gate let pass"),
        );
    }
    if let Some(file) = of("BASH_ENV") {
        found.problem(path, &format!("its `BASH_ENV` runs `{file}` before every command that gate let pass"));
    }
}

/// Returns what the hooks before a tool is used run, but for gate's own.
fn others(agent: Agent, value: &Value) -> Vec<String> {
    let Some(events) = value["hooks"].as_object() else { return Vec::new() };
    let is_before = |name: &str| {
        name.eq_ignore_ascii_case(agent.event())
            || (agent == Agent::Cursor && name.eq_ignore_ascii_case("beforeShellExecution"))
    };
    let items = events.iter().filter(|(name, _)| is_before(name)).filter_map(|(_, items)| items.as_array());
    let groups = items
        .flatten()
        .map(|item| item["hooks"].as_array().map_or(vec![item], |hooks| hooks.iter().collect()));
    let said = groups.flatten().map(|hook| {
        let names = ["command", "bash", "powershell", "url", "prompt", "type"];
        names.iter().find_map(|name| hook[*name].as_str()).unwrap_or("of an unknown form").to_owned()
    });
    said.filter(|command| called(command).is_none()).collect()
}

/// Returns the files that have a say beside the one that gate writes to.
fn files(agent: Agent, places: &Places) -> Vec<PathBuf> {
    let (dir, _) = agent.directory(places);
    let project = |name: &str| places.project.join(name);
    match agent {
        Agent::Claude => vec![
            dir.join("settings.json"),
            project(".claude/settings.json"),
            project(".claude/settings.local.json"),
            "/etc/claude-code/managed-settings.json".into(),
        ],
        Agent::Codex => vec![
            dir.join("config.toml"),
            project(".codex/config.toml"),
            dir.join("hooks.json"),
            project(".codex/hooks.json"),
        ],
        Agent::Gemini => vec![
            dir.join("settings.json"),
            project(".gemini/settings.json"),
            "/etc/gemini-cli/settings.json".into(),
        ],
        Agent::Copilot => {
            let mut files = in_directory(&dir.join("hooks"));
            files.extend(in_directory(&project(".github/hooks")));
            files.extend([dir.join("settings.json"), dir.join("config.json")]);
            let settings = ["settings.json", "settings.local.json"];
            files.extend(settings.map(|name| project(".github/copilot").join(name)));
            files
        }
        Agent::Aider => vec![agent.file(Scope::User, places), agent.file(Scope::Project, places)],
        Agent::Cursor => {
            vec![dir.join("hooks.json"), project(".cursor/hooks.json"), "/etc/cursor/hooks.json".into()]
        }
    }
}

/// Returns the files of JSON in `dir`, in the order of their names.
fn in_directory(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    files
}

fn one(found: &mut Lowered, agent: Agent, mode: Mode, path: &Path, value: &Value, own: &Own) {
    let is_off = |section: &str, key: &str| value[section][key] == Value::Bool(false);
    match (agent, mode) {
        (Agent::Claude | Agent::Copilot, Mode::Hook) => {
            if !matches!(value["disableAllHooks"], Value::Null | Value::Bool(false)) {
                found.problem(path, "`disableAllHooks` turns hooks off");
            }
            if !matches!(value["allowManagedHooksOnly"], Value::Null | Value::Bool(false)) {
                found.problem(path, "`allowManagedHooksOnly` turns hooks of the user off");
            }
        }
        (Agent::Claude, Mode::Shell) => {
            let shell = value["env"][SHELL].as_str();
            if shell.is_some_and(|shell| !is_link(shell)) {
                found.problem(path, "its `CLAUDE_CODE_SHELL` takes the place of gate's");
            }
        }
        (Agent::Codex, _) => {
            for key in ["hooks", "codex_hooks"].into_iter().filter(|key| is_off("features", key)) {
                found.problem(path, &format!("`features.{key} = false` turns hooks off"));
            }
        }
        (Agent::Gemini, _) => {
            for (section, key) in [("hooksConfig", "enabled"), ("hooks", "enabled"), ("tools", "enableHooks")]
            {
                if is_off(section, key) {
                    found.problem(path, &format!("`{section}.{key} = false` turns hooks off"));
                }
            }
            let lists = [&value["hooksConfig"]["disabled"], &value["hooks"]["disabled"]];
            let mut names = lists.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
            let gate = own.gate.display().to_string();
            if names.any(|name| name == "gate" || name.contains(&gate)) {
                found.problem(path, "gate's hook is in the list `disabled`");
            }
        }
        (Agent::Cursor | Agent::Aider | Agent::Copilot, _) => {}
    }
}
