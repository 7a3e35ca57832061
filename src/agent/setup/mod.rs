//! Putting gate between a known agent and what it runs: the change to the agent's own settings, and how it is taken back.
//!
//! Text goes in and text comes out ([`set_up`], [`undone`]); [`mod@file`] reads and writes, [`status`] looks at what is there.
//!
//! MUST rules:
//! 1. A setting that is not gate's is never changed: what [`set_up`] adds, [`undone`] takes out, and nothing else.
//! 2. What gate cannot read for certain is refused, and the person is told what to write by hand.
//! 3. An entry is written so that the agent blocks if gate is missing or breaks off, as far as the agent can be told to.

mod aider;
mod diff;
mod entry;
pub mod file;
mod hooks;
mod json;
mod known;
mod loose;
mod lowered;
pub mod sample;
mod settings;
pub mod status;

use std::fmt;
use std::path::PathBuf;

pub use diff::unified;
pub use entry::Called;
pub use known::{Agent, Places, Scope};

/// How an agent goes through gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The agent calls gate before each use of a tool.
    Hook,
    /// gate is the agent's shell.
    Shell,
}

impl Mode {
    /// Returns its name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Hook => "hook",
            Mode::Shell => "shell",
        }
    }
}

/// This gate, as an agent is to call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The program, by absolute path.
    pub gate: PathBuf,
    /// The directory that `--home` names.
    pub home: Option<PathBuf>,
    /// gate under the name `bash`, where it is installed so.
    pub link: Option<PathBuf>,
}

impl Own {
    /// Returns the link that an agent takes for its shell.
    ///
    /// # Errors
    /// There is none, or gate's own directory would be another one: a shell's command line has no place for `--home`.
    fn shell(&self) -> Result<&str, Refusal> {
        if self.home.is_some() {
            return Err(Refusal::new("a shell cannot be told `--home`; set it up without that"));
        }
        let link = self.link.as_deref().and_then(|link| link.to_str());
        link.ok_or_else(|| {
            Refusal::new("gate is not installed under the name `bash`; `./install.sh` does that")
        })
    }
}

/// Why settings are left as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is in the way.
    pub what: String,
    /// What to write by hand instead.
    pub by_hand: Option<String>,
}

impl Refusal {
    pub(super) fn new(what: impl Into<String>) -> Refusal {
        Refusal { what: what.into(), by_hand: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Refusal {}

/// What an agent's settings were before gate came, as far as gate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was<'text> {
    /// Nothing was kept.
    Unknown,
    /// There was no such file.
    Absent,
    /// The file as it was.
    Text(&'text str),
}

/// Returns an agent's settings with gate in them; those that go through gate already come back as they are.
///
/// # Errors
/// Settings that gate cannot read for certain, and a mode that the agent does not have.
pub fn set_up(before: Option<&str>, agent: Agent, mode: Mode, own: &Own) -> Result<String, Refusal> {
    agent.allows(mode)?;
    let done = match agent {
        Agent::Aider => aider::set_up(before, own),
        _ => settings::set_up(before, agent, mode, own),
    };
    done.map_err(|refusal| Refusal { by_hand: by_hand(agent, mode, own).ok(), ..refusal })
}

/// Returns an agent's settings without gate, or `None` if nothing is left that was not gate's: the file goes.
///
/// # Errors
/// Settings that gate cannot read for certain.
pub fn undone(now: &str, agent: Agent, was: Was<'_>) -> Result<Option<String>, Refusal> {
    match agent {
        Agent::Aider => aider::undone(now, was),
        _ => settings::undone(now, agent, was),
    }
}

/// Returns what a person would write by hand for the same.
fn by_hand(agent: Agent, mode: Mode, own: &Own) -> Result<String, Refusal> {
    match agent {
        Agent::Aider => aider::set_up(None, own),
        _ => settings::set_up(None, agent, mode, own),
    }
}
