//! A list of path patterns, each with what is cheap to ask before it is matched; apart, so that `build.rs` can include it.
//!
//! A policy has hundreds of path patterns, and nearly all of them name some part of a path in full (`.ssh`, `etc`), so a path without
//! such a part is told by one look.

use std::cell::OnceCell;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::shell::list::list;

/// Ends each pattern in the text; no path holds it.
const END: char = '\0';

/// Path patterns, any of which may match.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    /// One behind the other.
    text: String,
    marked: OnceCell<Vec<Marked>>,
    /// What [`Patterns::of_anything`] found.
    of_anything: OnceCell<(bool, bool)>,
}

/// Where a pattern stands in the text, and what each path that it matches has.
#[derive(Clone, Copy, Debug)]
struct Marked {
    from: u32,
    to: u32,
    marks: Marks,
}

/// What is cheap to know of a path: the parts it has, as bits, and its last byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    parts: u64,
    /// `None` where a pattern's end says nothing, or a path's end is not known.
    last: Option<u8>,
}

/// The bit of every part that begins with a dot, beside its own.
const HIDDEN: u64 = 1 << 63;

impl Marks {
    /// Returns the marks of a path.
    pub(crate) fn of_path(path: &[u8]) -> Marks {
        let parts = path.split(|byte| *byte == b'/').map(bits).fold(0, |all, bits| all | bits);
        Marks { parts, last: path.last().copied() }
    }

    /// Returns the marks of a path of which no part is certain, but maybe its last byte.
    pub(crate) fn of_end(last: Option<u8>) -> Marks {
        Marks { parts: u64::MAX, last }
    }

    /// Returns the marks that every path has which `pattern` matches: its parts without a sign are parts of the path.
    ///
    /// A leading name of a directory (`~`, `.`) is none of them; in a class or behind a backslash a slash may be something else.
    fn of_pattern(pattern: &str) -> Marks {
        let is_plain = !pattern.contains(['[', '\\']);
        let marks_of = |part: &str| match () {
            () if !is_plain || part.is_empty() => 0,
            () if !part.contains(['*', '?']) => bits(part.as_bytes()),
            () if part.starts_with('.') => HIDDEN,
            () => 0,
        };
        let named = ["~", "~gate", "~above-gate", "~agent", "."]
            .iter()
            .any(|name| pattern.split('/').next() == Some(name));
        let parts = pattern.split('/').skip(usize::from(named)).map(marks_of).fold(0, |all, bits| all | bits);
        let is_bare = named && !pattern.contains('/');
        let last = pattern.bytes().last().filter(|last| !is_bare && !b"*?]".contains(last));
        Marks { parts, last }
    }

    /// Claims that a path with the marks `path` lacks what every match has.
    fn are_missing(self, path: Marks) -> bool {
        let ends_otherwise = matches!((self.last, path.last), (Some(own), Some(last)) if own != last);
        self.parts & !path.parts != 0 || ends_otherwise
    }
}

/// Returns one of 63 bits for a part of a path (FNV-1a, folded), and whether it begins with a dot.
fn bits(part: &[u8]) -> u64 {
    let hash = part.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let own = 1 << ((hash ^ (hash >> 32)) % 63);
    if part.starts_with(b".") { own | HIDDEN } else { own }
}

impl Patterns {
    /// Returns the list of these, none of which holds a NUL.
    pub(crate) fn of(all: &[&String]) -> Patterns {
        let text = all.iter().flat_map(|pattern| [pattern.as_str(), "\0"]).collect();
        Patterns { text, ..Patterns::default() }
    }

    /// Claims that there is none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns them in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split_terminator(END)
    }

    /// Claims that one of them matches whatever the path is, and that one matches some path on any machine: it begins with no name of
    /// a directory, which may stand for none.
    pub(crate) fn of_anything(&self) -> (bool, bool) {
        *self.of_anything.get_or_init(|| {
            let is_free = |pattern: &str| !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
            (self.iter().any(is_free), self.iter().any(|pattern| !pattern.starts_with(['~', '.'])))
        })
    }

    /// Returns those that a path with these marks could match.
    pub(crate) fn for_marks(&self, path: Marks) -> impl Iterator<Item = &str> {
        let could = self.marked().iter().filter(move |one| !one.marks.are_missing(path));
        could.map(|one| &self.text[one.from as usize..one.to as usize])
    }

    fn marked(&self) -> &[Marked] {
        self.marked.get_or_init(|| {
            let mut from = 0;
            let mark = |pattern: &str| {
                let to = from + pattern.len() as u32;
                let one = Marked { from, to, marks: Marks::of_pattern(pattern) };
                from = to + 1;
                one
            };
            self.iter().map(mark).collect()
        })
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Patterns) -> bool {
        self.text == other.text
    }
}

impl Serialize for Patterns {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Patterns, D::Error> {
        if !from.is_human_readable() {
            return Ok(Patterns { text: String::deserialize(from)?, ..Patterns::default() });
        }
        let all: Vec<String> = list(from)?;
        if all.iter().any(|pattern| pattern.contains(END)) {
            return Err(serde::de::Error::custom("a NUL in a path pattern; no path holds one"));
        }
        Ok(Patterns::of(&all.iter().collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Marks, Patterns};

    #[track_caller]
    fn case(pattern: &str, path: &str, could: bool) {
        let patterns = Patterns { text: format!("{pattern}\0"), ..Patterns::default() };
        let found = patterns.for_marks(Marks::of_path(path.as_bytes())).next();
        assert_eq!(found, could.then_some(pattern), "{pattern} on {path}");
    }

    #[test]
    fn a_path_without_a_part_that_the_pattern_names_is_told_at_once() {
        case("~/.ssh/**", "/home/dev/.ssh/id", true);
        case("~/.ssh/**", "/home/dev/src/main.rs", false);
        case("*/.git/config", "/p/.git/config", true);
        case("*/.git/config", "/p/.git/confi", false);
        case("*.pem", "/p/key.pem", true);
        case("*.pem", "/p/key.txt", false);
        case("~", "/home/dev", true);
        case(".", "/p", true);
        case("./**", "/p/x", true);
        case("/etc/**/x", "/etc/x", true);
        case("a\\/b", "/p/a/b", true);
        case("x[/b]c", "/p/xbc", true);
        case("*/.env.*", "/p/.env.local", true);
        case("*/.env.*", "/p/env.local", false);
        case("~/.*", "/home/dev/x", false);
        case("./.*/x", "/p/.a/x", true);
    }
}
