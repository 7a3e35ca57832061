//! The names that a script gives to what lies elsewhere, and where a path leads by way of them.
//!
//! gate looks at the file system before the script runs: a link that the script makes itself is not there yet. So a path is
//! led through those as well, part by part, as the kernel will go.
//!
//! MUST rules:
//! 1. A name may be there or not (`&&`, a failure, a name that stood there before): both ways are followed.
//! 2. What nobody knows, and what is not found within the limit of steps, may lead anywhere.
//! 3. Only what certainly runs before a name is given goes the old way alone.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use crate::world::World;

/// The most parts of paths that are looked at for one path.
const STEPS: usize = 400;
/// The most that are looked at for all paths of one script.
const ALL_STEPS: usize = 20_000;

/// The names that a script gives to what lies elsewhere: links that it makes, what it moves, copies and unpacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    given: Vec<Given>,
    /// Which of them are at a path, or may be anywhere below it.
    at: BTreeMap<Vec<u8>, Vec<usize>>,
    /// For each action, whether it may run at another time than its place in the list says.
    loose: Vec<bool>,
    /// How much was looked at so far.
    spent: Cell<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    by: usize,
    /// Claims that any name below its place may be it.
    is_below: bool,
    to: To,
}

/// Where a name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// What the text of a symbolic link says, from the directory that the link lies in.
    Text(PathBuf),
    /// What lies at this path when the name is given.
    Same(PathBuf),
    /// Something else, but its links are those that lie at this path when the name is given.
    Copy(PathBuf),
    /// Nobody knows.
    Anywhere,
    /// Something else, which may have links that nobody knows: a doubt for what is written through a name that is not there yet.
    Unpacked,
}

/// Where a name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    At(PathBuf),
    /// Somewhere below.
    Below(PathBuf),
}

/// Who asks where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The index of the action.
    pub by: usize,
    /// Claims that it writes there.
    pub writes: bool,
    /// Claims that it takes a link that the path names for itself, as `rm` does.
    pub keeps_last: bool,
}

impl Links {
    pub(super) fn new(loose: Vec<bool>) -> Links {
        Links { loose, ..Links::default() }
    }

    /// Claims that the script gives no such name.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Adds a name that the action at `by` gives.
    pub(super) fn add(&mut self, by: usize, name: &Name, to: To, world: &dyn World) {
        let (path, is_below) = match name {
            Name::At(path) => (path, false),
            Name::Below(path) => (path, true),
        };
        let places = self.lead(path, Asking { by, writes: false, keeps_last: !is_below }, world);
        // A name that may be anywhere may be any.
        let is_below = is_below || places.is_none();
        let to = if is_below && matches!(to, To::Copy(_)) { To::Unpacked } else { to };
        let index = self.given.len();
        self.given.push(Given { by, is_below, to });
        for place in places.unwrap_or_else(|| vec![PathBuf::from("/")]) {
            self.at.entry(place.into_os_string().into_vec()).or_default().push(index);
        }
    }

    /// Returns where `path` may lead, the way without any of the names first; `None`: anywhere.
    pub fn lead(&self, path: &Path, asking: Asking, world: &dyn World) -> Option<Vec<PathBuf>> {
        let mut search = Search { links: self, world, steps: STEPS, writes: asking.writes, is_open: false };
        let found = search.follow(path, asking.by, asking.keeps_last);
        (!search.is_open).then_some(found)
    }

    /// Returns the places of the names that are found by who asks, and whether all below counts as well.
    pub fn names(&self, asking: Asking) -> impl Iterator<Item = (&Path, bool)> {
        let is_found =
            move |given: &&Given| self.sees(asking.by, given) && (asking.writes || given.to != To::Unpacked);
        self.at.iter().filter_map(move |(place, given)| {
            let mut found = given.iter().map(|index| &self.given[*index]).filter(is_found);
            let first = found.next()?;
            Some((Path::new(OsStr::from_bytes(place)), first.is_below || found.any(|given| given.is_below)))
        })
    }

    /// Notes a step; claims that there is one more to take for this script.
    pub fn takes_step(&self) -> bool {
        self.spent.set(self.spent.get().saturating_add(1));
        self.spent.get() <= ALL_STEPS
    }

    /// Claims that what the action at `by` does may come after the name was given.
    fn sees(&self, by: usize, given: &Given) -> bool {
        let is_loose = |at: usize| self.loose.get(at).is_none_or(|loose| *loose);
        given.by != by && (given.by < by || is_loose(given.by) || is_loose(by))
    }

    /// Returns what is given at `name` or above, and how far above.
    fn above<'a>(&'a self, name: &'a Path, by: usize) -> impl Iterator<Item = (&'a Given, &'a Path)> {
        name.ancestors().flat_map(move |place| {
            let given = self
                .at
                .get(place.as_os_str().as_bytes())
                .into_iter()
                .flatten()
                .map(|index| &self.given[*index]);
            given.filter(move |given| self.sees(by, given)).map(move |given| (given, place))
        })
    }
}

/// What is left of a path on its way.
type Rest = VecDeque<OsString>;

