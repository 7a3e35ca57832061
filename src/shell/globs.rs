//! What a word with a glob stands for on this machine, now.
//!
//! The shell puts the names that match in place of the word when the command runs. gate looks at the same directories when it
//! judges, so that a pattern which reaches something is judged as what it reaches.
//!
//! MUST rules:
//! 1. Rather a name too many than one too few: what is read differently by shells or languages counts as matching.
//! 2. What was not looked at within the limits is said to be not known, never to be nothing.

mod pattern;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use self::pattern::{Segment, segments};
use super::action::{Action, Place, Redirect, Scope, Word};
use crate::world::World;

/// The most names of one directory that are looked at.
const NAMES: usize = 4_096;
/// The most names that are looked at for one judgement, a directory counted as one more.
const ALL_NAMES: usize = 10_000;

/// How globs are read, beyond the shell's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Globbing {
    /// Names that begin with a dot may match (`dotglob`).
    pub dots: bool,
    /// Letters may match in either case (`nocaseglob`).
    pub any_case: bool,
    /// `**` may stand for directories at any depth (`globstar`).
    pub deep: bool,
}

impl Globbing {
    /// Notes an option of a shell that may be on, by the name that bash or zsh gives it.
    pub(super) fn note(&mut self, option: &[u8]) {
        let same = |name: &str| {
            let letters = option.iter().filter(|byte| **byte != b'_');
            letters.map(u8::to_ascii_lowercase).eq(name.bytes())
        };
        self.dots |= ["dotglob", "globdots"].into_iter().any(same);
        self.any_case |= ["nocaseglob", "nocasematch"].into_iter().any(same);
        self.deep |= ["globstar", "globstarshort"].into_iter().any(same);
    }

    /// Returns this reading with what the other adds.
    pub(super) fn with(self, other: Globbing) -> Globbing {
        Globbing {
            dots: self.dots || other.dots,
            any_case: self.any_case || other.any_case,
            deep: self.deep || other.deep,
        }
    }
}

/// An action with what its globs stand for now.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The action as the shell would run it now; a glob that nothing matches, or of which nothing is known, stands as it is.
    pub action: Action,
    /// Claims that a glob stands for what nobody knows: a directory that is too large or cannot be read.
    pub is_open: bool,
}

/// Directories as they are now: each is looked at once, and only so much of all.
pub struct Listing<'a> {
    world: &'a dyn World,
    globbing: Globbing,
    known: RefCell<BTreeMap<PathBuf, Option<Names>>>,
    left: Cell<usize>,
}

/// The names in a directory.
type Names = Rc<[Vec<u8>]>;

/// There is no telling what lies there.
struct NotKnown;

