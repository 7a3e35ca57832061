//! `gate policy check`: what does not hold, or does nothing, each with its place.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::Place;
use crate::config::Config;
use crate::error::Exit;
use crate::policy::{Finding, Policy, count, prove};
use crate::ui;

/// Checks `files`, or everything in force.
pub(super) fn run(files: &[PathBuf], json: bool, place: &Place) -> anyhow::Result<Exit> {
    if files.is_empty() {
        let (_, policy) = Config::load_with_policy(place.home.as_deref())?;
        return Ok(check(&policy, true, json));
    }
    match Policy::from_layers(super::layers(files)?) {
        Ok(policy) => Ok(check(&policy, false, json)),
        Err(error) => {
            let place = format!("{}:{}:{}", error.path, error.line, error.column);
            report(&[Finding { place, message: error.message }], 0, json);
            Ok(Exit::No)
        }
    }
}

fn check(policy: &Policy, packs: bool, json: bool) -> Exit {
    let (findings, judged) = (prove(policy, packs), count(policy, packs));
    report(&findings, judged, json);
    if !json && findings.is_empty() {
        ui::say(&format!("{judged} examples hold"));
    } else if !json {
        ui::say(&format!("{} findings in {judged} examples", findings.len()));
    }
    if findings.is_empty() { Exit::Done } else { Exit::No }
}

fn report(findings: &[Finding], judged: usize, json: bool) {
    if json {
        let all: Vec<Value> = findings.iter().map(in_json).collect();
        ui::answer(&json!({ "judged": judged, "findings": all }).to_string());
        return;
    }
    for finding in findings {
        ui::answer(&format!("{}: {}", finding.place, finding.message));
    }
}

fn in_json(finding: &Finding) -> Value {
    json!({ "place": finding.place, "message": finding.message })
}
