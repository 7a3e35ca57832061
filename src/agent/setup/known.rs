//! The agents that gate sets up: where their settings are, and what a hook looks like in them.
//!
//! | agent | the user's file | the project's file | a hook there | documented at |
//! |---|---|---|---|---|
//! | Claude Code | `~/.claude/settings.json`, or in `CLAUDE_CONFIG_DIR` | `.claude/settings.local.json`, which git ignores | `PreToolUse`; `timeout` in seconds; `onFailure` since 2.1.295 | <https://code.claude.com/docs/en/hooks>, `/settings`, `/env-vars` |
//! | Codex | `~/.codex/hooks.json`, or in `CODEX_HOME` | `.codex/hooks.json`, in a trusted project | `PreToolUse`; `timeout` in seconds; runs only once a person trusted it with `/hooks` | <https://learn.chatgpt.com/docs/hooks> |
//! | Gemini CLI | `~/.gemini/settings.json`, or below `GEMINI_CLI_HOME` | `.gemini/settings.json` | `BeforeTool`; `timeout` in milliseconds | <https://geminicli.com/docs/hooks/reference> |
//! | Cursor | `~/.cursor/hooks.json` | `.cursor/hooks.json` | `preToolUse`; `timeout` in seconds; `failClosed` | <https://cursor.com/docs/hooks> |
//! | Copilot CLI | `~/.copilot/hooks/gate.json`, or in `COPILOT_HOME` | `.github/hooks/gate.json` | `preToolUse`; `timeoutSec`; a failing command blocks, one that takes too long does not | <https://docs.github.com/en/copilot/reference/hooks-reference> |
//! | Aider | `~/.aider.conf.yml` | `.aider.conf.yml` | none: `SHELL` by `set-env` | <https://aider.chat/docs/config/aider_conf.html> |
//!
//! Every tool is sent to gate, not only those that run commands or write files today: an agent's next version may have
//! another such tool, and gate knows a command where it sees one. A hook only judges and answers at once; the time it is given is well above what gate itself may wait for a person (100 s).

use std::path::PathBuf;

use super::json::Json;
use super::{Mode, Own, Refusal, entry};

/// How long an agent waits for the hook, in seconds.
const PATIENCE: u32 = 300;

/// An agent that gate knows how to set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    Claude,
    Codex,
    Gemini,
    Cursor,
    Copilot,
    Aider,
}

/// Whose settings are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    User,
    Project,
}

/// Where settings are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The home directory of the password database, or what stands in for it.
    pub home: PathBuf,
    /// The project: the working directory.
    pub project: PathBuf,
    /// Variables by which an agent's own documentation moves its directory, with their values.
    pub moved: Vec<(&'static str, PathBuf)>,
}

impl Agent {
    /// Every agent, in the order in which they are shown.
    pub const ALL: [Agent; 6] =
        [Agent::Claude, Agent::Codex, Agent::Gemini, Agent::Cursor, Agent::Copilot, Agent::Aider];

