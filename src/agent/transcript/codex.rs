//! Codex's transcripts: `~/.codex/sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl`, one JSON object a line.
//!
//! A line is `{timestamp, type, payload}`; `session_meta` and `turn_context` say `cwd`, a `response_item` is what the model
//! answered. Before September 2025 the item stood on the line itself, without a time, after a first line with the session's.
//! A command is a `function_call` with JSON in `arguments`: `shell` and `container.exec` have `command` (a list) and `workdir`,
//! `shell_command` has `command` (a string), `exec_command` has `cmd` and perhaps `shell`; or a `local_shell_call`, whose
//! `action` has `command` and `working_directory`.
//!
//! Source: <https://github.com/openai/codex>, `codex-rs/protocol/src/models.rs` (`ResponseItem`, `ShellToolCallParams`,
//! `ShellCommandToolCallParams`, `LocalShellExecAction`), `codex-rs/protocol/src/protocol.rs` (`RolloutLine`) and
//! `codex-rs/core/src/tools/handlers/unified_exec.rs` (`ExecCommandArgs`). What is typed into a running command
//! (`write_stdin`) and edits of files (`apply_patch`) are no commands.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::loose::{List, Part, Text, Words};
use super::{Call, Finds, place, script};
use crate::command::{Command, Dialect, Source};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    timestamp: Text,
    #[serde(rename = "type")]
    kind: Text,
    payload: Part<Item>,
}

/// What the model answered, and what is said about a session or a turn.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    #[serde(rename = "type")]
    kind: Text,
    timestamp: Text,
    cwd: Text,
    name: Text,
    arguments: Text,
    call_id: Text,
    action: Part<Action>,
    content: List<Part<Content>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Action {
    command: Words,
    working_directory: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    text: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Arguments {
    command: Words,
    cmd: Text,
    shell: Text,
    workdir: Text,
}

/// What the lines so far say about the ones to come.
#[derive(Default)]
pub(super) struct Session {
    cwd: Option<PathBuf>,
    started: Option<Timestamp>,
}

impl Session {
    /// Finds the command in one line, if there is one.
    pub(super) fn line(&mut self, text: &[u8], found: &mut Finds<'_>) {
        let Ok(Part(entry)) = serde_json::from_slice::<Part<Entry>>(text) else {
            found.skipped.broken += 1;
            return;
        };
        match entry.kind.as_str() {
            Some("session_meta" | "turn_context") => self.learn(&entry.payload.0),
            Some("response_item") => self.item(&entry.payload.0, entry.timestamp.as_str(), found),
            Some("event_msg" | "compacted") => {}
            // The older form: the item, or the session's own facts, on the line itself.
            Some(_) | None => {
                let Part(item) = serde_json::from_slice::<Part<Item>>(text).unwrap_or_default();
                match item.kind.0 {
                    None => self.learn(&item),
                    Some(_) => self.item(&item, item.timestamp.as_str(), found),
                }
            }
        }
    }

    fn learn(&mut self, facts: &Item) {
        self.cwd = facts.cwd.as_str().map(PathBuf::from).or(self.cwd.take());
        self.started = self.started.or(time(facts.timestamp.as_str()));
    }

    fn item(&mut self, item: &Item, at: Option<&str>, found: &mut Finds<'_>) {
        let called = match item.kind.as_str() {
            Some("function_call") => match of_function(item) {
                Called::Not => return,
                called => called,
            },
            Some("local_shell_call") => {
                let Action { command, working_directory } = &item.action.0;
                of_words(command, None).map_or(Called::Empty, |source| {
                    Called::Command(source, working_directory.as_str().map(str::to_owned))
                })
            }
            Some("message") => return self.surroundings(item),
            _ => return,
        };
        let Called::Command(source, workdir) = called else {
            found.skipped.empty += 1;
            return;
        };
        if matches!(&source, Source::Argv(words) if words.first().is_some_and(|word| word == b"apply_patch"))
        {
            return;
        }
        let (cwd, nowhere) = self.directory(workdir.as_deref());
        let time = time(at).or(self.started);
        let call = Call { command: Command { source, cwd }, time, subagent: false, nowhere };
        found.call(item.call_id.as_str(), call);
    }

    /// In the older form only the message that tells the model its surroundings says the directory: `<cwd>DIR</cwd>`.
    fn surroundings(&mut self, item: &Item) {
        let texts = item.content.0.iter().filter_map(|part| part.0.text.as_str());
        let named =
            texts.filter(|text| text.trim_start().starts_with("<environment_context>")).find_map(|text| {
                let (_, rest) = text.split_once("<cwd>")?;
                Some(rest.split_once("</cwd>")?.0)
            });
        self.cwd = named.map(PathBuf::from).or(self.cwd.take());
    }

    fn directory(&self, workdir: Option<&str>) -> (PathBuf, bool) {
        let base = self.cwd.as_deref();
        let dir = match (base, workdir.filter(|dir| !dir.is_empty())) {
            (base, Some(dir)) => Some(base.unwrap_or(Path::new("")).join(dir)),
            (base, None) => base.map(Path::to_path_buf),
        };
        place(dir.as_deref().and_then(Path::to_str))
    }
}

/// What a call of a function asks for.
enum Called {
    /// No command.
    Not,
    /// A command that cannot be told.
    Empty,
    /// A command and the directory it names.
    Command(Source, Option<String>),
}

fn of_function(item: &Item) -> Called {
    let Some("shell" | "container.exec" | "local_shell" | "shell_command" | "exec_command") =
        item.name.as_str()
    else {
        return Called::Not;
    };
    let Part(arguments) = item
        .arguments
        .as_str()
        .and_then(|text| serde_json::from_str::<Part<Arguments>>(text).ok())
        .unwrap_or_default();
    let shell = arguments.shell.as_str();
    let source = match (&arguments.cmd.0, &arguments.command) {
        (Some(cmd), _) => Some(script(cmd, shell.and_then(dialect).unwrap_or(Dialect::Bash))),
        (None, words) => of_words(words, shell),
    };
    source.map_or(Called::Empty, |source| Called::Command(source, arguments.workdir.0))
}

/// Returns what a list of words starts: `bash -lc TEXT` is the text, for that shell; any other list is a program with its arguments.
fn of_words(words: &Words, shell: Option<&str>) -> Option<Source> {
    match words {
        Words::One(text) => Some(script(text, shell.and_then(dialect).unwrap_or(Dialect::Bash))),
        Words::Many(words) => match &words[..] {
            [] => None,
            [shell, option, text] if is_command_option(option) && dialect(shell).is_some() => {
                dialect(shell).map(|dialect| script(text, dialect))
            }
            words => Some(Source::Argv(words.iter().map(|word| word.clone().into_bytes()).collect())),
        },
        Words::None => None,
    }
}

fn is_command_option(word: &str) -> bool {
    matches!(word, "-c" | "-lc" | "-cl")
}

fn dialect(shell: &str) -> Option<Dialect> {
    match shell.rsplit('/').next()? {
        "bash" => Some(Dialect::Bash),
        "sh" | "dash" => Some(Dialect::Posix),
        "zsh" => Some(Dialect::Zsh),
        _ => None,
    }
}

fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}
