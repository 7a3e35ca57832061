//! Requirements that nobody can fulfil with the keys that the policy names, and keys that are none.

use super::Finding;
use crate::command::visible;
use crate::identity::{Hurdle, People, hurdles};
use crate::policy::{Policy, Risk};
use crate::store::clock;

/// Returns what is wrong with the requirement of each risk, each thing once.
pub(super) fn findings(policy: &Policy, user: &str) -> Vec<Finding> {
    let people = People::of(policy);
    let mut findings: Vec<Finding> = Vec::new();
    for key in people.unusable() {
        let text = format!("a key of `{}`: {}", visible(key.name.as_bytes()), key.why);
        findings.push(Finding::problem(
            "approval",
            text,
            "give them a key that gate can verify, or take it out",
        ));
    }
    for risk in Risk::ALL {
        for hurdle in hurdles(policy.requirement(*risk), user, &people, clock::now()) {
            let text = format!("nobody can approve what is of {} risk: {hurdle}", risk.word());
            findings.push(Finding::problem("approval", text, mend(&hurdle)));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::good("approval", "every request can be answered on this machine"));
    }
    findings
}

fn mend(hurdle: &Hurdle) -> &'static str {
    match hurdle {
        Hurdle::Assurance(_) => {
            "give an approver a security key (`gate approver add NAME KEY.pub`), or set `assurance = \"tty\"` in [approval]"
        }
        Hurdle::Quorum { .. } => {
            "give as many approvers a security key (`gate approver add NAME KEY.pub`), or set `quorum = 1` in [approval]"
        }
        Hurdle::FourEyes { .. } => {
            "give another approver a security key (`gate approver add NAME KEY.pub`), or set `four_eyes = false` in [approval]"
        }
        Hurdle::NotNamed { .. } => "name yourself in `approvers`, or leave it out",
    }
}
