//! Files that a script both writes and runs: what they do is not what they said before.
//!
//! A file is the same by whatever name: through a link, a hard link, or a name that the script itself gives.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::action::{Action, Opaque, Place, RedirectKind, Scope, Word};
use super::arguments::Arguments;
use super::linking::path_of as unresolved;
use super::links::{Asking, Links};
use super::program::{Program, Selector};
use super::state::directory;
use super::walk::{Executed, Walker};
use crate::world::{Resolution, World};

/// Makes opaque what runs a file that the same script writes, or may write.
pub(super) fn doubt_written(walker: &mut Walker, links: &Links) {
    let mut doubts = Vec::new();
    let mut known: Vec<Written> = walker.actions.iter().map(|action| written_by(action, walker)).collect();
    let names_a_file = |action: &Action| action.program.certain().is_some_and(|name| name.contains(&b'/'));
    let ways = Ways { links, world: walker.world };
    if !walker.executed.is_empty() || walker.actions.iter().any(names_a_file) {
        known.iter_mut().enumerate().for_each(|(by, written)| written.look(by, &ways));
    }
    for Executed { path, by, end, loose } in &walker.executed {
        let before = |index: usize| index < *by || (*loose && index >= *end);
        let real = ways.of(path, *by);
        let may_write = known.iter().enumerate().any(|(index, written)| {
            (index != *by && written.holds(path, real.as_deref(), walker.world))
                || (written.others && before(index) && !runs(&walker.actions, index, *by))
        });
        if may_write {
            doubts.push(*by);
        }
    }
    let written: Vec<(usize, &Written)> =
        known.iter().enumerate().filter(|(_, known)| !known.files.is_empty()).collect();
    let is_looked_at = written.iter().any(|(_, file)| !file.real.is_empty());
    if !written.is_empty() {
        // Without names that the script gives, a program is the same wherever it is called: a script has many calls of few.
        let mut known_of: BTreeMap<OsString, Vec<usize>> = BTreeMap::new();
        for (index, action) in walker.actions.iter().enumerate() {
            let Some(path) = executable(action, walker.world) else { continue };
            let writers = || -> Vec<usize> {
                let real = if is_looked_at { ways.of(&path, index) } else { None };
                let holds = |file: &Written| file.holds(&path, real.as_deref(), walker.world);
                written.iter().filter(|(_, file)| holds(file)).map(|(by, _)| *by).collect()
            };
            let is_written = |by: &[usize]| by.iter().any(|by| *by != index);
            let is_doubtful = match known_of.get(path.as_os_str()).filter(|_| links.is_empty()) {
                Some(by) => is_written(by),
                None => {
                    let by = writers();
                    let found = is_written(&by);
                    known_of.insert(path.into_os_string(), by);
                    found
                }
            };
            if is_doubtful {
                doubts.push(index);
            }
        }
    }
    for index in doubts {
        let action = &mut walker.actions[index];
        let reason = "it runs a file that the same script may write".to_owned();
        action.opaque.get_or_insert(Opaque { reason, span: action.span });
    }
}

/// Where paths lead.
struct Ways<'a> {
    links: &'a Links,
    world: &'a dyn World,
}

impl Ways<'_> {
    /// Returns where `path` may lead as the action at `by` finds it; `None` where nobody knows.
    fn of(&self, path: &Path, by: usize) -> Option<Vec<PathBuf>> {
        if self.links.is_empty() {
            return self.world.shared_path(path).map(|real| vec![real]);
        }
        self.links.lead(path, Asking { by, writes: true, keeps_last: false }, self.world)
    }
}

/// Claims that the action at `outer` is a wrapper through which the one at `inner` came.
fn runs(actions: &[Action], outer: usize, inner: usize) -> bool {
    let (outer, inner) = (&actions[outer], &actions[inner]);
    outer.span == inner.span
        && inner.inside.len() > outer.inside.len()
        && inner.inside.starts_with(&outer.inside)
}

/// Returns the file that an action's program is.
fn executable(action: &Action, world: &dyn World) -> Option<PathBuf> {
    if action.builtin || action.scope == Scope::Remote {
        return None;
    }
    let name = action.program.certain().filter(|name| !name.is_empty())?;
    if name.contains(&b'/') {
        return path_of(action, &name);
    }
    let cwd = match &action.cwd {
        Place::Known(cwd) => cwd.as_path(),
        Place::Unknown => Path::new("/"),
    };
    match world.resolve(&name, cwd) {
        Resolution::Trusted(path) | Resolution::Untrusted(path) => Some(path),
        Resolution::Missing => None,
    }
}

