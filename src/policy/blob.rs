//! The compiled form of the built-in packs: an index by program name, and bodies that are decoded only when asked for.
//!
//! `build.rs` writes it, [`super::packs`] reads it; both include this file.

use serde::{Deserialize, Serialize};

use super::file::{Label, Matcher, Rule, Test, Variable};
use super::glob_text::is_glob;
use crate::shell::Program;

/// Everything about the packs but the bodies.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Index<'a> {
    /// SHA-256 over the packs' files.
    pub(crate) digest: [u8; 32],
    /// The packs' files, as they are named in messages.
    #[serde(borrow)]
    pub(crate) files: Vec<&'a str>,
    #[serde(borrow)]
    pub(crate) rules: Table<'a>,
    #[serde(borrow)]
    pub(crate) labels: Table<'a>,
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
    pub(crate) ids: Vec<&'a str>,
}

/// One kind of entries.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Table<'a> {
    /// Plain program names in order, each with its stretch of `entries`.
    #[serde(borrow)]
    pub(crate) names: Vec<(&'a str, u32, u32)>,
    pub(crate) entries: Vec<u16>,
    /// Entries that may speak of any program.
    pub(crate) any: Vec<u16>,
    /// Entries that speak of opaque actions.
    pub(crate) opaque: Vec<u16>,
    /// Where each entry's body ends.
    pub(crate) ends: Vec<u32>,
    #[serde(borrow)]
    pub(crate) bodies: &'a [u8],
}

impl<'a> Table<'a> {
    /// Returns how many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Claims that there is no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the entries that speak of exactly this program.
    pub(crate) fn of(&self, name: &str) -> &[u16] {
        match self.names.binary_search_by(|(known, _, _)| (*known).cmp(name)) {
            Ok(at) => &self.entries[self.names[at].1 as usize..self.names[at].2 as usize],
            Err(_) => &[],
        }
    }

    /// Returns an entry's body.
    pub(crate) fn body(&self, entry: u16) -> &'a [u8] {
        let at = usize::from(entry);
        let begin = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.bodies[begin..self.ends[at] as usize]
    }
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
impl Body for Program {}
impl Body for Variable {}
impl Body for Proof {}
impl Body for PlacedTest {}
