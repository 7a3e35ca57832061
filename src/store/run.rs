//! Starts and ends of commands: the record before, the lock meanwhile, the record after.

use rusqlite::Transaction;

use super::entries::{self, Pen, Ready};
use super::lock::RunLock;
use super::runs::{self, OpenRun};
use super::{ChangeError, Durability, Store, StoreError, Trouble, grants, log, requests, wake};
use crate::approval::{
    Approved, Event, Origin, Outcome, Recheck, Refusal, Request, RequestId, Runner, State, Weigh, claim,
    is_expired, transition,
};
use crate::audit::{Draft, Kind};
use crate::identity::People;
use crate::moment::Moment;

/// A command that is about to run, or runs: recorded, and locked until [`Store::finish`] or the end of the process.
///
/// Whoever drops it without finishing leaves a lost run behind.
#[derive(Debug)]
pub struct Run {
    seq: u64,
    started: Moment,
    /// The start's draft without its command: who and where.
    start: Draft,
    lock: RunLock,
}

impl Run {
    /// Returns the sequence number of its `exec.start`.
    pub fn seq(&self) -> u64 {
        self.seq
    }
}

/// What a sweep found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The requests that have expired.
    pub expired: Vec<RequestId>,
    /// The runs whose runner is gone, by the sequence number of their start.
    pub lost: Vec<u64>,
}

impl Store {
    /// Records that the policy lets `approved` run (`judged`) and that it starts now, in one durable commit.
    ///
    /// The command of both entries is the one in `approved`: the record is of what runs.
    pub fn start_allowed(
        &mut self,
        now: Moment,
        approved: &Approved,
        judged: Draft,
    ) -> Result<Run, StoreError> {
        let (ready, start) = self.judged_and_start(now, approved, judged)?;
        let dir = self.dir.clone();
        let lock =
            self.write(now, Durability::Start, |db, _| begin(db, &dir, &ready, start.request, None))?;
        Ok(run(lock, now, start))
    }

    /// Does as [`Store::start_allowed`] for a part of what the start `outer` began, if that still runs.
    pub fn start_inside(
        &mut self,
        now: Moment,
        approved: &Approved,
        judged: Draft,
        outer: u64,
    ) -> Result<Option<Run>, StoreError> {
        let (ready, start) = self.judged_and_start(now, approved, judged)?;
        let dir = self.dir.clone();
        let lock = self.write(now, Durability::Start, |db, _| {
            if !runs::is_running(db, &dir, outer)? {
                return Ok(None);
            }
            begin(db, &dir, &ready, start.request, None).map(Some)
        })?;
        Ok(lock.map(|lock| run(lock, now, start)))
    }

    /// Makes the verdict and the start that follows it at once ready, both about the command in `approved`; returns the start too.
    fn judged_and_start(
        &self,
        now: Moment,
        approved: &Approved,
        judged: Draft,
    ) -> Result<(Vec<Ready>, Draft), StoreError> {
        let judged = Draft { command: Some(approved.command().clone()), ..judged };
        let mut start = judged.clone();
        // What the verdict rests on stands in the entry before.
        (start.kind, start.risk, start.policy, start.bound) = (Kind::ExecStart, None, None, None);
        start.data.clear();
        self.prepare(&runs::OF_A_START)?;
        Ok((self.ready(now, &[&judged, &start])?, start))
    }

    /// Returns the approved commands that run now: below which process, since which start, by which request.
    pub fn running(&self) -> Result<Vec<(Runner, u64, RequestId)>, StoreError> {
        runs::running(&self.db, &self.dir).map_err(|error| self.failed("read", error))
    }

