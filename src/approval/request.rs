//! A command that waits for a decision: everything a screen, a resume and an auditor need.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::asked::{AskedAction, AskedBy};
use super::content::{Content, Wrapping};
use super::decision::{Answer, Decision};
use super::grant::GrantUse;
use super::id::RequestId;
use super::listed::Term;
use super::plan::is_plan;
use super::preview::Preview;
use super::requester::{Origin, Requester};
use super::state::{Outcome, State};
use super::terms::Reach;
use crate::command::{Command, Source};
use crate::digest::Digest;
use crate::moment::Moment;
use crate::policy::{Requirement, Risk, Step};

const DOMAIN: &[u8] = b"gate-request-v1\n";

/// A fact about the command that rules and approvers use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLabel {
    /// `environment`, `region`, `data`, `category`.
    pub name: String,
    pub value: String,
    /// Who says so: options, facts, rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
}

/// What is asked: given once, never changed, all of it part of D.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    pub requester: Requester,
    pub origin: Origin,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    /// The rules that asked, strictest first.
    pub rules: Vec<AskedBy>,
    pub risk: Risk,
    /// What would run, action by action, wrappers taken off.
    pub actions: Vec<AskedAction>,
    pub labels: Vec<RequestLabel>,
    /// The digest of the policy in force.
    #[serde(with = "super::hex")]
    pub policy: Digest,
    pub requirement: Requirement,
    /// What could not be bound, in words for the card.
    pub uncovered: Vec<String>,
    /// What it gets on standard input, where that tells it what to do (code, SQL, a patch): shown as the command is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What read-only commands showed of it when it was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previews: Vec<Preview>,
    /// The name of a file that the requester's envelope has another of at each call: C leaves it open, D covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_call: Option<String>,
    /// The most that a grant given with it may cover.
    #[serde(default)]
    pub reach: Reach,
}

/// The text D is the digest of.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    v: u32,
    id: RequestId,
    #[serde(with = "super::hex")]
    content: Digest,
    ask: Ask,
    created: Moment,
    deadline: Moment,
}

/// A request and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub id: RequestId,
    /// What would run; its digest is C.
    pub content: Content,
    /// The canonical JSON that D is the digest of, as it is stored.
    pub statement: Vec<u8>,
    pub ask: Ask,
    pub created: Moment,
    pub deadline: Moment,
    pub progress: Progress,
    /// The command that `content` holds, and the agent's envelope around it.
    given: (Command, Option<Wrapping>),
    is_plan: bool,
}

/// The part of a request that changes, always by [`super::transition`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    pub state: State,
    /// Counts the transitions: with the state, what a compare-and-set compares.
    pub version: u64,
    /// Claims that nobody waits for it at the moment.
    pub parked: bool,
    /// The level of approvers that is asked, 0 first.
    pub step: u32,
    /// The decisions that were taken, oldest first.
    pub decisions: Vec<Decision>,
    /// How many of them belong to earlier steps: votes don't carry over.
    pub earlier: usize,
    pub approved: Option<Moment>,
    /// When it reached a state that nothing leaves.
    pub ended: Option<Moment>,
    /// Why it was invalidated or cancelled.
    pub why: Option<String>,
    pub outcome: Option<Outcome>,
    /// The use of a grant that approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<GrantUse>,
}

impl Request {
    /// Returns a new request: pending, with nobody's decision yet.
    pub fn new(id: RequestId, content: Content, ask: Ask, now: Moment) -> Request {
        let deadline = now.after(ask.requirement.deadline);
        let given = content.given(ask.per_call.as_deref());
        let is_plan = is_plan(content.json());
        let statement = Statement { v: 1, id, content: content.digest(), ask, created: now, deadline };
        let value = serde_json::to_value(&statement).expect("a statement has string keys only");
        let bytes = crate::canonical::to_bytes(&value);
        Request {
            id,
            content,
            statement: bytes,
            ask: statement.ask,
            created: now,
            deadline,
            progress: Progress {
                state: State::Pending,
                version: 1,
                parked: false,
                step: 0,
                decisions: Vec::new(),
                earlier: 0,
                approved: None,
                ended: None,
                why: None,
                outcome: None,
                granted: None,
            },
            is_plan,
            given: given.expect("a request is only made with a content that holds a command"),
        }
    }

