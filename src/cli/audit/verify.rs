//! `gate audit verify`: is the record what it was?

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Place;
use crate::audit::{HeadCheck, SaidHead, Tampered, Verified, Verifier};
use crate::command::visible;
use crate::error::Exit;
use crate::identity::Signatures;
use crate::ui;

/// What nobody can see from the log alone; said with every verdict.
const UNSEEN: &str = "whether entries were cut off at the end or the whole log was written anew: nobody outside has seen its head";

/// A log shorter than this is done before a bar could be read.
pub(super) const LONG: u64 = 50_000;

/// Check every entry, the chain, the Merkle tree, and that each command that ran had a right to
///
/// Exits 0 if the log is in order, 10 if it was tampered with, 11 if it could not be checked.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate audit verify
  gate audit verify --json | jq .root
  gate audit verify --from log.jsonl")]
pub(super) struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Check an export (`gate audit export`) instead of the live log
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Prints what was found.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let people = super::people(place);
    let mut signatures = Signatures::of(&people);
    let checked = match &args.from {
        Some(file) => export(file, args.json, &mut signatures),
        None => live(place, args.json, &mut signatures),
    };
    let (text, value, exit) = match checked {
        Ok(Ok(verified)) => {
            (in_order(&verified, &signatures), in_order_json(&verified, &signatures), Exit::Done)
        }
        Ok(Err(tampered)) => (wrong(&tampered), wrong_json(&tampered), Exit::Tampered),
        Err(error) if args.json => {
            ui::answer(&json!({ "result": "not verified", "error": format!("{error:#}") }).to_string());
            return Ok(Exit::VerifyFailed);
        }
        Err(error) => {
            ui::error(&error.context("the log could not be verified"));
            return Ok(Exit::VerifyFailed);
        }
    };
    ui::answer(&if args.json { value.to_string() } else { text });
    Ok(exit)
}

fn live(
    place: &Place,
    json: bool,
    signatures: &mut Signatures<'_>,
) -> anyhow::Result<Result<Verified, Tampered>> {
    let store = super::store(place)?;
    let total = store.size()?;
    let bar = ui::Bar::new("verifying", if json || total < LONG { 0 } else { total });
    Ok(store.verify_signed(|done| bar.set(done), signatures)?)
}

/// Reads an export line by line; its size in bytes is the bar's measure.
fn export(
    path: &Path,
    json: bool,
    signatures: &mut Signatures<'_>,
) -> anyhow::Result<Result<Verified, Tampered>> {
    let attempted = || format!("failed to read `{}`", path.display());
    let file = File::open(path).with_context(attempted)?;
    let size = file.metadata().with_context(attempted)?.len();
    let bar = ui::Bar::new("verifying", if json || size < LONG * 1000 { 0 } else { size });
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut verifier = Verifier::default();
    let (mut line, mut done) = (Vec::new(), 0);
    loop {
        line.clear();
        let count = reader.read_until(b'\n', &mut line).with_context(attempted)?;
        if count == 0 {
            return match verifier.finish() {
                Ok(verified) => Ok(heads(path, &verified.heads)?.map(|()| verified)),
                tampered => Ok(tampered),
            };
        }
        done += count as u64;
        let (bytes, seq) = (line.strip_suffix(b"\n").unwrap_or(&line), verifier.entries() + 1);
        let wrong = |(expected, found)| Tampered { seq, what: "signature", expected, found };
        let taken = verifier.take(bytes).and_then(|()| signatures.take(seq, bytes).map_err(wrong));
        if let Err(tampered) = taken {
            return Ok(Err(tampered));
        }
        if verifier.entries().is_multiple_of(4096) {
            bar.set(done);
        }
    }
}

