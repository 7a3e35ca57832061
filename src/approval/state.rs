//! The states of a request and every way from one to another. Pure: the time comes in.
//!
//! MUST rules:
//! 1. Nothing leaves a final state: a rejection is never overwritten, and nothing runs twice.
//! 2. A reject beats an approve: it ends a pending request, and takes an approval back until the claim.
//! 3. Past its deadline a request is EXPIRED, never rejected and never run; so is an approval that was not used for 10 minutes.
//! 4. Different people make a quorum; each counts once.
//! 5. Only APPROVED leads to EXECUTING, and only with the same C and the same policy.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::approved::Approved;
use super::decision::{Answer, Decision, Ineligible};
use super::grant::GrantUse;
use super::refusal::Refusal;
use super::request::Request;
use crate::digest::Digest;
use crate::moment::Moment;
use crate::policy::Assurance;

/// How long an approval stays good without being used.
pub const UNUSED_FOR: Duration = Duration::from_secs(600);

/// Where a request stands. (REQUESTED of the design is PENDING here: the local store is the channel that takes it.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    Pending,
    Approved,
    Executing,
    Succeeded,
    Failed,
    NotStarted,
    Unknown,
    Rejected,
    Revoked,
    Expired,
    Cancelled,
    Invalidated,
}

impl State {
    /// All of them, in the order of the design's drawing.
    pub const ALL: [State; 12] = [
        State::Pending,
        State::Approved,
        State::Executing,
        State::Succeeded,
        State::Failed,
        State::NotStarted,
        State::Unknown,
        State::Rejected,
        State::Revoked,
        State::Expired,
        State::Cancelled,
        State::Invalidated,
    ];

    /// Returns its name in the store, in JSON and on screens.
    pub fn name(self) -> &'static str {
        match self {
            State::Pending => "PENDING",
            State::Approved => "APPROVED",
            State::Executing => "EXECUTING",
            State::Succeeded => "SUCCEEDED",
            State::Failed => "FAILED",
            State::NotStarted => "NOT_STARTED",
            State::Unknown => "UNKNOWN",
            State::Rejected => "REJECTED",
            State::Revoked => "REVOKED",
            State::Expired => "EXPIRED",
            State::Cancelled => "CANCELLED",
            State::Invalidated => "INVALIDATED",
        }
    }

    /// Returns the state with this name.
    pub fn named(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Claims that it waits for a decision or for its start.
    pub fn is_open(self) -> bool {
        matches!(self, State::Pending | State::Approved)
    }

    /// Claims that nothing leaves it.
    pub fn is_final(self) -> bool {
        !self.is_open() && self != State::Executing
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Outcome {
    /// It ended by itself with this exit code.
    Exited(u8),
    /// This signal ended it.
    Signalled(u8),
    /// It could not be started.
    NotStarted(String),
    /// It was handed to a shell that runs on; how it ended is that shell's knowledge.
    Handed,
}

/// What happens to a request.
#[expect(clippy::large_enum_variant, reason = "an event is made, taken and gone; no list holds any")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An approver answers.
    Decide(Decision),
    /// The requester takes it back.
    Cancel { by: String },
    /// What was asked is no longer what would run, or no longer under the same policy.
    Invalidate { why: String },
    /// Time has passed.
    Expire,
    /// Its runner is about to start it.
    Claim(Recheck),
    /// Its runner saw it end.
    Finish(Outcome),
    /// Its runner's lock is gone.
    Lose,
    /// Nobody waits for it any more, or again.
    Park(bool),
    /// A grant covers it.
    Use(GrantUse),
    /// The last line of a plan was taken up.
    Complete,
    /// A timer has reached the next step.
    Advance,
}

/// What the runner finds right before the start, to be compared with what was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recheck {
    /// C, made anew.
    pub content: Digest,
    /// The digest of the policy in force now.
    pub policy: Digest,
}