    /// Returns the request that was stored as these parts, or what is wrong with them.
    pub fn from_stored(content: Vec<u8>, statement: Vec<u8>, progress: Progress) -> Result<Request, String> {
        let content = Content::from_stored(content);
        let said: Statement =
            serde_json::from_slice(&statement).map_err(|error| format!("the statement: {error}"))?;
        if said.content != content.digest() {
            return Err(format!(
                "the content has digest {}, the statement says {}",
                content.digest(),
                said.content
            ));
        }
        let Statement { id, ask, created, deadline, .. } = said;
        let given = content.given(ask.per_call.as_deref()).ok_or("the content holds no command")?;
        let is_plan = is_plan(content.json());
        Ok(Request { id, content, statement, ask, created, deadline, progress, given, is_plan })
    }

    /// Returns D: what a decision is about.
    pub fn digest(&self) -> Digest {
        Digest::of_parts(&[DOMAIN, &self.statement])
    }

    /// Returns the command exactly as it was given.
    pub fn command(&self) -> &Command {
        &self.given.0
    }

    /// Returns the command as another call of the same requester has it: `name` stands where C leaves one open.
    pub fn command_with(&self, name: Option<&str>) -> Command {
        name.and_then(|name| self.content.command(Some(name))).unwrap_or_else(|| self.command().clone())
    }

    /// Returns the agent's envelope around the command, if it is in one.
    pub fn wrapping(&self) -> Option<&Wrapping> {
        self.given.1.as_ref()
    }

    /// Returns the text that was judged and is shown: the agent's own command where it is in an envelope, else all of it.
    pub fn text(&self) -> Vec<u8> {
        Command { source: self.shown(), cwd: self.command().cwd.clone() }.text()
    }

    /// Returns the command as it is shown.
    pub fn shown(&self) -> Source {
        Wrapping::shown(self.wrapping(), self.command())
    }

    /// Claims that it is a plan: it is never run as a whole, and its lines may be run until the deadline.
    pub fn is_plan(&self) -> bool {
        self.is_plan
    }

    /// Returns the state.
    pub fn state(&self) -> State {
        self.progress.state
    }

    /// Returns how far it has come, and until when it stays open.
    pub fn term(&self) -> Term {
        let (state, lapses) = (self.state(), self.state() != State::Approved || !self.is_plan);
        Term { state, deadline: self.deadline, approved: self.progress.approved, lapses }
    }

    /// Returns how long it stays open from `now` on: until the deadline, or until an approval lapses unused.
    pub fn remaining(&self, now: Moment) -> Duration {
        self.term().remaining(now)
    }

    /// Returns the approvals of the step that is asked.
    pub fn approvals(&self) -> u32 {
        let votes = self.progress.decisions.iter().skip(self.progress.earlier);
        let count = votes.filter(|decision| decision.answer == Answer::Approve).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Returns how many different people must approve: at least one.
    pub fn quorum(&self) -> u32 {
        self.ask.requirement.quorum.max(1)
    }

    /// Returns the step that is asked at `now`: the one escalated to, or the one its timer has reached. Once it is decided it stays at
    /// that step: whoever approved it may take that back.
    pub fn step(&self, now: Moment) -> u32 {
        if self.state() != State::Pending {
            return self.progress.step;
        }
        let reached = |step: &&Step| now.has_reached(self.created.after(step.after));
        let timed = self.ask.requirement.escalate.iter().take_while(reached).count();
        self.progress.step.max(u32::try_from(timed).unwrap_or(u32::MAX))
    }

    /// Returns how many steps there are.
    pub fn steps(&self) -> usize {
        self.ask.requirement.escalate.len() + 1
    }

    /// Returns who is asked next, and in how long, if nobody decides until then.
    pub fn next_step(&self, now: Moment) -> Option<(&[String], Duration)> {
        if self.state() != State::Pending {
            return None;
        }
        let next = self.ask.requirement.escalate.get(self.step(now) as usize)?;
        Some((&next.to, self.created.after(next.after).since(now)))
    }

    /// Returns the names of those who may decide at `now`: the approvers of the step that is asked and of those after it; none: the person at the machine.
    pub fn approvers(&self, now: Moment) -> Vec<&str> {
        self.approvers_at(self.step(now))
    }

    /// Returns the names of those who may decide at this step.
    pub(super) fn approvers_at(&self, step: u32) -> Vec<&str> {
        let requirement = &self.ask.requirement;
        let steps =
            std::iter::once(&requirement.approvers).chain(requirement.escalate.iter().map(|step| &step.to));
        steps.skip(step as usize).flatten().map(String::as_str).collect()
    }

    /// Returns the decision that ended it, or the last one that counted.
    pub fn last_decision(&self) -> Option<&Decision> {
        self.progress.decisions.last()
    }
}