    /// Returns its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Agent::Claude => "claude",
            Agent::Codex => "codex",
            Agent::Gemini => "gemini",
            Agent::Cursor => "cursor",
            Agent::Copilot => "copilot",
            Agent::Aider => "aider",
        }
    }

    /// Returns its name as its makers write it.
    pub fn title(self) -> &'static str {
        match self {
            Agent::Claude => "Claude Code",
            Agent::Codex => "Codex",
            Agent::Gemini => "Gemini CLI",
            Agent::Cursor => "Cursor",
            Agent::Copilot => "Copilot CLI",
            Agent::Aider => "Aider",
        }
    }

    /// Returns the names of its program.
    pub fn programs(self) -> &'static [&'static str] {
        match self {
            Agent::Cursor => &["cursor-agent", "cursor"],
            Agent::Claude => &["claude"],
            Agent::Codex => &["codex"],
            Agent::Gemini => &["gemini"],
            Agent::Copilot => &["copilot"],
            Agent::Aider => &["aider"],
        }
    }

    /// Returns the documented variable that moves the agent's own directory.
    pub fn variable(self) -> Option<&'static str> {
        match self {
            Agent::Claude => Some("CLAUDE_CONFIG_DIR"),
            Agent::Codex => Some("CODEX_HOME"),
            Agent::Gemini => Some("GEMINI_CLI_HOME"),
            Agent::Copilot => Some("COPILOT_HOME"),
            Agent::Cursor | Agent::Aider => None,
        }
    }

    /// Returns the way of going through gate that holds best for this agent.
    pub fn best(self) -> Mode {
        if self == Agent::Aider { Mode::Shell } else { Mode::Hook }
    }

    /// Returns why that way is the best one.
    pub fn why(self) -> &'static str {
        match self {
            Agent::Claude => "a hook sees shell commands and file edits, and blocks if gate fails",
            Agent::Codex => {
                "a hook sees shell commands and patches; Codex takes its shell from the password database"
            }
            Agent::Gemini => "a hook sees shell commands and file edits; its shell cannot be chosen",
            Agent::Cursor => "a hook sees shell commands and file edits, and blocks if gate fails",
            Agent::Copilot => "a hook sees shell commands and file edits; its shell cannot be chosen",
            Agent::Aider => "Aider has no hooks; its own edits of files are not seen",
        }
    }

    /// Returns what is left for a person to do, or to know.
    pub fn remark(self, scope: Scope) -> &'static str {
        match (self, scope) {
            (Agent::Claude, Scope::User) => "start `claude` anew",
            (Agent::Claude, Scope::Project) => "start `claude` anew in this project, which it must trust",
            (Agent::Codex, _) => {
                "Codex skips a new or changed hook until you trust it: start `codex`, type `/hooks` and trust this one"
            }
            (Agent::Gemini, Scope::User) => {
                "start `gemini` anew; it lets a call through if the hook takes longer than its timeout"
            }
            (Agent::Gemini, Scope::Project) => "start `gemini` anew in this project, which it must trust",
            (Agent::Cursor, _) => "Cursor reads the file by itself; it shows the hook under Settings, Hooks",
            (Agent::Copilot, _) => {
                "start `copilot` anew; it lets a call through if the hook takes longer than its timeout"
            }
            (Agent::Aider, _) => {
                "start `aider` anew; commands it runs by itself (git, linters it calls) do not use SHELL"
            }
        }
    }

    /// # Errors
    /// The agent cannot go through gate in this way.
    pub(super) fn allows(self, mode: Mode) -> Result<(), Refusal> {
        let why = match (self, mode) {
            (Agent::Aider, Mode::Hook) => "Aider has no hooks; use `--with shell`",
            (Agent::Claude | Agent::Aider, Mode::Shell) | (_, Mode::Hook) => return Ok(()),
            (Agent::Codex, Mode::Shell) => {
                "Codex takes its shell from the password database and no setting changes that; use `--with hook`"
            }
            (_, Mode::Shell) => "no documented setting chooses the shell of this agent; use `--with hook`",
        };
        Err(Refusal::new(why))
    }

    /// Returns the directory that is there if the agent was ever started, and the variable that named it.
    pub fn directory(self, places: &Places) -> (PathBuf, Option<&'static str>) {
        let moved = places.moved.iter().find(|(name, _)| Some(*name) == self.variable());
        let below = |home: &PathBuf| match self {
            Agent::Claude => home.join(".claude"),
            Agent::Codex => home.join(".codex"),
            Agent::Gemini => home.join(".gemini"),
            Agent::Cursor => home.join(".cursor"),
            Agent::Copilot => home.join(".copilot"),
            Agent::Aider => home.clone(),
        };
        match moved {
            Some((name, dir)) if self == Agent::Gemini => (below(dir), Some(name)),
            Some((name, dir)) => (dir.clone(), Some(name)),
            None => (below(&places.home), None),
        }
    }

    /// Returns the file that gate writes to.
    pub fn file(self, scope: Scope, places: &Places) -> PathBuf {
        if scope == Scope::Project {
            return places.project.join(match self {
                Agent::Claude => ".claude/settings.local.json",
                Agent::Codex => ".codex/hooks.json",
                Agent::Gemini => ".gemini/settings.json",
                Agent::Cursor => ".cursor/hooks.json",
                Agent::Copilot => ".github/hooks/gate.json",
                Agent::Aider => ".aider.conf.yml",
            });
        }
        let (dir, _) = self.directory(places);
        dir.join(match self {
            Agent::Claude | Agent::Gemini => "settings.json",
            Agent::Codex | Agent::Cursor => "hooks.json",
            Agent::Copilot => "hooks/gate.json",
            Agent::Aider => ".aider.conf.yml",
        })
    }

    /// Returns the event before a tool is used.
    pub(super) fn event(self) -> &'static str {
        match self {
            Agent::Claude | Agent::Codex | Agent::Aider => "PreToolUse",
            Agent::Gemini => "BeforeTool",
            Agent::Cursor | Agent::Copilot => "preToolUse",
        }
    }

    /// Claims that an event's list holds groups, each a matcher with a list of hooks of its own.
    pub(super) fn has_groups(self) -> bool {
        matches!(self, Agent::Claude | Agent::Codex | Agent::Gemini)
    }

    /// Claims that the file must say `"version": 1`.
    pub(super) fn has_version(self) -> bool {
        matches!(self, Agent::Cursor | Agent::Copilot)
    }

    /// Returns the key of a hook's command.
    pub(super) fn command_key(self) -> &'static str {
        if self == Agent::Copilot { "bash" } else { "command" }
    }

    /// Returns the item of the event's list that gate writes.
    ///
    /// # Errors
    /// A path that JSON cannot hold.
    pub(super) fn hook(self, own: &Own) -> Result<Json, Refusal> {
        let text = |text: &str| Json::Text(text.to_owned());
        let mut hook = vec![("type", text("command"))];
        if self == Agent::Gemini {
            hook.push(("name", text("gate")));
        }
        hook.push((self.command_key(), Json::Text(entry::command(own, self)?)));
        match self {
            Agent::Cursor => {
                hook.remove(0);
                hook.extend([("timeout", Json::Number(PATIENCE)), ("failClosed", Json::True)]);
                return Ok(Json::Map(hook));
            }
            Agent::Copilot => {
                hook.push(("timeoutSec", Json::Number(PATIENCE)));
                return Ok(Json::Map(hook));
            }
            Agent::Gemini => hook.push(("timeout", Json::Number(PATIENCE * 1000))),
            Agent::Claude => {
                hook.extend([("timeout", Json::Number(PATIENCE)), ("onFailure", text("block"))]);
            }
            Agent::Codex | Agent::Aider => hook.push(("timeout", Json::Number(PATIENCE))),
        }
        let every_tool = ("matcher", text("*"));
        Ok(Json::Map(vec![every_tool, ("hooks", Json::List(vec![Json::Map(hook)]))]))
    }
}
