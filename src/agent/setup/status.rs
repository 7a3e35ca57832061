//! How an agent goes through gate now, by its settings: nothing is run here.

use std::path::{Path, PathBuf};

use super::entry::is_alike;
use super::hooks::{found, is_set_up, others};
use super::settings::{is_link, shell};
use super::{Agent, Called, Mode, Own, Places, Scope, aider, file, json, lowered};

/// A hook hands what must be asked for to `gate -c`, and gate as the shell would ask about that, whatever is in it.
const TWICE: &str = "a hook and the shell both lead to gate, so that every command is judged twice";

/// What was found out about one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub agent: Agent,
    pub scope: Scope,
    /// The program or directory that shows that the agent is installed.
    pub installed: Option<PathBuf>,
    /// The settings that were read.
    pub file: PathBuf,
    /// How it goes through gate; `None` if it does not.
    pub way: Option<Way>,
    /// Claims that gate's own entry is not as this gate writes it.
    pub is_changed: bool,
    /// What keeps gate from being asked, or from being asked rightly.
    pub problems: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// How an agent stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It goes through gate.
    SetUp,
    /// gate's entry was changed since, is of another gate, or is none any more: it does more than call gate.
    Changed,
    /// The entry is right, and something else keeps it from holding.
    Partly,
    /// It does not go through gate.
    NotSetUp,
    /// Its settings cannot be read.
    Unknown,
    /// Nothing of it is on this machine.
    NotInstalled,
}

impl State {
    /// Returns it as a person reads it.
    pub fn name(self) -> &'static str {
        match self {
            State::SetUp => "set up",
            State::Changed => "changed since",
            State::Partly => "partly set up",
            State::NotSetUp => "not set up",
            State::Unknown => "unknown",
            State::NotInstalled => "not installed",
        }
    }
}

impl Status {
    /// Returns how it stands.
    pub fn state(&self) -> State {
        match (&self.way, &self.installed) {
            _ if self.is_changed => State::Changed,
            (Some(_), _) if !self.problems.is_empty() => State::Partly,
            (Some(_), _) => State::SetUp,
            (None, _) if !self.problems.is_empty() => State::Unknown,
            (None, Some(_)) => State::NotSetUp,
            (None, None) => State::NotInstalled,
        }
    }
}

/// How an agent goes through gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a hook: the command exactly as it stands in the settings, and what it calls.
    Hook { command: String, called: Called },
    /// By gate as its shell.
    Shell(PathBuf),
}

impl Way {
    /// Returns the kind of way.
    pub fn mode(&self) -> Mode {
        match self {
            Way::Hook { .. } => Mode::Hook,
            Way::Shell(_) => Mode::Shell,
        }
    }

    /// Returns the gate that is called.
    pub fn gate(&self) -> &Path {
        match self {
            Way::Hook { called, .. } => &called.gate,
            Way::Shell(link) => link,
        }
    }
}

/// Claims that these settings speak of gate.
pub fn has_gate(text: &str, agent: Agent) -> bool {
    mode(text, agent).is_some()
}

/// Returns how these settings lead the agent through gate; a hook counts before a shell.
pub fn mode(text: &str, agent: Agent) -> Option<Mode> {
    if agent == Agent::Aider {
        return aider::shell(text).map(|_| Mode::Shell);
    }
    let root = json::parse(text).ok()?;
    match found(&root, agent).is_empty() {
        false => Some(Mode::Hook),
        true => shell(&root).is_some_and(is_link).then_some(Mode::Shell),
    }
}

/// Returns how `agent` is set up: for the user, and for the project if gate stands in its settings too.
///
/// `programs` are the directories in which programs are looked for.
pub fn look(agent: Agent, places: &Places, programs: &[PathBuf], own: &Own) -> Vec<Status> {
    let mut all = vec![one(agent, Scope::User, places, programs, own)];
    let project = one(agent, Scope::Project, places, programs, own);
    let is_other = project.file != all[0].file;
    if is_other && project.way.is_some() {
        match (&all[0].way, &project.way) {
            (Some(own), Some(other)) if own.mode() == other.mode() => {
                all[0]
                    .notes
                    .push("the project's settings call gate as well; one of the two is enough".to_owned());
            }
            (Some(_), Some(_)) => all[0].problems.push(TWICE.to_owned()),
            _ => {}
        }
        all.push(project);
    }
    all
}

