//! Requests and decisions, as the layers above see them.

use std::fmt;
use std::time::{Duration, Instant};

use rusqlite::Transaction;

use super::entries::Pen;
use super::run::{close_refused, update};
use super::wake::{self, Ear, Heard};
use super::{Durability, Store, StoreError, Trouble, Which, entries, grants, log, requests};
use crate::approval::{
    Ask, Assurance, Content, Decision, Event, Listed, Origin, Prefix, Preview, Refusal, Request, RequestId,
    Requester, State, is_expired, transition,
};
use crate::audit::{Draft, Kind, PolicyUse};
use crate::identity::People;
use crate::moment::Moment;

/// How many requests of one requester may wait for a decision at once.
pub const MOST_PENDING: u32 = 20;

/// What became of what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// A new request waits, or is approved already: by a grant that covers it.
    Created(Box<Request>),
    /// The same requester asks for the same C already: pending, or approved and not started yet.
    Joined(Box<Request>),
    /// Too many of this requester's requests wait: [`MOST_PENDING`].
    TooMany { pending: u32 },
}

/// Why a request was not changed.
#[derive(Debug)]
pub enum ChangeError {
    /// There is none with this id.
    Unknown(RequestId),
    /// The request refuses; it is given as it stands now.
    Refused {
        refusal: Refusal,
        request: Box<Request>,
    },
    Store(StoreError),
}

/// Why an id that somebody typed names no request.
#[derive(Debug)]
pub enum FindError {
    /// It is no beginning of an id.
    Malformed {
        text: String,
    },
    Unknown {
        text: String,
    },
    Ambiguous {
        text: String,
        ids: Vec<RequestId>,
    },
    Store(StoreError),
}

/// Why waiting ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The request has another version than the one waited from.
    Changed(Box<Request>),
    /// The time is up.
    TimedOut,
    /// A signal arrived.
    Interrupted,
}

type Change = Result<(Request, Draft), Refusal>;

impl Store {
    /// Records what is asked, durably, or joins a request for the same.
    ///
    /// An open request for the same C that was asked under another policy is invalidated first.
    pub fn submit(&mut self, now: Moment, content: Content, ask: Ask) -> Result<Submitted, StoreError> {
        let id = RequestId::from_random(u64::from_le_bytes(super::random()?));
        let request = Request::new(id, content, ask, now);
        let ready = self.ready(now, &[&created(&request)])?;
        self.prepare(&requests::OF_A_NEW_ONE)?;
        let Request { content, ask, .. } = &request;
        let submitted = self.write_in_reserve(now, Durability::Full, |db, pen| {
            for before in requests::with_content(db, &ask.requester, content.digest())? {
                if is_expired(&before, now) {
                    close_refused(db, pen, before, Refusal::Expired)?;
                } else if before.ask.policy != ask.policy {
                    close_refused(db, pen, before, Refusal::PolicyChanged)?;
                } else if let Ok(after) = transition(&before, &Event::Park(false), now) {
                    update(db, &before, &after)?;
                    pen.append(db, &[&asked(&after, "joined", &ask.requester, &ask.origin)])?;
                    let granted = grants::approve(db, pen, &after, now)?;
                    return Ok(Submitted::Joined(Box::new(granted.unwrap_or(after))));
                }
            }
            let is_granted = grants::covers(db, &request, now)?;
            if !is_granted && requests::pending(db, &ask.requester)? >= MOST_PENDING {
                // Those of requesters that were killed expire with nobody to note it.
                for before in requests::of_state(db, &ask.requester, State::Pending)? {
                    if is_expired(&before, now) {
                        close_refused(db, pen, before, Refusal::Expired)?;
                    }
                }
            }
            let pending = requests::pending(db, &ask.requester)?;
            if !is_granted && pending >= MOST_PENDING {
                return Ok(Submitted::TooMany { pending });
            }
            requests::insert(db, &request)?;
            entries::place(db, &ready)?;
            let granted = grants::approve(db, pen, &request, now)?;
            Ok(Submitted::Created(Box::new(granted.unwrap_or_else(|| request.clone()))))
        })?;
        wake::touch(&self.dir);
        Ok(submitted)
    }

