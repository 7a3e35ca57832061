//! Judging for an agent's hook: a call is judged before the agent makes it, and nothing is run here.

use std::path::{Path, PathBuf};

use super::{Gate, Judged, Meaning};
use crate::approval::Requester;
use crate::command::{Command, quoted};
use crate::config::Config;
use crate::policy::{Authority, Judgement, Mode, Policy, Risk, Verdict};
use crate::shell::{
    Action, Analysis, Assignments, Globbing, Links, Place, Redirect, RedirectKind, Scope, Span, Stdin, Word,
    analyse,
};
use crate::store::{Durability, clock};
use crate::world::World as _;

/// What the built-in rules say of any write below the home directory: an agent may still write what is its own there.
const OF_A_HOME: [&str; 4] = ["later.agent", "files.system-write", "files.write-home", "files.write-outside"];

/// How the names of the built-in rules begin that speak of files which something reads as instructions later.
const OF_LATER: &str = "later.";

/// How those begin that speak of gate's own files and of what leads an agent through gate.
const OF_GATE: &str = "gate.";

/// What a hook let pass or refused, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooked {
    /// The agent's name, as `gate hook` takes it.
    pub agent: &'static str,
    /// The tool's name.
    pub tool: String,
    /// The command that the tool would run, if it would run one.
    pub command: Option<Command>,
    /// The files that it would write.
    pub paths: Vec<PathBuf>,
    /// Whether the agent may go on.
    pub passed: bool,
}

/// The files that a tool would write, and where the agent is at home.
#[derive(Clone, Debug)]
pub struct Edits<'a> {
    /// Absolute paths.
    pub paths: Vec<PathBuf>,
    /// Claims that the tool moves or deletes them. A directory can only be moved or deleted, whatever the tool.
    pub moves: bool,
    /// The project: changes in it are reviewed with the rest of it.
    pub project: &'a Path,
    /// Directories that hold nothing but the agent's own plans and notes.
    pub own: Vec<PathBuf>,
}

impl Judged {
    /// Returns what `policy` says about writing `edits`: for each file what it says about a redirect to it, and of what is moved
    /// or deleted what it says about `rm`.
    pub fn of_edits(edits: &Edits<'_>, config: &Config, policy: &Policy, requester: &Requester) -> Judged {
        let analysis = written(edits, config);
        let meaning = Meaning::plain(analysis);
        Judged::of_meaning(meaning, edits.project, config, policy, requester)
    }

    /// Claims that `command` is allowed wherever it may be run: its directory is not what allows it.
    pub fn is_allowed_anywhere(
        command: &Command,
        config: &Config,
        policy: &Policy,
        requester: &Requester,
    ) -> bool {
        let mut analysis = analyse(command, &config.host, policy);
        if !(analysis.files.is_empty() && analysis.missing.is_empty()) {
            return false;
        }
        for action in &mut analysis.actions {
            action.cwd = Place::Unknown;
        }
        let meaning = Meaning::plain(analysis);
        let judged = Judged::of_meaning(meaning, &command.cwd, config, policy, requester);
        judged.verdict() == Verdict::Allow
    }

    /// Returns the first of `edits` that holds the tool back, as its place in the list.
    ///
    /// An editor is not a shell: what it changes in the project is seen and reviewed with the rest. So a built-in rule that asks at
    /// low or medium risk lets an edit of the project pass, and those of a home directory let the agent's own notes pass.
    pub fn held_back(&self, edits: &Edits<'_>, config: &Config) -> Option<usize> {
        if self.verdict() == Verdict::Allow {
            return None;
        }
        let counts = |action: &crate::policy::Judged| {
            self.judgement.mode == Mode::Enforce
                || action.hits.iter().any(|hit| hit.floor && hit.verdict > Verdict::Allow)
        };
        let judged = self.judgement.actions.iter().zip(&edits.paths);
        judged.into_iter().position(|(action, path)| counts(action) && !is_free(action, path, edits, config))
    }

    /// Returns the first of `edits` that holds back a tool of which gate only knows the texts that it was given, as its place in
    /// the list: what the floor refuses, what the built-in rules say runs later, at high risk, and what is another file for each process.
    pub fn withheld(&self, edits: &Edits<'_>, config: &Config) -> Option<usize> {
        let runs_later = |hit: &crate::policy::Hit| {
            hit.verdict > Verdict::Allow && hit.risk >= Risk::High && hit.rule.as_str().starts_with(OF_LATER)
        };
        // That it would delete a directory is no more than a guess, which is made for gate's sake and the agents' settings only.
        let is_floor = |hit: &crate::policy::Hit, path: &Path| {
            let is_certain = || edits.moves || !config.host.is_directory(path);
            // Who names a home or what lies above it seldom means to delete it.
            let is_near = || !config.host.homes().iter().any(|home| home.starts_with(path));
            hit.floor
                && hit.verdict == Verdict::Deny
                && (hit.rule.as_str().starts_with(OF_GATE) && is_near() || is_certain())
        };
        let mut judged = self.judgement.actions.iter().zip(&edits.paths);
        judged.position(|(action, path)| {
            config.host.shared_path(path).is_none()
                || action.hits.iter().any(|hit| is_floor(hit, path))
                || (self.judgement.mode == Mode::Enforce
                    && action.hits.iter().any(runs_later)
                    && !is_free(action, path, edits, config))
        })
    }

