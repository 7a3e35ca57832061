//! How an agent goes through gate now, by its settings: nothing is run here.

use std::path::{Path, PathBuf};

use super::hooks::{found, is_set_up, others};
use super::settings::{is_link, shell};
use super::{Agent, Called, Mode, Own, Places, Scope, aider, file, json, lowered};

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
    /// What keeps gate from being asked, or from being asked rightly.
    pub problems: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
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
    if agent == Agent::Aider {
        return aider::shell(text).is_some();
    }
    let Ok(root) = json::parse(text) else { return false };
    !found(&root, agent).is_empty() || shell(&root).is_some_and(is_link)
}

/// Returns how `agent` is set up: for the user, and for the project if gate stands in its settings too.
///
/// `programs` are the directories in which programs are looked for.
pub fn look(agent: Agent, places: &Places, programs: &[PathBuf], own: &Own) -> Vec<Status> {
    let mut all = vec![one(agent, Scope::User, places, programs, own)];
    let project = one(agent, Scope::Project, places, programs, own);
    let is_other = project.file != all[0].file;
    if is_other && project.way.is_some() {
        if all[0].way.is_some() {
            let text = "the project's settings call gate as well; one of the two is enough".to_owned();
            all[0].notes.push(text);
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
        status.problems.extend(wrong_program(way.gate(), own));
        if let Way::Hook { called, .. } = &way
            && called.home != own.home
        {
            let dir = called
                .home
                .as_ref()
                .map_or("the usual place".to_owned(), |dir| format!("`{}`", dir.display()));
            status.notes.push(format!("it takes gate's policy from {dir}"));
        }
        let lowered = lowered::look(agent, way.mode(), places, own);
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
        status.way = Some(Way::Hook { command, called: called.clone() });
        status.notes.extend(others(&root, agent).iter().map(|other| {
            format!(
                "another hook stands beside gate's; if it changes a command, gate judged another one: {other}"
            )
        }));
    }
    if let Some(shell) = shell(&root).filter(|shell| is_link(shell)) {
        if status.way.is_some() {
            status
                .problems
                .push("hook and shell both lead to gate, so that commands are judged twice".to_owned());
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
