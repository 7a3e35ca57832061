//! `gate audit export`: the record for somebody else's tools.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::Place;
use crate::approval::{NAMESPACE, Purpose, statement_of, sworn_statement};
use crate::command::{quoted, visible};
use crate::config::Config;
use crate::error::Exit;
use crate::identity::{People, allowed_signers};
use crate::store::{Row, Store};
use crate::ui;

/// Print the log for other tools
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate audit export --format jsonl > log.jsonl
  gate audit verify --from log.jsonl      gate checks it
  python3 examples/verify.py log.jsonl    and so can anybody without gate
  gate audit export --allowed-signers > allowed_signers
  gate audit export --decisions DIR       what approvers signed, for `ssh-keygen -Y verify`")]
pub(super) struct Args {
    /// `jsonl`: the exact bytes that were hashed, one entry a line
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Print the approvers' keys instead, as `ssh-keygen -Y verify -f` reads them
    #[arg(long, conflicts_with = "decisions")]
    allowed_signers: bool,
    /// Write each signed decision to files in this new directory instead, and print the commands that verify them without gate
    #[arg(long, value_name = "DIR")]
    decisions: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Jsonl,
}

/// Writes what is asked for; an export that was cut short is an error.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    if args.allowed_signers {
        let (_, policy) = Config::load_with_policy(place.home.as_deref())?;
        ui::answer(allowed_signers(&People::of(&policy)).trim_end());
        return Ok(Exit::Done);
    }
    let store = super::store(place)?;
    match &args.decisions {
        Some(dir) => decisions(&store, dir, place),
        None => entries(args, &store),
    }
}

fn entries(args: &Args, store: &Store) -> anyhow::Result<Exit> {
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

/// Writes what was signed, the signatures and the keys, and prints how `ssh-keygen` verifies each.
fn decisions(store: &Store, dir: &Path, place: &Place) -> anyhow::Result<Exit> {
    let attempted = || format!("failed to write the decisions to `{}`", dir.display());
    std::fs::create_dir(dir).with_context(attempted)?;
    std::fs::write(dir.join("allowed_signers"), allowed_signers(&super::people(place)))
        .with_context(attempted)?;
    let mut failed = None;
    let mut commands = Vec::new();
    store.entries(1, |row: Row<'_>| match signed(&row, dir) {
        Ok(command) => {
            commands.extend(command);
            ControlFlow::Continue(())
        }
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(()), Err).with_context(attempted)?;
    if commands.is_empty() {
        ui::say("no decision is signed");
    } else {
        ui::answer(&commands.join("\n"));
    }
    Ok(Exit::Done)
}

/// Writes the message and the signature of an entry that is signed, a decision or broken glass; returns the command that verifies it as of then.
fn signed(row: &Row<'_>, dir: &Path) -> std::io::Result<Option<String>> {
    let entry: Value = serde_json::from_slice(row.bytes).unwrap_or_default();
    let decision = &entry["decision"];
    let change = entry["data"]["change"].as_str().unwrap_or_default();
    let (namespace, person, message) = match (entry["type"].as_str(), Purpose::of_change(change)) {
        (Some("decision" | "grant.revoked"), _) => (NAMESPACE, &decision["approver"], statement_of(decision)),
        (Some("break_glass"), Some(purpose)) => {
            (purpose.namespace(), &decision["person"], sworn_statement(purpose, decision))
        }
        _ => return Ok(None),
    };
    let Some(signature) = decision["signature"].as_str() else { return Ok(None) };
    std::fs::write(dir.join(format!("{}.message", row.seq)), message)?;
    std::fs::write(dir.join(format!("{}.sig", row.seq)), signature)?;
    let shown = |bytes: &[u8]| visible(&quoted(bytes));
    let (name, dir) =
        (shown(person.as_str().unwrap_or_default().as_bytes()), shown(dir.as_os_str().as_encoded_bytes()));
    let digits: String =
        entry["ts"].as_str().unwrap_or_default().chars().filter(char::is_ascii_digit).take(14).collect();
    let seq = row.seq;
    Ok(Some(format!(
        "ssh-keygen -Y verify -f {dir}/allowed_signers -I {name} -n {namespace} -O verify-time={digits}Z -s {dir}/{seq}.sig < {dir}/{seq}.message"
    )))
}
