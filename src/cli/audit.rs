//! `gate audit`: reads the record, and checks it.

mod export;
mod line;
mod log;
mod report;
mod review;
mod show;
mod stats;
mod verify;

use clap::Subcommand;

use super::Place;
use crate::config::{Config, Places};
use crate::error::Exit;
use crate::exec::User;
use crate::identity::People;
use crate::store::{Store, StoreError};

/// Read, check and export the record of what was judged, decided and run
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    Log(log::Args),
    Show(show::Args),
    Verify(verify::Args),
    Export(export::Args),
    Report(report::Args),
    Stats(stats::Args),
    Review(review::Args),
}

/// Runs one part of it. Only a review changes the store; else the policy only says whose keys are whose.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    match &args.part {
        Part::Log(args) => log::run(args, &store(place)?),
        Part::Show(args) => show::run(args, &store(place)?),
        Part::Verify(args) => verify::run(args, place),
        Part::Export(args) => export::run(args, place),
        Part::Report(args) => report::run(args, store(place)),
        Part::Stats(args) => stats::run(args, place),
        Part::Review(args) => review::run(args, place),
    }
}

fn store(place: &Place) -> anyhow::Result<Store> {
    let home = place.home.as_deref().map(std::path::absolute).transpose()?;
    let places = Places::of(&User::current(), home)?;
    Store::open_read_only(&places.state).map_err(StoreError::into)
}

/// Returns the approvers of the policy in force; nobody where it cannot be read: the record can be checked without it.
fn people(place: &Place) -> People {
    let policy = Config::load(place.home.as_deref()).and_then(|config| config.policy());
    policy.map(|policy| People::of(&policy)).unwrap_or_default()
}
