//! `gate policy test`: what commands must come to, as tables in a policy file.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::Place;
use crate::config::Config;
use crate::error::Exit;
use crate::policy::{LayerText, Policy, Tested, only_tests, run_tests};
use crate::ui;

/// Run the `[[test]]` tables of policy files
///
/// Each command is judged in a fixed world, the same on every machine, with the files in the place of the user's own; a file that
/// holds nothing but tests is judged with the policy in force. Exits 0 if all tests hold, 1 if one fails or there is none, 125 if
/// a file cannot be read or is no policy.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate policy test ./policy.toml
  gate policy test ./tests.toml --json | jq '.tests[] | select(.holds | not)'")]
pub(super) struct Args {
    /// Policy files with `[[test]]` tables
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the tests of the files.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let given = super::layers(&args.files)?;
    let names: Vec<String> = given.iter().map(|layer| layer.path.clone()).collect();
    let policy = Policy::from_layers(beside(given, place)?)?;
    let tests: Vec<Tested> =
        run_tests(&policy).into_iter().filter(|test| names.iter().any(|name| test.is_in(name))).collect();
    let failed = tests.iter().filter(|test| test.failure.is_some()).count();
    if args.json {
        let all: Vec<Value> = tests.iter().map(in_json).collect();
        ui::answer(&json!({ "holds": tests.len() - failed, "failed": failed, "tests": all }).to_string());
    } else {
        for (test, failure) in tests.iter().filter_map(|test| Some((test, test.failure.as_ref()?))) {
            ui::answer(&format!("{}: {failure}", test.place));
        }
        ui::say(&summary(tests.len(), failed, &names));
    }
    Ok(if failed == 0 && !tests.is_empty() { Exit::Done } else { Exit::No })
}

/// Returns the layers to judge with: the files in the place of the user's own, or beside it where they hold nothing but tests.
fn beside(given: Vec<LayerText>, place: &Place) -> anyhow::Result<Vec<LayerText>> {
    if !given.iter().all(only_tests) {
        return Ok(given);
    }
    let config = Config::load(place.home.as_deref())?;
    let mut layers = config.layers_in(&config.cwd)?;
    layers.extend(given);
    Ok(layers)
}

fn summary(all: usize, failed: usize, names: &[String]) -> String {
    match (all, failed) {
        (0, _) => format!("no `[[test]]` in {}", names.join(", ")),
        (1, 0) => "1 test holds".to_owned(),
        (all, 0) => format!("{all} tests hold"),
        (all, failed) => format!("{failed} of {all} tests fail"),
    }
}

fn in_json(test: &Tested) -> Value {
    json!({
        "place": test.place,
        "command": test.command,
        "expected": test.expected.word(),
        "verdict": test.verdict.word(),
        "risk": test.risk.word(),
        "rules": test.rules,
        "holds": test.failure.is_none(),
        "failure": test.failure,
    })
}
