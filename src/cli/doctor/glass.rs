//! Who can break the glass in an emergency, and whether anybody else can review it then.

use super::Finding;
use crate::command::visible;
use crate::identity::{People, able, reviewers};
use crate::policy::{Policy, Risk};
use crate::store::clock;

/// Returns who may and can; a problem where the policy names people and none of them can, or where nobody could review it.
pub(super) fn findings(policy: &Policy) -> Vec<Finding> {
    let (people, now) = (People::of(policy), clock::now());
    let named = policy.may_break_glass();
    let listed = |names: &[&str]| visible(names.join(", ").as_bytes());
    if named.is_empty() {
        let text =
            "nobody may run in an emergency what is asked about; `[break_glass]` of the policy names people";
        return vec![Finding::good("glass", text)];
    }
    let all: Vec<&str> = named.iter().map(String::as_str).collect();
    let can = able(named, &people, now);
    if can.is_empty() {
        let text = format!(
            "nobody can break the glass: {} may, and has no security key that counts now",
            listed(&all)
        );
        let mend = "give them one (`gate approver add NAME KEY.pub`): in a process of your own user only a touched key gives `key`";
        return vec![Finding::problem("glass", text, mend)];
    }
    let mut findings = Vec::new();
    let all = reviewers(policy, Risk::Critical);
    let able_to_review = able(&all, &people, now);
    for person in &can {
        if !able_to_review.iter().any(|name| name != person) {
            let text = format!("nobody can review what {} does behind broken glass", listed(&[person]));
            let mend = "give another approver a security key: without a review there is no second incident";
            findings.push(Finding::problem("glass", text, mend));
        }
    }
    findings.push(Finding::good("glass", format!("{} can break it in an emergency", listed(&can))));
    findings
}
