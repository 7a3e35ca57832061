//! An approval that stays valid for a while: what it covers, and one use of it. Pure: the time comes in.
//!
//! MUST rules:
//! 1. It is as wide as the narrowest of the approvals that made its request APPROVED, and where one grants nothing there is none.
//! 2. A use is of the same requester, under the same policy, for the same requirement, at no higher risk, and of what it covers.
//! 3. A revoked, used up or ended grant is never used again.
//! 4. What the floor speaks of is never granted.
//! 5. The lines of a plan are used once each, in their order, and only those that every approval names.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::content::Content;
use super::decision::{Answer, Decision};
use super::id::RequestId;
use super::plan::PlanLine;
use super::request::{Ask, Request};
use super::state::Weigh;
use super::terms::{GrantScope, Reach, Terms};
use crate::canonical;
use crate::digest::Digest;
use crate::moment::Moment;
use crate::policy::Assurance;

const DOMAIN: &[u8] = b"gate-grant-rule-v1\n";

/// Where a grant stands; that its time is over is known without writing it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GrantState {
    Open,
    /// All its uses are taken.
    Spent,
    Revoked,
}

impl GrantState {
    /// Returns its name in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            GrantState::Open => "OPEN",
            GrantState::Spent => "SPENT",
            GrantState::Revoked => "REVOKED",
        }
    }
}

/// The part of a grant that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantProgress {
    pub state: GrantState,
    /// Counts the changes: with the state, what a compare-and-set compares.
    pub version: u64,
    /// How many uses are taken; the run that was asked for is the first.
    pub used: u32,
    /// Who revoked it.
    pub by: Option<String>,
}

/// The use of a grant that approved a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantUse {
    /// The request that the grant was given with.
    pub grant: RequestId,
    /// Which use it is; the run that was asked for is the first.
    pub number: u32,
    /// How many there are.
    pub of: Option<u32>,
    /// The line of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Whose approvals it rests on.
    pub by: Vec<String>,
}

/// What of a grant's request counts for its uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covers {
    /// What its approvers have said.
    Terms(Terms),
    /// The lines of a plan that are approved.
    Lines(Vec<PlanLine>),
}

/// A grant, and how far it is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The request it was given with.
    pub request: Request,
    pub covers: Covers,
    pub progress: GrantProgress,
    since: Moment,
}

impl Grant {
    /// Returns the new grant that the approvals of `request` make, if it is approved and they make one.
    pub fn made_by(request: &Request) -> Option<Grant> {
        let used = u32::from(!request.is_plan());
        let mut progress = GrantProgress { state: GrantState::Open, version: 1, used, by: None };
        let covers = covers(request)?;
        if covers.uses().is_some_and(|uses| uses <= used) {
            progress.state = GrantState::Spent;
        }
        Grant::of(request.clone(), progress)
    }

    /// Returns the grant of `request` that has come as far as `progress`, or `None` where its approvals make none.
    pub fn of(request: Request, progress: GrantProgress) -> Option<Grant> {
        let (covers, since) = (covers(&request)?, request.progress.approved?);
        Some(Grant { request, covers, progress, since })
    }

    /// Returns the same grant as far as `progress` says.
    pub fn having(self, progress: GrantProgress) -> Grant {
        Grant { progress, ..self }
    }

    /// Returns the same grant with its approvals as strong as `weigh` finds them; one that proves nothing is as weak as can be.
    pub fn weighed(mut self, weigh: Weigh<'_>) -> Grant {
        for given in &mut self.request.progress.decisions {
            given.assurance = weigh(given).unwrap_or(Assurance::Asserted);
        }
        self
    }

    /// Returns until when it can be used.
    pub fn end(&self) -> Moment {
        match &self.covers {
            Covers::Terms(terms) => self.since.after(terms.lasts),
            Covers::Lines(_) => self.request.deadline,
        }
    }

    /// Returns how many uses there are, if they are counted.
    pub fn uses(&self) -> Option<u32> {
        self.covers.uses()
    }

