//! One action, prepared for being asked questions about: each answer is worked out at most once.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::blob::traits;
use super::facts::Asked;
use super::glance::Sight;
use super::glob::Value;
use super::ground::Ground;
use super::named::{Named, named};
use super::pairs::Pairs;
use super::paths::PathValue;
use super::used::{Use, paths};
use crate::shell::{
    Action, Arguments, Asking, Certainty, Operand, Piece, Place, Program, Programs, RedirectKind, Scope,
    Standing, Stdin, Word,
};
use crate::world::{Fact, Findings, Resolution, World};

/// Which way a doubt must go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lean {
    /// A match lets something through: only what is proven counts.
    Permit,
    /// A match holds something back: what reads so as written counts, what could be so is maybe.
    Restrict,
}

impl Lean {
    /// Returns the lean of a condition whose match counts against the whole.
    pub(super) fn flipped(self) -> Lean {
        match self {
            Lean::Permit => Lean::Restrict,
            Lean::Restrict => Lean::Permit,
        }
    }
}

/// Which way along a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

impl Way {
    /// Returns the place of the action that stands next.
    pub(super) fn next(self, subject: &Subject<'_>) -> Option<usize> {
        match self {
            Way::Up => subject.action.upstream,
            Way::Down => subject.action.downstream,
        }
    }
}

/// Paths of one use, and after how many operands.
type UsedPaths = (Use, usize, Rc<[PathValue]>);

/// A word as patterns are matched with it.
pub(super) struct Seen {
    pub(super) value: Value,
    pairs: OnceCell<Pairs>,
    path: OnceCell<PathValue>,
}

impl Seen {
    pub(super) fn of(word: &Word) -> Seen {
        Seen { value: Value::of_word(word), pairs: OnceCell::new(), path: OnceCell::new() }
    }

    /// Returns the pairs of letters of its certain beginning.
    pub(super) fn pairs(&self) -> Pairs {
        *self.pairs.get_or_init(|| Pairs::of(self.value.head()))
    }

    /// Returns the path that it is to `subject`, which is the same each time.
    pub(super) fn path(&self, subject: &Subject<'_>) -> &PathValue {
        let find = || PathValue::of(subject.ground, &self.value.tokens(), subject.cwd(), true);
        self.path.get_or_init(find)
    }
}