fn parts(path: &Path) -> Rest {
    let name = |part: Component<'_>| match part {
        Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(name).collect()
}

fn before(path: &Path, rest: &Rest) -> Rest {
    let mut all = parts(path);
    all.extend(rest.iter().cloned());
    all
}

struct Search<'a> {
    links: &'a Links,
    world: &'a dyn World,
    steps: usize,
    writes: bool,
    is_open: bool,
}

impl Search<'_> {
    /// Returns every place that `path` may lead to, as the action at `by` finds it.
    fn follow(&mut self, path: &Path, by: usize, keeps_last: bool) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = Vec::new();
        let root = PathBuf::from("/");
        let mut open = vec![(root.clone(), parts(path))];
        let mut known = BTreeSet::new();
        while let Some((mut done, mut rest)) = open.pop() {
            // A link that leads to itself leads nowhere.
            if !known.insert((done.clone(), rest.clone())) {
                continue;
            }
            self.steps = self.steps.saturating_sub(1);
            self.is_open |= !self.links.takes_step() || self.steps == 0 || !path.is_absolute();
            if self.is_open {
                return Vec::new();
            }
            let Some(part) = rest.pop_front() else {
                if !found.contains(&done) {
                    found.push(done);
                }
                continue;
            };
            if part == ".." {
                done.pop();
                open.push((done, rest));
                continue;
            }
            let name = done.join(part);
            if keeps_last && rest.is_empty() {
                open.push((name, rest));
                continue;
            }
            for to in self.leaps(&name, rest.is_empty(), by) {
                let way = match to {
                    To::Text(text) if text.is_absolute() => (root.clone(), before(&text, &rest)),
                    To::Text(text) => (done.clone(), before(&text, &rest)),
                    To::Same(real) => (real, rest.clone()),
                    To::Copy(_) | To::Anywhere | To::Unpacked => {
                        self.is_open = true;
                        return Vec::new();
                    }
                };
                open.push(way);
            }
            // The way that is there now; last, so that it is gone first.
            match self.world.shared_path(&name) {
                Some(real) if real == name => open.push((name, rest)),
                Some(real) => open.push((root.clone(), before(&real, &rest))),
                None => self.is_open = true,
            }
        }
        found
    }

    /// Returns where the way goes on if `name` is one of the names given: with [`To::Same`], where that really lies.
    fn leaps(&mut self, name: &Path, is_last: bool, by: usize) -> Vec<To> {
        let (links, world) = (self.links, self.world);
        let unpacked = self.writes && !is_last && !world.is_directory(name);
        let mut leaps = Vec::new();
        for (given, place) in links.above(name, by) {
            let is_itself = name == place;
            match &given.to {
                To::Unpacked if !unpacked => {}
                To::Copy(from) => {
                    let below = name.strip_prefix(place).unwrap_or(Path::new(""));
                    let copied = self.copied(from, below, name, given.by);
                    leaps.extend(copied.into_iter().filter(|to| unpacked || *to != To::Unpacked));
                }
                _ if is_itself == given.is_below => {}
                To::Same(path) => {
                    leaps.extend(self.follow(path, given.by, false).into_iter().map(To::Same));
                }
                To::Text(_) | To::Anywhere | To::Unpacked => leaps.push(given.to.clone()),
            }
        }
        leaps
    }

    /// Returns where the link leads that `name` is, as the copy of what lies `below` the original.
    fn copied(&mut self, from: &Path, below: &Path, name: &Path, by: usize) -> Vec<To> {
        let mut leaps = Vec::new();
        let original = if below.as_os_str().is_empty() { from.to_owned() } else { from.join(below) };
        let tops = self.follow(from, by, true);
        for entry in self.follow(&original, by, true) {
            let Some(real) = self.world.shared_path(&entry) else { return vec![To::Anywhere] };
            if real != entry {
                leaps.extend(copied_link(&real, &entry, &tops, name, below));
            }
            let links = self.links;
            let own = links.above(&entry, by).filter(|(given, place)| entry == *place || given.is_below);
            leaps.extend(own.filter_map(|(given, _)| match &given.to {
                To::Text(_) | To::Anywhere | To::Unpacked => Some(given.to.clone()),
                To::Same(_) | To::Copy(_) => None,
            }));
        }
        leaps
    }
}

/// Returns where a link that leads from `entry` to `real` leads as `name`: the text of it may be relative.
fn copied_link(real: &Path, entry: &Path, tops: &[PathBuf], name: &Path, below: &Path) -> Vec<To> {
    let place = if below.as_os_str().is_empty() {
        Some(name)
    } else {
        name.ancestors().nth(below.components().count())
    };
    let Some(place) = place else { return vec![To::Anywhere] };
    let Some(top) = tops.iter().find(|top| entry.starts_with(top)) else { return vec![To::Anywhere] };
    match real.strip_prefix(top) {
        Ok(inside) => vec![To::Same(real.to_owned()), To::Text(place.join(inside))],
        // From beside the original, both kinds of text lead to the same.
        Err(_) if place.parent() == top.parent() => vec![To::Same(real.to_owned())],
        Err(_) => vec![To::Anywhere],
    }
}