    /// Returns the judgement of one of its actions alone.
    pub fn alone(&self, at: usize) -> Judged {
        let action = self.judgement.actions.get(at).cloned();
        let verdict = action.as_ref().map_or(self.judgement.verdict, |action| action.verdict);
        let judgement =
            Judgement { verdict, actions: action.into_iter().collect(), ..self.judgement.clone() };
        Judged {
            meaning: Meaning::plain(self.meaning.analysis.clone()),
            judgement,
            requirement: self.requirement.clone(),
            policy: self.policy,
        }
    }
}

fn is_free(judged: &crate::policy::Judged, path: &Path, edits: &Edits<'_>, config: &Config) -> bool {
    let real = config.host.shared_path(path);
    let restricting = || judged.hits.iter().filter(|hit| hit.verdict > Verdict::Allow);
    let lies_in = |dir: &Path| {
        path.starts_with(dir)
            && real.as_ref().is_some_and(|real| real.starts_with(config.host.real_path(dir)))
    };
    match judged.verdict {
        Verdict::Allow => true,
        Verdict::Deny => false,
        Verdict::Ask if edits.own.iter().any(|dir| lies_in(dir)) => restricting()
            .all(|hit| hit.authority == Authority::BuiltIn && OF_A_HOME.contains(&hit.rule.as_str())),
        Verdict::Ask => {
            let is_whole = real == config.host.shared_path(edits.project);
            lies_in(edits.project)
                && !is_whole
                && restricting().next().is_some()
                && restricting().all(|hit| hit.authority == Authority::BuiltIn && hit.risk < Risk::High)
        }
    }
}

/// Returns what the edits come to, as if a shell had parsed a redirect to each file, or `rm` of it.
fn written(edits: &Edits<'_>, config: &Config) -> Analysis {
    let mut text = Vec::new();
    let mut actions = Vec::new();
    for path in &edits.paths {
        let bytes = path.as_os_str().as_encoded_bytes();
        if !text.is_empty() {
            text.push(b'\n');
        }
        let start = text.len();
        let is_whole = config.host.is_directory(path);
        let options: &[&[u8]] = if is_whole { &[b"-r", b"--"] } else { &[b"--"] };
        let is_gone = edits.moves || is_whole;
        text.extend(if is_gone { [b"rm ", &options.join(&b' ')[..], b" "].concat() } else { b"> ".to_vec() });
        text.extend(quoted(bytes));
        let span = Span { start, end: text.len() };
        let word = |bytes: &[u8]| Word::literal(bytes, span);
        let plain = Action { cwd: Place::Known(config.cwd.clone()), ..nothing(span) };
        actions.push(if is_gone {
            let args = options.iter().copied().chain([bytes]).map(word).collect();
            Action { program: word(b"rm"), args, ..plain }
        } else {
            let redirect = Redirect { kind: RedirectKind::Write, target: word(bytes) };
            Action { redirects: vec![redirect], ..plain }
        });
    }
    let (links, globbing) = (Links::default(), Globbing::default());
    Analysis { text, actions, files: Vec::new(), missing: Vec::new(), links, globbing }
}

fn nothing(span: Span) -> Action {
    Action {
        program: Word::default(),
        args: Vec::new(),
        assignments: Assignments::default(),
        redirects: Vec::new(),
        cwd: Place::Unknown,
        inside: Vec::new(),
        scope: Scope::Local,
        as_root: false,
        upstream: None,
        downstream: None,
        stdin: Stdin::Inherited,
        builtin: false,
        function: false,
        shadowed: None,
        span,
        opaque: None,
    }
}

impl Gate {
    /// Records what a hook answered, durably, before it answers.
    ///
    /// # Errors
    /// What cannot be recorded, which must not pass.
    pub fn record_hooked(&mut self, judged: &Judged, hooked: &Hooked) -> anyhow::Result<()> {
        let mut draft = self.judged_draft(judged);
        draft.command = hooked.command.clone();
        draft.set("hook", hooked.agent);
        draft.set("tool", hooked.tool.as_str());
        draft.set("passed", hooked.passed);
        if !hooked.paths.is_empty() {
            let paths = hooked.paths.iter().map(|path| crate::approval::path_value(path));
            draft.data.insert("paths".to_owned(), paths.collect());
        }
        self.store.record(clock::now(), &[draft], Durability::Full)?;
        Ok(())
    }
}
