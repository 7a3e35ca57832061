//! The people of a policy: who may be named, in which groups they are, and that two names are two people.

use std::collections::HashMap;

use super::{Authority, LayerText, Policy, problem};
use crate::policy::file::{Approver, File};
use crate::policy::nearest::meant;
use crate::policy::problem::{Problem, Step};
use crate::policy::requirement::Requirement;

impl Policy {
    /// Adds the approvers and groups that `file` names.
    pub(super) fn add_people<'a>(&mut self, file: &'a File) -> Result<(), Problem<'a>> {
        for (at, approver) in file.approver.iter().enumerate() {
            if self.approvers.iter().any(|known| known.name == approver.name) {
                let message = format!("approver `{}` is already named", approver.name);
                return problem(vec![Step::Key("approver"), Step::Index(at), Step::Key("name")], message);
            }
            if let Some((place, what, holder)) = self.shared(approver) {
                let message = format!(
                    "{what} of `{}` is `{holder}`'s already, and two people never share one",
                    approver.name
                );
                let at = vec![Step::Key("approver"), Step::Index(at)];
                return problem([at, place].concat(), message);
            }
            self.approvers.push(approver.clone());
        }
        for (at, group) in file.group.iter().enumerate() {
            if self.groups.iter().any(|known| known.name == group.name) {
                let message = format!("group `{}` is already named", group.name);
                return problem(vec![Step::Key("group"), Step::Index(at), Step::Key("name")], message);
            }
            self.groups.push(group.clone());
        }
        self.check_names(file)
    }

    /// Returns what this approver has that another has too, where it stands, and who that is: a quorum would count one person twice.
    fn shared(&self, approver: &Approver) -> Option<(Vec<Step<'static>>, &'static str, &str)> {
        let all = self.approvers.iter().flat_map(|known| marks(known).map(move |mark| (mark, known)));
        let taken: HashMap<(&'static str, String), &Approver> =
            all.map(|((_, what, mark), known)| ((what, mark), known)).collect();
        marks(approver).find_map(|(place, what, mark)| {
            let holder = taken.get(&(what, mark))?;
            Some((place, what, holder.name.as_str()))
        })
    }

    /// Every name in a requirement or a group must be known, or an approval could never come.
    fn check_names<'a>(&self, file: &'a File) -> Result<(), Problem<'a>> {
        let is_known = |name: &str| match name.strip_prefix('@') {
            Some(group) => self.groups.iter().any(|known| known.name == group),
            None => self.approvers.iter().any(|known| known.name == name),
        };
        let near = |name: &str| {
            let groups = self.groups.iter().map(|group| format!("@{}", group.name));
            let people = self.approvers.iter().map(|person| person.name.clone());
            let known: Vec<String> = people.chain(groups).collect();
            meant(name, known.iter().map(String::as_str))
        };
        for (at, group) in file.group.iter().enumerate() {
            if let Some(member) = group.members.iter().position(|name| !is_known(name)) {
                let name = &group.members[member];
                let message = format!("unknown approver `{name}` in group `{}`{}", group.name, near(name));
                let at = vec![Step::Key("group"), Step::Index(at), Step::Key("members"), Step::Index(member)];
                return problem(at, message);
            }
        }
        let expected = |name: &str| match near(name) {
            near if near.is_empty() => ", expected a name or `@group`".to_owned(),
            near => near,
        };
        let own = &file.break_glass.people;
        if let Some(at) = own.iter().position(|name| !is_known(name)) {
            let message = format!("unknown approver `{}`{}", own[at], expected(&own[at]));
            return problem(vec![Step::Key("break_glass"), Step::Key("people"), Step::Index(at)], message);
        }
        let own = &file.approval;
        let parts = [(None, Some(own))].into_iter().chain(
            [("low", &own.low), ("medium", &own.medium), ("high", &own.high), ("critical", &own.critical)]
                .map(|(key, part)| (Some(key), part.as_deref())),
        );
        for (key, part) in parts {
            let Some(part) = part else { continue };
            let named = part.approvers.iter().flatten().enumerate();
            let named = named.map(|(at, name)| (vec![Step::Key("approvers"), Step::Index(at)], name));
            let steps = part.escalate.iter().flatten().enumerate();
            let later = steps.flat_map(|(step, to)| {
                let place = move |at| {
                    vec![Step::Key("escalate"), Step::Index(step), Step::Key("to"), Step::Index(at)]
                };
                to.to.iter().enumerate().map(move |(at, name)| (place(at), name))
            });
            if let Some((place, name)) = named.chain(later).find(|(_, name)| !is_known(name)) {
                let mut at = vec![Step::Key("approval")];
                at.extend(key.map(Step::Key));
                at.extend(place);
                return problem(at, format!("unknown approver `{name}`{}", expected(name)));
            }
        }
        Ok(())
    }

    /// Replaces groups by their members.
    pub(super) fn resolved(&self, mut requirement: Requirement) -> Requirement {
        requirement.approvers = self.members(&requirement.approvers);
        for step in &mut requirement.escalate {
            step.to = self.members(&step.to);
        }
        requirement
    }

    /// Returns the people whom `names` name, each once and in order, groups by their members.
    pub(super) fn members(&self, names: &[String]) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for name in names {
            match name.strip_prefix('@') {
                Some(group) => {
                    let members = self.groups.iter().find(|known| known.name == group);
                    all.extend(members.iter().flat_map(|group| group.members.iter().cloned()));
                }
                None => all.push(name.clone()),
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Returns whom the highest authority that says anything about approvals lets break the glass: nobody below it adds people of its own.
pub(super) fn may_break_glass(layers: &[LayerText], files: &[File]) -> Vec<String> {
    let says = |file: &File| {
        !file.break_glass.people.is_empty() || !file.approval.is_empty() || !file.approver.is_empty()
    };
    let all = || layers.iter().zip(files).filter(|(layer, _)| layer.authority >= Authority::User);
    let highest = all().filter(|(_, file)| says(file)).map(|(layer, _)| layer.authority).max();
    let own = all().filter(|(layer, _)| Some(layer.authority) == highest);
    own.flat_map(|(_, file)| file.break_glass.people.iter().cloned()).collect()
}

/// Returns all that tells one person from others: their keys and what they are called here and elsewhere, each with its place.
fn marks(person: &Approver) -> impl Iterator<Item = (Vec<Step<'static>>, &'static str, String)> {
    let Approver { name, email, keys, slack, teams, github, user } = person;
    let keys = keys.iter().enumerate().filter_map(|(at, key)| {
        let words = key.key.split_ascii_whitespace().nth(1)?.to_owned();
        Some((vec![Step::Key("keys"), Step::Index(at)], "a key", words))
    });
    let account = user.as_ref().map_or(("name", name), |user| ("user", user));
    let account = std::iter::once((account.0, account.1.clone()));
    let elsewhere = [("email", email), ("slack", slack), ("teams", teams), ("github", github)].into_iter();
    let elsewhere =
        elsewhere.filter_map(|(kind, name)| Some((kind, name.as_deref().map(crate::policy::folded)?)));
    keys.chain(account.chain(elsewhere).map(|(kind, name)| (vec![Step::Key(kind)], said(kind), name)))
}

fn said(kind: &str) -> &'static str {
    match kind {
        "email" => "the address",
        "slack" => "the user in Slack",
        "teams" => "the user in Teams",
        "github" => "the login on GitHub",
        _ => "the login name",
    }
}