    /// Claims that it can be used at `now`.
    pub fn is_live(&self, now: Moment) -> bool {
        self.withheld(now).is_none()
    }

    /// Returns the approvals that it rests on.
    pub fn approvals(&self) -> impl Iterator<Item = &Decision> {
        approvals(&self.request)
    }

    /// Returns what it is found by: nothing where it cannot be used any more.
    pub fn keys(&self) -> Vec<Digest> {
        if self.progress.state != GrantState::Open {
            return Vec::new();
        }
        self.keys_at(self.progress.used + 1)
    }

    fn keys_at(&self, number: u32) -> Vec<Digest> {
        match &self.covers {
            Covers::Terms(terms) if terms.scope == GrantScope::Exact => vec![self.request.content.digest()],
            Covers::Terms(_) => rule_key(&self.request.content, &self.request.ask).into_iter().collect(),
            Covers::Lines(lines) => {
                let line = lines.get((number as usize).wrapping_sub(1));
                line.map(|line| line.contents.clone()).unwrap_or_default()
            }
        }
    }

    /// Returns the line of the plan that is next.
    pub fn next_line(&self) -> Option<&PlanLine> {
        match &self.covers {
            Covers::Lines(lines) => lines.get(self.progress.used as usize),
            Covers::Terms(_) => None,
        }
    }

    /// Takes one use for `wanted`, a request that waits, or returns why it has none.
    pub fn take(&self, wanted: &Request, now: Moment) -> Result<(GrantProgress, GrantUse), Withheld> {
        if let Some(why) = self.withheld(now) {
            return Err(why);
        }
        let number = self.progress.used + 1;
        self.covers(wanted, number)?;
        let mut next = self.progress.clone();
        (next.version, next.used) = (next.version + 1, number);
        if self.uses().is_some_and(|uses| next.used >= uses) {
            next.state = GrantState::Spent;
        }
        let by = self.approvals().map(|given| given.approver.name.clone()).collect();
        let line = self.next_line().map(|line| line.line);
        Ok((next, GrantUse { grant: self.request.id, number, of: self.uses(), line, by }))
    }

    /// Claims that its use `number` is one for `wanted`, whatever is left of it, or returns why not.
    pub fn covers(&self, wanted: &Request, number: u32) -> Result<(), Withheld> {
        let (ask, given) = (&wanted.ask, &self.request.ask);
        if number == 0 || self.uses().is_some_and(|uses| number > uses) {
            return Err(Withheld::Spent);
        }
        if !ask.requester.is_same(&given.requester) {
            return Err(Withheld::Requester);
        }
        if ask.policy != given.policy {
            return Err(Withheld::Policy);
        }
        if ask.risk > given.risk || !self.meets(wanted) {
            return Err(Withheld::Stricter);
        }
        let keys = self.keys_at(number);
        let is_of = keys_of(wanted).iter().any(|key| keys.contains(key));
        if ask.reach == Reach::Once || wanted.is_plan() || !is_of {
            return Err(Withheld::Other);
        }
        Ok(())
    }

    /// Returns what revoking it makes of it, or why it cannot be revoked.
    pub fn revoked(&self, by: &str, now: Moment) -> Result<GrantProgress, Withheld> {
        if let Some(why) = self.withheld(now) {
            return Err(why);
        }
        let version = self.progress.version + 1;
        Ok(GrantProgress { state: GrantState::Revoked, version, by: Some(by.to_owned()), ..self.progress })
    }

    /// Returns why nothing can be taken of it at `now`.
    pub fn withheld(&self, now: Moment) -> Option<Withheld> {
        match self.progress.state {
            GrantState::Revoked => Some(Withheld::Revoked),
            GrantState::Spent => Some(Withheld::Spent),
            GrantState::Open if now.has_reached(self.end()) => Some(Withheld::Ended),
            GrantState::Open => None,
        }
    }

