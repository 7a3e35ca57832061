//! The compiled form of the built-in packs: an index by program name, and bodies that are decoded only when asked for.
//!
//! `build.rs` writes it, [`super::packs`] reads it; both include this file.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::file::{Label, Matcher, Rule, ScopeWord, Test, Variable};
use super::glob_text::{is_glob, matches};
use super::preview::Preview;
use crate::shell::Program;

/// A row of numbers as they lie in the binary, four bytes each, the lowest first: nothing is read before it is asked for.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Numbers<'a>(#[serde(borrow)] pub(crate) &'a [u8]);

impl Numbers<'_> {
    pub(crate) fn len(self) -> usize {
        self.0.len() / 4
    }

    /// Returns one of them; 0 behind the last.
    pub(crate) fn at(self, place: usize) -> usize {
        let bytes = self.0.get(place * 4..place * 4 + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes) as usize
    }

    fn stretch(self, from: usize, to: usize) -> impl Iterator<Item = usize> {
        (from..to).map(move |place| self.at(place))
    }
}

/// A row of texts as they lie in the binary, one behind the other.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Texts<'a> {
    /// Where each ends.
    #[serde(borrow)]
    pub(crate) ends: Numbers<'a>,
    #[serde(borrow)]
    pub(crate) bytes: &'a [u8],
}

impl<'a> Texts<'a> {
    pub(crate) fn len(self) -> usize {
        self.ends.len()
    }

    /// Returns one of them; nothing behind the last.
    pub(crate) fn at(self, place: usize) -> &'a [u8] {
        let begin = if place == 0 { 0 } else { self.ends.at(place - 1) };
        self.bytes.get(begin..self.ends.at(place)).unwrap_or_default()
    }

    /// Returns all of them in their order.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).map(move |place| std::str::from_utf8(self.at(place)).unwrap_or_default())
    }

    /// Returns where `text` is, if they are in order.
    fn find(self, text: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            match self.at(middle).cmp(text.as_bytes()) {
                Ordering::Equal => return Some(middle),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// Everything about the packs but the bodies.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Index<'a> {
    /// SHA-256 over the packs' files.
    pub(crate) digest: [u8; 32],
    /// The packs' files, as they are named in messages.
    #[serde(borrow)]
    pub(crate) files: Texts<'a>,
    #[serde(borrow)]
    pub(crate) rules: Table<'a>,
    #[serde(borrow)]
    pub(crate) labels: Table<'a>,
    /// What is shown of a command that somebody is asked about, and only read then.
    #[serde(borrow)]
    pub(crate) previews: Table<'a>,
    #[serde(borrow)]
    pub(crate) programs: Table<'a>,
    #[serde(borrow)]
    pub(crate) variables: Table<'a>,
    /// The examples of each rule, which only `gate policy check` reads.
    #[serde(borrow)]
    pub(crate) proofs: Table<'a>,
    /// The packs' tests, which only `gate policy check` reads.
    #[serde(borrow)]
    pub(crate) tests: Table<'a>,
    /// The rules' ids, in their order.
    #[serde(borrow)]
    pub(crate) ids: Texts<'a>,
}

/// One kind of entries.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Table<'a> {
    /// Plain program names in order.
    #[serde(borrow)]
    pub(crate) names: Texts<'a>,
    /// Where the stretch of each name in `entries` ends.
    #[serde(borrow)]
    pub(crate) stretches: Numbers<'a>,
    #[serde(borrow)]
    pub(crate) entries: Numbers<'a>,
    /// What must be so before an entry that may speak of any program is worth decoding: one for each of its tables, in the
    /// order of the entries. Each is the four numbers of a [`Hint`].
    #[serde(borrow)]
    pub(crate) hints: Numbers<'a>,
    /// The patterns on program names that the hints point into.
    #[serde(borrow)]
    pub(crate) patterns: Texts<'a>,
    /// Entries that speak of opaque actions.
    #[serde(borrow)]
    pub(crate) opaque: Numbers<'a>,
    /// The entries' bodies.
    #[serde(borrow)]
    pub(crate) bodies: Texts<'a>,
}

impl<'a> Table<'a> {
    /// Returns how many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.bodies.len()
    }

    /// Claims that there is no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the entries that speak of exactly this program.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = u16> {
        let (from, to) = self.names.find(name).map_or((0, 0), |at| {
            (if at == 0 { 0 } else { self.stretches.at(at - 1) }, self.stretches.at(at))
        });
        self.entries.stretch(from, to).map(|entry| entry as u16)
    }

    /// Returns the entries about any program that an action of this name with these traits could match.
    pub(crate) fn about_any(&self, name: &str, traits: u16) -> impl Iterator<Item = u16> {
        let is_named = |hint: &Hint| {
            let names = |pattern: &[u8]| pattern.contains(&b'/') || matches(pattern, name.as_bytes());
            hint.from == hint.to || (hint.from..hint.to).any(|at| names(self.patterns.at(at as usize)))
        };
        let hints = (0..self.hints.len() / Hint::NUMBERS).map(|at| Hint::at(self.hints, at));
        let could = hints.filter(move |hint| hint.needs & !traits == 0 && is_named(hint));
        let mut last = None;
        could.map(|hint| hint.entry).filter(move |entry| last.replace(*entry) != Some(*entry))
    }

    /// Returns the entries that speak of opaque actions.
    pub(crate) fn about_opaque(&self) -> impl Iterator<Item = u16> {
        self.opaque.stretch(0, self.opaque.len()).map(|entry| entry as u16)
    }

    /// Returns an entry's body.
    pub(crate) fn body(&self, entry: u16) -> &'a [u8] {
        self.bodies.at(usize::from(entry))
    }
}

