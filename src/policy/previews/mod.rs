//! Which read-only commands show what a command would do, made out of its own words.
//!
//! MUST rules:
//! 1. Words are copied one by one; an operand that begins like an option, a word that nobody knows yet and an option that the preview does
//!    not know make no preview, and that is said: none is better than one of something else.
//! 2. What is made here is only a wish: it is judged like any other command, and run only where that is allowed.
//! 3. Only what runs here, as this user, in a known directory is previewed, and with the variables that the command has.

mod commits;
mod rows;
#[cfg(test)]
mod tests;
mod words;

use std::path::Path;
use std::rc::Rc;

use super::considered::Open;
use super::file::Matcher;
use super::glob_text;
use super::ground::Ground;
use super::judge::{Judged, Judgement};
use super::layer::Policy;
use super::matcher;
use super::preview::{Preview, Show};
use super::subject::{Lean, Subject};
use super::verdict::Verdict;
use crate::command::{Command, Source};
use crate::shell::{
    Action, Analysis, Assignment, Assignments, Place, Programs, Scope, Span, Stdin, Truth, Word, analyse,
};
use crate::world::World;

/// What is to be shown of one action.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What is shown, and within which limits.
    pub show: Rc<Show>,
    /// The command that shows it, or why there is none, in words.
    pub made: Result<Made, String>,
}

/// A command that shows something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub command: Command,
    /// The variables that are set for the command that it shows something of, as far as it gets them.
    pub set: Vec<(String, Vec<u8>)>,
}

impl Made {
    /// Returns what it would run, for being judged: with these variables, and with nothing on standard input.
    pub fn analysis(&self, world: &dyn World, programs: &dyn Programs) -> Analysis {
        let mut analysis = analyse(&self.command, world, programs);
        let whole = Span { start: 0, end: analysis.text.len() };
        let set = self.set.iter().map(|(name, value)| Assignment {
            name: name.clone(),
            value: Word::literal(value.as_slice(), whole),
        });
        let set: Rc<[Assignment]> = set.collect();
        for action in &mut analysis.actions {
            let stretches = action.assignments.stretches().iter().cloned();
            action.assignments = Assignments::of(std::iter::once(Rc::clone(&set)).chain(stretches).collect());
            if action.stdin == Stdin::Inherited {
                action.stdin = Stdin::Text(Vec::new());
            }
        }
        analysis
    }
}

/// Wrappers through which a program does the same as without them (their manual pages), as far as it reads only.
const TRANSPARENT: [&str; 17] = [
    "env", "timeout", "nice", "ionice", "nohup", "time", "stdbuf", "setsid", "command", "exec", "eval",
    "bash", "sh", "dash", "zsh", "ksh", "busybox",
];

