//! `gate resume ID`: takes a parked request up again, and runs its command if it is approved.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::Place;
use super::desk::{Desk, Named};
use super::run::reported;
use crate::config::Config;
use crate::error::Exit;
use crate::gate::Gate;
use crate::policy::duration;

/// Run a parked request that has been approved since
///
/// The command is the one that was asked for, byte for byte, checked again before it starts. If there is no decision yet, gate waits
/// for it as it did the first time. The exit codes are those of `gate -- CMD`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate resume 7KQ2
  gate resume 7KQ2 --wait 0s         only if it is approved already")]
pub(super) struct Args {
    /// The request's id, or its beginning
    id: String,
    /// How long to wait for a decision (100s, 15m, 8h)
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    wait: Option<Duration>,
    /// Write what happened to FILE, as one JSON object
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
}

fn wait(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "expected a duration like `100s`, `15m` or `8h`".to_owned())
}

/// Runs it, or says why not.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<ExitCode> {
    let Named::One(request) = Desk::reading(place)?.find(&args.id)? else { return Ok(Exit::Failed.into()) };
    let command = request.command().clone();
    reported(args.result.clone(), place.home.clone(), &command.source, || {
        let config = Config::load_for(place.home.as_deref(), command.cwd)?;
        let (config, policy) = config.with_policy()?;
        Gate::open(config, policy)?.resume(*request, args.wait)
    })
}
