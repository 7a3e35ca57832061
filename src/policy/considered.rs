//! What could match actions of one kind: the rules and labels, with those of their tables that the kind leaves open.
//!
//! A script has many actions of few kinds, and most tables of a policy are told by the program's name and by what is cheap to
//! know ([`super::blob::traits`]); so that is asked once for each kind.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::blob::{RuleBody, needs};
use super::file::{Label, Matcher, Rule};
use super::layer::{Authority, Overridden, Policy};
use super::matcher::{asks_about_paths, text_matches};
use super::subject::Subject;
use super::verdict::Verdict;

/// Whom a table's `program` speaks of, among the actions of one kind that it speaks of at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearing {
    /// Any program.
    Anyone,
    /// Programs of its name.
    Name,
    /// Perhaps its file, which has to be looked at.
    File,
}

/// The tables of an entry that actions of one kind could match: their places.
#[derive(Debug)]
pub(super) struct Open(Vec<(usize, Bearing)>);

impl Open {
    fn of(tables: &[Matcher], subject: &Subject<'_>) -> Open {
        let bearing = |(at, table): (usize, &Matcher)| Some((at, bearing(table, subject)?));
        Open(tables.iter().enumerate().filter_map(bearing).collect())
    }

    /// Returns the tables, out of all of the entry.
    pub(super) fn tables<'a>(&self, all: &'a [Matcher]) -> impl Iterator<Item = (&'a Matcher, Bearing)> {
        self.0.iter().filter_map(move |(at, bearing)| Some((all.get(*at)?, *bearing)))
    }

    /// Claims that there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn bearing(table: &Matcher, subject: &Subject<'_>) -> Option<Bearing> {
    let is_excluded =
        table.opaque.unwrap_or(false) != subject.is_opaque() || needs(table) & !subject.traits() != 0;
    let names = |pattern: &String| text_matches(pattern, &subject.name);
    match &table.program {
        _ if is_excluded => None,
        patterns if patterns.is_empty() => Some(Bearing::Anyone),
        patterns if patterns.iter().any(|pattern| pattern.contains('/')) => Some(Bearing::File),
        patterns if !patterns.iter().any(names) => None,
        patterns if patterns.iter().any(|pattern| pattern == "*") => Some(Bearing::Anyone),
        _ => Some(Bearing::Name),
    }
}

/// A rule or a label where it is held.
enum Held {
    Packed(Rc<RuleBody>),
    Layered(Rc<Rule>),
}

/// A rule that could match, with what overrides make of it.
pub(super) struct Candidate {
    held: Held,
    pub(super) authority: Authority,
    pub(super) verdict: Verdict,
    pub(super) overridden: Option<Overridden>,
    pub(super) matches: Open,
    pub(super) except: Open,
}

impl Candidate {
    fn of(held: Held, authority: Authority, subject: &Subject<'_>, policy: &Policy) -> Option<Candidate> {
        let rule = held.rule();
        let (matches, except) = (Open::of(&rule.matches, subject), Open::of(&rule.except, subject));
        if matches.is_empty() {
            return None;
        }
        let overridden = policy.overridden(&rule.id, authority, rule.verdict, rule.floor);
        let verdict = overridden.as_ref().map_or(rule.verdict, |change| change.verdict);
        Some(Candidate { held, authority, verdict, overridden, matches, except })
    }

    pub(super) fn rule(&self) -> &Rule {
        self.held.rule()
    }

    /// Claims that it asks about paths or operands: what globs stand for matters to it.
    pub(super) fn asks_about_paths(&self) -> bool {
        let rule = self.rule();
        rule.matches.iter().chain(&rule.except).any(asks_about_paths)
    }
}

impl Held {
    fn rule(&self) -> &Rule {
        match self {
            Held::Packed(body) => &body.rule,
            Held::Layered(rule) => rule,
        }
    }
}

/// A label that could match.
pub(super) struct Labelling {
    pub(super) label: Rc<Label>,
    pub(super) matches: Open,
    pub(super) except: Open,
}

impl Labelling {
    fn of(label: Rc<Label>, subject: &Subject<'_>) -> Option<Labelling> {
        let (matches, except) = (Open::of(&label.matches, subject), Open::of(&label.except, subject));
        (!matches.is_empty()).then_some(Labelling { label, matches, except })
    }
}

/// All that could match actions of one kind.
pub(super) struct Considered {
    pub(super) rules: Vec<Candidate>,
    pub(super) labels: Vec<Labelling>,
}

/// The kind of an action: its program's name, its traits, and whether it is opaque.
type Kind = (String, u16, bool);

/// What could match the kinds of actions that were asked about so far.
pub(super) struct Kinds<'a> {
    policy: &'a Policy,
    known: RefCell<BTreeMap<Kind, Rc<Considered>>>,
}

impl<'a> Kinds<'a> {
    pub(super) fn of(policy: &'a Policy) -> Kinds<'a> {
        Kinds { policy, known: RefCell::default() }
    }

    /// Returns what could match the action.
    pub(super) fn considered(&self, subject: &Subject<'_>) -> Rc<Considered> {
        let kind = (subject.name.clone(), subject.traits(), subject.is_opaque());
        Rc::clone(self.known.borrow_mut().entry(kind).or_insert_with(|| Rc::new(self.find(subject))))
    }

    fn find(&self, subject: &Subject<'_>) -> Considered {
        let (policy, is_opaque) = (self.policy, subject.is_opaque());
        let packed = policy.packs().candidates(subject).into_iter();
        let packed = packed.map(|body| (Held::Packed(body), Authority::BuiltIn));
        let layered = policy.rules().iter().filter(|rule| rule.reach.covers(&subject.name, is_opaque));
        let layered = layered.map(|rule| (Held::Layered(Rc::clone(&rule.body)), rule.authority));
        let rules = packed.chain(layered);
        let labels = policy.labels().iter().filter(|label| label.reach.covers(&subject.name, is_opaque));
        let labels =
            policy.packs().labels(subject).into_iter().chain(labels.map(|label| Rc::clone(&label.body)));
        Considered {
            rules: rules.filter_map(|(held, by)| Candidate::of(held, by, subject, policy)).collect(),
            labels: labels.filter_map(|label| Labelling::of(label, subject)).collect(),
        }
    }
}