/// The variables that every program needs to find its files, its language and the way out. Whatever else it gets, `env` names.
const NEEDED: [&str; 21] = [
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LOGNAME",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

impl Show {
    /// Claims that the preview gets a variable of this name.
    pub fn takes_variable(&self, name: &str) -> bool {
        let mut patterns = NEEDED.into_iter().chain(self.env.iter().map(String::as_str));
        patterns.any(|pattern| glob_text::matches(pattern.as_bytes(), name.as_bytes()))
    }
}

/// Returns what is to be shown of the actions of `analysis` that `judgement` asks about: what the rules name first, then what the
/// policy names for such commands, each once.
pub fn previews(
    analysis: &Analysis,
    judgement: &Judgement,
    policy: &Policy,
    world: &dyn World,
    start: &Path,
) -> Vec<Wanted> {
    let ground = Ground::of(world, start, policy.texts(), analysis);
    let actions = analysis.actions.iter().enumerate();
    let subjects: Vec<Subject<'_>> =
        actions.map(|action| Subject::new(action, world, &ground, policy)).collect();
    let mut all: Vec<Wanted> = Vec::new();
    for (subject, judged) in subjects.iter().zip(&judgement.actions) {
        if judged.verdict <= Verdict::Allow || subject.is_opaque() {
            continue;
        }
        for preview in candidates(policy, subject, judged) {
            let Some(skip) = speaks_of(&preview, subject, &subjects) else { continue };
            let made = made(&preview.show, subject, skip);
            let is_new =
                |known: &Wanted| known.made != made || (made.is_ok() && known.show.what != preview.show.what);
            if all.iter().all(is_new) {
                all.push(Wanted { show: Rc::new(preview.show.clone()), made });
            }
        }
    }
    all
}

fn candidates(policy: &Policy, subject: &Subject<'_>, judged: &Judged) -> Vec<Rc<Preview>> {
    let asking = judged.hits.iter().filter(|hit| hit.verdict == Verdict::Ask);
    let of_rules = asking.filter_map(|hit| policy.preview_of(&hit.rule)).map(Rc::new);
    of_rules.chain(policy.previews().iter().cloned()).chain(policy.packs().previews(subject)).collect()
}

/// Returns how many operands the subcommand takes up, where the preview certainly speaks of the action; where it might, because words are
/// not known before it runs, too, so that this can be said.
fn speaks_of(preview: &Preview, subject: &Subject<'_>, others: &[Subject<'_>]) -> Option<usize> {
    let except = Open::of(&preview.except, subject);
    let excepted = except.tables(&preview.except, subject.sight());
    if matcher::excepted(excepted, subject, others, Lean::Restrict) != Truth::No {
        return None;
    }
    let open = Open::of(&preview.matches, subject);
    open.tables(&preview.matches, subject.sight()).find_map(|one| {
        let skip = skipped(one.0, subject);
        let is_clear = one.0.subcommand.is_empty() || skip > 0;
        match matcher::any(std::iter::once(one), subject, others, Lean::Restrict) {
            Truth::Yes => Some(skip),
            Truth::Maybe if is_clear && subject.is_dynamic() => Some(skip),
            Truth::Maybe | Truth::No => None,
        }
    })
}

/// Returns how many operands the longest subcommand of `table` that was given takes up.
fn skipped(table: &Matcher, subject: &Subject<'_>) -> usize {
    let of = |name: &String| {
        let words: Vec<&str> = name.split_ascii_whitespace().collect();
        let is_one = |at: usize, word: &Word| {
            let given = word.certain();
            Truth::of(given.is_some_and(|given| glob_text::matches(words[at].as_bytes(), &given)))
        };
        let (truth, place) = subject.arguments.subcommand(&subject.action.args, words.len(), is_one);
        (truth == Truth::Yes).then_some(place)
    };
    table.subcommand.iter().filter_map(of).max().unwrap_or(0)
}

/// Returns the command that shows it.
fn made(show: &Show, subject: &Subject<'_>, skip: usize) -> Result<Made, String> {
    let action = subject.action;
    let cwd = runs_here(action)?.to_owned();
    let command = Command { source: Source::Argv(words::made(show, subject, skip)?), cwd };
    let mut kept = Vec::new();
    for set in action.assignments.iter().filter(|set| show.takes_variable(&set.name)) {
        match set.value.certain() {
            Some(value) => kept.push((set.name.clone(), value.into_owned())),
            None => return Err(format!("`{}` is set to what nobody knows before it runs", set.name)),
        }
    }
    Ok(Made { command, set: kept })
}

/// Rule 3. Returns the directory.
fn runs_here(action: &Action) -> Result<&Path, String> {
    if action.scope == Scope::Remote {
        return Err("it runs on another machine or in a container".to_owned());
    }
    if action.as_root {
        return Err("it runs as another user".to_owned());
    }
    if action.builtin || action.function {
        return Err("the shell itself carries it out".to_owned());
    }
    if let Some(wrapper) = action.inside.iter().find(|name| !TRANSPARENT.contains(&name.as_str())) {
        return Err(format!("it runs inside `{wrapper}`, and a preview would not"));
    }
    match &action.cwd {
        Place::Known(cwd) => Ok(cwd),
        Place::Unknown => Err("its directory is not known before it runs".to_owned()),
    }
}
