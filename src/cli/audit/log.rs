//! `gate audit log`: the entries, oldest first.

use std::collections::VecDeque;
use std::io::Write as _;
use std::ops::ControlFlow;

use anyhow::Context as _;
use serde_json::Value;

use super::super::instant::instant;
use super::line::line;
use crate::approval::Prefix;
use crate::error::Exit;
use crate::moment::Moment;
use crate::store::{Row, Store, clock};
use crate::ui;

/// How many entries a person gets without asking for more.
const NEWEST: usize = 50;

/// List entries, the newest last
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate audit log -n 20
  gate audit log --since 2h --request 7KQ2
  gate audit log --json | jq -r 'select(.type == \"decision\") | .decision.approver'")]
pub(super) struct Args {
    /// Print the entries' exact JSON, one a line; all of them unless -n says otherwise
    #[arg(long)]
    json: bool,
    /// Print the newest N only (50 unless --json)
    #[arg(short = 'n', value_name = "N")]
    newest: Option<usize>,
    /// Print what is younger: a time (2026-11-21, 2026-11-21T09:00:00Z) or a length of time (30m, 2d)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Print what is about this request
    #[arg(long, value_name = "ID")]
    request: Option<String>,
}

/// Prints them.
pub(super) fn run(args: &Args, store: &Store) -> anyhow::Result<Exit> {
    let since = args.since.as_deref().map(|text| instant(text, clock::now())).transpose()?;
    let since = since.map(Moment::rfc3339);
    let request =
        args.request.as_deref().map(|text| Prefix::parse(text).context(not_an_id(text))).transpose()?;
    let wanted = |entry: &Value| {
        let young = since.as_deref().is_none_or(|since| entry["ts"].as_str().is_some_and(|ts| ts >= since));
        let about = |prefix: &Prefix| {
            entry["request"].as_str().is_some_and(|id| id.replace('-', "").starts_with(prefix.as_str()))
        };
        young && request.as_ref().is_none_or(about)
    };
    let limit = args.newest.or((!args.json).then_some(NEWEST));
    // Without a filter the newest N are the last N: no need to read what is before them.
    let plain = since.is_none() && request.is_none();
    let first = match limit {
        Some(limit) if plain => (store.size()? + 1).saturating_sub(limit as u64),
        _ => 1,
    };
    let mut out = ui::output();
    let mut kept = VecDeque::new();
    let mut written = Ok(());
    store.entries(first, |row: Row<'_>| {
        let Some(one) = shown(row.bytes, args.json, wanted) else { return ControlFlow::Continue(()) };
        match limit {
            Some(limit) => {
                kept.push_back(one);
                if kept.len() > limit {
                    kept.pop_front();
                }
            }
            None => written = out.write_all(&one.text),
        }
        if written.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let rest = |()| kept.iter().try_for_each(|one| out.write_all(&one.text)).and_then(|()| out.flush());
    ui::answered(written.and_then(rest));
    if !args.json {
        say_observed(kept.iter());
    }
    Ok(Exit::Done)
}

/// An entry as it is printed, with its newline.
struct Shown {
    text: Vec<u8>,
    /// Whether its verdict was enforced, if it is a judgement.
    enforced: Option<bool>,
}

/// Says how many of the judgements were not enforced, if any.
fn say_observed<'a>(shown: impl Iterator<Item = &'a Shown>) {
    let judged: Vec<bool> = shown.filter_map(|one| one.enforced).collect();
    let observed = judged.iter().filter(|enforced| !**enforced).count();
    if observed > 0 {
        let were = if observed == 1 { "was" } else { "were" };
        let all = judged.len();
        ui::say(&format!(
            "{observed} of {all} judgements here {were} not enforced: the policy only observed"
        ));
    }
}

/// Returns what is printed of an entry, or `None` if it is not wanted.
fn shown(bytes: &[u8], json: bool, wanted: impl Fn(&Value) -> bool) -> Option<Shown> {
    // An entry that is no JSON is not hidden: `gate audit verify` says what it is.
    let entry: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    if !entry.is_null() && !wanted(&entry) {
        return None;
    }
    let mut text = if json { bytes.to_vec() } else { line(&entry).into_bytes() };
    text.push(b'\n');
    let enforced = (entry["type"] == "judged").then(|| entry["mode"] != "observed");
    Some(Shown { text, enforced })
}

pub(super) fn not_an_id(text: &str) -> String {
    format!(
        "`{}` is no request id, like `7KQ2-M9XD-4T1B` or its beginning",
        crate::command::visible(text.as_bytes())
    )
}
