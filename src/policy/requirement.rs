//! What an `ask` needs before it may run: who decides, how many, how surely, until when.
//!
//! Within a file what is said for a risk refines what is said for every ask, and a higher risk needs at least what is said
//! for a lower one. Over layers the strictest counts, and who may decide is the word of the highest authority that names anyone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::file::{Approval, Need};
use super::time::duration;
use super::verdict::{Assurance, GrantLimit, Risk};

/// How long a request stays open if no policy says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(8 * 60 * 60);

/// How much approval a request needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The names of the people who may decide, groups resolved; empty: the person at the machine.
    pub approvers: Vec<String>,
    /// How many different people must approve.
    pub quorum: u32,
    /// How long the request stays open.
    pub deadline: Duration,
    /// The least assurance that counts.
    pub assurance: Assurance,
    /// Claims that the person an agent acts for may not decide.
    pub four_eyes: bool,
    /// Who is asked next, and after how long.
    pub escalate: Vec<Step>,
    /// Claims that the requester must say why.
    pub reason: bool,
    /// Claims that the requester must name a ticket.
    pub ticket: bool,
    /// How long an approval may stay valid.
    pub grant: GrantLimit,
}

/// One level of approvers after the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Time since the request was made.
    pub after: Duration,
    /// The names of the people who may decide from then on, groups resolved.
    pub to: Vec<String>,
}

impl Default for Requirement {
    /// Returns what holds where no policy says anything: the person at the machine, `tty`, eight hours.
    fn default() -> Requirement {
        Requirement {
            approvers: Vec::new(),
            quorum: 1,
            deadline: DEADLINE,
            assurance: Assurance::Tty,
            four_eyes: false,
            escalate: Vec::new(),
            reason: false,
            ticket: false,
            grant: GrantLimit::Timed,
        }
    }
}

/// What one file says about one risk, not yet filled with defaults.
#[derive(Clone, Debug, Default)]
pub(super) struct Demand {
    pub(super) approvers: Option<Vec<String>>,
    quorum: Option<u32>,
    deadline: Option<Duration>,
    assurance: Option<Assurance>,
    four_eyes: Option<bool>,
    pub(super) escalate: Option<Vec<Step>>,
    reason: Option<bool>,
    ticket: Option<bool>,
    grant: Option<GrantLimit>,
}

impl Demand {
    /// Returns what `approval` says about `risk`: the general part, refined by each risk up to this one.
    pub(super) fn of(approval: &Approval, risk: Risk) -> Demand {
        let parts = [
            (Risk::Low, &approval.low),
            (Risk::Medium, &approval.medium),
            (Risk::High, &approval.high),
            (Risk::Critical, &approval.critical),
        ];
        let mut demand = Demand::default();
        demand.refine(approval);
        for (at, part) in parts {
            if let (true, Some(part)) = (at <= risk, part) {
                demand.refine(part);
            }
        }
        demand
    }

    fn refine(&mut self, by: &Approval) {
        fn set<T: Clone>(old: &mut Option<T>, new: &Option<T>) {
            if new.is_some() {
                *old = new.clone();
            }
        }
        let needed = |need: &Option<Need>| need.map(|need| need == Need::Required);
        let step = |step: &super::file::Escalation| Step {
            after: duration(&step.after).unwrap_or_default(),
            to: step.to.clone(),
        };
        set(&mut self.approvers, &by.approvers);
        set(&mut self.quorum, &by.quorum);
        set(&mut self.deadline, &by.deadline.as_deref().and_then(duration));
        set(&mut self.assurance, &by.assurance);
        set(&mut self.four_eyes, &by.four_eyes);
        set(&mut self.escalate, &by.escalate.as_ref().map(|steps| steps.iter().map(step).collect()));
        set(&mut self.reason, &needed(&by.reason));
        set(&mut self.ticket, &needed(&by.ticket));
        set(&mut self.grant, &by.grant);
    }

    /// Returns the strictest of `demands`, the highest authority first.
    pub(super) fn strictest(demands: &[Demand]) -> Requirement {
        fn all<T>(demands: &[Demand], part: impl Fn(&Demand) -> Option<T>) -> impl Iterator<Item = T> {
            demands.iter().filter_map(part)
        }
        let base = Requirement::default();
        // Whoever names the approvers says to whom they hand on: a lower layer would add people of its own.
        let naming = demands.iter().position(|demand| demand.approvers.is_some());
        let heard = &demands[..naming.map_or(demands.len(), |at| at + 1)];
        Requirement {
            approvers: all(demands, |demand| demand.approvers.clone()).next().unwrap_or_default(),
            quorum: all(demands, |demand| demand.quorum).max().unwrap_or(base.quorum),
            deadline: all(demands, |demand| demand.deadline).min().unwrap_or(base.deadline),
            assurance: all(demands, |demand| demand.assurance).max().unwrap_or(base.assurance),
            four_eyes: all(demands, |demand| demand.four_eyes).any(|given| given),
            escalate: all(heard, |demand| demand.escalate.clone()).next().unwrap_or_default(),
            reason: all(demands, |demand| demand.reason).any(|given| given),
            ticket: all(demands, |demand| demand.ticket).any(|given| given),
            grant: all(demands, |demand| demand.grant).min().unwrap_or(base.grant),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Demand, Requirement};
    use crate::policy::file::File;
    use crate::policy::{Assurance, GrantLimit, Risk};

    fn demand(text: &str, risk: Risk) -> Demand {
        let file: File = toml::from_str(text).unwrap();
        Demand::of(&file.approval, risk)
    }

    #[test]
    fn nothing_said_means_the_person_at_the_machine() {
        assert_eq!(Demand::strictest(&[]), Requirement::default());
        assert_eq!(Demand::strictest(&[demand("", Risk::High)]), Requirement::default());
    }

    #[test]
    fn a_higher_risk_needs_at_least_what_a_lower_one_does() {
        let text = "[approval]\nquorum = 1\n[approval.high]\nfour_eyes = true\n[approval.critical]\nquorum = 2\ngrant = 'once'";
        let medium = Demand::strictest(&[demand(text, Risk::Medium)]);
        let critical = Demand::strictest(&[demand(text, Risk::Critical)]);
        assert_eq!((medium.quorum, medium.four_eyes, medium.grant), (1, false, GrantLimit::Timed));
        assert_eq!((critical.quorum, critical.four_eyes, critical.grant), (2, true, GrantLimit::Once));
    }

    #[test]
    fn the_strictest_layer_counts_and_the_highest_names_who_decides() {
        let system =
            demand("[approval]\napprovers = ['mara']\nassurance = 'chat'\ndeadline = '8h'", Risk::Low);
        let user = demand(
            "[approval]\napprovers = ['jo']\nassurance = 'tty'\ndeadline = '1h'\nquorum = 2\nreason = 'required'",
            Risk::Low,
        );
        let both = Demand::strictest(&[system, user]);
        assert_eq!(both.approvers, ["mara"]);
        assert_eq!((both.quorum, both.assurance, both.reason), (2, Assurance::Chat, true));
        assert_eq!(both.deadline, Duration::from_secs(3600));
    }
}