    /// Claims that [`Store::submit`] would make a new request of this that somebody has to decide on, as things stand.
    pub fn is_new(&self, now: Moment, content: &Content, ask: &Ask) -> Result<bool, StoreError> {
        let request = Request::new(RequestId::from_random(0), content.clone(), ask.clone(), now);
        let look = || -> Result<bool, Trouble> {
            let same = requests::with_content(&self.db, &ask.requester, content.digest())?;
            let is_joined = |before: &Request| !is_expired(before, now) && before.ask.policy == ask.policy;
            Ok(!same.iter().any(is_joined) && !grants::covers(&self.db, &request, now)?)
        };
        look().map_err(|trouble| self.trouble("read", trouble))
    }

    /// Returns the one request whose id begins with `text`, however it is typed.
    pub fn find(&self, text: &str) -> Result<Request, FindError> {
        let Some(prefix) = Prefix::parse(text) else {
            return Err(FindError::Malformed { text: text.to_owned() });
        };
        let found = requests::beginning(&self.db, &prefix);
        let mut found = found.map_err(|trouble| FindError::Store(self.trouble("read", trouble)))?;
        match (found.pop(), found.is_empty()) {
            (None, _) => Err(FindError::Unknown { text: text.to_owned() }),
            (Some(one), true) => Ok(one),
            (Some(last), false) => {
                let ids = found.iter().chain([&last]).map(|request| request.id).collect();
                Err(FindError::Ambiguous { text: text.to_owned(), ids })
            }
        }
    }