/// Returns what `event` makes of `request`, or why it stays as it is.
pub fn transition(request: &Request, event: &Event, now: Moment) -> Result<Request, Refusal> {
    match event {
        Event::Decide(decision) => decide(request, decision, now),
        Event::Cancel { by } => {
            open(request, now)?;
            Ok(ended(request, State::Cancelled, now, Some(format!("cancelled by {by}"))))
        }
        Event::Invalidate { why } => {
            open(request, now)?;
            Ok(ended(request, State::Invalidated, now, Some(why.clone())))
        }
        Event::Expire => expire(request, now),
        Event::Claim(recheck) => {
            claim(request, *recheck, &|given| Ok(given.assurance), now).map(|(request, _)| request)
        }
        Event::Finish(outcome) => finish(request, outcome, now),
        Event::Lose => {
            executing(request)?;
            Ok(ended(request, State::Unknown, now, None))
        }
        Event::Park(parked) => {
            open(request, now)?;
            let mut next = request.clone();
            next.progress.parked = *parked;
            Ok(next)
        }
        Event::Use(taken) => granted(request, taken, now),
        Event::Complete => complete(request, now),
        Event::Advance => advance(request, now),
    }
}

/// Finds the assurance that a decision has as things are now, or why it has none.
pub type Weigh<'a> = &'a dyn Fn(&Decision) -> Result<Assurance, Ineligible>;

/// Turns an approved request into an executing one, and hands out the permission to run it: once.
///
/// Its approvals are counted anew, each with the assurance that `weigh` finds: what the row says of them is not believed.
pub fn claim(
    request: &Request,
    recheck: Recheck,
    weigh: Weigh<'_>,
    now: Moment,
) -> Result<(Request, Approved), Refusal> {
    open(request, now)?;
    if request.state() != State::Approved {
        return Err(Refusal::NotApproved { approvals: request.approvals(), needed: request.quorum() });
    }
    if request.is_plan() {
        return Err(Refusal::Plan);
    }
    if recheck.content != request.content.digest() {
        return Err(Refusal::ContentChanged);
    }
    if recheck.policy != request.ask.policy {
        return Err(Refusal::PolicyChanged);
    }
    // What a grant approved rests on the approvals of the grant, which are another request's.
    if request.progress.granted.is_none() {
        recount(request, weigh)?;
    }
    let mut next = moved(request, State::Executing);
    next.progress.parked = false;
    let approved = Approved::by_claim(&next);
    Ok((next, approved))
}

/// Claims that as many different people have approved the step that is asked as it needs, and that nobody has rejected it.
pub fn recount(request: &Request, weigh: Weigh<'_>) -> Result<(), Refusal> {
    let step = request.progress.step;
    let (mut held, mut why) = (Vec::<Decision>::new(), None);
    for given in &request.progress.decisions {
        if given.answer == Answer::Reject {
            return Err(Refusal::Already { state: State::Rejected, by: Some(given.approver.name.clone()) });
        }
        if given.answer != Answer::Approve || given.step != step {
            continue;
        }
        let weighed = weigh(given).map(|assurance| Decision { assurance, ..given.clone() });
        match weighed.and_then(|given| given.check_at(request, step).map(|()| given)) {
            Ok(given) if held.iter().any(|known| known.is_same_person(&given)) => {}
            Ok(given) => held.push(given),
            Err(found) => why = why.or(Some(found.to_string())),
        }
    }
    let (approvals, needed) = (u32::try_from(held.len()).unwrap_or(u32::MAX), request.quorum());
    if approvals < needed { Err(Refusal::Unproven { approvals, needed, why }) } else { Ok(()) }
}

/// Claims that time has ended an open request: rule 3.
pub fn is_expired(request: &Request, now: Moment) -> bool {
    request.term().is_expired(now)
}

fn decide(request: &Request, decision: &Decision, now: Moment) -> Result<Request, Refusal> {
    open(request, now)?;
    decision.check(request, now).map_err(Refusal::Ineligible)?;
    let request = &at_step(request, now);
    match (decision.answer, request.state()) {
        (Answer::Reject, State::Pending) => Ok(with(ended(request, State::Rejected, now, None), decision)),
        (Answer::Reject, _) => Ok(with(ended(request, State::Revoked, now, None), decision)),
        (Answer::Approve, State::Pending) => approve(request, decision, now),
        (Answer::Escalate, State::Pending) => escalate(request, decision),
        (Answer::Approve | Answer::Escalate, _) => Err(already(request)),
    }
}

/// Returns the request at the step its timers have reached, with the votes of earlier steps left behind.
fn at_step(request: &Request, now: Moment) -> Request {
    let mut next = request.clone();
    let step = request.step(now);
    if request.state() == State::Pending && step > request.progress.step {
        next.progress.step = step;
        next.progress.earlier = next.progress.decisions.len();
    }
    next
}

