//! `gate requests`: what waits for a decision.

use super::desk::Desk;
use super::{Place, request_json};
use crate::approval::{Request, is_expired};
use crate::channel::{self, cut};
use crate::command::visible;
use crate::error::Exit;
use crate::moment::Moment;
use crate::store::{StoreError, Which, clock};
use crate::ui;

/// List the requests that wait for a decision or for their start
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate requests
  gate requests --all --json | jq -r '.[] | [.id, .state, .text] | @tsv'")]
pub(super) struct Args {
    /// List those too that are done, rejected or expired
    #[arg(long)]
    all: bool,
    /// Print a JSON array; each element has an `id`
    #[arg(long)]
    json: bool,
}

/// Prints one line a request, oldest first.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let now = clock::now();
    if args.json {
        let values = listed(place, args.all, now, |request| request_json::of(request, now))?;
        ui::answer(&serde_json::Value::Array(values).to_string());
        return Ok(Exit::Done);
    }
    let width = channel::width();
    let lines = listed(place, args.all, now, |request| line(request, now, width))?;
    if lines.is_empty() {
        ui::say("nothing waits for a decision");
    } else {
        ui::answer(&lines.join("\n"));
    }
    Ok(Exit::Done)
}

/// Returns what `make` makes of each request that is asked for.
fn listed<T>(place: &Place, all: bool, now: Moment, make: impl Fn(&Request) -> T) -> anyhow::Result<Vec<T>> {
    let desk = match Desk::reading(place) {
        Ok(desk) => desk,
        // Before the first gated command there is no store, and nothing waits.
        Err(error) if matches!(error.downcast_ref(), Some(StoreError::Missing { .. })) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut made = Vec::new();
    desk.store.each_request(if all { Which::All } else { Which::Open }, |request| {
        if all || !is_expired(&request, now) {
            made.push(make(&request));
        }
    })?;
    Ok(made)
}

/// Returns a request in one line of at most `width` columns; the card has the rest.
pub(super) fn line(request: &Request, now: Moment, width: usize) -> String {
    let state = request_json::state(request, now);
    let left = crate::moment::in_words(request.remaining(now));
    let when = if state.is_open() { format!("{left} left") } else { String::new() };
    let (risk, who) = (request.ask.risk.word(), visible(request.ask.requester.label().as_bytes()));
    let who = cut(&who, 24);
    let head = format!("{}  {:<9} {risk:<8} {when:<16} {who:<18} ", request.id, state.name().to_lowercase());
    let room = width.saturating_sub(head.chars().count()).max(20);
    head + &cut(&visible(&request.text()), room)
}
