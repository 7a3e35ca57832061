//! `gate audit report`: what was asked, decided and done, for people who were not there.

mod markdown;
mod story;

use std::io::Write as _;
use std::ops::ControlFlow;

use anyhow::Context as _;
use serde_json::Value;

use super::super::instant::instant;
use super::log::not_an_id;
use crate::approval::Prefix;
use crate::audit::leaf;
use crate::error::Exit;
use crate::moment::Moment;
use crate::store::{Row, Store, StoreError, clock};
use crate::ui;
use story::Stories;

/// Tell what was asked, decided and done, as a summary of a CI job or for a ticket
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("form").required(true).args(["markdown", "json"])))]
#[command(after_help = "Secrets are taken out, and nothing that a requester wrote is taken for markup.
Examples:
  gate audit report --markdown >> \"$GITHUB_STEP_SUMMARY\"
  gate audit report --markdown --since 2h > gate.md
  gate audit report --json --request 7KQ2")]
pub(super) struct Args {
    /// As Markdown with tables, the way GitHub and GitLab show it
    #[arg(long)]
    markdown: bool,
    /// As one JSON object
    #[arg(long)]
    json: bool,
    /// Tell what is younger: a time (2026-11-21, 2026-11-21T09:00:00Z) or a length of time (30m, 2d)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Tell what is about this request
    #[arg(long, value_name = "ID")]
    request: Option<String>,
}

/// Prints it. Where there is no store yet, nothing has gone through gate, and that is what is told.
pub(super) fn run(args: &Args, store: anyhow::Result<Store>) -> anyhow::Result<Exit> {
    let since =
        args.since.as_deref().map(|text| instant(text, clock::now()).map(Moment::rfc3339)).transpose()?;
    let prefix =
        args.request.as_deref().map(|text| Prefix::parse(text).context(not_an_id(text))).transpose()?;
    let mut stories = Stories::since(since);
    match store {
        Ok(store) => read(&store, &mut stories)?,
        Err(error) if matches!(error.downcast_ref(), Some(StoreError::Missing { .. })) => {}
        Err(error) => return Err(error),
    }
    stories.finish(prefix.as_ref());
    let text = if args.json { stories.json() } else { markdown::page(&stories) };
    let mut out = ui::output();
    // A summary that was cut short is an error: somebody relies on it.
    writeln!(out, "{text}").and_then(|()| out.flush()).context("failed to write the report")?;
    Ok(Exit::Done)
}

fn read(store: &Store, stories: &mut Stories) -> anyhow::Result<()> {
    store.entries(1, |row: Row<'_>| {
        // An entry that is no JSON tells nothing here; `gate audit verify` says what it is.
        let entry: Value = serde_json::from_slice(row.bytes).unwrap_or(Value::Null);
        stories.add(&entry);
        stories.head = Some((row.seq, leaf(row.bytes).to_string()));
        ControlFlow::Continue(())
    })?;
    Ok(())
}
