//! `gate grants`: what may run without being asked about, for how long and how often.

use serde_json::{Value, json};

use super::Place;
use super::desk::Desk;
use crate::approval::{Covers, Grant, GrantState, Withheld};
use crate::channel::{self, cut};
use crate::command::visible;
use crate::error::Exit;
use crate::moment::{Moment, in_words};
use crate::store::clock;
use crate::ui;

/// List the approvals that stay valid for a while: who may run what, how often and until when
#[derive(clap::Args)]
#[command(
    after_help = "A grant is given with a decision (`gate approve ID --uses 5`, `--for 2h`, or in `gate inbox`),
and taken back with `gate revoke ID`.
Examples:
  gate grants
  gate grants --all --json | jq -r '.[] | [.id, .state, .used] | @tsv'"
)]
pub(super) struct Args {
    /// List those too that are used up, ended or revoked
    #[arg(long)]
    all: bool,
    /// Print a JSON array; each element has the `id` that `gate revoke` takes
    #[arg(long)]
    json: bool,
}

/// Prints one line a grant, oldest first, and below it what it covers.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let now = clock::now();
    let grants = match Desk::reading_if_there(place)? {
        Some(desk) => desk.store.grants(now, args.all)?,
        None => Vec::new(),
    };
    if args.json {
        ui::answer(&grants.iter().map(|grant| value(grant, now)).collect::<Value>().to_string());
    } else if grants.is_empty() {
        ui::say("nothing is granted");
    } else {
        let lines: Vec<String> =
            grants.iter().flat_map(|grant| lines(grant, now, channel::width())).collect();
        ui::answer(&lines.join("\n"));
    }
    Ok(Exit::Done)
}

/// Returns where a grant stands.
fn state(grant: &Grant, now: Moment) -> &'static str {
    match (grant.progress.state, grant.withheld(now)) {
        (GrantState::Open, Some(Withheld::Ended)) => "ENDED",
        (state, _) => state.name(),
    }
}

fn lines(grant: &Grant, now: Moment, width: usize) -> Vec<String> {
    let request = &grant.request;
    let state = state(grant, now);
    let of = grant.uses().map_or(String::new(), |uses| format!(" of {uses}"));
    let left = match state {
        "OPEN" => format!("{} left", in_words(grant.end().since(now))),
        state => state.to_lowercase(),
    };
    let kind = match &grant.covers {
        Covers::Terms(terms) => terms.scope.name(),
        Covers::Lines(_) => "plan",
    };
    let who = cut(&visible(request.ask.requester.label().as_bytes()), 24);
    let head = format!(
        "{}  {kind:<6} used {:<9} {left:<17} {who:<18} ",
        request.id,
        format!("{}{of}", grant.progress.used)
    );
    let room = width.saturating_sub(head.chars().count()).max(20);
    let by: Vec<String> = grant.approvals().map(|given| given.approver.name.clone()).collect();
    let mut lines = vec![head + &cut(&visible(&request.text()), room)];
    let mut covers = match &grant.covers {
        Covers::Terms(terms) => channel::granted(request, *terms),
        Covers::Lines(_) => planned(grant),
    };
    covers.push(format!("given by {}", visible(by.join(", ").as_bytes())));
    if let Some(who) = &grant.progress.by {
        covers.push(format!("revoked by {}", visible(who.as_bytes())));
    }
    lines.extend(covers.into_iter().map(|line| format!("                {line}")));
    lines
}

fn planned(grant: &Grant) -> Vec<String> {
    let Covers::Lines(lines) = &grant.covers else { return Vec::new() };
    let all = lines.iter().map(|line| line.line.to_string()).collect::<Vec<_>>().join(", ");
    let next =
        grant.next_line().map_or("none is left".to_owned(), |line| format!("next is line {}", line.line));
    vec![format!("lines {all} of the plan, once each and in this order; {next}")]
}

fn value(grant: &Grant, now: Moment) -> Value {
    let request = &grant.request;
    let (scope, terms) = match &grant.covers {
        Covers::Terms(terms) => (terms.scope.name(), channel::granted(request, *terms)),
        Covers::Lines(_) => ("plan", planned(grant)),
    };
    let rules: Vec<&str> = request.ask.rules.iter().map(|asked| asked.rule.as_str()).collect();
    let approvers: Vec<&str> = grant.approvals().map(|given| given.approver.name.as_str()).collect();
    json!({
        "id": request.id.to_string(),
        "state": state(grant, now),
        "scope": scope,
        "covers": terms.join("\n"),
        "text": visible(&request.text()),
        "cwd": visible(request.command().cwd.as_os_str().as_encoded_bytes()),
        "requester": request.ask.requester,
        "rules": rules,
        "risk": request.ask.risk,
        "approvers": approvers,
        "used": grant.progress.used,
        "uses": grant.uses(),
        "end": grant.end().rfc3339(),
        "remaining_seconds": grant.end().since(now).as_secs(),
        "revoked_by": grant.progress.by,
        "c": request.content.digest().to_string(),
        "d": request.digest().to_string(),
    })
}