fn one(agent: Agent, scope: Scope, places: &Places, programs: &[PathBuf], own: &Own) -> Status {
    let path = agent.file(scope, places);
    let mut status = Status {
        agent,
        scope,
        installed: installed(agent, places, programs),
        file: path.clone(),
        way: None,
        is_changed: false,
        problems: Vec::new(),
        notes: Vec::new(),
    };
    match file::read(&path) {
        Ok(file::Settings { text: Some(text), .. }) if agent == Agent::Aider => {
            status.way = aider::shell(&text).map(|shell| Way::Shell(shell.into()));
        }
        Ok(file::Settings { text: Some(text), .. }) => hooks(&mut status, &text),
        Ok(_) => {}
        Err(error) => status.problems.push(format!("{error:#}")),
    }
    if let Some(way) = status.way.clone() {
        let wrong = wrong_program(way.gate(), own);
        status.is_changed |= wrong.is_some();
        status.problems.extend(wrong);
        if let Way::Hook { called, .. } = &way
            && called.home != own.home
        {
            let dir = called
                .home
                .as_ref()
                .map_or("the usual place".to_owned(), |dir| format!("`{}`", dir.display()));
            status.notes.push(format!("it takes gate's policy from {dir}"));
        }
        let lowered = lowered::look(agent, way.mode(), &path, places, own);
        status.problems.extend(lowered.problems);
        status.notes.extend(lowered.notes);
    }
    status
}

fn installed(agent: Agent, places: &Places, programs: &[PathBuf]) -> Option<PathBuf> {
    let names = agent.programs().iter();
    let program = names
        .flat_map(|name| programs.iter().map(move |dir| dir.join(name)))
        .find(|path| path.is_file() && is_executable(path));
    let (dir, _) = agent.directory(places);
    let own = if agent == Agent::Aider { agent.file(Scope::User, places) } else { dir };
    program.or_else(|| own.exists().then_some(own))
}

fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

fn hooks(status: &mut Status, text: &str) {
    let root = match json::parse(text) {
        Ok(root) => root,
        Err(refusal) => {
            status.problems.push(format!("`{}` is not strict JSON: {refusal}", status.file.display()));
            return;
        }
    };
    let agent = status.agent;
    let calls = found(&root, agent);
    if let (Some(first), Some(command)) = (calls.first(), command(&root, agent, &calls)) {
        let called = &first.called;
        let same = Own { gate: called.gate.clone(), home: called.home.clone(), link: None };
        let is_current = agent.hook(&same).is_ok_and(|entry| is_set_up(text, &root, agent, &entry));
        if calls.len() > 1 {
            status.problems.push(format!("{} hooks call gate, one is enough", calls.len()));
        } else if !called.is_closed {
            status
                .problems
                .push("the agent would go on if gate were missing: `|| exit 2` is not there".to_owned());
        } else if !is_current {
            status.problems.push("the entry is not as this gate writes it".to_owned());
        }
        status.is_changed = !status.problems.is_empty();
        status.way = Some(Way::Hook { command, called: called.clone() });
        status.notes.extend(others(&root, agent).iter().map(|other| {
            format!(
                "another hook stands beside gate's; if it changes a command, gate judged another one: {other}"
            )
        }));
    } else {
        let others = others(&root, agent);
        let alike = others.iter().filter(|other| is_alike(other));
        status.problems.extend(alike.map(|other| {
            format!("a hook begins like gate's and is not gate's own, so that it is left alone: {other}")
        }));
        status.is_changed = !status.problems.is_empty();
    }
    if let Some(shell) = shell(&root).filter(|shell| is_link(shell)) {
        if status.way.is_some() {
            status.problems.push(TWICE.to_owned());
        } else {
            status.way = Some(Way::Shell(shell.into()));
        }
    }
}

/// Returns the command of gate's first hook, as it stands there.
fn command(root: &json::Node, agent: Agent, calls: &[super::hooks::Found]) -> Option<String> {
    let first = calls.first()?;
    let item = root.get("hooks")?.members().get(first.event)?.value.items().get(first.item)?;
    let hook = match first.hook {
        Some(index) => item.get("hooks")?.items().get(index)?,
        None => item,
    };
    hook.get(agent.command_key())?.text().map(str::to_owned)
}

/// Returns what is wrong with the program that an agent calls for gate.
fn wrong_program(path: &Path, own: &Own) -> Option<String> {
    let shown = path.display();
    if !path.exists() {
        return Some(format!("`{shown}` is not there"));
    }
    if !path.is_file() || !is_executable(path) {
        return Some(format!("`{shown}` cannot be executed"));
    }
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if real(path) != real(&own.gate) && own.link.as_deref().and_then(real) != real(path) {
        return Some(format!("it calls `{shown}`, and this gate is `{}`", own.gate.display()));
    }
    None
}
