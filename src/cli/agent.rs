//! `gate agent`: put gate between an agent and what it runs, and say how it stands.

mod list;
mod setup;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::Place;
use crate::agent::setup::{Agent, Own, Places};
use crate::command::{quoted, visible};
use crate::config::Config;
use crate::error::Exit;
use crate::exec::{Host, User};
use crate::ui;

/// Put gate between an AI agent and what it runs, or say how that stands
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate agent setup claude            shows the change to Claude Code's settings, asks, makes it
  gate agent setup codex --yes       without the question, for scripts
  gate agent setup claude --undo     takes exactly that out again
  gate agent list                    which agents go through gate, and what is wrong
  gate doctor                        sends samples through each of them")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Setup(setup::Args),
    List(list::Args),
}

/// Where the agents' own settings are looked for; the same for both subcommands and the doctor.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct Where {
    /// Look for the agents' settings below DIR instead of your home directory
    #[arg(long, value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,
}

/// Returns `gate WORDS` as it must be typed to meet the same files as this call did: with its `--home` and its `--directory`.
pub(super) fn again(home: Option<&Path>, directory: Option<&Path>, words: &str) -> String {
    let option = |name: &str, dir: Option<&Path>| {
        let word = |dir: &Path| visible(&quoted(dir.as_os_str().as_encoded_bytes()));
        dir.map(|dir| format!(" {name} {}", word(dir))).unwrap_or_default()
    };
    format!("gate{} {words}{}", option("--home", home), option("--directory", directory))
}

/// Does what the subcommand says; whatever goes wrong, nothing was changed, and the exit code is 1.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let done = match &args.command {
        Command::Setup(args) => setup::run(args, place),
        Command::List(args) => list::run(args, place),
    };
    Ok(done.unwrap_or_else(|error| {
        ui::error(&error);
        Exit::No
    }))
}

/// Returns where agents keep their settings.
///
/// Home comes from the password database. A variable by which an agent's own documentation moves its directory is followed,
/// because the agent follows it too, unless a directory was given.
pub(super) fn places(given: Option<&Path>, user: &User, cwd: &Path) -> anyhow::Result<Places> {
    if let Some(dir) = given {
        let home =
            std::fs::canonicalize(dir).with_context(|| format!("failed to find `{}`", dir.display()))?;
        return Ok(Places { home, project: cwd.to_path_buf(), moved: Vec::new() });
    }
    let home = user.home.clone();
    let home =
        home.with_context(|| format!("the password database has no home directory for {}", user.name))?;
    let variables = Agent::ALL.into_iter().filter_map(Agent::variable);
    let moved = variables.filter_map(|name| {
        let dir = std::env::var_os(name).map(PathBuf::from).filter(|dir| dir.is_absolute())?;
        Some((name, dir))
    });
    Ok(Places { home, project: cwd.to_path_buf(), moved: moved.collect() })
}

/// Returns this gate as an agent is to call it.
pub(super) fn own(config: &Config) -> anyhow::Result<Own> {
    let gate = std::env::current_exe().context("failed to find gate's own file")?;
    anyhow::ensure!(gate.is_file(), "`{}` is not there any more; start the new gate", gate.display());
    let link = link(&gate, &config.host);
    Ok(Own { gate, home: config.places.given(), link })
}

/// Returns gate's link called `bash`, where `install.sh` makes it: in a directory of its own beside gate's.
fn link(gate: &Path, host: &Host) -> Option<PathBuf> {
    let link = gate.parent()?.parent()?.join("lib/gate/shells/bash");
    host.is_gate(&link).then_some(link)
}
