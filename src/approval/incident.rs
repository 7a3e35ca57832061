//! Break-glass: an incident, in which a named person runs what the policy asks about without waiting for anybody. Pure.
//!
//! MUST rules:
//! 1. One incident waits for its review at most, and as long as one does no other is opened, by anybody.
//! 2. It lasts [`LONGEST_INCIDENT`] at most, by the boot clock; another boot has ended it. What runs by then runs on.
//! 3. Only who opened it runs commands in it. Each has a signature of its own: who has none signs nothing, a program of the same
//!    user included.
//! 4. Its review is another person's and ends it; it is over the number of its commands: one more, and it is a review of something else.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::moment::{Moment, in_words};
use crate::policy::Risk;

/// The longest time that an incident lasts.
pub const LONGEST_INCIDENT: Duration = Duration::from_secs(30 * 60);

/// A moment is taken before the queue for the store: by this much a later command may seem to be the earlier one.
const QUEUED: Duration = Duration::from_secs(60);

/// The longest name of an incident, in characters.
const LONGEST_NAME: usize = 40;

/// The longest text, in bytes.
const LONGEST_TEXT: usize = 1000;

/// What an incident is called (`INC-42`), and what happened: the text in front of the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentText {
    pub name: String,
    pub what: String,
}

/// How a text names no incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// No name, a colon and what happened.
    Form,
    Long,
}

/// An incident, with the commands that ran in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    pub text: IncidentText,
    /// Who opened it, as the policy calls them.
    pub by: String,
    /// Under which user id.
    pub uid: u32,
    pub opened: Moment,
    /// The nonce of the signature that opened it: names this one of several with one name.
    #[serde(with = "super::hex")]
    pub opening: Digest,
    pub commands: u32,
    /// The highest risk of its commands.
    pub risk: Risk,
    /// Who has reviewed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<String>,
}

/// Who wants to run what in which incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entering {
    pub text: IncidentText,
    pub by: String,
    pub uid: u32,
    pub nonce: Digest,
    pub risk: Risk,
}

/// Why nothing runs in an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shut {
    /// Another incident, or this one, is over and waits for its review.
    Unreviewed { name: String, by: String },
    /// Another incident is open.
    Another { name: String, by: String },
    /// It is open, and another person's.
    OfAnother { name: String, by: String },
}

/// Why a review does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreviewable {
    /// It is the own one.
    Own,
    /// It is about another incident, or another number of commands, than waits for a review.
    Other { commands: u32 },
    /// The reviewer is none of those who may.
    NotAReviewer { name: String, reviewers: Vec<String> },
}

impl IncidentText {
    /// Returns the incident that `text` names: `INC-42: the shop is down`.
    pub fn parse(text: &str) -> Result<IncidentText, Unnamed> {
        if text.len() > LONGEST_TEXT {
            return Err(Unnamed::Long);
        }
        let (name, what) = text.split_once(':').ok_or(Unnamed::Form)?;
        let (name, what) = (name.trim(), what.trim());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.#/".contains(c);
        let is_name = name.chars().all(is_plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !is_name || what.is_empty() {
            return Err(Unnamed::Form);
        }
        if name.len() > LONGEST_NAME {
            return Err(Unnamed::Long);
        }
        Ok(IncidentText { name: name.to_owned(), what: what.to_owned() })
    }
}

impl Incident {
    /// Returns the incident that `entering` runs its command in, with that command counted: a new one, or the one that is open.
    /// `waiting` is the one that waits for its review.
    pub fn entered(waiting: Option<&Incident>, entering: &Entering, now: Moment) -> Result<Incident, Shut> {
        let Entering { text, by, uid, nonce, risk } = entering.clone();
        let Some(open) = waiting else {
            return Ok(Incident {
                text,
                by,
                uid,
                opened: now,
                opening: nonce,
                commands: 1,
                risk,
                reviewed: None,
            });
        };
        let (name, owner) = (open.text.name.clone(), open.by.clone());
        if open.is_over(now) {
            return Err(Shut::Unreviewed { name, by: owner });
        }
        if name != text.name {
            return Err(Shut::Another { name, by: owner });
        }
        if owner != by || open.uid != uid {
            return Err(Shut::OfAnother { name, by: owner });
        }
        Ok(Incident { commands: open.commands.saturating_add(1), risk: open.risk.max(risk), ..open.clone() })
    }