    /// Returns the request with this id.
    pub fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        requests::load(&self.db, id).map_err(|trouble| self.trouble("read", trouble))
    }

    /// Returns the requests asked for, oldest first.
    pub fn requests(&self, which: Which) -> Result<Vec<Request>, StoreError> {
        let mut requests = Vec::new();
        self.each_request(which, |request| requests.push(request))?;
        Ok(requests)
    }

    /// Gives the requests asked for to `take`, oldest first, one at a time: there may be many.
    pub fn each_request(&self, which: Which, take: impl FnMut(Request)) -> Result<(), StoreError> {
        requests::each(&self.db, which, take).map_err(|trouble| self.trouble("read", trouble))
    }

    /// Gives what a list says of the requests asked for to `take`, oldest first.
    pub fn each_listed(&self, which: Which, take: impl FnMut(Listed)) -> Result<(), StoreError> {
        requests::each_listed(&self.db, which, take).map_err(|trouble| self.trouble("read", trouble))
    }

    /// Returns the earlier requests of the same requester that say something about `request`: for the same content, and rejected ones.
    pub fn earlier(&self, request: &Request) -> Result<Vec<Request>, StoreError> {
        requests::earlier(&self.db, request).map_err(|trouble| self.trouble("read", trouble))
    }

    /// Returns a number that changes with every commit of another process.
    pub fn stamp(&self) -> Result<i64, StoreError> {
        let stamp = self.db.query_row("PRAGMA data_version", [], |row| row.get(0));
        stamp.map_err(|error| self.failed("read", error))
    }

    /// Records an approver's answer and what it makes of the request; a refused answer is recorded too.
    ///
    /// Its assurance is what its signature proves to be by one of `people`, whatever it says itself.
    pub fn decide(
        &mut self,
        now: Moment,
        id: RequestId,
        decision: &Decision,
        people: &People,
    ) -> Result<Request, ChangeError> {
        self.prepare(&requests::OF_A_CHANGE)?;
        let decided = self.write_in_reserve(now, Durability::Full, |db, pen| {
            let Some(before) = requests::load(db, id)? else { return Ok(Err(ChangeError::Unknown(id))) };
            let before = advanced(db, pen, before)?;
            let tree = log::frontier(db)?.unwrap_or_default();
            let weighed =
                entries::continues(&tree, decision).and_then(|()| people.weigh(decision, &before, now));
            let assurance = *weighed.as_ref().unwrap_or(&Assurance::Asserted);
            let decision = &Decision { assurance, ..decision.clone() };
            let event = Event::Decide(decision.clone());
            let weighed = weighed.map_err(Refusal::Ineligible);
            match weighed.and_then(|_| transition(&before, &event, now)) {
                Ok(after) => {
                    update(db, &before, &after)?;
                    pen.append(db, &[&answered(Kind::Decision, &after, decision)])?;
                    if after.state() == State::Approved {
                        grants::add(db, &after)?;
                    }
                    let by = &decision.approver.name;
                    if after.state() == State::Revoked {
                        let draft = by_approver(Kind::GrantRevoked, decision);
                        let draft = Draft { decision: Some(decision.clone()), ..draft };
                        let _none_is_left = grants::revoke(db, pen, id, (by, &draft))?;
                    }
                    Ok(Ok(after))
                }
                Err(refusal) => {
                    let mut draft = answered(Kind::DecisionRefused, &before, decision);
                    draft.set("why", refusal.to_string());
                    pen.append(db, &[&draft])?;
                    Ok(Err(close_refused(db, pen, before, refusal)?))
                }
            }
        })?;
        wake::touch(&self.dir);
        decided
    }

    /// Takes a request back for its requester.
    pub fn cancel(
        &mut self,
        now: Moment,
        id: RequestId,
        by: &Requester,
        origin: &Origin,
    ) -> Result<Request, ChangeError> {
        self.change(now, id, |before| {
            let after = transition(before, &Event::Cancel { by: by.label() }, now)?;
            let Draft { request, data, .. } = Draft::about(Kind::RequestCancelled, &after);
            let draft = Draft { request, data, ..Draft::new(Kind::RequestCancelled, by, origin) };
            Ok((after, draft))
        })
    }

    /// Notes that nobody waits for a request any more, or that somebody does again.
    pub fn park(&mut self, now: Moment, id: RequestId, parked: bool) -> Result<Request, ChangeError> {
        self.change(now, id, |before| {
            let after = transition(before, &Event::Park(parked), now)?;
            let change = if parked { "parked" } else { "resumed" };
            let draft = asked(&after, change, &after.ask.requester, &after.ask.origin);
            Ok((after, draft))
        })
    }

    /// Notes that a timer has handed the request on to the next step, if one has.
    pub fn advance(&mut self, now: Moment, id: RequestId) -> Result<Request, ChangeError> {
        self.change(now, id, |before| advance(before, now))
    }

    /// Closes a request that is no longer what would run.
    pub fn invalidate(&mut self, now: Moment, id: RequestId, why: &str) -> Result<Request, ChangeError> {
        self.change(now, id, |before| {
            let after = transition(before, &Event::Invalidate { why: why.to_owned() }, now)?;
            let mut draft = Draft::about(Kind::RequestInvalidated, &after);
            draft.set("why", why);
            Ok((after, draft))
        })
    }

    /// Waits until the request has another version than `version`, at most `limit`.
    ///
    /// A change by any process is noticed at once; a signal ends the wait.
    ///
    /// # Errors
    /// A store that cannot be read, is not where it was, or has the request no longer.
    pub fn wait(&self, id: RequestId, version: u64, limit: Duration) -> Result<Waited, StoreError> {
        let ear = Ear::open(&self.dir);
        let end = Instant::now() + limit;
        loop {
            super::in_place(&self.path, self.file)?;
            let found = requests::version(&self.db, id).map_err(|error| self.failed("read", error))?;
            if found != Some(version) {
                let request = self.request(id)?.ok_or_else(|| self.without(id))?;
                return Ok(Waited::Changed(Box::new(request)));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Waited::TimedOut);
            }
            if ear.listen(left) == Heard::Interrupted {
                return Ok(Waited::Interrupted);
            }
        }
    }

    fn without(&self, id: RequestId) -> StoreError {
        StoreError::Corrupt { path: self.path.clone(), found: format!("request {id} is no longer in it") }
    }

    /// Changes one request and records it, in one durable transaction.
    pub(super) fn change(
        &mut self,
        now: Moment,
        id: RequestId,
        make: impl Fn(&Request) -> Change,
    ) -> Result<Request, ChangeError> {
        self.prepare(&requests::OF_A_CHANGE)?;
        let changed = self.write_in_reserve(now, Durability::Full, |db, pen| {
            let Some(before) = requests::load(db, id)? else { return Ok(Err(ChangeError::Unknown(id))) };
            match make(&before) {
                Ok((after, draft)) => {
                    update(db, &before, &after)?;
                    pen.append(db, &[&draft])?;
                    Ok::<_, Trouble>(Ok(after))
                }
                Err(refusal) => Ok(Err(close_refused(db, pen, before, refusal)?)),
            }
        })?;
        wake::touch(&self.dir);
        changed
    }
}

