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
    let requests = match Desk::reading(place) {
        Ok(desk) => listed(&desk, args.all, now)?,
        // Before the first gated command there is no store, and nothing waits.
        Err(error) if matches!(error.downcast_ref(), Some(StoreError::Missing { .. })) => Vec::new(),
        Err(error) => return Err(error),
    };
    if args.json {
        let values: Vec<_> = requests.iter().map(|request| request_json::of(request, now)).collect();
        ui::answer(&serde_json::Value::Array(values).to_string());
    } else if requests.is_empty() {
        ui::say("nothing waits for a decision");
    } else {
        let width = channel::width();
        let lines: Vec<String> = requests.iter().map(|request| line(request, now, width)).collect();
        ui::answer(&lines.join("\n"));
    }
    Ok(Exit::Done)
}

fn listed(desk: &Desk, all: bool, now: Moment) -> anyhow::Result<Vec<Request>> {
    let mut requests = desk.store.requests(if all { Which::All } else { Which::Open })?;
    if !all {
        requests.retain(|request| !is_expired(request, now));
    }
    Ok(requests)
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
