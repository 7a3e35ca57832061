//! `gate policy`: whether the rules do what they say, which are in force, and what another policy would change.

mod check;
mod diff;
mod replay;
mod show;
mod suggest;
mod test;

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;

use super::Place;
use crate::config::Config;
use crate::error::Exit;
use crate::policy::{Authority, LayerText, schema};
use crate::ui;

/// Check rules against their examples, show which are in force, compare policies, and learn from the log
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate policy check ./policy.toml
  gate policy show git.force-push
  gate policy test ./policy.toml
  gate policy diff ./new-policy.toml
  gate policy replay --since 30d ./new-policy.toml
  gate policy suggest --since 30d
  gate policy schema > policy.schema.json")]
pub(super) struct Args {
    #[command(subcommand)]
    subcommand: Subcommand,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    /// Judge every example and counterexample, and find rules that can never decide or that contradict each other
    ///
    /// Exits 0 if everything holds, 1 if anything is found.
    #[command(after_help = "Examples:
  gate policy check                    the built-in packs and all files in force
  gate policy check ./policy.toml      this file, as if it were the user's")]
    Check {
        /// Policy files to check as if they were the user's; without any, the built-in packs and all files in force
        files: Vec<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show the rules in force, those of one program, or one rule
    #[command(after_help = "Examples:
  gate policy show
  gate policy show git.force-push
  gate policy show kubectl --json")]
    Show {
        /// A rule's id, the beginning of one (`git.`), or a program's name
        what: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Test(test::Args),
    Diff(diff::Args),
    Replay(replay::Args),
    Suggest(suggest::Args),
    /// Print the JSON schema of a policy file, for editors that complete and check it
    ///
    /// Name it in the first line of a policy file: `#:schema ./policy.schema.json`. It is draft 7.
    #[command(after_help = "Examples:
  gate policy schema > ~/.config/gate/policy.schema.json")]
    Schema,
}

/// Checks, shows, tests, compares, replays, suggests.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    match &args.subcommand {
        Subcommand::Check { files, json } => check::run(files, *json, place),
        Subcommand::Show { what, json } => {
            let (_, policy) = Config::load_with_policy(place.home.as_deref())?;
            Ok(show::show(&policy, what.as_deref(), *json))
        }
        Subcommand::Test(args) => test::run(args, place),
        Subcommand::Diff(args) => diff::run(args, place),
        Subcommand::Replay(args) => replay::run(args, place),
        Subcommand::Suggest(args) => suggest::run(args, place),
        Subcommand::Schema => {
            ui::answer(&format!("{:#}", schema(false)));
            Ok(Exit::Done)
        }
    }
}

/// Reads a policy file as if it were the user's.
fn layer(path: &Path) -> anyhow::Result<LayerText> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read policy `{}`", path.display()))?;
    Ok(LayerText { authority: Authority::User, path: path.display().to_string(), text })
}

/// Reads policy files as if they were the user's.
fn layers(paths: &[PathBuf]) -> anyhow::Result<Vec<LayerText>> {
    paths.iter().map(|path| layer(path)).collect()
}