/// Reads an export once more, as far as decisions name its heads.
fn heads(path: &Path, heads: &[SaidHead]) -> anyhow::Result<Result<(), Tampered>> {
    let attempted = || format!("failed to read `{}`", path.display());
    let mut check = HeadCheck::of(heads);
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path).with_context(attempted)?);
    let mut line = Vec::new();
    while !check.is_done() && reader.read_until(b'\n', &mut line).with_context(attempted)? > 0 {
        if let Err(tampered) = check.take(line.strip_suffix(b"\n").unwrap_or(&line)) {
            return Ok(Err(tampered));
        }
        line.clear();
    }
    Ok(Ok(()))
}

fn in_order(verified: &Verified, signatures: &Signatures<'_>) -> String {
    let Verified {
        log,
        entries,
        head,
        root,
        first,
        last,
        clock_steps,
        open_runs,
        requests,
        incidents,
        unreviewed,
        heads,
    } = verified;
    let mut lines = vec![
        format!("verified: {entries} entries in order, {first} to {last}"),
        format!("  log    {log}"),
        format!("  head   {head}"),
        format!("  root   {root}"),
        format!(
            "  requests: {requests}; each command that ran was allowed, or approved before it started, and ran once"
        ),
    ];
    if signatures.held() > 0 {
        lines.push(format!("  signatures: {}; each is over its decision", signatures.held()));
    }
    if !heads.is_empty() {
        lines.push(format!("  heads: {}, which decisions name; the log had each of them", heads.len()));
    }
    if !signatures.unnamed().is_empty() {
        lines.push(format!(
            "  by keys that the policy does not name for that person and time: entries {}",
            numbers(signatures.unnamed())
        ));
    }
    if *incidents > 0 {
        let waiting =
            unreviewed.as_ref().map(|open| format!("; {} of {} waits for its review", open.name, open.by));
        let waiting = visible(waiting.unwrap_or_default().as_bytes());
        lines.push(format!(
            "  break-glass: {incidents}; each signed, at most 30 min long, one at a time{waiting}"
        ));
    }
    if !open_runs.is_empty() {
        lines.push(format!("  without an end yet: the commands of entries {}", numbers(open_runs)));
    }
    if !clock_steps.is_empty() {
        lines.push(format!("  the clock was set before entries {}", numbers(clock_steps)));
    }
    lines.push(format!("  tier T0; not checked: {UNSEEN}"));
    lines.join("\n")
}

fn numbers(seqs: &[u64]) -> String {
    let shown: Vec<String> = seqs.iter().take(5).map(u64::to_string).collect();
    match seqs.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn in_order_json(verified: &Verified, signatures: &Signatures<'_>) -> Value {
    json!({
        "result": "verified",
        "tier": "T0",
        "log": verified.log,
        "entries": verified.entries,
        "head": verified.head.to_string(),
        "root": verified.root.to_string(),
        "first": verified.first,
        "last": verified.last,
        "requests": verified.requests,
        "incidents": verified.incidents,
        "unreviewed": verified.unreviewed.as_ref().map(|open| visible(open.name.as_bytes())),
        "open_runs": verified.open_runs,
        "clock_steps": verified.clock_steps,
        "heads": verified.heads.len(),
        "signatures": signatures.held(),
        "unnamed_keys": signatures.unnamed(),
        "not_checked": [UNSEEN],
    })
}

pub(super) fn wrong(tampered: &Tampered) -> String {
    let Tampered { seq, what, expected, found } = tampered;
    let good = match seq.saturating_sub(1) {
        0 => "no entry is known to be good".to_owned(),
        good => format!("entries 1 to {good} are in order among themselves"),
    };
    let shown = |text: &String| visible(text.as_bytes());
    format!(
        "tampered: entry {seq}, {what}\n  expected  {}\n  found     {}\n  {good}; there is no anchor to compare with (tier T0)",
        shown(expected),
        shown(found)
    )
}

pub(super) fn wrong_json(tampered: &Tampered) -> Value {
    let Tampered { seq, what, expected, found } = tampered;
    json!({
        "result": "tampered", "entry": seq, "what": what, "expected": expected, "found": found, "anchor": null,
        "good_entries": seq.saturating_sub(1),
    })
}
