//! `gate policy diff`: what another policy would change, over everything that is known to be asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::Place;
use super::replay::{Differing, compare};
use crate::channel::{cut, width};
use crate::command::visible;
use crate::config::Config;
use crate::error::Exit;
use crate::policy::{LayerText, Policy, Verdict, judge_in_test_world, run_tests};
use crate::ui;

/// List the verdicts that another policy would change
///
/// With one file it is compared with the policy in force, in the place of the user's own file; with two, the first with the second.
/// Judged are the examples of all packs and files, every `[[test]]`, and the commands of gate's log. It runs nothing and writes nothing.
/// Exits 0 if no verdict changes, 1 if any does, 125 if a file is no policy or the log cannot be read.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate policy diff ./new-policy.toml
  gate policy diff ./old-policy.toml ./new-policy.toml
  gate policy diff ./new-policy.toml --since 30d --json | jq '.changes[] | select(.new == \"allow\")'")]
pub(super) struct Args {
    /// Policy files: the new one, or the old one and the new one
    #[arg(required = true, num_args = 1..=2, value_name = "POLICY")]
    files: Vec<PathBuf>,
    /// Of the log, what is younger: a time (2026-11-21) or a length of time (30d)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One command that the two policies judge differently.
struct Change {
    script: String,
    old: Verdict,
    new: Verdict,
    /// Where it comes from, each once.
    from: Vec<String>,
}

/// Compares and reports.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let config = Config::load(place.home.as_deref())?;
    let mut given =
        args.files.iter().map(|path| super::layer(path)).collect::<anyhow::Result<Vec<LayerText>>>()?;
    let new = given.pop().into_iter().collect::<Vec<_>>();
    let old = (!given.is_empty()).then_some(given);
    let policies = (config.policy_with(old.clone())?, config.policy_with(Some(new.clone()))?);
    let (known, judged) = known(&policies.0, &policies.1);
    let (logged, replayed) = compare(&config, old, new, args.since.as_deref())?;
    let changes: Vec<Change> = known.into_iter().chain(logged.into_iter().map(of_log)).collect();
    if args.json {
        ui::answer(&in_json(&changes, judged, replayed).to_string());
    } else {
        changes.iter().for_each(|change| ui::answer(&in_lines(change)));
        let commands = if replayed == 1 { "command" } else { "commands" };
        let all = format!("{judged} examples and tests and {replayed} {commands} of the log");
        ui::say(&match changes.len() {
            0 => format!("no verdict changes in {all}"),
            1 => format!("1 verdict changes in {all}"),
            many => format!("{many} verdicts change in {all}"),
        });
    }
    Ok(if changes.is_empty() { Exit::Done } else { Exit::No })
}

/// Judges what the packs, the files and their tests name; returns what changes, and how many were judged.
fn known(old: &Policy, new: &Policy) -> (Vec<Change>, usize) {
    let mut scripts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for policy in [old, new] {
        for rule in policy.in_force() {
            let from = format!("example of `{}`", rule.id);
            for script in rule.examples.iter().chain(&rule.counterexamples) {
                let known = scripts.entry(script.clone()).or_default();
                if !known.contains(&from) {
                    known.push(from.clone());
                }
            }
        }
        for test in run_tests(policy) {
            scripts.entry(test.command).or_default().push(format!("test at {}", test.place));
        }
    }
    let judged = scripts.len();
    let change = |(script, mut from): (String, Vec<String>)| {
        let verdict = |policy| judge_in_test_world(policy, &script).verdict;
        let (old, new) = (verdict(old), verdict(new));
        from.dedup();
        (old != new).then_some(Change { script, old, new, from })
    };
    (scripts.into_iter().filter_map(change).collect(), judged)
}

fn of_log(found: Differing) -> Change {
    let times = if found.count == 1 { "once".to_owned() } else { format!("{} times", found.count) };
    Change {
        script: found.command,
        old: found.old,
        new: found.new,
        from: vec![format!("{times} in the log")],
    }
}

fn in_lines(change: &Change) -> String {
    let direction = if change.new > change.old { "stricter" } else { "laxer" };
    let Change { old, new, .. } = change;
    let command = cut(&visible(change.script.as_bytes()), width().saturating_sub(30).max(50));
    let from = cut(&visible(change.from.join(", ").as_bytes()), width().saturating_sub(8).max(72));
    format!("{direction:<8}  {:<5} -> {:<5}  `{command}`\n          {from}", old.word(), new.word())
}

fn in_json(changes: &[Change], judged: usize, replayed: u64) -> Value {
    let one = |change: &Change| {
        json!({
            "command": change.script,
            "old": change.old.word(),
            "new": change.new.word(),
            "stricter": change.new > change.old,
            "from": change.from,
        })
    };
    let all: Vec<Value> = changes.iter().map(one).collect();
    json!({ "examples_and_tests": judged, "log": replayed, "changes": all })
}