impl<'a> Listing<'a> {
    /// Returns the directories of `world` for a shell that reads globs in this way.
    pub fn new(world: &'a dyn World, globbing: Globbing) -> Listing<'a> {
        // Bash takes both from the environment; with `GLOBIGNORE`, names with a leading dot match as well.
        let mut globbing = globbing;
        globbing.dots |= world.var("GLOBIGNORE").is_some();
        for option in world.var("BASHOPTS").unwrap_or_default().split(|byte| *byte == b':') {
            globbing.note(option);
        }
        Listing { world, globbing, known: RefCell::default(), left: Cell::new(ALL_NAMES) }
    }

    /// Returns the action as it would run now; `None` where that is the action itself: it has no globs, or nothing matches them.
    pub fn standing_for(&self, action: &Action) -> Option<Standing> {
        let mut all = Standing { action: action.clone(), is_open: false };
        let mut is_other = false;
        let mut put = |word: &Word, cwd: Option<&Path>| match self.words(word, cwd) {
            Ok(words) if words.is_empty() => vec![word.clone()],
            Ok(words) => {
                is_other = true;
                words
            }
            Err(NotKnown) => {
                all.is_open = true;
                vec![word.clone()]
            }
        };
        let here = match &action.cwd {
            Place::Known(path) => Some(path.as_path()),
            Place::Unknown => None,
        };
        if action.scope == Scope::Local {
            all.action.args = action.args.iter().flat_map(|word| put(word, here)).collect();
        }
        all.action.redirects = action
            .redirects
            .iter()
            .flat_map(|redirect| {
                // Where there are several, bash writes to none; each is judged all the same.
                let targets = put(&redirect.target, here);
                targets.into_iter().map(|target| Redirect { kind: redirect.kind, target })
            })
            .collect();
        (is_other || all.is_open).then_some(all)
    }

    /// Returns the words that the shell would put in place of this one; none where nothing matches, or it is no glob.
    fn words(&self, word: &Word, cwd: Option<&Path>) -> Result<Vec<Word>, NotKnown> {
        let Some(segments) = segments(word) else { return Ok(Vec::new()) };
        let is_absolute = matches!(segments.first(), Some(Segment::Plain(name)) if name.is_empty());
        let base = match (cwd, is_absolute) {
            (_, true) => Path::new("/"),
            (Some(cwd), false) => cwd,
            // The directory that it starts from is not known either.
            (None, false) => return Ok(Vec::new()),
        };
        let found = self.matching(base, &segments)?;
        Ok(found.into_iter().map(|bytes| Word::literal(bytes, word.span)).collect())
    }

    /// Returns the paths below `base` that match, as the shell writes them.
    fn matching(&self, base: &Path, segments: &[Segment]) -> Result<Vec<Vec<u8>>, NotKnown> {
        // Each path so far ends with a slash, or is empty.
        let mut found: Vec<Vec<u8>> = vec![Vec::new()];
        for (at, segment) in segments.iter().enumerate() {
            let is_last = at + 1 == segments.len();
            let slash: &[u8] = if is_last { b"" } else { b"/" };
            let mut next = Vec::new();
            for start in found {
                match segment {
                    Segment::Plain(name) => next.push([&start[..], name, slash].concat()),
                    Segment::Deep if self.globbing.deep => self.below(base, start, is_last, &mut next)?,
                    Segment::Deep | Segment::Glob(_) => {
                        let names = self.names(&base.join(OsStr::from_bytes(&start)))?;
                        let taken = names.iter().filter(|name| segment.takes(name, self.globbing, is_last));
                        next.extend(taken.map(|name| [&start[..], name, slash].concat()));
                    }
                }
            }
            found = next;
        }
        let is_plain_at_end = matches!(segments.last(), Some(Segment::Plain(_)));
        let is_there =
            |path: &Vec<u8>| !is_plain_at_end || self.world.is_there(&base.join(OsStr::from_bytes(path)));
        found.retain(is_there);
        Ok(found)
    }

    /// Adds what `**` stands for from `start` on: nothing, or what lies at any depth; links are not followed.
    fn below(
        &self,
        base: &Path,
        start: Vec<u8>,
        is_last: bool,
        found: &mut Vec<Vec<u8>>,
    ) -> Result<(), NotKnown> {
        let mut open = vec![start];
        while let Some(start) = open.pop() {
            let dir = base.join(OsStr::from_bytes(&start));
            let is_own = self.world.shared_path(&dir).is_some_and(|real| real == clean(&dir));
            let names = if is_own { self.names(&dir)? } else { Rc::from([]) };
            for name in names.iter() {
                if name.starts_with(b".") && (!self.globbing.dots || is_dots(name)) {
                    continue;
                }
                if is_last {
                    found.push([&start[..], name].concat());
                }
                open.push([&start[..], name, b"/"].concat());
            }
            if !is_last {
                found.push(start);
            }
        }
        Ok(())
    }

    /// Returns the names in a directory, `.` and `..` first; none where there is no such directory.
    fn names(&self, dir: &Path) -> Result<Names, NotKnown> {
        let known = self.known.borrow().get(dir).cloned();
        let names = known.unwrap_or_else(|| {
            let names = if self.left.get() == 0 { None } else { self.world.names(dir, NAMES) };
            let names: Option<Names> = names.map(|mut names| {
                names.sort_unstable();
                [b".".to_vec(), b"..".to_vec()].into_iter().chain(names).collect()
            });
            self.known.borrow_mut().insert(dir.to_owned(), names.clone());
            names
        });
        let names = names.ok_or(NotKnown)?;
        let left = self.left.get().checked_sub(names.len()).ok_or(NotKnown);
        self.left.set(*left.as_ref().unwrap_or(&0));
        left.map(|_| names)
    }
}

fn is_dots(name: &[u8]) -> bool {
    matches!(name, b"." | b"..")
}

/// Returns the path built anew from its parts: without a slash at the end.
fn clean(path: &Path) -> PathBuf {
    path.components().collect()
}
