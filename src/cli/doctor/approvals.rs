//! Requirements that nobody can fulfil: on one machine every decision is a `tty` one, by the person whose store it is.

use super::Finding;
use crate::policy::{Assurance, Policy, Requirement, Risk};

/// Returns what is wrong with the requirement of each risk, each thing once.
pub(super) fn findings(policy: &Policy, user: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for risk in Risk::ALL {
        for (why, mend) in hurdles(policy.requirement(*risk), user) {
            let text = format!("nobody can approve what is of {} risk: {why}", risk.word());
            findings.push(Finding::problem("approval", text, mend));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::good("approval", "every request can be answered on this machine"));
    }
    findings
}

fn hurdles(requirement: &Requirement, user: &str) -> Vec<(String, &'static str)> {
    let mut hurdles = Vec::new();
    if requirement.assurance > Assurance::Tty {
        let why = format!("it needs `{}`, and a terminal gives `tty`", requirement.assurance.word());
        hurdles.push((why, "set `assurance = \"tty\"` in [approval] until another channel is set up"));
    }
    if requirement.quorum > 1 {
        let why = format!("it needs {} people, and only {user} can open this store", requirement.quorum);
        hurdles.push((why, "set `quorum = 1` in [approval]"));
    }
    if requirement.four_eyes {
        let why = format!("it needs another pair of eyes than {user}'s, and only {user} can open this store");
        hurdles.push((why, "set `four_eyes = false` in [approval]"));
    }
    let everyone = requirement.approvers.iter().chain(requirement.escalate.iter().flat_map(|step| &step.to));
    let names: Vec<&str> = everyone.map(String::as_str).collect();
    if !requirement.approvers.is_empty() && !names.contains(&user) {
        let why = format!("it needs one of {}, and only {user} can open this store", names.join(", "));
        hurdles.push((why, "name yourself in `approvers`, or leave it out"));
    }
    hurdles
}

#[cfg(test)]
mod tests {
    use super::hurdles;
    use crate::policy::{Assurance, Requirement};

    #[track_caller]
    fn case(change: impl FnOnce(&mut Requirement), expected: &[&str]) {
        let mut requirement = Requirement::default();
        change(&mut requirement);
        let found: Vec<String> = hurdles(&requirement, "mara").into_iter().map(|(why, _)| why).collect();
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
