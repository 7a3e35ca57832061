//! The built-in packs as they lie in the binary: found by program name, decoded on demand, each body at most once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::blob::{Body, Index, Origin, PlacedTest, Proof, RuleBody, Table};
use super::file::{Label, Test, Variable};
use super::preview::Preview;
use super::subject::Subject;
use crate::digest::Digest;
use crate::shell::{Program, Programs};

/// The most names that are kept.
const MOST: usize = 1_000;

/// The packs, and what of them has been decoded so far.
pub struct Packs {
    index: Index<'static>,
    rules: RefCell<BTreeMap<u16, Rc<RuleBody>>>,
    labels: RefCell<BTreeMap<u16, Rc<Label>>>,
    programs: RefCell<BTreeMap<u16, Rc<Program>>>,
    /// What was found of a program's name: a script has many calls of few.
    known: RefCell<BTreeMap<String, Option<Rc<Program>>>>,
    variables: RefCell<BTreeMap<u16, Rc<Variable>>>,
    decoded: Cell<usize>,
}

impl Packs {
    /// Returns the packs this binary was built with.
    pub fn built_in() -> Packs {
        Packs::of(include_bytes!(concat!(env!("OUT_DIR"), "/packs.bin")))
    }

    /// Returns no packs, for tests.
    pub fn none() -> Packs {
        Packs::made_of(Index::default())
    }

    fn of(blob: &'static [u8]) -> Packs {
        Packs::made_of(postcard::from_bytes(blob).expect("build.rs wrote it with the same types"))
    }

    fn made_of(index: Index<'static>) -> Packs {
        Packs {
            index,
            rules: RefCell::default(),
            labels: RefCell::default(),
            programs: RefCell::default(),
            known: RefCell::default(),
            variables: RefCell::default(),
            decoded: Cell::new(0),
        }
    }

    /// Returns the digest over the packs' files.
    pub fn digest(&self) -> Digest {
        Digest::from_bytes(self.index.digest)
    }

    /// Returns how many rules have been decoded: what judging cost.
    pub fn decoded(&self) -> usize {
        self.decoded.get()
    }

    /// Returns how many rules there are.
    pub fn len(&self) -> usize {
        self.index.rules.len()
    }

    /// Claims that there are no rules.
    pub fn is_empty(&self) -> bool {
        self.index.rules.is_empty()
    }

    /// Returns all rules in their order.
    pub(super) fn rules(&self) -> Vec<Rc<RuleBody>> {
        (0..self.len()).map(|entry| self.rule(entry as u16)).collect()
    }

    /// Returns the rule with this id.
    pub(super) fn rule_by_id(&self, id: &str) -> Option<Rc<RuleBody>> {
        self.index.ids.iter().position(|known| known == id).map(|at| self.rule(at as u16))
    }

    /// Returns the ids of all rules.
    pub(super) fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.index.ids.iter()
    }

    /// Returns where the rule with this id stands.
    pub fn place_by_id(&self, id: &str) -> Option<String> {
        self.rule_by_id(id).map(|body| self.place(&body))
    }

    /// Returns the rules that could match the action.
    pub(super) fn candidates(&self, subject: &Subject<'_>) -> Vec<Rc<RuleBody>> {
        candidates(&self.index.rules, subject).into_iter().map(|entry| self.rule(entry)).collect()
    }

    /// Returns the labels that could match the action.
    pub(super) fn labels(&self, subject: &Subject<'_>) -> Vec<Rc<Label>> {
        candidates(&self.index.labels, subject)
            .into_iter()
            .map(|entry| once(&self.labels, &self.index.labels, entry))
            .collect()
    }

    /// Returns the previews that could match the action.
    pub(super) fn previews(&self, subject: &Subject<'_>) -> Vec<Rc<Preview>> {
        let entries = candidates(&self.index.previews, subject).into_iter();
        entries.map(|entry| Rc::new(decode(&self.index.previews, entry))).collect()
    }

    /// Returns all labels.
    pub(super) fn all_labels(&self) -> Vec<Rc<Label>> {
        (0..self.index.labels.len())
            .map(|entry| once(&self.labels, &self.index.labels, entry as u16))
            .collect()
    }

    /// Claims that a rule names this program.
    pub(super) fn speaks_of(&self, name: &str) -> bool {
        self.index.rules.of(name).next().is_some()
    }

    /// Returns the entries about a variable of this name, with their places.
    pub(super) fn variables_named(&self, name: &str) -> Vec<(usize, Rc<Variable>)> {
        let table = &self.index.variables;
        let mut entries: Vec<u16> = table.of(name).chain(table.about_any(name, 0)).collect();
        entries.sort_unstable();
        // One that names it may have a pattern for it, too.
        entries.dedup();
        entries.iter().map(|entry| (usize::from(*entry), once(&self.variables, table, *entry))).collect()
    }

    /// Returns the examples of a rule by its place.
    pub(super) fn proof(&self, entry: usize) -> Proof {
        decode(&self.index.proofs, entry as u16)
    }

    /// Returns the packs' own tests with their places.
    pub(super) fn tests(&self) -> Vec<(String, Test)> {
        let table = &self.index.tests;
        let all = (0..table.len()).map(|entry| decode::<PlacedTest>(table, entry as u16));
        all.map(|placed| (self.place_of(placed.origin), placed.test)).collect()
    }

    /// Returns the names of all programs that an entry describes.
    pub fn program_names(&self) -> impl Iterator<Item = &'static str> {
        self.index.programs.names.iter()
    }

    /// Returns where a rule stands: `policies/git.toml:12`.
    pub(super) fn place(&self, body: &RuleBody) -> String {
        self.place_of(body.origin)
    }

    fn place_of(&self, origin: Origin) -> String {
        let file = self.index.files.iter().nth(usize::from(origin.file)).unwrap_or_default();
        format!("{file}:{}", origin.line)
    }

    fn rule(&self, entry: u16) -> Rc<RuleBody> {
        if !self.rules.borrow().contains_key(&entry) {
            self.decoded.set(self.decoded.get() + 1);
        }
        once(&self.rules, &self.index.rules, entry)
    }
}

impl Programs for Packs {
    fn program(&self, name: &str) -> Option<Rc<Program>> {
        if let Some(known) = self.known.borrow().get(name) {
            return known.clone();
        }
        let entry = self.index.programs.of(name).next();
        let found = entry.map(|entry| once(&self.programs, &self.index.programs, entry));
        let mut known = self.known.borrow_mut();
        if known.len() < MOST {
            known.insert(name.to_owned(), found.clone());
        }
        found
    }
}

/// Returns the entries about the action's program and those about any; for an opaque action only those that speak of opaque ones.
fn candidates(table: &Table<'_>, subject: &Subject<'_>) -> Vec<u16> {
    if subject.is_opaque() {
        return table.about_opaque().collect();
    }
    table.of(&subject.name).chain(table.about_any(&subject.name, subject.traits())).collect()
}

fn once<T: Body>(cache: &RefCell<BTreeMap<u16, Rc<T>>>, table: &Table<'_>, entry: u16) -> Rc<T> {
    Rc::clone(cache.borrow_mut().entry(entry).or_insert_with(|| Rc::new(decode(table, entry))))
}

fn decode<T: Body>(table: &Table<'_>, entry: u16) -> T {
    postcard::from_bytes(table.body(entry)).expect("build.rs wrote it with the same types")
}