    /// Claims that its approvals would approve `wanted` as well.
    fn meets(&self, wanted: &Request) -> bool {
        let needed = &wanted.ask.requirement;
        let is_allowed = match &self.covers {
            Covers::Terms(terms) => terms.check(needed.grant, wanted.ask.reach).is_ok(),
            Covers::Lines(_) => true,
        };
        let named = wanted.approvers(wanted.created);
        let is_named = |name: &str| needed.approvers.is_empty() || named.contains(&name);
        let count = self.approvals().count();
        is_allowed
            && count >= needed.quorum as usize
            && (!needed.four_eyes || self.request.ask.requirement.four_eyes)
            && self
                .approvals()
                .all(|given| given.assurance >= needed.assurance && is_named(&given.approver.name))
    }
}

impl Covers {
    fn uses(&self) -> Option<u32> {
        match self {
            Covers::Terms(terms) => terms.uses,
            Covers::Lines(lines) => Some(u32::try_from(lines.len()).unwrap_or(u32::MAX)),
        }
    }
}

/// Returns what a grant that covers `wanted` is found by.
pub fn keys_of(wanted: &Request) -> Vec<Digest> {
    let exact = std::iter::once(wanted.content.digest());
    exact.chain(rule_key(&wanted.content, &wanted.ask)).collect()
}

/// Returns the digest of all that a grant for a rule holds fixed: everything but the words of the command. `None` where no such
/// grant may be given or used.
fn rule_key(content: &Content, ask: &Ask) -> Option<Digest> {
    if ask.reach != Reach::Rule {
        return None;
    }
    let mut fixed: Value = serde_json::from_slice(content.json()).ok()?;
    let map = fixed.as_object_mut()?;
    map.remove("command");
    map.remove("plan");
    // How often a program runs is a matter of the words.
    if let Some(programs) = map.get_mut("programs").and_then(Value::as_array_mut) {
        programs.sort_by_key(ToString::to_string);
        programs.dedup();
    }
    let mut rules: Vec<&str> = ask.rules.iter().map(|asked| asked.rule.as_str()).collect();
    rules.sort_unstable();
    let mut labels: Vec<_> = ask.labels.iter().map(|label| (&label.name, &label.value)).collect();
    labels.sort_unstable();
    let whole = json!({ "fixed": fixed, "rules": rules, "labels": labels });
    Some(Digest::of_parts(&[DOMAIN, &canonical::if_any(&whole)?]))
}

/// Returns the approvals that made `request` APPROVED.
fn approvals(request: &Request) -> impl Iterator<Item = &Decision> {
    let votes = request.progress.decisions.iter().skip(request.progress.earlier);
    votes.filter(|given| given.answer == Answer::Approve)
}

/// Returns what the approvals of `request` agree on, if it is approved and they grant anything.
fn covers(request: &Request) -> Option<Covers> {
    request.progress.approved?;
    if request.progress.granted.is_some() {
        return None;
    }
    match request.plan() {
        Some(lines) => {
            let lines = approved_lines(request, lines);
            (!lines.is_empty()).then_some(Covers::Lines(lines))
        }
        None => {
            let mut terms = approvals(request).map(|given| given.grant);
            let first = terms.next()??;
            let agreed = terms.try_fold(first, |one, other| Some(one.narrowest(other?)))?;
            Some(Covers::Terms(agreed))
        }
    }
}

/// Returns the lines of a plan that every approval names.
pub(super) fn approved_lines(request: &Request, mut lines: Vec<PlanLine>) -> Vec<PlanLine> {
    for given in approvals(request).filter(|given| !given.only.is_empty()) {
        lines.retain(|line| given.only.contains(&line.line));
    }
    lines
}

/// Why a grant is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    Revoked,
    Spent,
    Ended,
    /// It was given to another requester.
    Requester,
    /// The policy is another one.
    Policy,
    /// More approval is needed than it was given.
    Stricter,
    /// It does not cover the command.
    Other,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Withheld::Revoked => "it is revoked",
            Withheld::Spent => "all its uses are taken",
            Withheld::Ended => "its time is over",
            Withheld::Requester => "it was given to another requester",
            Withheld::Policy => "the policy is no longer the one it was given under",
            Withheld::Stricter => "the command needs more approval than it was given",
            Withheld::Other => "it covers another command",
        })
    }
}