/// A grant approves as its approvers would, but never what somebody has decided already.
fn granted(request: &Request, taken: &GrantUse, now: Moment) -> Result<Request, Refusal> {
    open(request, now)?;
    if request.state() != State::Pending {
        return Err(already(request));
    }
    let mut next = moved(request, State::Approved);
    next.progress.approved = Some(now);
    next.progress.granted = Some(taken.clone());
    Ok(next)
}

fn complete(request: &Request, now: Moment) -> Result<Request, Refusal> {
    open(request, now)?;
    match (request.is_plan(), request.state()) {
        (true, State::Approved) => Ok(ended(request, State::Succeeded, now, None)),
        _ => Err(already(request)),
    }
}

/// Claims that the lines that `decision` names are lines of this plan, some of them approved by everybody so far.
fn check_lines(request: &Request, decision: &Decision) -> Result<(), Refusal> {
    let lines = request.approved_lines();
    let all: Vec<u32> = request.plan().unwrap_or_default().iter().map(|line| line.line).collect();
    if let Some(unknown) = decision.only.iter().find(|line| !all.contains(line)) {
        return Err(Refusal::UnknownLine(*unknown));
    }
    let is_empty = !decision.only.is_empty() && !decision.only.iter().any(|line| lines.contains(line));
    if is_empty { Err(Refusal::NoLine) } else { Ok(()) }
}

/// Asks the step that the timers have reached: nobody has to say so.
fn advance(request: &Request, now: Moment) -> Result<Request, Refusal> {
    open(request, now)?;
    let next = at_step(request, now);
    if next.progress.step == request.progress.step {
        return Err(Refusal::StillOpen);
    }
    Ok(moved(&next, State::Pending))
}

fn escalate(request: &Request, decision: &Decision) -> Result<Request, Refusal> {
    if request.progress.step as usize >= request.ask.requirement.escalate.len() {
        return Err(Refusal::LastStep);
    }
    let mut next = with(moved(request, State::Pending), decision);
    next.progress.step += 1;
    next.progress.earlier = next.progress.decisions.len();
    Ok(next)
}

fn approve(request: &Request, decision: &Decision, now: Moment) -> Result<Request, Refusal> {
    let name = &decision.approver.name;
    let mut votes = request.progress.decisions.iter().skip(request.progress.earlier);
    if votes.any(|earlier| earlier.is_same_person(decision)) {
        return Err(Refusal::Counted { name: name.clone() });
    }
    check_lines(request, decision)?;
    let next = with(moved(request, State::Pending), decision);
    if next.approvals() < next.quorum() {
        return Ok(next);
    }
    let mut next = next;
    next.progress.state = State::Approved;
    next.progress.approved = Some(now);
    Ok(next)
}

fn expire(request: &Request, now: Moment) -> Result<Request, Refusal> {
    if !request.state().is_open() {
        return Err(already(request));
    }
    if !is_expired(request, now) {
        return Err(Refusal::StillOpen);
    }
    Ok(ended(request, State::Expired, now, None))
}

fn finish(request: &Request, outcome: &Outcome, now: Moment) -> Result<Request, Refusal> {
    executing(request)?;
    let state = match outcome {
        Outcome::Exited(0) => State::Succeeded,
        Outcome::Exited(_) | Outcome::Signalled(_) => State::Failed,
        Outcome::Handed => State::Unknown,
        Outcome::NotStarted(_) => State::NotStarted,
    };
    let mut next = ended(request, state, now, None);
    next.progress.outcome = Some(outcome.clone());
    Ok(next)
}

fn open(request: &Request, now: Moment) -> Result<(), Refusal> {
    if !request.state().is_open() {
        return Err(already(request));
    }
    if is_expired(request, now) { Err(Refusal::Expired) } else { Ok(()) }
}

fn executing(request: &Request) -> Result<(), Refusal> {
    match request.state() {
        State::Executing => Ok(()),
        state => Err(Refusal::NotExecuting { state }),
    }
}

fn already(request: &Request) -> Refusal {
    let by = request.last_decision().map(|decision| decision.approver.name.clone());
    Refusal::Already { state: request.state(), by }
}

fn moved(request: &Request, state: State) -> Request {
    let mut next = request.clone();
    next.progress.state = state;
    next.progress.version += 1;
    next
}

fn ended(request: &Request, state: State, now: Moment, why: Option<String>) -> Request {
    let mut next = moved(request, state);
    next.progress.ended = Some(now);
    next.progress.parked = false;
    next.progress.why = why;
    next
}

fn with(mut request: Request, decision: &Decision) -> Request {
    request.progress.decisions.push(decision.clone());
    request
}
