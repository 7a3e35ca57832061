//! `gate requests`: what waits for a decision.

use super::desk::Desk;
use super::{Place, request_json};
use crate::approval::{Listed, is_expired};
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
        ui::answer(&serde_json::Value::Array(values(place, args.all, now)?).to_string());
        return Ok(Exit::Done);
    }
    let lines = lines(place, args.all, now)?;
    if lines.is_empty() {
        ui::say("nothing waits for a decision");
    } else {
        ui::answer(&lines.join("\n"));
    }
    Ok(Exit::Done)
}

/// Returns the desk, or nothing before the first gated command: then there is no store, and nothing waits.
fn desk(place: &Place) -> anyhow::Result<Option<Desk>> {
    match Desk::reading(place) {
        Err(error) if matches!(error.downcast_ref(), Some(StoreError::Missing { .. })) => Ok(None),
        desk => desk.map(Some),
    }
}

fn which(all: bool) -> Which {
    if all { Which::All } else { Which::Open }
}

fn values(place: &Place, all: bool, now: Moment) -> anyhow::Result<Vec<serde_json::Value>> {
    let mut values = Vec::new();
    let Some(desk) = desk(place)? else { return Ok(values) };
    desk.store.each_request(which(all), |request| {
        if all || !is_expired(&request, now) {
            values.push(request_json::of(&request, now));
        }
    })?;
    Ok(values)
}

fn lines(place: &Place, all: bool, now: Moment) -> anyhow::Result<Vec<String>> {
    let mut lines = Vec::new();
    let Some(desk) = desk(place)? else { return Ok(lines) };
    let width = channel::width();
    desk.store.each_listed(which(all), |request| {
        if all || !request.term.is_expired(now) {
            lines.push(line(&request, now, width));
        }
    })?;
    Ok(lines)
}

/// Returns a request in one line of at most `width` columns; the card has the rest.
pub(super) fn line(request: &Listed, now: Moment, width: usize) -> String {
    let state = request.term.state(now);
    let left = crate::moment::in_words(request.term.remaining(now));
    let when = if state.is_open() { format!("{left} left") } else { String::new() };
    let (risk, who) = (request.risk.word(), visible(request.requester.as_bytes()));
    let who = cut(&who, 24);
    let head = format!("{}  {:<9} {risk:<8} {when:<16} {who:<18} ", request.id, state.name().to_lowercase());
    let room = width.saturating_sub(head.chars().count()).max(20);
    head + &cut(&visible(&request.text), room)
}
