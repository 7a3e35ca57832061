//! Waiting for a decision: said once, noticed at once, and given up without losing anything.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::ending::{by_grant, decided_by, say_parked};
use super::message::{say_not_run, say_set_up};
use super::{Ending, Ends, Gate};
use crate::approval::{Answer, Request, RequesterKind, State};
use crate::command::visible;
use crate::error::Exit;
use crate::exec::{self, Attention, Told};
use crate::identity::{People, hurdles};
use crate::report::{Next, Report};
use crate::store::{ChangeError, Waited, clock};
use crate::ui;

/// How long a signal that arrives just before the wait can go unnoticed.
const LOOK: Duration = Duration::from_secs(1);

/// Why waiting would be in vain.
enum Nobody {
    /// No approver can fulfil what the policy asks for.
    May(String),
    /// The job runs where nobody answers, as far as the configuration says.
    IsThere,
}

/// What waiting came to.
pub(super) enum Decided {
    Approved(Box<Request>),
    Otherwise(Box<Ending>),
}

impl Decided {
    fn otherwise(ending: Ending) -> Decided {
        Decided::Otherwise(Box::new(ending))
    }
}

impl Gate {
    /// Waits until the request is decided, the requester's patience is over, or somebody says so. Where nobody can answer, it does not wait.
    pub(super) fn wait(&mut self, request: Request, patience: Duration) -> anyhow::Result<Decided> {
        if let Some(nobody) = self.unanswerable(&request) {
            return self.park_unanswerable(&request, &nobody).map(Decided::otherwise);
        }
        let attention = Attention::listen();
        let end = Instant::now() + patience;
        let mut request = request;
        if request.state() == State::Pending {
            self.say_waiting(&request);
            if let Some(answered) = self.ask_inline(&request, &attention, end)? {
                request = answered;
            }
        }
        loop {
            match request.state() {
                State::Pending => {}
                State::Approved => return Ok(Decided::Approved(Box::new(request))),
                _ => return Ok(Decided::otherwise(Ending::closed(&request, &self.config.places))),
            }
            match attention.told() {
                Some(Told::Cancel) => return self.cancel(&request).map(Decided::otherwise),
                Some(Told::Park) => return self.park(&request).map(Decided::otherwise),
                None => {}
            }
            if request.step(clock::now()) > request.progress.step {
                request = self.handed_on(&request)?;
                continue;
            }
            let patience = end.saturating_duration_since(Instant::now());
            let remaining = request.remaining(clock::now());
            let next = request.next_step(clock::now()).map_or(remaining, |(_, left)| left);
            let limit = patience.min(remaining).min(next).min(LOOK);
            match self.store.wait(request.id, request.progress.version, limit)? {
                Waited::Changed(changed) => {
                    say_escalated(&request, &changed);
                    request = *changed;
                }
                Waited::TimedOut if remaining.is_zero() => request = self.swept(&request)?,
                Waited::TimedOut if patience.is_zero() => return self.park(&request).map(Decided::otherwise),
                Waited::TimedOut | Waited::Interrupted => {}
            }
        }
    }

    /// Returns the request after everything that is past its deadline has been closed.
    fn swept(&mut self, request: &Request) -> anyhow::Result<Request> {
        self.store.sweep(clock::now())?;
        let swept = self.store.request(request.id)?;
        swept.with_context(|| format!("request {} is gone from the store", request.id))
    }

    /// Returns the request as its timer has handed it on; a decision that came in between counts.
    fn handed_on(&mut self, request: &Request) -> anyhow::Result<Request> {
        match self.store.advance(clock::now(), request.id) {
            Ok(after) => {
                let approvers = visible(after.approvers(clock::now()).join(", ").as_bytes());
                ui::say(&format!("nobody has decided on {} in time; it now waits for {approvers}", after.id));
                Ok(after)
            }
            Err(ChangeError::Refused { request, .. }) => Ok(*request),
            Err(error) => Err(error.into()),
        }
    }

    fn say_waiting(&self, request: &Request) {
        let about = about(request);
        ui::say(&format!("waiting for approval {about}; answer with `{} inbox`", self.config.places.gate()));
    }

