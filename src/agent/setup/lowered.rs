//! Other settings of an agent that keep it from asking gate: switches, and files that take precedence.
//!
//! Sources: the table of [`super::Agent`]. What cannot be read is a note, because the agents also take forms that gate does not.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::settings::is_link;
use super::{Agent, Mode, Own, Places, Scope, aider, file};

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

/// Looks through the other settings of an agent that goes through gate by `mode`.
pub(super) fn look(agent: Agent, mode: Mode, places: &Places, own: &Own) -> Lowered {
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
        match value(agent, &text) {
            Ok(value) => one(&mut found, agent, mode, &path, &value, own),
            Err(error) => found.notes.push(format!("`{}` was not looked at: {error}", path.display())),
        }
    }
    found
}

fn value(agent: Agent, text: &str) -> Result<Value, String> {
    if agent == Agent::Codex {
        return toml::from_str(text).map_err(|error| error.message().to_owned());
    }
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
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
        Agent::Codex => vec![dir.join("config.toml"), project(".codex/config.toml")],
        Agent::Gemini => vec![
            dir.join("settings.json"),
            project(".gemini/settings.json"),
            "/etc/gemini-cli/settings.json".into(),
        ],
        Agent::Copilot => vec![
            agent.file(Scope::User, places),
            dir.join("settings.json"),
            dir.join("config.json"),
            project(".github/copilot/settings.json"),
            project(".github/copilot/settings.local.json"),
        ],
        Agent::Aider => vec![agent.file(Scope::User, places), agent.file(Scope::Project, places)],
        Agent::Cursor => Vec::new(),
    }
}

fn one(found: &mut Lowered, agent: Agent, mode: Mode, path: &Path, value: &Value, own: &Own) {
    let is_off = |section: &str, key: &str| value[section][key] == Value::Bool(false);
    match (agent, mode) {
        (Agent::Claude | Agent::Copilot, Mode::Hook) => {
            if value["disableAllHooks"] == Value::Bool(true) {
                found.problem(path, "`disableAllHooks` turns hooks off");
            }
            if value["allowManagedHooksOnly"] == Value::Bool(true) {
                found.problem(path, "`allowManagedHooksOnly` turns hooks of the user off");
            }
        }
        (Agent::Claude, Mode::Shell) => {
            let shell = value["env"][super::settings::SHELL].as_str();
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
