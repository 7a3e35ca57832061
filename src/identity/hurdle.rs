//! Requirements that nobody can fulfil with what the policy names: on one machine a terminal gives `tty`, to the person whose store it
//! is, and only keys out of the requesters' reach give more or tell several people apart.

use std::fmt;

use super::people::{People, Person};
use crate::approval::{Assurance, Requirement};
use crate::command::visible;
use crate::moment::Moment;

/// Why nobody can give the approval that a requirement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hurdle {
    /// It asks for more than a terminal gives, and nobody has a key that does.
    Assurance(Assurance),
    /// It asks for more people than can decide: those who have a key, or else the one who can open the store.
    Quorum { needed: u32, able: Vec<String>, user: String },
    /// It asks for somebody else than the one who can open the store.
    FourEyes { user: String },
    /// None of the approvers has a key, and the one who can open the store is none of them.
    NotNamed { approvers: Vec<String>, user: String },
}

/// Returns what keeps `people`, and `user`, who alone can open the store, from giving what `requirement` asks for; empty where nothing does.
pub fn hurdles(requirement: &Requirement, user: &str, people: &People, now: Moment) -> Vec<Hurdle> {
    let own = people.name_of_user(user);
    let later = requirement.escalate.iter().flat_map(|step| &step.to);
    let everyone: Vec<String> = requirement.approvers.iter().chain(later).cloned().collect();
    let is_named =
        |name: &str| requirement.approvers.is_empty() || everyone.iter().any(|known| known == name);
    let strong = |person: &&Person| strength(person, now) >= requirement.assurance.max(Assurance::Key);
    let holders: Vec<&Person> = people.iter().filter(strong).collect();
    let counts =
        |person: &&&Person| is_named(&person.name) && !(requirement.four_eyes && person.user == user);
    let able: Vec<String> = holders.iter().filter(counts).map(|person| person.name.clone()).collect();
    let at_terminal = requirement.assurance <= Assurance::Tty && is_named(own) && !requirement.four_eyes;

    let mut hurdles = Vec::new();
    let user = user.to_owned();
    if requirement.assurance > Assurance::Tty && holders.is_empty() {
        hurdles.push(Hurdle::Assurance(requirement.assurance));
    }
    if (able.len().max(usize::from(at_terminal)) as u64) < u64::from(requirement.quorum)
        && requirement.quorum > 1
    {
        hurdles.push(Hurdle::Quorum { needed: requirement.quorum, able: able.clone(), user: user.clone() });
    }
    if requirement.four_eyes && able.is_empty() {
        hurdles.push(Hurdle::FourEyes { user: user.clone() });
    }
    if !is_named(own) && able.is_empty() {
        hurdles.push(Hurdle::NotNamed { approvers: everyone, user });
    } else if able.is_empty() && hurdles.is_empty() && !at_terminal {
        hurdles.push(Hurdle::Assurance(requirement.assurance));
    }
    hurdles
}

/// Returns the most that a key of this person gives now. Whoever can open this store signs here as the user whose commands they are: a
/// plain key gives more than a terminal only where it lies apart and signs elsewhere.
fn strength(person: &Person, now: Moment) -> Assurance {
    let valid = person.keys.iter().filter(|key| key.check(now).is_ok());
    let of = |key: &super::NamedKey| match (key.key.kind().is_hardware(), key.apart) {
        (true, _) => Assurance::Hardware,
        (false, true) => Assurance::Key,
        (false, false) => Assurance::Tty,
    };
    valid.map(of).max().unwrap_or(Assurance::Asserted)
}

impl fmt::Display for Hurdle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hurdle::Assurance(needed) => write!(
                f,
                "it needs `{}`, a terminal gives `tty`, and no approver has a key that gives more",
                needed.word()
            ),
            Hurdle::Quorum { needed, able, user } if able.is_empty() => {
                write!(f, "it needs {needed} people, and only {user} can open this store")
            }
            Hurdle::Quorum { needed, able, .. } => {
                let able = visible(able.join(", ").as_bytes());
                write!(f, "it needs {needed} people, and only {able} can sign with such a key")
            }
            Hurdle::FourEyes { user } => {
                write!(f, "it needs another pair of eyes than {user}'s, and only {user} can open this store")
            }
            Hurdle::NotNamed { approvers, user } => {
                let approvers = visible(approvers.join(", ").as_bytes());
                write!(f, "it needs one of {approvers}, and only {user} can open this store")
            }
        }
    }
}
