//! `gate audit`: reads the record, and checks it.

mod export;
mod line;
mod log;
mod report;
mod show;
mod verify;

use clap::Subcommand;

use super::Place;
use crate::config::Places;
use crate::error::Exit;
use crate::exec::User;
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
}

/// Runs one part of it. None of them needs a policy or changes the store.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    match &args.part {
        Part::Log(args) => log::run(args, &store(place)?),
        Part::Show(args) => show::run(args, &store(place)?),
        Part::Verify(args) => verify::run(args, place),
        Part::Export(args) => export::run(args, &store(place)?),
        Part::Report(args) => report::run(args, store(place)),
    }
}

fn store(place: &Place) -> anyhow::Result<Store> {
    let home = place.home.as_deref().map(std::path::absolute).transpose()?;
    let places = Places::of(&User::current(), home)?;
    Store::open_read_only(&places.state).map_err(StoreError::into)
}