    /// Claims an approved request for the process at `origin`, to run below `runner`: from here on it runs, once.
    ///
    /// `recheck` is what would run now. If it is not what was approved, the request is invalidated, if it is too late, expired, and nothing may run.
    /// `name` is what this call has where C leaves a name open; else it is that of the first call.
    /// Only approvals count that are proven to be by one of `people`, as they are now.
    pub fn claim(
        &mut self,
        now: Moment,
        id: RequestId,
        (recheck, name): (Recheck, Option<&str>),
        origin: &Origin,
        runner: Option<&Runner>,
        people: &People,
    ) -> Result<(Approved, Run), ChangeError> {
        self.prepare(&runs::OF_A_START)?;
        self.prepare(&requests::OF_A_CHANGE)?;
        let dir = self.dir.clone();
        let done = self.write(now, Durability::Start, |db, pen| {
            let Some(before) = requests::load(db, id)? else { return Ok(Err(ChangeError::Unknown(id))) };
            let tree = log::frontier(db)?.unwrap_or_default();
            let weigh: Weigh<'_> =
                &|given| entries::continues(&tree, given).and_then(|()| people.weigh(given, &before, now));
            if let Err(refusal) = grants::stands(db, &before, weigh, now)? {
                return Ok(Err(close_refused(db, pen, before, refusal)?));
            }
            let (after, approved) = match claim(&before, recheck, weigh, now) {
                Ok(claimed) => claimed,
                Err(refusal) => return Ok(Err(close_refused(db, pen, before, refusal)?)),
            };
            update(db, &before, &after)?;
            let approved = approved.called(&after, name);
            let mut start = Draft::new(Kind::ExecStart, &after.ask.requester, origin);
            start.request = Some(id);
            start.set("content", after.content.digest().to_string());
            start.set("digest", after.digest().to_string());
            let given = after.content.given(name.or(after.ask.per_call.as_deref()));
            let wrapping = given.and_then(|(_, wrapping)| wrapping);
            let with_command = Draft { command: Some(approved.command().clone()), wrapping, ..start.clone() };
            let lock = begin(db, &dir, &pen.write(&[&with_command])?, start.request, runner)?;
            Ok(Ok((approved, lock, start)))
        })?;
        let (approved, lock, start) = done.inspect_err(|_| wake::touch(&self.dir))?;
        wake::touch(&self.dir);
        Ok((approved, run(lock, now, start)))
    }

    /// Records how a run ended, and gives its lock back. Not flushed: it becomes durable with the next commit.
    pub fn finish(&mut self, now: Moment, run: Run, outcome: Outcome) -> Result<(), StoreError> {
        let Run { seq, started, start, lock } = run;
        let request = start.request;
        let mut end = Draft { kind: Kind::ExecEnd, command: None, wrapping: None, bound: None, ..start };
        end.data.clear();
        end.set("start", seq);
        end.outcome = Some((outcome.clone(), now.since(started)));
        self.prepare(&[runs::REMOVE])?;
        let ready = self.ready(now, &[&end])?;
        self.write_in_reserve(now, Durability::Normal, |db, _| {
            runs::remove(db, seq)?;
            if let Some(before) = load_some(db, request)?
                && let Ok(after) = transition(&before, &Event::Finish(outcome.clone()), now)
            {
                update(db, &before, &after)?;
            }
            entries::place(db, &ready)?;
            Ok(())
        })?;
        drop(lock);
        if request.is_some() {
            wake::touch(&self.dir);
        }
        Ok(())
    }

    /// Expires what is past its deadline, and records the runs that were lost.
    pub fn sweep(&mut self, now: Moment) -> Result<Swept, StoreError> {
        let lost = runs::lost(&self.db, &self.dir, u32::MAX).map_err(|error| self.failed("read", error))?;
        self.close_lost(now, &lost)?;
        let open = self.requests(super::Which::Open)?;
        self.advance_all(now, &open)?;
        let mut expired = Vec::new();
        for request in open.iter().filter(|request| is_expired(request, now)) {
            match self.change(now, request.id, |before| expire(before, now)) {
                Ok(_) => expired.push(request.id),
                Err(ChangeError::Store(error)) => return Err(error),
                Err(ChangeError::Unknown(_) | ChangeError::Refused { .. }) => {}
            }
        }
        Ok(Swept { expired, lost: lost.into_iter().map(|run| run.seq).collect() })
    }

