//! Labels: facts about a command that rules and approvers use.

use std::collections::BTreeMap;

use super::file::LabelSet;
use super::matcher::text_matches;
use super::subject::Lean;
use crate::shell::Truth;

/// What kind of fact a label states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LabelName {
    Environment,
    Region,
    Data,
    Category,
}

impl LabelName {
    /// Returns the written form.
    pub fn word(self) -> &'static str {
        match self {
            LabelName::Environment => "environment",
            LabelName::Region => "region",
            LabelName::Data => "data",
            LabelName::Category => "category",
        }
    }
}

/// How far a label can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reliance {
    /// Whether it is proven: what an `allow` may rest on.
    pub proven: Truth,
    /// Whether it reads so: what an `ask` or a `deny` goes by.
    pub apparent: Truth,
}

impl Reliance {
    /// A fact that a rule states by matching.
    pub(super) const STATED: Reliance = Reliance { proven: Truth::Yes, apparent: Truth::Yes };
}

/// The labels of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    set: BTreeMap<LabelName, BTreeMap<String, Reliance>>,
}

impl Labels {
    pub(super) fn add(&mut self, name: LabelName, value: &str, how: Reliance) {
        let nothing = Reliance { proven: Truth::No, apparent: Truth::No };
        let known = self.set.entry(name).or_default().entry(value.to_owned()).or_insert(nothing);
        known.proven = known.proven | how.proven;
        known.apparent = known.apparent | how.apparent;
    }

    /// Returns all labels: name, value, and how far it can be relied on.
    pub fn iter(&self) -> impl Iterator<Item = (LabelName, &str, Reliance)> {
        self.set
            .iter()
            .flat_map(|(name, values)| values.iter().map(|(value, how)| (*name, value.as_str(), *how)))
    }

    pub(super) fn extend(&mut self, other: &Labels) {
        for (name, value, how) in other.iter() {
            self.add(name, value, how);
        }
    }

    pub(super) fn add_set(&mut self, set: &LabelSet, how: Reliance) {
        let parts = [
            (LabelName::Environment, &set.environment),
            (LabelName::Region, &set.region),
            (LabelName::Data, &set.data),
            (LabelName::Category, &set.category),
        ];
        for (name, values) in parts {
            for value in values {
                self.add(name, value, how);
            }
        }
    }

    /// Returns whether a label of this name matches any of `patterns`.
    ///
    /// To allow, every value the label may have must match: what could not be determined counts as the strictest.
    pub(super) fn matches(&self, name: LabelName, patterns: &[String], lean: Lean) -> Truth {
        let Some(values) = self.set.get(&name) else { return Truth::No };
        let each = values.iter().map(|(value, how)| {
            let is_match = patterns.iter().any(|pattern| text_matches(pattern, value));
            match (is_match, lean) {
                (true, Lean::Restrict) => how.apparent,
                (true, Lean::Permit) => how.proven,
                (false, _) => Truth::No,
            }
        });
        match lean {
            Lean::Restrict => Truth::any(each),
            Lean::Permit => Truth::all(each),
        }
    }
}