/// What one table of an entry asks of an action at the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) entry: u16,
    pub(crate) needs: u16,
    /// Its stretch of [`Table::patterns`]; empty: any program.
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Hint {
    /// How many numbers it is in [`Table::hints`]: its fields in their order.
    const NUMBERS: usize = 4;

    fn at(all: Numbers<'_>, place: usize) -> Hint {
        let number = |which: usize| all.at(place * Hint::NUMBERS + which);
        Hint {
            entry: number(0) as u16,
            needs: number(1) as u16,
            from: number(2) as u32,
            to: number(3) as u32,
        }
    }
}

/// Traits of an action that are cheap to know, as bits. A trait that an action only might have counts as one it has.
pub(crate) mod traits {
    pub(crate) const READS: u16 = 1;
    pub(crate) const WRITES: u16 = 2;
    pub(crate) const UPSTREAM: u16 = 4;
    pub(crate) const DOWNSTREAM: u16 = 8;
    pub(crate) const OTHER_USER: u16 = 16;
    pub(crate) const REMOTE: u16 = 32;
    pub(crate) const INSIDE: u16 = 64;
    pub(crate) const ARGUMENTS: u16 = 128;
}

/// Returns the traits without which `table` cannot match.
pub(crate) fn needs(table: &Matcher) -> u16 {
    let arguments = [&table.option, &table.option_all, &table.operand, &table.subcommand];
    let asked = [
        (traits::READS, !table.reads.is_empty()),
        (traits::WRITES, !table.writes.is_empty()),
        (traits::UPSTREAM, !table.stdin_from.is_empty()),
        (traits::DOWNSTREAM, !table.pipes_to.is_empty()),
        (traits::OTHER_USER, table.as_root == Some(true)),
        (traits::REMOTE, table.scope == Some(ScopeWord::Remote)),
        (traits::INSIDE, !table.inside.is_empty()),
        (
            traits::ARGUMENTS,
            arguments.iter().any(|list| !list.is_empty())
                || !table.value.is_empty()
                || !table.names.is_empty(),
        ),
    ];
    asked.iter().filter(|(_, is_asked)| *is_asked).map(|(bit, _)| bit).sum()
}

/// Where an entry stands in the packs' sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The file's place in [`Index::files`].
    pub(crate) file: u16,
    pub(crate) line: u32,
}

/// A rule's body, without its examples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RuleBody {
    pub(crate) origin: Origin,
    pub(crate) rule: Rule,
}

/// What proves a rule right.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Proof {
    pub(crate) examples: Vec<String>,
    pub(crate) counterexamples: Vec<String>,
}

/// A test with its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PlacedTest {
    pub(crate) origin: Origin,
    pub(crate) test: Test,
}

/// Which programs the matchers of a rule speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) names: Vec<String>,
    pub(crate) any: bool,
    pub(crate) opaque: bool,
    /// For each table that does not speak of opaque actions: its programs and what it needs.
    pub(crate) hints: Vec<(Vec<String>, u16)>,
}

impl Reach {
    /// Returns which actions any of `matchers` could match.
    pub(crate) fn of(matchers: &[Matcher]) -> Reach {
        let mut reach = Reach::default();
        for matcher in matchers {
            if matcher.opaque == Some(true) {
                reach.opaque = true;
                continue;
            }
            reach.add(&matcher.program);
            reach.hints.push((matcher.program.clone(), needs(matcher)));
        }
        reach.names.sort_unstable();
        reach.names.dedup();
        reach
    }

    fn add(&mut self, programs: &[String]) {
        if programs.is_empty() || programs.iter().any(|name| is_glob(name) || name.contains('/')) {
            self.any = true;
        } else {
            self.names.extend(programs.iter().cloned());
        }
    }

    /// Claims that an action of this program, opaque or not, could match.
    pub(crate) fn covers(&self, name: &str, opaque: bool) -> bool {
        if opaque { self.opaque } else { self.any || self.names.iter().any(|known| known == name) }
    }
}

/// Types whose bodies are decoded by name, so that a reader cannot mix them up.
pub(crate) trait Body: for<'de> Deserialize<'de> {}

impl Body for RuleBody {}
impl Body for Label {}
impl Body for Preview {}
impl Body for Program {}
impl Body for Variable {}
impl Body for Proof {}
impl Body for PlacedTest {}
