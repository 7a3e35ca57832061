//! `gate agent setup NAME`: the exact change to an agent's settings, made after a yes, and taken back with `--undo`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{Where, again, own, places};
use crate::agent::setup::file::{self, Copy, Settings};
use crate::agent::setup::status::{self, Status, has_gate};
use crate::agent::setup::{Agent, Mode, Places, Refusal, Scope, Was, set_up, undone, unified};
use crate::approval::RequesterKind;
use crate::cli::Place;
use crate::command::visible;
use crate::config::Config;
use crate::error::Exit;
use crate::gate::requester;
use crate::store::clock;
use crate::ui;

/// Show the change that puts gate between an agent and what it runs, and make it after a yes
#[derive(clap::Args)]
#[command(after_help = "Exit code 0: done, or set up already. 1: nothing was changed, and why. 2: usage.
A copy of the file as it was is kept in gate's own directory.
Examples:
  gate agent setup claude                 a hook in ~/.claude/settings.json
  gate agent setup claude --with shell    gate as Claude Code's shell instead
  gate agent setup cursor --project       in this project's settings instead of yours
  gate agent setup codex < /dev/null      only shows the change
  gate agent setup claude --undo          takes out what was put in, and nothing else")]
pub(super) struct Args {
    /// The agent
    name: Name,
    /// How it goes through gate; each agent has a default that holds best
    #[arg(long, value_name = "WAY")]
    with: Option<With>,
    /// Change this project's settings instead of yours
    #[arg(long)]
    project: bool,
    #[command(flatten)]
    place: Where,
    /// Take out what was put in
    #[arg(long, conflicts_with = "with")]
    undo: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    Claude,
    Codex,
    Gemini,
    Cursor,
    Copilot,
    Aider,
}