    /// Hands on what timers hand on.
    fn advance_all(&mut self, now: Moment, open: &[Request]) -> Result<(), StoreError> {
        let is_due = |request: &&Request| {
            request.state() == State::Pending
                && request.step(now) > request.progress.step
                && !is_expired(request, now)
        };
        for request in open.iter().filter(is_due) {
            if let Err(ChangeError::Store(error)) = self.advance(now, request.id) {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Records these runs as lost.
    pub(super) fn close_lost(&mut self, now: Moment, found: &[OpenRun]) -> Result<(), StoreError> {
        for run in found {
            self.write(now, Durability::Full, |db, pen| close_lost(db, pen, *run))?;
        }
        if found.iter().any(|run| run.request.is_some()) {
            wake::touch(&self.dir);
        }
        Ok(())
    }
}

pub(super) fn run((seq, lock): (u64, RunLock), now: Moment, start: Draft) -> Run {
    Run { seq, started: now, start: Draft { command: None, bound: None, ..start }, lock }
}

/// Appends what leads to a start and the start, all at once, and takes its lock before anybody else can see the row.
pub(super) fn begin(
    db: &Transaction<'_>,
    dir: &std::path::Path,
    ready: &[Ready],
    request: Option<RequestId>,
    runner: Option<&Runner>,
) -> Result<(u64, RunLock), Trouble> {
    let recorded = entries::place(db, ready)?;
    let seq = recorded.last().map_or(0, |entry| entry.seq);
    let lock = RunLock::take(dir, &runs::slots(db)?)?;
    runs::insert(db, OpenRun { seq, request }, lock.slot, runner)?;
    Ok((seq, lock))
}

fn close_lost(db: &Transaction<'_>, pen: &Pen<'_>, run: OpenRun) -> Result<(), Trouble> {
    if !runs::remove(db, run.seq)? {
        return Ok(());
    }
    let mut lost = Draft::by_gate(Kind::ExecLost);
    lost.request = run.request;
    lost.set("start", run.seq);
    if let Some(before) = load_some(db, run.request)?
        && let Ok(after) = transition(&before, &Event::Lose, pen.now)
    {
        update(db, &before, &after)?;
    }
    pen.append(db, &[&lost])?;
    Ok(())
}

fn load_some(db: &Transaction<'_>, id: Option<RequestId>) -> Result<Option<Request>, Trouble> {
    id.map_or(Ok(None), |id| requests::load(db, id))
}

/// Sets a row, which nobody can have changed: it was read in the same transaction.
pub(super) fn update(db: &Transaction<'_>, before: &Request, after: &Request) -> Result<(), Trouble> {
    if requests::compare_and_set(db, before, after)? {
        return Ok(());
    }
    let found = "it changed inside a transaction".to_owned();
    Err(Trouble::Store(StoreError::BadRequest { id: before.id.to_string(), found }))
}

/// What a refusal leads to: an expired request is closed as that, one whose C or policy changed is invalidated.
pub(super) fn close_refused(
    db: &Transaction<'_>,
    pen: &Pen<'_>,
    before: Request,
    refusal: Refusal,
) -> Result<ChangeError, Trouble> {
    let (event, kind) = match &refusal {
        Refusal::Expired => (Event::Expire, Kind::RequestExpired),
        Refusal::ContentChanged | Refusal::PolicyChanged | Refusal::Unproven { .. } | Refusal::Grant(_) => {
            (Event::Invalidate { why: refusal.to_string() }, Kind::RequestInvalidated)
        }
        _ => return Ok(ChangeError::Refused { refusal, request: Box::new(before) }),
    };
    let Ok(after) = transition(&before, &event, pen.now) else {
        return Ok(ChangeError::Refused { refusal, request: Box::new(before) });
    };
    update(db, &before, &after)?;
    let mut draft = by_gate_about(kind, &after);
    draft.set("why", refusal.to_string());
    pen.append(db, &[&draft])?;
    Ok(ChangeError::Refused { refusal, request: Box::new(after) })
}

fn expire(before: &Request, now: Moment) -> Result<(Request, Draft), Refusal> {
    let after = transition(before, &Event::Expire, now)?;
    let draft = by_gate_about(Kind::RequestExpired, &after);
    Ok((after, draft))
}

fn by_gate_about(kind: Kind, request: &Request) -> Draft {
    let Draft { request: id, data, .. } = Draft::about(kind, request);
    Draft { request: id, data, ..Draft::by_gate(kind) }
}
