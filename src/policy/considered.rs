//! What could match actions of one kind: the rules and labels, with those of their tables that the kind leaves open.
//!
//! A script has many actions of few kinds, and most tables of a policy are told by the program's name and by what is cheap to
//! know ([`super::blob::traits`]); so that is asked once for each kind.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::blob::{RuleBody, needs};
use super::file::{Label, Matcher, Rule};
use super::glance::{Look, Sight};
use super::layer::{Authority, Limited, Overridden, Policy};
use super::matcher::{asks_about_paths, text_matches};
use super::subject::Subject;

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

/// The tables of an entry that actions of one kind could match.
#[derive(Debug)]
pub(super) struct Open(Vec<OpenTable>);

/// One of them: its place, whom it speaks of, and what an action must show for it.
#[derive(Debug)]
struct OpenTable {
    at: usize,
    bearing: Bearing,
    look: Look,
}

impl Open {
    pub(super) fn of(tables: &[Matcher], subject: &Subject<'_>) -> Open {
        let open = |(at, table): (usize, &Matcher)| {
            Some(OpenTable { at, bearing: bearing(table, subject)?, look: *table.look() })
        };
        Open(tables.iter().enumerate().filter_map(open).collect())
    }

    /// Returns those of the tables, out of all of the entry, that are not told already by what an action shows.
    pub(super) fn tables<'a>(
        &self,
        all: &'a [Matcher],
        sight: Sight,
    ) -> impl Iterator<Item = (&'a Matcher, Bearing)> {
        let could = self.0.iter().filter(move |open| open.look.could_match(sight));
        could.filter_map(move |open| Some((all.get(open.at)?, open.bearing)))
    }

    /// Claims that there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Claims that one of the tables is not told already by what an action shows.
    fn could_match(&self, sight: Sight) -> bool {
        self.0.iter().any(|open| open.look.could_match(sight))
    }
}

fn bearing(table: &Matcher, subject: &Subject<'_>) -> Option<Bearing> {
    let is_excluded =
        table.opaque.unwrap_or(false) != subject.is_opaque() || needs(table) & !subject.traits() != 0;
    if is_excluded {
        return None;
    }
    if table.program.is_empty() {
        return Some(Bearing::Anyone);
    }
    let mut found = None;
    for pattern in &table.program {
        if pattern.contains('/') && subject.is_given_by_path() {
            return Some(Bearing::File);
        }
        if found != Some(Bearing::Anyone) && text_matches(pattern, &subject.name) {
            found = Some(if pattern == "*" { Bearing::Anyone } else { Bearing::Name });
        }
    }
    found
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
    pub(super) overridden: Option<Overridden>,
    /// What changes it where it matches, with the tables that the kind leaves open.
    pub(super) limited: Vec<(Rc<Limited>, Open)>,
    pub(super) matches: Open,
    except: OnceCell<Open>,
}

impl Candidate {
    fn of(held: Held, authority: Authority, subject: &Subject<'_>, policy: &Policy) -> Option<Candidate> {
        let rule = held.rule();
        let matches = Open::of(&rule.matches, subject);
        if matches.is_empty() {
            return None;
        }
        let except = OnceCell::new();
        let overridden = policy.overridden(&rule.id, authority, rule.verdict, rule.floor);
        let limited = policy.limited(&rule.id, authority, rule.floor).into_iter();
        let limited = limited.map(|limited| {
            let open = Open::of(&limited.matches, subject);
            (limited, open)
        });
        let limited = limited.filter(|(_, open)| !open.is_empty()).collect();
        Some(Candidate { held, authority, overridden, limited, matches, except })
    }

    pub(super) fn rule(&self) -> &Rule {
        self.held.rule()
    }

    /// Returns the exceptions that actions of the kind of `subject` could match; most are never asked about.
    pub(super) fn except(&self, subject: &Subject<'_>) -> impl Iterator<Item = (&Matcher, Bearing)> {
        let all = &self.rule().except;
        self.except.get_or_init(|| Open::of(all, subject)).tables(all, subject.sight())
    }

    /// Claims that it is not told already by what an action shows.
    pub(super) fn could_match(&self, sight: Sight) -> bool {
        self.matches.could_match(sight)
    }

    /// Claims that it asks about paths or operands: what globs stand for matters to it.
    pub(super) fn asks_about_paths(&self) -> bool {
        let rule = self.rule();
        let limits = self.limited.iter().flat_map(|(limited, _)| &limited.matches);
        rule.matches.iter().chain(&rule.except).chain(limits).any(asks_about_paths)
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
    /// Claims that one of the rules asks where data belongs.
    pub(super) asks_about_regions: bool,
}

/// The kind of an action: its program's name and whether that is a path, its traits, and whether it is opaque.
type Kind = (String, bool, u16, bool);

/// The most kinds that are kept.
const MOST: usize = 1_000;

/// What of a policy could match the kinds of actions that it was asked about so far.
#[derive(Default)]
pub(super) struct Kinds(RefCell<BTreeMap<Kind, Rc<Considered>>>);

impl Policy {
    /// Returns what could match the action.
    pub(super) fn considered(&self, subject: &Subject<'_>) -> Rc<Considered> {
        let mut known = self.kinds().0.borrow_mut();
        if known.len() >= MOST {
            known.clear();
        }
        let by_path = subject.is_given_by_path();
        let kind = (subject.name.clone(), by_path, subject.traits(), subject.is_opaque());
        Rc::clone(known.entry(kind).or_insert_with(|| Rc::new(Considered::of(self, subject))))
    }
}

impl Considered {
    fn of(policy: &Policy, subject: &Subject<'_>) -> Considered {
        let is_opaque = subject.is_opaque();
        let packed = policy.packs().candidates(subject).into_iter();
        let packed = packed.map(|body| (Held::Packed(body), Authority::BuiltIn));
        let layered = policy.rules().iter().filter(|rule| rule.reach.covers(&subject.name, is_opaque));
        let layered = layered.map(|rule| (Held::Layered(Rc::clone(&rule.body)), rule.authority));
        let rules = packed.chain(layered);
        let labels = policy.labels().iter().filter(|label| label.reach.covers(&subject.name, is_opaque));
        let labels =
            policy.packs().labels(subject).into_iter().chain(labels.map(|label| Rc::clone(&label.body)));
        let rules: Vec<Candidate> =
            rules.filter_map(|(held, by)| Candidate::of(held, by, subject, policy)).collect();
        let asks_about_regions = |candidate: &Candidate| {
            candidate.rule().when.as_ref().is_some_and(|when| when.leaves_region.is_some())
        };
        Considered {
            asks_about_regions: rules.iter().any(asks_about_regions),
            rules,
            labels: labels.filter_map(|label| Labelling::of(label, subject)).collect(),
        }
    }
}