fn advance(before: &Request, now: Moment) -> Change {
    let after = transition(before, &Event::Advance, now)?;
    let Draft { request, data, .. } = asked(&after, "escalated", &after.ask.requester, &after.ask.origin);
    let mut draft = Draft { request, data, ..Draft::by_gate(Kind::Request) };
    draft.set("step", after.progress.step);
    draft.set("to", after.approvers(now));
    Ok((after, draft))
}

/// Returns the request at the step that its timers have reached, which is on record before anything that follows from it.
fn advanced(db: &Transaction<'_>, pen: &Pen<'_>, before: Request) -> Result<Request, Trouble> {
    let Ok((after, draft)) = advance(&before, pen.now) else { return Ok(before) };
    update(db, &before, &after)?;
    pen.append(db, &[&draft])?;
    Ok(after)
}

/// The entry about a new request.
fn created(request: &Request) -> Draft {
    let mut draft = asked(request, "created", &request.ask.requester, &request.ask.origin);
    draft.command = Some(request.command().clone());
    draft.wrapping = request.wrapping().cloned();
    if let Some(lines) = request.plan() {
        draft.set("plan", serde_json::json!(lines));
    }
    let previews = &request.ask.previews;
    if !previews.is_empty() {
        draft.set("previews", previews.iter().map(previewed).collect::<Vec<_>>());
    }
    draft
}

fn previewed(preview: &Preview) -> serde_json::Value {
    let Preview { command, not_run, seal, .. } = preview;
    serde_json::json!({ "command": command, "not_run": not_run, "seal": seal.to_string() })
}

/// The entry about asking: made, joined, parked or resumed.
fn asked(request: &Request, change: &str, by: &Requester, origin: &Origin) -> Draft {
    let ask = &request.ask;
    let Draft { request: id, data, .. } = Draft::about(Kind::Request, request);
    let mut draft = Draft { request: id, data, ..Draft::new(Kind::Request, by, origin) };
    draft.set("change", change);
    draft.set("deadline", request.deadline.rfc3339());
    draft.set("reason", ask.reason.clone());
    draft.set("ticket", ask.ticket.clone());
    draft.risk = Some(ask.risk);
    let rules = ask.rules.iter().map(|asked| asked.rule.clone()).collect();
    draft.policy = Some(PolicyUse { version: 1, sha256: ask.policy, rules });
    draft.quorum = Some((request.approvals(), request.quorum()));
    draft
}

/// The entry about an answer, with the approver as the actor.
fn answered(kind: Kind, request: &Request, decision: &Decision) -> Draft {
    let Draft { request: id, data, .. } = Draft::about(kind, request);
    let mut draft = Draft { request: id, data, ..by_approver(kind, decision) };
    draft.quorum = Some((request.approvals(), request.quorum()));
    draft.decision = Some(decision.clone());
    draft
}

/// An entry with the approver as the actor.
pub(super) fn by_approver(kind: Kind, decision: &Decision) -> Draft {
    let mut draft = Draft::by_gate(kind);
    draft.actor.kind = "approver".to_owned();
    draft.actor.id = decision.approver.name.clone();
    draft.actor.uid = decision.approver.uid;
    draft.actor.auth = decision.assurance.to_string();
    draft
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> ChangeError {
        ChangeError::Store(error)
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChangeError::Unknown(id) => write!(f, "there is no request {id}; see `gate requests`"),
            ChangeError::Refused { refusal, request } => write!(f, "request {}: {refusal}", request.id),
            ChangeError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ChangeError {}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| crate::command::visible(text.as_bytes());
        match self {
            FindError::Malformed { text } => {
                write!(f, "`{}` is no request id, like `7KQ2-M9XD-4T1B` or its beginning", shown(text))
            }
            FindError::Unknown { text } => {
                write!(f, "no request begins with `{}`; see `gate requests`", shown(text))
            }
            FindError::Ambiguous { text, ids } => {
                let ids: Vec<String> = ids.iter().take(5).map(ToString::to_string).collect();
                write!(f, "`{}` may be {}; type more of it", shown(text), ids.join(" or "))
            }
            FindError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FindError {}
