//! Who can break the glass and who can review that, with the keys that the policy names.

use super::people::{People, Person};
use crate::approval::Risk;
use crate::moment::Moment;
use crate::policy::Policy;

/// Returns the names of those who may review an incident of this risk: who may decide about it, or else who may break the glass
/// themselves. Whose incident it is may never.
pub fn reviewers(policy: &Policy, risk: Risk) -> Vec<String> {
    let requirement = policy.requirement(risk);
    let later = requirement.escalate.iter().flat_map(|step| &step.to);
    let mut names: Vec<String> = requirement.approvers.iter().chain(later).cloned().collect();
    if requirement.approvers.is_empty() {
        names.extend(policy.may_break_glass().iter().cloned());
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns those of `names` who have a key now that gives enough in a process of the user whose commands these are: a security key.
pub fn able<'a>(names: &'a [String], people: &People, now: Moment) -> Vec<&'a str> {
    let is_good = |person: &Person| {
        person.keys.iter().any(|key| key.key.kind().is_hardware() && key.check(now).is_ok())
    };
    let able = names.iter().filter(|name| people.named(name).is_some_and(is_good));
    able.map(String::as_str).collect()
}
