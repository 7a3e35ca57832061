//! `gate cancel ID`: the requester takes a request back.

use super::Place;
use super::desk::{Desk, Named};
use crate::error::Exit;
use crate::store::{ChangeError, clock};
use crate::ui;

/// Take a request back: its command does not run
#[derive(clap::Args)]
#[command(after_help = "Example:
  gate cancel 7KQ2")]
pub(super) struct Args {
    /// The request's id, or its beginning
    id: String,
}

/// Cancels the request. Anyone with this store may: it only makes gate stricter.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let Named::One(request) = Desk::reading(place)?.find(&args.id)? else { return Ok(Exit::No) };
    let mut desk = Desk::writing(place)?;
    let (by, origin) = (desk.requester(), desk.origin());
    match desk.store.cancel(clock::now(), request.id, &by, &origin) {
        Ok(after) => {
            ui::say(&format!("cancelled {}; nothing was run", after.id));
            Ok(Exit::Done)
        }
        Err(ChangeError::Store(error)) => Err(error.into()),
        Err(error) => {
            ui::say(&error.to_string());
            Ok(Exit::No)
        }
    }
}
