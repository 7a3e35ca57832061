//! `gate audit export`: the record for somebody else's tools.

use std::io::Write as _;
use std::ops::ControlFlow;

use anyhow::Context as _;

use crate::error::Exit;
use crate::store::{Row, Store};
use crate::ui;

/// Print the log for other tools
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate audit export --format jsonl > log.jsonl
  gate audit verify --from log.jsonl      gate checks it
  python3 examples/verify.py log.jsonl    and so can anybody without gate")]
pub(super) struct Args {
    /// `jsonl`: the exact bytes that were hashed, one entry a line
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Jsonl,
}

/// Writes every entry to standard output; an export that was cut short is an error.
pub(super) fn run(args: &Args, store: &Store) -> anyhow::Result<Exit> {
    let Format::Jsonl = args.format;
    let mut out = ui::output();
    let mut failed = None;
    store.entries(1, |row: Row<'_>| match out.write_all(row.bytes).and_then(|()| out.write_all(b"\n")) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(()), Err).and_then(|()| out.flush()).context("failed to write the export")?;
    Ok(Exit::Done)
}
