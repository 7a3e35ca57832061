//! A command for a shell, as a tool's input says it.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::Unreadable;

/// Where the command stands.
const COMMANDS: [&str; 2] = ["command", "cmd"];

/// Where a command may stand in a tool that nobody knows, in small letters; gate does not guess which of them counts.
const LIKE_COMMANDS: [&str; 4] = ["commandline", "command_line", "shell_command", "commands"];

/// Where the directory may stand in which a command runs: the names that agents document ([`super::Agent`]), and those that others take.
const DIRECTORIES: [&str; 12] = [
    "working_directory",
    "dir_path",
    "directory",
    "workdir",
    "cwd",
    "dir",
    "working_dir",
    "workingDirectory",
    "workingDir",
    "dirPath",
    "work_dir",
    "folder",
];

/// Members that change what a command does, and that no agent documents.
const BESIDE: [&str; 8] = ["args", "arguments", "argv", "env", "environment", "environ", "stdin", "envs"];

/// A command for a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// The script, or the argument vector of a program.
    pub command: Words,
    /// Why, in the agent's words.
    pub description: Option<String>,
    /// The shell that is to run it, if the call names one.
    pub runner: Option<String>,
    /// The directories that the call names, each by its member.
    pub(super) directories: Vec<(&'static str, PathBuf)>,
    /// The input's member that holds the command.
    pub(super) member: &'static str,
}

/// A command as a tool takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    Script(String),
    Argv(Vec<String>),
}

/// Claims that the input has a command.
pub(super) fn takes_command(map: &Map<String, Value>) -> bool {
    COMMANDS.iter().any(|member| map.contains_key(*member))
}

/// Claims that the input may have a command where gate does not know one: deeper, or by another name.
pub(super) fn may_take_command(map: &Map<String, Value>) -> bool {
    let is_given = |value: &Value| matches!(value, Value::String(_) | Value::Array(_));
    let mut rest = vec![map];
    while let Some(map) = rest.pop() {
        for (name, value) in map {
            let lower = name.to_ascii_lowercase();
            let names = COMMANDS.iter().chain(&LIKE_COMMANDS);
            if is_given(value) && names.into_iter().any(|known| *known == lower) {
                return true;
            }
            match value {
                Value::Object(map) => rest.push(map),
                Value::Array(items) => rest.extend(items.iter().filter_map(Value::as_object)),
                _ => {}
            }
        }
    }
    false
}

/// Returns what stands beside the command and would change it, if anything does.
pub(super) fn beside(map: &Map<String, Value>) -> Option<&'static str> {
    let is_set = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    };
    BESIDE.into_iter().find(|name| map.get(*name).is_some_and(is_set))
}

/// Returns the command that the input says.
///
/// # Errors
/// No command, two of them, or a member of another kind than the agents document.
pub(super) fn shell(map: &Map<String, Value>) -> Result<Shell, Unreadable> {
    let given: Vec<&'static str> = COMMANDS.into_iter().filter(|member| map.contains_key(*member)).collect();
    let member = *given.first().ok_or(Unreadable::Missing("command"))?;
    if let Some(other) = given.iter().find(|other| map[**other] != map[member]) {
        return Err(Unreadable::Differ { one: member, other });
    }
    // Some readers of JSON take any case for the name.
    let is_twin = |name: &String| name != member && name.eq_ignore_ascii_case(member);
    if let Some((name, _)) = map.iter().find(|(name, value)| is_twin(name) && **value != map[member]) {
        return Err(Unreadable::Wrong { name: name.clone(), expected: "member of its own" });
    }
    let command = match &map[member] {
        Value::String(text) => Words::Script(text.clone()),
        Value::Array(words) if !words.is_empty() => Words::Argv(strings(words, member)?),
        _ => return Err(Unreadable::Wrong { name: member.to_owned(), expected: "command" }),
    };
    let has_nul = match &command {
        Words::Script(text) => text.contains('\0'),
        Words::Argv(words) => words.iter().any(|word| word.contains('\0')),
    };
    if has_nul {
        return Err(Unreadable::Nul(member));
    }
    let (description, runner) = (description(map), text(map, "shell", "name of a shell")?);
    Ok(Shell { command, description, runner, directories: directories(map)?, member })
}

/// Returns the texts of a list.
///
/// # Errors
/// Anything else in it.
pub(super) fn strings(values: &[Value], name: &str) -> Result<Vec<String>, Unreadable> {
    let wrong = || Unreadable::Wrong { name: name.to_owned(), expected: "list of texts" };
    values.iter().map(|value| value.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}

/// Returns what the agent says of the call. It decides nothing, so that another kind of value is none.
fn description(map: &Map<String, Value>) -> Option<String> {
    let says = ["description", "justification", "explanation"];
    says.iter().find_map(|name| map.get(*name)?.as_str()).map(str::to_owned)
}

fn directories(map: &Map<String, Value>) -> Result<Vec<(&'static str, PathBuf)>, Unreadable> {
    let mut found: Vec<(&'static str, PathBuf)> = Vec::new();
    for name in DIRECTORIES {
        let Some(dir) = text(map, name, "path")?.map(PathBuf::from) else { continue };
        match found.first() {
            Some((one, known)) if *known != dir => return Err(Unreadable::Differ { one, other: name }),
            _ => found.push((name, dir)),
        }
    }
    Ok(found)
}

/// Returns a member that is text, if it is there and not empty.
fn text(
    map: &Map<String, Value>,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<String>, Unreadable> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.contains('\0') => Err(Unreadable::Nul(name)),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Unreadable::Wrong { name: name.to_owned(), expected }),
    }
}
