//! `gate approver`: the people of the policy and their keys. It edits a policy file as a person would, and keeps its comments.
//!
//! MUST rules:
//! 1. An agent or a job changes nobody: a person at a terminal does.
//! 2. What would not be a policy is not written; what is, is written whole or not at all, and recorded.

mod check;
mod edit;
mod list;

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use super::Place;
use crate::approval::RequesterKind;
use crate::audit::{Draft, Kind};
use crate::config::Config;
use crate::error::Exit;
use crate::exec::{origin_with_ancestors, stand_in_line};
use crate::policy::{Authority, LayerText, Policy};
use crate::store::{Durability, Store, clock, wait_by};
use crate::ui;

/// Name the people who may decide, and the keys that they sign with
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate approver add mara ~/.ssh/id_ed25519_sk.pub       a security key: signs at `hardware`
  gate approver add jo jo.pub --until 2027-01-01
  gate approver list
  gate approver check ~/.ssh/id_ed25519_sk              does it sign, and what is that worth?
  gate approver remove jo")]
pub(super) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(clap::Subcommand)]
enum Part {
    /// Show who may decide, with which keys, and what a signature of each is worth
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    Add(edit::Add),
    Remove(edit::Remove),
    Check(check::Args),
}

/// Runs one part of it.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    match &args.part {
        Part::List { json } => list::run(*json, place),
        Part::Add(args) => edit::add(args, place),
        Part::Remove(args) => edit::remove(args, place),
        Part::Check(args) => check::run(args, place),
    }
}

/// Makes sure that a person at a terminal is asking.
fn person(config: &Config) -> anyhow::Result<()> {
    let requester = crate::gate::requester(config);
    let is_person = requester.kind == RequesterKind::Human;
    ensure!(is_person, "{} changes nobody: who may decide is for a person to say", requester.label());
    let tty = origin_with_ancestors(&config.host).tty;
    ensure!(tty.is_some(), "who may decide is for a person at a terminal to say, and there is none here");
    Ok(())
}

/// Puts `text` in the place of the policy file `path`, if it is a policy together with all other files in force, and records it.
fn replace(config: &Config, path: &PathBuf, text: &str, change: (&str, &str)) -> anyhow::Result<()> {
    let is_own = *path == config.places.policy;
    let layer =
        LayerText { authority: Authority::User, path: path.display().to_string(), text: text.to_owned() };
    let layers = if is_own { config.layers_with(Some(&[layer]), &config.cwd)? } else { vec![layer] };
    let policy = Policy::from_layers(layers).context("the file is left as it was")?;
    write(path, text).with_context(|| format!("failed to write policy `{}`", path.display()))?;
    if is_own {
        wait_by(stand_in_line);
        let mut store = Store::open(&config.places.state, clock::now())?;
        let by = crate::gate::requester(config);
        let mut draft = Draft::new(Kind::ApproverChanged, &by, &origin_with_ancestors(&config.host));
        draft.set("change", change.0);
        draft.set("approver", change.1);
        draft.set("policy", policy.digest().to_string());
        store.record(clock::now(), &[draft], Durability::Full)?;
    }
    Ok(())
}

/// Writes a file whole or not at all, for nobody else to change.
fn write(path: &PathBuf, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
    let mode = std::fs::metadata(path).map_or(0o600, |found| found.mode() & 0o755);
    let mut fresh = path.clone().into_os_string();
    fresh.push(format!("-new-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let written = options.write(true).create_new(true).mode(mode).open(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    });
    written.inspect_err(|_| drop(std::fs::remove_file(&fresh)))
}

/// Says what was done, and that what waits has to be asked anew.
fn said(what: &str) -> Exit {
    ui::say(what);
    ui::hint("requests that wait were asked under another policy: they are asked anew");
    Exit::Done
}