    /// Claims that nothing starts in it any more.
    pub fn is_over(&self, now: Moment) -> bool {
        // Where no boot can be told from another, a clock that began anew tells.
        let is_booted = now.boot != self.opened.boot || now.after(QUEUED).boot_ns < self.opened.boot_ns;
        self.reviewed.is_some() || is_booted || now.has_reached(self.ends())
    }

    /// Returns how long commands may still be started in it.
    pub fn left(&self, now: Moment) -> Duration {
        if self.is_over(now) { Duration::ZERO } else { self.ends().since(now) }
    }

    fn ends(&self) -> Moment {
        self.opened.after(LONGEST_INCIDENT)
    }

    /// Returns it as `reviewer`, one of `reviewers`, leaves it who has seen these `commands` of what `opening` opened.
    pub fn reviewed(
        &self,
        reviewer: &str,
        reviewers: &[String],
        (opening, commands): (Digest, u32),
    ) -> Result<Incident, Unreviewable> {
        if reviewer == self.by {
            return Err(Unreviewable::Own);
        }
        if !reviewers.iter().any(|name| name == reviewer) {
            let reviewers = reviewers.iter().filter(|name| **name != self.by).cloned().collect();
            return Err(Unreviewable::NotAReviewer { name: reviewer.to_owned(), reviewers });
        }
        if opening != self.opening || commands != self.commands || self.reviewed.is_some() {
            return Err(Unreviewable::Other { commands: self.commands });
        }
        Ok(Incident { reviewed: Some(reviewer.to_owned()), ..self.clone() })
    }
}

impl fmt::Display for Unnamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unnamed::Form => f.write_str(
                "`--break-glass` needs the incident's name and what happened, like `INC-42: the shop is down`",
            ),
            Unnamed::Long => write!(
                f,
                "the text of `--break-glass` is too long: at most {LONGEST_NAME} characters for the name and {LONGEST_TEXT} bytes in all"
            ),
        }
    }
}

impl std::error::Error for Unnamed {}

impl fmt::Display for Shut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shut::Unreviewed { name, by } => write!(
                f,
                "the incident {name} of {by} is over ({} at most) and waits for its review",
                in_words(LONGEST_INCIDENT)
            ),
            Shut::Another { name, by } => {
                write!(f, "the incident {name} of {by} is open, and one is at a time")
            }
            Shut::OfAnother { name, by } => {
                write!(f, "the incident {name} is {by}'s, and nobody else runs commands in it")
            }
        }
    }
}