impl Name {
    fn agent(self) -> Agent {
        match self {
            Name::Claude => Agent::Claude,
            Name::Codex => Agent::Codex,
            Name::Gemini => Agent::Gemini,
            Name::Cursor => Agent::Cursor,
            Name::Copilot => Agent::Copilot,
            Name::Aider => Agent::Aider,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum With {
    /// The agent asks gate before each use of a tool
    Hook,
    /// gate is the agent's shell
    Shell,
}

/// What is to be done, and to what.
struct Change {
    agent: Agent,
    scope: Scope,
    path: PathBuf,
    settings: Settings,
    copies: PathBuf,
    /// How it is taken out again, and how it is tried.
    undo: String,
    doctor: String,
}

/// Shows the change, asks, and makes it.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let config = Config::load(place.home.as_deref())?;
    let requester = requester(&config);
    if requester.kind == RequesterKind::Agent {
        ui::say(&format!("{} may not change how agents go through gate", requester.label()));
        ui::hint(&format!(
            "{}; a person does that in a terminal of their own",
            requester.asserted.join("; ")
        ));
        return Ok(Exit::No);
    }
    let agent = args.name.agent();
    let scope = if args.project { Scope::Project } else { Scope::User };
    let places = places(args.place.directory.as_deref(), &config.user, &config.cwd)?;
    let (dir, moved) = agent.directory(&places);
    if scope == Scope::User && !dir.is_dir() {
        ui::say(&format!(
            "{} was never started here: `{}` is not there; nothing was changed",
            agent.title(),
            dir.display()
        ));
        ui::hint("start it once, or name the directory that stands in for your home with `--directory DIR`");
        return Ok(Exit::No);
    }
    if let (Some(name), Scope::User) = (moved, scope) {
        ui::say(&format!("`{name}` says that {} keeps its settings in `{}`", agent.title(), dir.display()));
    }
    let path = agent.file(scope, &places);
    let settings = file::read(&path)?;
    if settings.real != path {
        ui::say(&format!("`{}` is a link to `{}`", path.display(), settings.real.display()));
    }
    let change = change(args, place, &config, path, settings);
    if args.undo {
        return undo(&change, args.yes);
    }
    // A gate that cannot start would block the agent altogether: better told now.
    config.policy()?;
    let mode = args.with.map_or(agent.best(), |with| match with {
        With::Hook => Mode::Hook,
        With::Shell => Mode::Shell,
    });
    if let Some(other) = other_way(agent, scope, mode, &places) {
        ui::say(&format!(
            "{} goes through gate by `{}` already; nothing was changed",
            agent.title(),
            other.display()
        ));
        ui::hint(
            "with a hook and the shell together every command is judged twice; take the other out first, with `--undo`",
        );
        return Ok(Exit::No);
    }
    let before = change.settings.text.as_deref();
    let own = own(&config)?;
    let exit = match set_up(before, agent, mode, &own) {
        Err(refusal) => refused(&change, &refusal),
        Ok(after) if Some(after.as_str()) == before => {
            ui::say(&format!("{} is already set up in `{}`", agent.title(), change.path.display()));
            Exit::Done
        }
        Ok(after) => made(&change, mode, &after, args.yes)?,
    };
    if exit == Exit::Done {
        say_problems(&status::look(agent, &places, &config.host.search_path(&config.cwd), &own), scope);
    }
    Ok(exit)
}

fn change(args: &Args, place: &Place, config: &Config, path: PathBuf, settings: Settings) -> Change {
    let agent = args.name.agent();
    let (scope, option) = if args.project { (Scope::Project, " --project") } else { (Scope::User, "") };
    let again = |words: &str| again(place.home.as_deref(), args.place.directory.as_deref(), words);
    Change {
        agent,
        scope,
        path,
        settings,
        copies: config.places.state.join("agents"),
        undo: again(&format!("agent setup {}{option} --undo", agent.name())),
        doctor: again("doctor"),
    }
}

/// Says what keeps the entry from holding all the same, such as a switch that turns hooks off.
fn say_problems(all: &[Status], scope: Scope) {
    for problem in all.iter().filter(|status| status.scope == scope).flat_map(|status| &status.problems) {
        ui::say(&format!("problem: {}", visible(problem.as_bytes())));
    }
}

/// Returns the settings of the other scope, if they lead the agent through gate by another way.
fn other_way(agent: Agent, scope: Scope, mode: Mode, places: &Places) -> Option<PathBuf> {
    let other = agent.file(if scope == Scope::User { Scope::Project } else { Scope::User }, places);
    let text = file::read(&other).ok()?.text?;
    let is_other = status::mode(&text, agent).is_some_and(|there| there != mode);
    (is_other && other != agent.file(scope, places)).then_some(other)
}

fn made(change: &Change, mode: Mode, after: &str, yes: bool) -> anyhow::Result<Exit> {
    let agent = change.agent;
    let way = match mode {
        Mode::Hook => "by a hook",
        Mode::Shell => "with gate as its shell",
    };
    let why = if mode == agent.best() { agent.why() } else { "its edits of files are not seen that way" };
    ui::say(&format!("{} would go through gate {way}: {why}", agent.title()));
    if !agrees(change, Some(after), yes)? {
        return Ok(Exit::No);
    }
    let copy = file::keep(&change.copies, &change.settings, &clock::now().rfc3339())?;
    file::write(&change.settings, after)?;
    ui::say(&format!("wrote `{}`", change.path.display()));
    if change.settings.text.is_some() {
        ui::say(&format!("kept what was there as `{}`", copy.display()));
    }
    ui::hint(agent.remark(change.scope));
    ui::hint(&format!("`{}` tries it; `{}` takes it out again", change.doctor, change.undo));
    Ok(Exit::Done)
}

fn undo(change: &Change, yes: bool) -> anyhow::Result<Exit> {
    let agent = change.agent;
    let Some(now) = change.settings.text.as_deref().filter(|text| has_gate(text, agent)) else {
        ui::say(&format!(
            "{} does not go through gate in `{}`; nothing to undo",
            agent.title(),
            change.path.display()
        ));
        return Ok(Exit::Done);
    };
    let copy = file::kept(&change.copies, &change.settings.real, |text| !has_gate(text, agent));
    let was = match &copy {
        None => Was::Unknown,
        Some(Copy::Absent) => Was::Absent,
        Some(Copy::Text(text)) => Was::Text(text),
    };
    let after = match undone(now, agent, was) {
        Err(refusal) => return Ok(refused(change, &refusal)),
        Ok(after) => after,
    };
    if !agrees(change, after.as_deref(), yes)? {
        return Ok(Exit::No);
    }
    file::keep(&change.copies, &change.settings, &clock::now().rfc3339())?;
    match after {
        Some(text) => file::write(&change.settings, &text)?,
        None => file::remove(&change.settings)?,
    }
    ui::say(&format!("{} does not go through gate any more by `{}`", agent.title(), change.path.display()));
    Ok(Exit::Done)
}

/// Shows the change and asks; `false` says why nothing happens.
fn agrees(change: &Change, after: Option<&str>, yes: bool) -> anyhow::Result<bool> {
    let shown = visible(change.path.as_os_str().as_encoded_bytes());
    for line in unified(&shown, change.settings.text.as_deref(), after) {
        ui::difference(&line);
    }
    if yes {
        return Ok(true);
    }
    let Ok(typed) = ui::ask(&format!("make this change to `{shown}`? [y/N] ")) else {
        ui::say("there is no terminal to ask on, so nothing was changed; `--yes` makes the change");
        return Ok(false);
    };
    let is_yes = matches!(typed.trim(), "y" | "Y" | "yes");
    if !is_yes {
        ui::say("nothing was changed");
    }
    Ok(is_yes)
}

fn refused(change: &Change, refusal: &Refusal) -> Exit {
    ui::say(&format!("`{}` was left as it is: {refusal}", change.path.display()));
    if let Some(text) = &refusal.by_hand {
        ui::hint("write this into it by hand, beside what is there:");
        ui::answer(text.trim_end());
    }
    Exit::No
}