/// An action with what the policy knows of its program.
pub(super) struct Subject<'a> {
    pub(super) action: &'a Action,
    /// Its place in the list.
    at: usize,
    pub(super) world: &'a dyn World,
    pub(super) ground: &'a Ground<'a>,
    /// The program's plain name; empty for a bare redirect, and where it is unknown.
    pub(super) name: String,
    pub(super) program: Option<Rc<Program>>,
    pub(super) arguments: Arguments,
    /// Claims that a glob in it stands for what nobody knows: then a perhaps counts wherever it restricts.
    pub(super) is_open: bool,
    trusted: OnceCell<Result<(), String>>,
    /// The paths it uses, by how many operands follow the subcommand that was asked about.
    used: RefCell<Vec<UsedPaths>>,
    text: OnceCell<(String, Pairs)>,
    sight: Sight,
    /// The arguments, by their places.
    seen: Vec<OnceCell<Seen>>,
    /// Claims that some argument is unknown before it runs.
    is_dynamic: bool,
    named: OnceCell<Vec<Named>>,
    /// The facts that were asked about so far.
    facts: RefCell<BTreeMap<Fact, Rc<Findings>>>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        (at, action): (usize, &'a Action),
        world: &'a dyn World,
        ground: &'a Ground<'a>,
        programs: &dyn Programs,
    ) -> Subject<'a> {
        let name = plain_name(action);
        let program = programs.program(&name);
        let arguments = Arguments::read(&action.args, program.as_deref());
        let sight = Sight::of(&arguments, sure_operand(action, &arguments));
        let trusted = OnceCell::new();
        let (used, text) = (RefCell::default(), OnceCell::new());
        let seen = action.args.iter().map(|_| OnceCell::new()).collect();
        let (is_open, is_dynamic) = (false, action.args.iter().any(Word::is_dynamic));
        let named = OnceCell::new();
        Subject {
            action,
            at,
            world,
            ground,
            name,
            program,
            arguments,
            is_open,
            trusted,
            used,
            text,
            sight,
            seen,
            is_dynamic,
            named,
            facts: RefCell::default(),
        }
    }

    /// Returns the same action with what its globs stand for now.
    pub(super) fn standing(&self, now: &'a Standing, programs: &dyn Programs) -> Subject<'a> {
        let mut subject = Subject::new((self.at, &now.action), self.world, self.ground, programs);
        subject.is_open = now.is_open;
        subject
    }

    pub(super) fn word(&self, index: usize) -> &'a Word {
        &self.action.args[index]
    }

    /// Returns who asks where a path leads that the action writes, or only reads; a link that `rm` is given stays a link.
    pub(super) fn asking(&self, writes: bool) -> Asking {
        let keeps_last =
            matches!(self.name.as_str(), "rm" | "grm" | "unlink" | "rmdir" | "trash" | "trash-put");
        Asking { by: self.at, writes, keeps_last }
    }

    /// Claims that a path it uses leads elsewhere by a name that the same script gives.
    pub(super) fn is_led(&self) -> bool {
        self.used.borrow().iter().flat_map(|(_, _, paths)| paths.iter()).any(PathValue::is_led)
    }

    /// Returns the argument at `index` as patterns are matched with it.
    pub(super) fn seen(&self, index: usize) -> &Seen {
        self.seen[index].get_or_init(|| Seen::of(self.word(index)))
    }

    pub(super) fn is_opaque(&self) -> bool {
        self.action.opaque.is_some()
    }

    /// Returns what is cheap to know about it, for leaving out rules that cannot match.
    pub(super) fn traits(&self) -> u16 {
        let action = self.action;
        let program = self.program.as_deref();
        let reads = program.is_some_and(|program| !program.reads.is_empty());
        let writes =
            program.is_some_and(|program| !program.writes.is_empty() || !program.in_place.is_empty());
        let redirects = |but: RedirectKind| action.redirects.iter().any(|redirect| redirect.kind != but);
        let redirects_in = || {
            let is_in = |kind| matches!(kind, RedirectKind::Read | RedirectKind::ReadWrite);
            action.redirects.iter().any(|redirect| is_in(redirect.kind))
        };
        let has = [
            (traits::READS, reads || redirects_in()),
            (traits::WRITES, writes || redirects(RedirectKind::Read)),
            (traits::UPSTREAM, action.upstream.is_some()),
            (traits::DOWNSTREAM, action.downstream.is_some()),
            (traits::OTHER_USER, action.as_root),
            (traits::REMOTE, action.scope == Scope::Remote),
            (traits::INSIDE, !action.inside.is_empty()),
            (traits::ARGUMENTS, !action.args.is_empty()),
        ];
        has.iter().filter(|(_, has)| *has).map(|(bit, _)| bit).sum()
    }

    /// Returns the paths it uses; `operands` are those after the subcommand, up to the last.
    pub(super) fn paths(&self, operands: &[Operand], what: Use) -> Rc<[PathValue]> {
        let is_same = |known: &&(Use, usize, Rc<[PathValue]>)| known.0 == what && known.1 == operands.len();
        if let Some((_, _, known)) = self.used.borrow().iter().find(is_same) {
            return Rc::clone(known);
        }
        let found: Rc<[PathValue]> = paths(self, operands, what).into();
        self.used.borrow_mut().push((what, operands.len(), Rc::clone(&found)));
        found
    }

    /// Returns the directory it runs in, if known.
    pub(super) fn cwd(&self) -> Option<&'a Path> {
        match &self.action.cwd {
            Place::Known(path) if self.action.scope == Scope::Local => Some(path),
            Place::Known(_) | Place::Unknown => None,
        }
    }

    /// Claims that the script names the program's file, not only the program.
    pub(super) fn is_given_by_path(&self) -> bool {
        self.action.program.certain().is_some_and(|name| name.contains(&b'/'))
    }

    /// Returns the program's file as the script names it, made absolute; `None` for a bare name.
    pub(super) fn given_path(&self) -> Option<PathBuf> {
        let name = self.action.program.as_literal().filter(|name| name.contains(&b'/'))?;
        Some(self.cwd()?.join(String::from_utf8(name).ok()?))
    }

    /// Returns why the program's name is no proof of what runs, if it is none.
    pub(super) fn distrust(&self) -> Option<&str> {
        self.trusted.get_or_init(|| self.find_trust()).as_ref().err().map(String::as_str)
    }

    fn find_trust(&self) -> Result<(), String> {
        if let Some(shadow) = &self.action.shadowed {
            return Err(format!("`{}` is shadowed: {shadow}", self.name));
        }
        if self.action.builtin || self.action.scope == Scope::Remote {
            return Ok(());
        }
        let Some(name) = self.action.program.as_literal() else {
            return Err("the program's name is not known".to_owned());
        };
        if name.is_empty() {
            return Ok(());
        }
        let cwd = match (self.cwd(), name.contains(&b'/') && !name.starts_with(b"/")) {
            (Some(cwd), _) => cwd,
            (None, false) => Path::new("/"),
            (None, true) => return Err(format!("`{}` lies in a directory that is not known", self.name)),
        };
        match self.world.resolve(&name, cwd) {
            Resolution::Trusted(_) => Ok(()),
            // Something before it in the script could make it, in any directory but the system's.
            Resolution::Missing if name.contains(&b'/') && !is_in_system_directory(&name) => {
                Err(format!("`{}` does not exist yet", String::from_utf8_lossy(&name)))
            }
            Resolution::Missing => Ok(()),
            Resolution::Untrusted(path) => {
                let path: PathBuf = path.components().collect();
                Err(format!("`{}` is not in a trusted directory", path.display()))
            }
        }
    }

    /// Returns what is known of a fact for the place this action speaks to; a file is looked at once in a judgement.
    pub(super) fn fact(&self, fact: Fact) -> Rc<Findings> {
        if let Some(known) = self.facts.borrow().get(&fact) {
            return Rc::clone(known);
        }
        let asked = Asked { program: &self.name, action: self.action, arguments: &self.arguments };
        let found = Rc::new(asked.fact(fact, &|fact, aim| self.ground.fact(fact, aim)));
        self.facts.borrow_mut().insert(fact, Rc::clone(&found));
        found
    }

    /// Returns the arguments joined by blanks, dynamic parts as written, with the pairs of letters of it all.
    pub(super) fn text(&self) -> (&str, Pairs) {
        let (text, pairs) = self.text.get_or_init(|| {
            let text = joined(&self.action.args);
            let pairs = Pairs::of(text.as_bytes());
            (text, pairs)
        });
        (text, *pairs)
    }

    /// Returns what it shows of itself.
    pub(super) fn sight(&self) -> Sight {
        self.sight
    }

    /// Claims that it may find something on standard input.
    pub(super) fn has_input(&self) -> bool {
        self.action.stdin != Stdin::Inherited || self.action.upstream.is_some() || self.world.has_input()
    }

    /// Claims that some argument is unknown before it runs.
    pub(super) fn is_dynamic(&self) -> bool {
        self.is_dynamic
    }

    /// Returns the first operand, where it is certain which word that is and what it says.
    pub(super) fn sure_operand(&self) -> Option<&'a [u8]> {
        sure_operand(self.action, &self.arguments)
    }

    /// Returns the paths that its words could name.
    pub(super) fn named(&self) -> &[Named] {
        self.named.get_or_init(|| named(self))
    }
}

fn is_in_system_directory(name: &[u8]) -> bool {
    let directories = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];
    directories.iter().any(|dir| name.strip_prefix(dir.as_bytes()).is_some_and(|rest| !rest.contains(&b'/')))
}

fn sure_operand<'a>(action: &'a Action, arguments: &Arguments) -> Option<&'a [u8]> {
    let first = arguments.operands.first().filter(|first| first.certainty == Certainty::Sure)?;
    match &action.args[first.index].pieces[..] {
        [Piece::Literal(bytes)] => Some(bytes),
        _ => None,
    }
}

/// Returns the words as one text, dynamic parts as written.
fn joined(words: &[Word]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        for piece in &word.pieces {
            match piece {
                Piece::Literal(bytes) | Piece::Glob(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
                Piece::Dynamic { text: written, .. } => text.push_str(written),
            }
        }
    }
    text
}

/// Returns the last part of the program's name as the script gives it.
fn plain_name(action: &Action) -> String {
    let name = action.program.certain().unwrap_or_default();
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}