    /// Returns why nobody can answer the request as things are, or `None` where somebody can.
    fn unanswerable(&self, request: &Request) -> Option<Nobody> {
        if request.state() != State::Pending {
            return None;
        }
        let people = People::of(&self.policy);
        let hurdles = hurdles(&request.ask.requirement, &self.config.user.name, &people, clock::now());
        let hurdle = hurdles.into_iter().next();
        if let Some(hurdle) = hurdle {
            return Some(Nobody::May(hurdle.to_string()));
        }
        let is_job = self.requester.kind == RequesterKind::Ci;
        (is_job && !self.config.settings.local.attended).then_some(Nobody::IsThere)
    }

    /// Parks a request that would only be waited for in vain.
    fn park_unanswerable(&mut self, request: &Request, nobody: &Nobody) -> anyhow::Result<Ending> {
        let parked = match self.store.park(clock::now(), request.id, true) {
            Ok(parked) => parked,
            Err(refused) => return self.changed_meanwhile(refused),
        };
        let about = about(&parked);
        match nobody {
            Nobody::IsThere => ui::say(&format!(
                "no approver can be reached from this job for {about}; parked, nothing was run"
            )),
            Nobody::May(why) => {
                ui::say(&format!("nobody can approve {about}: {why}; parked, nothing was run"))
            }
        }
        say_not_run(&parked.shown());
        match nobody {
            Nobody::IsThere => say_set_up(&self.config.places),
            Nobody::May(_) => {
                ui::hint(&format!("`{} doctor` says how to mend that", self.config.places.gate()))
            }
        }
        let report = Report { next: Some(Next::SetUp), ..Ending::of_request(&parked) };
        Ok(Ending { report, ends: Ends::Gate(Exit::NoDecision) })
    }

    /// Notes that nobody waits; a decision that came in between counts.
    fn park(&mut self, request: &Request) -> anyhow::Result<Ending> {
        match self.store.park(clock::now(), request.id, true) {
            Ok(parked) => {
                let next = Some(say_parked(&parked, &self.config.places));
                let report = Report { next, ..Ending::of_request(&parked) };
                Ok(Ending { report, ends: Ends::Gate(Exit::NoDecision) })
            }
            Err(refused) => self.changed_meanwhile(refused),
        }
    }

    fn cancel(&mut self, request: &Request) -> anyhow::Result<Ending> {
        let origin = exec::origin(&self.config.host);
        match self.store.cancel(clock::now(), request.id, &self.requester, &origin) {
            Ok(cancelled) => {
                ui::say(&format!("{} is cancelled; nothing was run", cancelled.id));
                say_not_run(&cancelled.shown());
                let report: Report = Ending::of_request(&cancelled);
                Ok(Ending { report, ends: Ends::Signal(libc::SIGINT) })
            }
            Err(refused @ ChangeError::Refused { .. }) => self.changed_meanwhile(refused),
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns the id with the risk and the reason: `7KQ2-M9XD-4T1B (high: rewrites history)`.
fn about(request: &Request) -> String {
    let reason = request.ask.rules.first().map_or("no rule allows it", |asked| &asked.reason);
    format!("{} ({}: {})", request.id, request.ask.risk, visible(reason.as_bytes()))
}

/// Says who handed the request on, if that is what happened.
fn say_escalated(before: &Request, after: &Request) {
    let is_open = after.state() == State::Pending && after.progress.step > before.progress.step;
    if let Some(given) = after.last_decision().filter(|given| is_open && given.answer == Answer::Escalate) {
        let approvers = visible(after.approvers(clock::now()).join(", ").as_bytes());
        ui::say(&format!("escalated by {}", decided_by(given)));
        ui::say(&format!("{} now waits for {approvers}", after.id));
    }
}

/// Says who approved.
pub(super) fn say_approved(request: &Request) {
    if let Some(taken) = &request.progress.granted {
        return ui::say(&format!("approved by {}", by_grant(taken)));
    }
    let approvers = request.progress.decisions.iter().filter(|given| given.answer == Answer::Approve);
    let names: Vec<String> = approvers.map(decided_by).collect();
    ui::say(&format!("approved by {}", names.join(", ")));
}