impl fmt::Display for Unreviewable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreviewable::Own => f.write_str("nobody reviews an incident of their own"),
            Unreviewable::Other { commands } => {
                write!(
                    f,
                    "more happened since it was shown: it has {commands} commands now; look at it again"
                )
            }
            Unreviewable::NotAReviewer { name, reviewers } if reviewers.is_empty() => {
                write!(f, "{name} may not review it, and the policy names nobody else who may")
            }
            Unreviewable::NotAReviewer { name, reviewers } => {
                write!(f, "{name} may not review it, one of {} may", reviewers.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::at;
    use crate::moment::BootId;

    fn text(name: &str) -> IncidentText {
        IncidentText { name: name.to_owned(), what: "down".to_owned() }
    }

    fn entering(name: &str, by: &str, nonce: u8) -> Entering {
        let nonce = Digest::from_bytes([nonce; 32]);
        Entering { text: text(name), by: by.to_owned(), uid: 1000, nonce, risk: Risk::High }
    }

    fn opened() -> Incident {
        Incident::entered(None, &entering("INC-42", "mara", 1), at(0)).unwrap()
    }

    #[track_caller]
    fn named(given: &str, expected: Result<(&str, &str), Unnamed>) {
        let found = IncidentText::parse(given).map(|text| (text.name, text.what));
        assert_eq!(found, expected.map(|(name, what)| (name.to_owned(), what.to_owned())), "{given}");
    }

    #[test]
    fn an_incident_has_a_plain_name_and_says_what_happened() {
        named("INC-42: the shop is down", Ok(("INC-42", "the shop is down")));
        named(" ops/7 :a: b ", Ok(("ops/7", "a: b")));
        for bad in ["", "INC-42", "INC-42:", ": down", "a b: down", "-x: down", "I\u{202e}: x", "\n: x"] {
            named(bad, Err(Unnamed::Form));
        }
        named(&format!("{}: x", "a".repeat(41)), Err(Unnamed::Long));
        named(&format!("a: {}", "x".repeat(1000)), Err(Unnamed::Long));
    }

    #[test]
    fn rule_1_no_other_is_opened_while_one_waits_for_its_review() {
        let open = opened();
        let (name, by) = ("INC-42".to_owned(), "mara".to_owned());
        let other = Incident::entered(Some(&open), &entering("INC-43", "mara", 2), at(60));
        assert_eq!(other, Err(Shut::Another { name: name.clone(), by: by.clone() }));
        for entering in [entering("INC-42", "mara", 2), entering("INC-43", "jo", 2)] {
            let late = Incident::entered(Some(&open), &entering, at(1800));
            assert_eq!(late, Err(Shut::Unreviewed { name: name.clone(), by: by.clone() }));
        }
    }

    #[test]
    fn rule_2_it_lasts_half_an_hour_by_the_boot_clock_and_no_longer_than_the_boot() {
        let open = opened();
        let again = entering("INC-42", "mara", 2);
        assert_eq!(Incident::entered(Some(&open), &again, at(1799)).unwrap().commands, 2);
        assert!(Incident::entered(Some(&open), &again, at(1800)).is_err());
        let set_back = Moment { utc_us: 0, ..at(1800) };
        assert!(Incident::entered(Some(&open), &again, set_back).is_err(), "the wall clock was set back");
        let booted = Moment { boot: BootId(8), ..at(1) };
        assert!(Incident::entered(Some(&open), &again, booted).is_err(), "the machine was started again");
        let late = Incident::entered(None, &entering("INC-42", "mara", 1), at(9000)).unwrap();
        let anew = Incident::entered(Some(&late), &again, at(8939));
        assert!(anew.is_err(), "the clock began anew, and nothing names the boot");
        assert!(Incident::entered(Some(&late), &again, at(8941)).is_ok(), "it queued");
        assert_eq!((open.left(at(1740)), open.left(at(1800))), (Duration::from_secs(60), Duration::ZERO));
    }

    #[test]
    fn rule_3_only_who_opened_it_runs_commands_in_it() {
        let open = opened();
        let theirs = Incident::entered(Some(&open), &entering("INC-42", "jo", 2), at(1));
        assert!(matches!(theirs, Err(Shut::OfAnother { .. })), "{theirs:?}");
        let elsewhere = Entering { uid: 1001, ..entering("INC-42", "mara", 2) };
        assert!(Incident::entered(Some(&open), &elsewhere, at(1)).is_err());
        let more = Entering { risk: Risk::Critical, ..entering("INC-42", "mara", 2) };
        let next = Incident::entered(Some(&open), &more, at(1)).unwrap();
        let expected = Incident { commands: 2, risk: Risk::Critical, ..open };
        assert_eq!(next, expected, "the opening stays as it was");
    }

    #[test]
    fn rule_4_a_review_is_another_persons_and_over_all_that_ran() {
        let open = opened();
        let people = ["mara".to_owned(), "jo".to_owned()];
        let of = |commands: u32| (open.opening, commands);
        assert_eq!(open.reviewed("mara", &people, of(1)), Err(Unreviewable::Own));
        let unknown = Unreviewable::NotAReviewer { name: "eve".to_owned(), reviewers: vec!["jo".to_owned()] };
        assert_eq!(open.reviewed("eve", &people, of(1)), Err(unknown));
        assert_eq!(open.reviewed("jo", &people, of(2)), Err(Unreviewable::Other { commands: 1 }));
        let another = (Digest::from_bytes([9; 32]), 1);
        assert_eq!(open.reviewed("jo", &people, another), Err(Unreviewable::Other { commands: 1 }));
        let done = open.reviewed("jo", &people, of(1)).unwrap();
        assert!(done.is_over(at(1)) && done.reviewed.as_deref() == Some("jo"));
        assert!(done.reviewed("jo", &people, of(1)).is_err(), "a review is given once");
    }
}
