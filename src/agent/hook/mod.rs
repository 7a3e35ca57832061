//! The hooks of the known agents, as pure functions: what an agent sends becomes an [`Event`], and an [`Answer`] becomes the [`Reply`] it understands.
//!
//! MUST rules:
//! 1. What cannot be read for certain is an error, and an error blocks: no default, no first of two values, no guess.
//! 2. A pass is neutral wherever the format knows that: the agent's own permission rules stay in force.
//! 3. Only a format whose public documentation says that it takes another input gets one; all others are told what to run.
//!
//! | agent | source of its format |
//! |---|---|
//! | Claude Code | <https://code.claude.com/docs/en/hooks> (`PreToolUse`) |
//! | Codex | <https://learn.chatgpt.com/docs/hooks>, openai/codex `codex-rs/hooks/schema/generated/pre-tool-use.command.*.json` |
//! | Gemini CLI | <https://geminicli.com/docs/hooks/reference> (`BeforeTool`) |
//! | Cursor | <https://cursor.com/docs/hooks> (`preToolUse`, `beforeShellExecution`) |
//! | Copilot | <https://docs.github.com/en/copilot/reference/hooks-reference> (`preToolUse`) |

mod edits;
mod event;
mod form;
mod json;
mod line;
mod patch;
mod server;
mod shells;
mod tools;

use std::path::PathBuf;

pub use event::read;
pub use form::{Form, Reply};
pub use line::{instruction, rewritten};
pub use shells::{Shell, Words};
pub use tools::{Edit, Tool};

/// An agent whose hooks gate answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    Claude,
    Codex,
    Gemini,
    Cursor,
    Copilot,
}

impl Agent {
    /// All of them, in the order of the documentation.
    pub const ALL: [Agent; 5] = [Agent::Claude, Agent::Codex, Agent::Gemini, Agent::Cursor, Agent::Copilot];

    /// Returns the name that `gate hook` takes.
    pub fn name(self) -> &'static str {
        match self {
            Agent::Claude => "claude",
            Agent::Codex => "codex",
            Agent::Gemini => "gemini",
            Agent::Cursor => "cursor",
            Agent::Copilot => "copilot",
        }
    }

    /// Returns the name by which rules and the log know it as a requester: the one that [`detect`](crate::agent::detect()) finds.
    pub fn requester(self) -> &'static str {
        match self {
            Agent::Claude => "claude-code",
            Agent::Codex => "codex",
            Agent::Gemini => "gemini-cli",
            Agent::Cursor => "cursor",
            Agent::Copilot => "copilot-cli",
        }
    }

    /// Returns the member by which a call of the agent's shell tool names another directory, where its makers document one.
    ///
    /// Sources: openai/codex `codex-rs/core/src/tools/handlers/unified_exec.rs` (`ExecCommandArgs`), google-gemini/gemini-cli
    /// `packages/core/src/tools/shell.ts` (`ShellToolParams`; the `directory` of <https://geminicli.com/docs/tools/shell> was its name
    /// before), <https://cursor.com/docs/hooks> (`preToolUse`). Claude Code and Copilot have none.
    pub(super) fn directory_member(self) -> Option<&'static str> {
        match self {
            Agent::Codex => Some("workdir"),
            Agent::Gemini => Some("dir_path"),
            Agent::Cursor => Some("working_directory"),
            Agent::Claude | Agent::Copilot => None,
        }
    }

    /// Returns the directories below the home directory in which the agent keeps what is its own to write: plans, to-do lists, memory.
    ///
    /// Sources: Claude Code `plansDirectory` and auto memory (<https://code.claude.com/docs/en/settings>, `/memory`), Codex memories
    /// (openai/codex `codex-rs`), Gemini CLI plan mode (<https://geminicli.com/docs/cli/plan-mode>). Those of Cursor and Copilot
    /// are what they were seen to use.
    pub fn own_directories(self) -> &'static [&'static str] {
        match self {
            Agent::Claude => &[".claude/plans", ".claude/todos", ".claude/tasks", ".claude/projects"],
            Agent::Codex => &[".codex/memories"],
            Agent::Gemini => &[".gemini/tmp"],
            Agent::Cursor => &[".cursor/plans"],
            Agent::Copilot => &[".copilot/session-state"],
        }
    }
}

/// What an agent told its hook.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// How it wants to be answered.
    pub form: Form,
    /// The tool call that waits for the answer; `None` for anything that is not judged.
    pub call: Option<Call>,
}

/// A tool call that waits to be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The tool's name, as the agent calls it.
    pub name: String,
    /// What it would do.
    pub tool: Tool,
    /// The directory it takes place in.
    pub cwd: PathBuf,
    /// Directories that the agent works in, besides that one.
    pub roots: Vec<PathBuf>,
    /// Whether `cwd` is certain.
    pub directory: Directory,
    /// Claims that the call names another directory by a member that its agent does not document: it may run here or there.
    pub elsewhere: bool,
    /// The tool's input, for an answer that changes a part of it.
    pub(crate) input: serde_json::Map<String, serde_json::Value>,
}

/// How certain the directory is that a format tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory {
    /// The command runs there.
    Certain,
    /// The call may name another, which the hook is not shown: only what is allowed anywhere may pass.
    Untold,
    /// The shell lives on between calls and may have gone elsewhere: what would take it out of the project may not pass.
    Kept,
}

/// What gate says to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing speaks against it.
    Pass,
    /// It must be this command line instead.
    Instead {
        /// A command for the shell tool, which runs through gate.
        command: String,
        /// Why, for a person.
        because: String,
    },
    /// It must not be.
    Blocked {
        /// What the model is told: why, by which rule, and what to do next.
        said: String,
        /// The same for a person, in short.
        because: String,
    },
}

/// Why an input is no tool call that gate can judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// No JSON object, with the parser's words.
    NotJson(String),
    /// A member that is not there.
    Missing(&'static str),
    /// A member of another kind.
    Wrong { name: String, expected: &'static str },
    /// Two members that mean the same say different things.
    Differ { one: &'static str, other: &'static str },
    /// A NUL byte, which no command and no path can hold.
    Nul(&'static str),
    /// A patch that names no file, or has a line that is not known.
    Patch(String),
    /// A directory that is not absolute.
    Relative(String),
}

impl std::error::Error for Unreadable {}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unreadable::NotJson(why) => write!(f, "not a JSON object: {why}"),
            Unreadable::Missing(name) => write!(f, "no `{name}`"),
            Unreadable::Wrong { name, expected } => write!(f, "`{name}` is no {expected}"),
            Unreadable::Differ { one, other } => write!(f, "`{one}` and `{other}` say different things"),
            Unreadable::Nul(name) => write!(f, "a NUL byte in `{name}`"),
            Unreadable::Patch(why) => write!(f, "the patch cannot be read: {why}"),
            Unreadable::Relative(path) => write!(f, "`cwd` is not absolute: `{path}`"),
        }
    }
}
