//! Requirements that nobody can fulfil: on one machine every decision is a `tty` one, by the person whose store it is.

use super::Finding;
use crate::approval::{Hurdle, hurdles};
use crate::policy::{Policy, Risk};

/// Returns what is wrong with the requirement of each risk, each thing once.
pub(super) fn findings(policy: &Policy, user: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for risk in Risk::ALL {
        for hurdle in hurdles(policy.requirement(*risk), user) {
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
        Hurdle::Assurance(_) => "set `assurance = \"tty\"` in [approval] until another channel is set up",
        Hurdle::Quorum { .. } => "set `quorum = 1` in [approval]",
        Hurdle::FourEyes { .. } => "set `four_eyes = false` in [approval]",
        Hurdle::NotNamed { .. } => "name yourself in `approvers`, or leave it out",
    }
}
