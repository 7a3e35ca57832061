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
    set: BTreeMap<LabelName, BTreeMap<String, Known>>,
    pub(super) regions: Regions,
}

/// What is known of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    how: Reliance,
    /// Who says so, in words, each once.
    from: Vec<String>,
}

/// One label, for a person.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub name: LabelName,
    pub value: &'a str,
    pub how: Reliance,
    /// Who says so: options, facts, rules.
    pub from: &'a [String],
}

/// More words are of no use to anyone.
const MOST_SOURCES: usize = 5;

impl Labels {
    pub(super) fn add(&mut self, name: LabelName, value: &str, how: Reliance, from: &[String]) {
        let nothing = Reliance { proven: Truth::No, apparent: Truth::No };
        let nothing = Known { how: nothing, from: Vec::new() };
        let known = self.set.entry(name).or_default().entry(value.to_owned()).or_insert(nothing);
        known.how.proven = known.how.proven | how.proven;
        known.how.apparent = known.how.apparent | how.apparent;
        for from in from {
            if !known.from.contains(from) && known.from.len() < MOST_SOURCES {
                known.from.push(from.clone());
            }
        }
    }

    /// Returns all labels.
    pub fn iter(&self) -> impl Iterator<Item = Shown<'_>> {
        self.set.iter().flat_map(|(name, values)| {
            values.iter().map(|(value, known)| Shown {
                name: *name,
                value,
                how: known.how,
                from: &known.from,
            })
        })
    }

    pub(super) fn extend(&mut self, other: &Labels) {
        for Shown { name, value, how, from } in other.iter() {
            self.add(name, value, how, from);
        }
    }

    pub(super) fn add_set(&mut self, set: &LabelSet, how: Reliance, from: &[String]) {
        let parts = [
            (LabelName::Environment, &set.environment),
            (LabelName::Region, &set.region),
            (LabelName::Data, &set.data),
            (LabelName::Category, &set.category),
        ];
        for (name, values) in parts {
            for value in values {
                self.add(name, value, how, from);
            }
        }
    }

    /// Returns whether a label of this name matches any of `patterns`.
    ///
    /// To allow, every value the label may have must match: what could not be determined counts as the strictest.
    pub(super) fn matches(&self, name: LabelName, patterns: &[String], lean: Lean) -> Truth {
        let Some(values) = self.set.get(&name) else { return Truth::No };
        let each = values.iter().map(|(value, known)| {
            let is_match = patterns.iter().any(|pattern| text_matches(pattern, value));
            match (is_match, lean) {
                (true, Lean::Restrict) => known.how.apparent,
                (true, Lean::Permit) => known.how.proven,
                (false, _) => Truth::No,
            }
        });
        match lean {
            Lean::Restrict => Truth::any(each),
            Lean::Permit => Truth::all(each),
        }
    }
}

/// Where the data of an action belongs, and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Regions {
    all: Vec<Region>,
}

/// A region that an action speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Region {
    name: String,
    truth: Truth,
    /// Where it names data of this region: the place among its words, 0 for what comes through a pipe. `None`: it only works there.
    data: Option<usize>,
}

impl Regions {
    /// Adds a region: of the data that stands at a place, or of where the action works.
    pub(super) fn add(&mut self, name: &str, truth: Truth, data: Option<usize>) {
        match self.all.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                known.truth = known.truth | truth;
                known.data = known.data.into_iter().chain(data).min();
            }
            None => self.all.push(Region { name: name.to_owned(), truth, data }),
        }
    }

    /// Takes over where the data belongs that comes through a pipe.
    pub(super) fn receive(&mut self, upstream: &Regions) {
        for region in &upstream.all {
            self.add(&region.name, region.truth, Some(0));
        }
    }

    /// Returns the region that data belongs to and another one, and how sure it is that both are meant. What stands first is where
    /// data comes from.
    pub(super) fn crossing(&self) -> Option<(&str, &str, Truth)> {
        let mut data: Vec<&Region> = self.all.iter().filter(|region| region.data.is_some()).collect();
        data.sort_by_key(|region| region.data);
        let pairs = data.into_iter().flat_map(|data| self.all.iter().map(move |other| (data, other)));
        let apart = pairs.filter(|(one, other)| !agree(&one.name, &other.name));
        let told =
            apart.map(|(one, other)| (one.name.as_str(), other.name.as_str(), one.truth & other.truth));
        told.fold(None, |best: Option<(&str, &str, Truth)>, pair| match best {
            Some(best) if best.2 >= pair.2 => Some(best),
            Some(_) | None => Some(pair),
        })
    }
}

/// Claims that one region is the other, or a part of it by its name: `eu` and `eu-west-1`.
fn agree(one: &str, other: &str) -> bool {
    let is_part =
        |part: &str, whole: &str| part.strip_prefix(whole).is_some_and(|rest| rest.starts_with('-'));
    one.eq_ignore_ascii_case(other) || is_part(one, other) || is_part(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(data: &[&str], others: &[&str], expected: Option<(&str, &str)>) {
        let mut regions = Regions::default();
        others.iter().for_each(|region| regions.add(region, Truth::Yes, None));
        for (at, region) in data.iter().enumerate().rev() {
            regions.add(region, Truth::Yes, Some(at));
        }
        assert_eq!(regions.crossing().map(|(from, to, _)| (from, to)), expected, "{data:?} {others:?}");
    }

    #[test]
    fn data_leaves_its_region_where_another_one_is_named() {
        case(&["eu"], &["us"], Some(("eu", "us")));
        case(&["eu", "us"], &[], Some(("eu", "us")));
        case(&["eu-west-1"], &["eu", "eu-central-1"], Some(("eu-west-1", "eu-central-1")));
        case(&["eu"], &["eu", "eu-central-1"], None);
        case(&["eu"], &[], None);
        case(&[], &["eu", "us"], None);
        case(&["europe-west1"], &["eu"], Some(("europe-west1", "eu")));
    }
}
