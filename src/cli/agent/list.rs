//! `gate agent list`: which of the known agents go through gate, how, and what is wrong with it. Nothing is run or changed.

use serde_json::{Value, json};

use super::{Where, again, own, places};
use crate::agent::setup::status::{State, Status, Way, look};
use crate::agent::setup::{Agent, Scope};
use crate::cli::Place;
use crate::command::visible;
use crate::config::Config;
use crate::error::Exit;
use crate::ui;

/// Say which agents go through gate, and what is wrong
#[derive(clap::Args)]
#[command(
    after_help = "Exit code 0, whatever it finds; `gate doctor` fails where an agent's set-up does not hold.
Examples:
  gate agent list
  gate agent list --json | jq '.[] | select(.set_up == \"none\" and .installed)'"
)]
pub(super) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// Looks at each agent's settings and says what they say.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let config = Config::load(place.home.as_deref())?;
    let places = places(args.place.directory.as_deref(), &config.user, &config.cwd)?;
    let programs = config.host.search_path(&config.cwd);
    let own = own(&config)?;
    let all: Vec<Status> =
        Agent::ALL.into_iter().flat_map(|agent| look(agent, &places, &programs, &own)).collect();
    if args.json {
        ui::answer(&all.iter().map(object).collect::<Value>().to_string());
    } else {
        let set_up = |name: &str| {
            again(place.home.as_deref(), args.place.directory.as_deref(), &format!("agent setup {name}"))
        };
        all.iter().for_each(|status| ui::answer(&told(status, &set_up(status.agent.name()))));
    }
    Ok(Exit::Done)
}

fn object(status: &Status) -> Value {
    let command = match &status.way {
        Some(Way::Hook { command, .. }) => Some(command),
        _ => None,
    };
    json!({
        "agent": status.agent.name(),
        "installed": status.installed,
        "scope": match status.scope { Scope::User => "user", Scope::Project => "project" },
        "settings": status.file,
        "state": status.state().name(),
        "set_up": status.way.as_ref().map_or("none", |way| way.mode().name()),
        "gate": status.way.as_ref().map(Way::gate),
        "command": command,
        "problems": status.problems,
        "notes": status.notes,
    })
}

fn told(status: &Status, set_up: &str) -> String {
    let shown = |text: &str| visible(text.as_bytes());
    let name = status.agent.name();
    let file = shown(&status.file.display().to_string());
    let rest = match (&status.way, status.state()) {
        (Some(way), _) => {
            let gate = shown(&way.gate().display().to_string());
            format!("{} `{gate}`, by `{file}`", way.mode().name())
        }
        (None, State::NotSetUp) => format!("`{set_up}`"),
        (None, _) => String::new(),
    };
    let mut lines = vec![format!("{name:<8} {:<14} {rest}", status.state().name()).trim_end().to_owned()];
    lines.extend(status.problems.iter().map(|text| format!("{:8} problem: {}", "", shown(text))));
    lines.extend(status.notes.iter().map(|text| format!("{:8} note: {}", "", shown(text))));
    lines.join("\n")
}
