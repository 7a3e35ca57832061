//! `gate show ID`: one request, whole.

use super::desk::{Desk, Named};
use super::{Place, request_json};
use crate::channel::QUOTE;
use crate::error::Exit;
use crate::store::clock;
use crate::ui;

/// Show one request: the whole command, who asks, why, and where it stands
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate show 7KQ2            the beginning of an id is enough
  gate show --json 7KQ2")]
pub(super) struct Args {
    /// The request's id, or its beginning
    id: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the card, or the same as JSON.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let desk = Desk::reading(place)?;
    let Named::One(request) = desk.find(&args.id)? else { return Ok(Exit::No) };
    let now = clock::now();
    if args.json {
        ui::answer(&request_json::of(&request, now).to_string());
    } else {
        let _or_said = ui::show_card(&desk.card(&request, now)?.text(), QUOTE);
    }
    Ok(Exit::Done)
}