fn path_of(action: &Action, path: &[u8]) -> Option<PathBuf> {
    match directory(&action.cwd, path) {
        Place::Known(path) => Some(path),
        Place::Unknown => None,
    }
}

/// The files that an action writes.
struct Written {
    files: Vec<PathBuf>,
    /// The same as the kernel takes them, with `..` in its place.
    given: Vec<PathBuf>,
    /// Where those lead, once that was looked at.
    real: Vec<PathBuf>,
    /// Claims that it may write others, too.
    others: bool,
}

impl Written {
    /// Looks at where the files lead; one of which nobody knows may be any.
    fn look(&mut self, by: usize, ways: &Ways<'_>) {
        let real: Option<Vec<Vec<PathBuf>>> = self.given.iter().map(|path| ways.of(path, by)).collect();
        self.others |= real.is_none();
        self.real = real.unwrap_or_default().concat();
    }

    /// Claims that `path`, which leads to one of `real`, is one of the files or lies below one, by whatever name.
    fn holds(&self, path: &Path, real: Option<&[PathBuf]>, world: &dyn World) -> bool {
        if self.files.iter().any(|file| path.starts_with(file)) {
            return true;
        }
        let is_one = |real: &PathBuf| {
            self.real.iter().any(|file| real.starts_with(file) || world.is_same_file(file, real))
        };
        !self.real.is_empty() && real.is_none_or(|real| real.iter().any(is_one))
    }
}

fn written_by(action: &Action, walker: &Walker) -> Written {
    let mut words: Vec<Word> = Vec::new();
    for redirect in &action.redirects {
        match redirect.kind {
            RedirectKind::Write | RedirectKind::Append | RedirectKind::ReadWrite => {
                words.push(redirect.target.clone())
            }
            RedirectKind::Read => {}
        }
    }
    let name = action.program.certain();
    let name = name.as_deref().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
    let program = walker.programs.program(name.rsplit('/').next().unwrap_or_default());
    if let Some(program) = program.as_ref().filter(|program| !action.builtin && !program.writes.is_empty()) {
        written_operands(action, program, &mut words);
    }
    // What says which files it touches, and runs nothing, touches no others.
    let says = |program: &Program| {
        program.runs.is_none() && !(program.reads.is_empty() && program.writes.is_empty())
    };
    let harmless = action.builtin || name.is_empty() || program.is_some_and(|program| says(&program));
    let certain: Vec<Vec<u8>> =
        words.iter().filter_map(Word::as_literal).filter(|path| !path.is_empty()).collect();
    let given = certain.iter().filter_map(|path| unresolved(action, path)).collect();
    let files: Vec<PathBuf> = certain
        .iter()
        .filter_map(|path| path_of(action, path))
        .filter(|path| path.parent().is_some())
        .collect();
    let is_placed = certain.iter().all(|path| path_of(action, path).is_some());
    let is_known = is_placed && words.iter().all(|word| word.certain().is_some());
    let others = action.opaque.is_some() || !harmless || !is_known;
    Written { files, given, real: Vec::new(), others }
}

fn written_operands(action: &Action, program: &Program, words: &mut Vec<Word>) {
    let read = Arguments::read(&action.args, Some(program));
    let operands: Vec<&Word> = read.operands.iter().map(|operand| &action.args[operand.index]).collect();
    for selector in &program.writes {
        match selector {
            Selector::Operands => words.extend(operands.iter().copied().cloned()),
            Selector::First => words.extend(operands.first().copied().cloned()),
            Selector::Last => words.extend(operands.last().copied().cloned()),
            Selector::Rest => words.extend(operands.iter().skip(1).copied().cloned()),
            Selector::Init => words.extend(operands.iter().rev().skip(1).copied().cloned()),
            Selector::Value(option) => {
                let given = read.given(std::slice::from_ref(option));
                words.extend(given.filter_map(|given| given.value.clone()));
            }
            // Below a directory that is written to already.
            Selector::Into | Selector::Backup | Selector::Unpacked => {}
            Selector::After(_) => words.extend(operands.iter().copied().cloned()),
            Selector::File(file) | Selector::Up(file) => {
                words.push(Word::literal(file.as_bytes(), action.span));
            }
        }
    }
}
