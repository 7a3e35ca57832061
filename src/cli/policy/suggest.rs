//! `gate policy suggest`: rules for what people approve again and again, for a person to read and paste.
//!
//! MUST rules:
//! 1. What is proposed lets through exactly what was approved: the same words, in the same directory, with the same target, and
//!    nothing around them. Whatever an approval covered that a rule cannot (a file's contents, a variable's value) rules it out.
//! 2. Nothing opaque, nothing of high or critical risk, nothing that was ever rejected, nothing that only ran because a mode let it.
//! 3. What stands in the log is data: it cannot end a comment or a text of what is printed.
//! 4. Each proposal is tried out before it is printed: it must let the command through, and nothing next to it.

mod evidence;
mod proposal;
mod report;

use std::collections::BTreeMap;

use anyhow::{bail, ensure};

use super::super::Place;
use super::super::instant::instant;
use crate::config::Config;
use crate::error::Exit;
use crate::store::{Store, StoreError, clock};
use crate::ui;
use evidence::{Evidence, Why};
use proposal::Proposal;

/// Propose rules for what was approved again and again, as TOML with the evidence, for a person to paste
///
/// Read from gate's own log, which is verified first. Proposed is exactly what was approved, word by word, in the same directory; never
/// what is opaque, of high or critical risk, or was ever rejected; never what only ran in observe mode. It changes nothing.
/// Exits 0 if something is proposed, 1 if there is nothing to propose, 125 if the log cannot be read or does not verify.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate policy suggest
  gate policy suggest --since 30d --at-least 5
  gate policy suggest --whole > suggested.toml && gate policy check suggested.toml")]
pub(super) struct Args {
    /// What was approved since: a time (2026-11-21) or a length of time (30d)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How often a command must have been approved
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(2..))]
    at_least: u64,
    /// Print a whole policy file, with `[policy]`
    #[arg(long)]
    whole: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was left out, by why, and of how many commands.
type LeftOut = BTreeMap<Why, u64>;

/// Proposes and reports.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let config = Config::load(place.home.as_deref())?;
    let since = args.since.as_deref().map(|text| instant(text, clock::now())).transpose()?;
    let store = match Store::open_read_only(&config.places.state) {
        Err(StoreError::Missing { .. }) => None,
        store => Some(store?),
    };
    let (mut proposals, mut left_out) = (Vec::new(), LeftOut::new());
    if let Some(store) = &store {
        verified(store)?;
        let evidence = Evidence::gather(store, &config, since.map(|moment| moment.utc_us))?;
        (proposals, left_out) = proposed(&evidence, args.at_least, &config)?;
    }
    if args.json {
        ui::answer(&report::in_json(&proposals, &left_out).to_string());
    } else {
        report::print(&proposals, &left_out, args.whole, args.at_least);
    }
    Ok(if proposals.is_empty() { Exit::No } else { Exit::Done })
}

/// What was changed by somebody else proves nothing.
fn verified(store: &Store) -> anyhow::Result<()> {
    if let Err(tampered) = store.verify(|_| {})? {
        bail!(
            "the log was tampered with at entry {}, so nothing is proposed from it; see `gate audit verify`",
            tampered.seq
        );
    }
    ensure!(store.size()? > 0, "the log is empty");
    Ok(())
}

fn proposed(evidence: &Evidence, at_least: u64, config: &Config) -> anyhow::Result<(Vec<Proposal>, LeftOut)> {
    let mut left_out = evidence.left_out(at_least);
    let mut proposals: Vec<Proposal> = Vec::new();
    for (command, approvals) in evidence.often(at_least) {
        match Proposal::of(command, approvals, at_least, config)? {
            Some(proposal) => proposals.push(proposal),
            None => *left_out.entry(Why::NoRule).or_default() += 1,
        }
    }
    // What was approved most often first.
    proposals.sort_by_key(|proposal| std::cmp::Reverse(proposal.approvals.count()));
    Ok((proposals, left_out))
}
