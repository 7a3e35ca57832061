//! `gate audit review`: somebody else looks at what was run behind broken glass, and says so.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use super::super::Place;
use super::super::desk::Desk;
use super::super::signer::Signer;
use super::line::{line, outcome};
use crate::approval::{Assurance, Incident, RequesterKind, Sworn};
use crate::command::visible;
use crate::config::Config;
use crate::digest::Digest;
use crate::error::Exit;
use crate::identity::reviewers;
use crate::moment::in_words;
use crate::policy::Policy;
use crate::store::{Review, Row, Store, Withstood, clock, salt};
use crate::ui;

/// Review an incident in which somebody broke the glass: until then there is no next one
///
/// Who opened it cannot; an approver can who might have decided about its commands, with a security key (or a key of another user's,
/// out of reach of who opened it), at a terminal. Exits 0 if it is reviewed or none waits, 1 if it is not.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate audit review                     shows what waits for a review, and asks
  gate audit review INC-42 -m 'right; the rule should let the on-call do this'
  gate audit review INC-42 --key ~/.ssh/id_ed25519_sk")]
pub(super) struct Args {
    /// The incident's name; the one that waits, if none is said
    name: Option<String>,
    /// What there is to say about it; it is recorded
    #[arg(short = 'm', long, value_name = "TEXT")]
    comment: Option<String>,
    /// Don't ask again after showing the incident
    #[arg(short, long)]
    yes: bool,
    /// Sign with this key (a private key's file, or the `.pub` file of one in `ssh-agent`)
    #[arg(short = 'k', long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Shows the incident, takes the signature and records it.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let Some(incident) = super::store(place)?.incident()? else {
        ui::say("no incident waits for a review");
        return Ok(Exit::Done);
    };
    if let Some(other) = args.name.as_ref().filter(|name| **name != incident.text.name) {
        let name = visible(other.as_bytes());
        ui::say(&format!("`{name}` does not wait for a review, {} does", incident.text.name));
        return Ok(Exit::No);
    }
    let mut desk = Desk::writing(place)?;
    let shown = told(&desk.store, &incident)?;
    let is_shown = ui::show(&shown);
    let (_, policy) = Config::load_with_policy(place.home.as_deref())?;
    let signer = match may(args, &desk, &policy, &incident) {
        Ok(_) if !is_shown => return refused("it could not be shown as a whole"),
        Ok(signer) => signer,
        Err(error) => return refused(&format!("{error:#}")),
    };
    if !args.yes && !sure(&incident)? {
        return refused("nobody said that it is");
    }
    let by = signer.swearing(
        desk.store.log_id(),
        desk.config.user.uid,
        (salt()?, salt()?),
        Digest::of(shown.as_bytes()),
    );
    let mut sworn = Sworn::review(&by, &incident, args.comment.as_deref());
    if let Err(error) = signer.swear(&mut sworn, &desk.config.host, &desk.people) {
        return refused(&format!("{error:#}"));
    }
    let reviewers = reviewers(&policy, incident.risk);
    let review = Review {
        sworn: &sworn,
        comment: args.comment.as_deref(),
        reviewers: &reviewers,
        people: &desk.people,
    };
    match desk.store.review(clock::now(), &review) {
        Ok(done) => {
            ui::say(&format!("{} of {} is reviewed; it is over", done.text.name, done.by));
            Ok(Exit::Done)
        }
        Err(Withstood::Store(error)) => Err(error).context("failed to record the review; it waits on"),
        Err(why) => refused(&why.to_string()),
    }
}

fn refused(why: &str) -> anyhow::Result<Exit> {
    ui::say(&format!("not reviewed: {why}"));
    Ok(Exit::No)
}

/// Returns whoever signs here, if they may as far as that shows before they do.
fn may(args: &Args, desk: &Desk, policy: &Policy, incident: &Incident) -> anyhow::Result<Signer> {
    let requester = desk.requester();
    if requester.kind != RequesterKind::Human || desk.origin().tty.is_none() {
        anyhow::bail!("only a person at a terminal reviews an incident");
    }
    let signer = Signer::choose(args.key.as_deref(), &desk.config, &desk.people)?.context(
        "it needs the reviewer's key: name it with `--key FILE`, or as `key` under `[local]` in the configuration",
    )?;
    let given = signer.worth_for(incident.uid, desk.config.user.uid);
    if given < Assurance::Key {
        anyhow::bail!(Withstood::Weak { given });
    }
    let seen = (incident.opening, incident.commands);
    incident
        .reviewed(signer.name(), &reviewers(policy, incident.risk), seen)
        .map_err(Withstood::Unreviewable)?;
    Ok(signer)
}

fn sure(incident: &Incident) -> anyhow::Result<bool> {
    let typed = ui::ask(&format!("\nhave you looked at all of {}? [y/N] ", incident.text.name))?;
    Ok(matches!(typed.trim(), "y" | "Y" | "yes"))
}

/// Returns the incident with its commands and how each ended, for a person.
fn told(store: &Store, incident: &Incident) -> anyhow::Result<String> {
    let now = clock::now();
    let starts = store.incident_starts(incident)?;
    let left = match incident.is_over(now) {
        true => "over".to_owned(),
        false => format!("open for another {}", in_words(incident.left(now))),
    };
    let mut lines = vec![
        format!("break-glass  {}: {}", incident.text.name, incident.text.what),
        format!("opened       by {} at {}, {left}", incident.by, incident.opened.rfc3339()),
        format!("commands     {}, of {} risk at most", incident.commands, incident.risk),
    ];
    let found = found(store, &starts)?;
    for start in starts {
        let (run, ended) = found.get(&start).cloned().unwrap_or_default();
        lines.push(format!("  {run}"));
        lines.push(format!("          {}", ended.unwrap_or_else(|| "has not ended yet".to_owned())));
    }
    Ok(lines.iter().map(|line| visible(line.as_bytes())).collect::<Vec<_>>().join("\n"))
}

/// What a start is, and how it ended.
type Ran = (String, Option<String>);

fn found(store: &Store, starts: &[u64]) -> anyhow::Result<HashMap<u64, Ran>> {
    let mut found: HashMap<u64, Ran> = starts.iter().map(|seq| (*seq, Ran::default())).collect();
    let first = starts.first().copied().unwrap_or(u64::MAX);
    store.entries(first, |row: Row<'_>| {
        let entry: Value = serde_json::from_slice(row.bytes).unwrap_or_default();
        let start = entry["data"]["start"].as_u64();
        match (found.get_mut(&row.seq), start.is_some()) {
            (Some(run), _) => run.0 = line(&entry),
            (None, true) => {
                if let Some(run) = start.and_then(|start| found.get_mut(&start)) {
                    run.1 = Some(outcome(&entry["outcome"]).unwrap_or_else(|| "was lost".to_owned()));
                }
            }
            (None, false) => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
