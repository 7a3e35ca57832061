//! How far an approval reaches beyond the one run that was asked for: what an approver says, and what may be said at most.
//!
//! MUST rules:
//! 1. Never wider than the requirement allows: `once` is one run, `uses` a number of runs.
//! 2. What the floor speaks of is never granted; a rule's grant covers neither critical risk nor what gate could not read.
//! 3. Every grant ends: after [`LONGEST`] at the latest.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::GrantLimit;

/// The longest time a grant lasts.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long a number of uses lasts where no time is said.
pub const USUAL: Duration = Duration::from_secs(24 * 60 * 60);

/// The most runs that one grant counts.
pub const MOST_USES: u32 = 1000;

/// What of a command has to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantScope {
    /// All of it: the same C.
    Exact,
    /// The rules that ask, the labels, the directory and all that C binds, but not the words of the command.
    Rule,
}

impl GrantScope {
    /// Returns its name in entries and on screens.
    pub fn name(self) -> &'static str {
        match self {
            GrantScope::Exact => "exact",
            GrantScope::Rule => "rule",
        }
    }
}

/// The most that a grant given with a request may cover; part of what is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// One run: no grant may be given, and none is used.
    #[default]
    Once,
    /// The same C again.
    Exact,
    /// Other words for which the same rules ask.
    Rule,
}

/// How far one approval reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    pub scope: GrantScope,
    /// How many runs, the one that was asked for included; as many as fit into the time where nothing is said.
    pub uses: Option<u32>,
    /// How long from the moment the request is approved: a length, so that no approver's clock can stretch it.
    #[serde(with = "seconds", rename = "seconds")]
    pub lasts: Duration,
}

impl Terms {
    /// Returns what both agree to: the narrower of each part.
    pub fn narrowest(self, other: Terms) -> Terms {
        let uses = self.uses.into_iter().chain(other.uses).min();
        Terms { scope: self.scope.min(other.scope), uses, lasts: self.lasts.min(other.lasts) }
    }

    /// Claims that a requirement with `limit` permits this for a request that reaches as far as `reach`, or returns why not.
    pub fn check(self, limit: GrantLimit, reach: Reach) -> Result<(), TooWide> {
        match (limit, self.uses) {
            (GrantLimit::Once, _) => return Err(TooWide::Once),
            (GrantLimit::Uses, None) => return Err(TooWide::Untold),
            (_, Some(uses)) if uses == 0 || uses > MOST_USES => return Err(TooWide::Uses(uses)),
            (GrantLimit::Uses | GrantLimit::Timed, _) => {}
        }
        if self.lasts.is_zero() || self.lasts > LONGEST {
            return Err(TooWide::Long(self.lasts));
        }
        match (reach, self.scope) {
            (Reach::Once, _) => Err(TooWide::Floor),
            (Reach::Exact, GrantScope::Rule) => Err(TooWide::Rule),
            (Reach::Exact, GrantScope::Exact) | (Reach::Rule, _) => Ok(()),
        }
    }
}

/// In which way a grant is wider than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooWide {
    /// The requirement permits one run.
    Once,
    /// The requirement permits a number of runs only, and none is said.
    Untold,
    Uses(u32),
    Long(Duration),
    /// A rule of the floor speaks of it, it is held to a preview, or it was asked before there were grants.
    Floor,
    /// A rule's grant is not possible here.
    Rule,
    /// A plan's lines are used once each.
    Plan,
}

impl fmt::Display for TooWide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = crate::moment::in_words;
        match self {
            TooWide::Once => f.write_str("the policy permits one run of it and no grant (`grant = \"once\"`)"),
            TooWide::Untold => {
                f.write_str("the policy permits a number of runs only (`grant = \"uses\"`); say how many with `--uses`")
            }
            TooWide::Uses(uses) => write!(f, "{uses} uses, at least 1 and at most {MOST_USES} can be granted"),
            TooWide::Long(lasts) => {
                write!(f, "a grant for {}, more than nothing and at most {} can be granted", words(*lasts), words(LONGEST))
            }
            TooWide::Floor => f.write_str(
                "what a rule of the floor speaks of, or what is held to its preview, is never granted, only approved once",
            ),
            TooWide::Plan => f.write_str("each line of a plan is used once; approve it without a number of uses or a time"),
            TooWide::Rule => f.write_str(
                "a grant for the rule needs a command that gate can read whole, in one directory of this machine, that a rule and not the default asks about, below critical risk; grant exactly this command instead",
            ),
        }
    }
}

/// Serde form of a length of time: whole seconds, and for what is longer than any number that is hashed, that number.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(span.as_secs().min(crate::canonical::MAX_INTEGER))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn terms(scope: GrantScope, uses: Option<u32>, hours: u64) -> Terms {
        Terms { scope, uses, lasts: Duration::from_secs(hours * 3600) }
    }

    #[track_caller]
    fn case(given: Terms, limit: GrantLimit, reach: Reach, expected: Result<(), TooWide>) {
        assert_eq!(given.check(limit, reach), expected, "{given:?} {limit:?} {reach:?}");
    }

    #[test]
    fn rule_1_no_grant_is_wider_than_the_requirement_allows() {
        let (five, timed) = (terms(GrantScope::Exact, Some(5), 1), terms(GrantScope::Exact, None, 1));
        for given in [five, timed] {
            case(given, GrantLimit::Once, Reach::Rule, Err(TooWide::Once));
            case(given, GrantLimit::Timed, Reach::Rule, Ok(()));
        }
        case(five, GrantLimit::Uses, Reach::Exact, Ok(()));
        case(timed, GrantLimit::Uses, Reach::Exact, Err(TooWide::Untold));
        for uses in [0, MOST_USES + 1] {
            let given = terms(GrantScope::Exact, Some(uses), 1);
            case(given, GrantLimit::Timed, Reach::Exact, Err(TooWide::Uses(uses)));
        }
    }

    #[test]
    fn rule_2_reach_is_what_the_command_allows() {
        let (exact, rule) = (terms(GrantScope::Exact, None, 1), terms(GrantScope::Rule, None, 1));
        case(exact, GrantLimit::Timed, Reach::Once, Err(TooWide::Floor));
        case(rule, GrantLimit::Timed, Reach::Exact, Err(TooWide::Rule));
        case(rule, GrantLimit::Timed, Reach::Rule, Ok(()));
    }

    #[test]
    fn rule_3_every_grant_ends() {
        case(terms(GrantScope::Exact, None, 168), GrantLimit::Timed, Reach::Exact, Ok(()));
        for hours in [0, 169] {
            let given = terms(GrantScope::Exact, None, hours);
            case(given, GrantLimit::Timed, Reach::Exact, Err(TooWide::Long(given.lasts)));
        }
    }

    #[test]
    fn the_narrowest_of_two_counts_part_by_part() {
        let one = terms(GrantScope::Rule, None, 2);
        let other = terms(GrantScope::Exact, Some(5), 3);
        assert_eq!(one.narrowest(other), terms(GrantScope::Exact, Some(5), 2));
        assert_eq!(other.narrowest(one), one.narrowest(other));
    }

    #[test]
    fn terms_are_written_in_whole_seconds() {
        let text = serde_json::to_string(&terms(GrantScope::Rule, Some(5), 2)).unwrap();
        assert_eq!(text, r#"{"scope":"rule","uses":5,"seconds":7200}"#);
        assert_eq!(serde_json::from_str::<Terms>(&text).unwrap(), terms(GrantScope::Rule, Some(5), 2));
    }
}
