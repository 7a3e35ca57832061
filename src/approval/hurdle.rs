//! Requirements that nobody can fulfil: on one machine every decision is a `tty` one, by the person whose store it is.

use std::fmt;

use crate::command::visible;
use crate::policy::{Assurance, Requirement};

/// Why nobody can give the approval that a requirement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hurdle {
    /// It asks for more than a terminal gives.
    Assurance(Assurance),
    /// It asks for more people than can open the store.
    Quorum { needed: u32, user: String },
    /// It asks for somebody else than the one who can open the store.
    FourEyes { user: String },
    /// The one who can open the store is none of the approvers.
    NotNamed { approvers: Vec<String>, user: String },
}

/// Returns what keeps `user`, who alone can open the store, from giving what `requirement` asks for; empty where nothing does.
pub fn hurdles(requirement: &Requirement, user: &str) -> Vec<Hurdle> {
    let mut hurdles = Vec::new();
    let user = user.to_owned();
    if requirement.assurance > Assurance::Tty {
        hurdles.push(Hurdle::Assurance(requirement.assurance));
    }
    if requirement.quorum > 1 {
        hurdles.push(Hurdle::Quorum { needed: requirement.quorum, user: user.clone() });
    }
    if requirement.four_eyes {
        hurdles.push(Hurdle::FourEyes { user: user.clone() });
    }
    let later = requirement.escalate.iter().flat_map(|step| &step.to);
    let everyone: Vec<String> = requirement.approvers.iter().chain(later).cloned().collect();
    if !requirement.approvers.is_empty() && !everyone.contains(&user) {
        hurdles.push(Hurdle::NotNamed { approvers: everyone, user });
    }
    hurdles
}

impl fmt::Display for Hurdle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hurdle::Assurance(needed) => {
                write!(f, "it needs `{}`, and a terminal gives `tty`", needed.word())
            }
            Hurdle::Quorum { needed, user } => {
                write!(f, "it needs {needed} people, and only {user} can open this store")
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

#[cfg(test)]
mod tests {
    use super::hurdles;
    use crate::policy::{Assurance, Requirement};

    #[track_caller]
    fn case(change: impl FnOnce(&mut Requirement), expected: &[&str]) {
        let mut requirement = Requirement::default();
        change(&mut requirement);
        let found: Vec<String> = hurdles(&requirement, "mara").iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_one_person_at_one_machine_cannot_give_is_a_hurdle() {
        case(|_| {}, &[]);
        case(|needs| needs.approvers = vec!["jo".into(), "mara".into()], &[]);
        case(
            |needs| needs.approvers = vec!["jo".into()],
            &["it needs one of jo, and only mara can open this store"],
        );
        case(|needs| needs.assurance = Assurance::Key, &["it needs `key`, and a terminal gives `tty`"]);
        case(|needs| needs.quorum = 2, &["it needs 2 people, and only mara can open this store"]);
        case(
            |needs| needs.four_eyes = true,
            &["it needs another pair of eyes than mara's, and only mara can open this store"],
        );
    }
}
