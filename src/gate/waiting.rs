//! Waiting for a decision: said once, noticed at once, and given up without losing anything.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::ending::say_parked;
use super::{Ending, Ends, Gate};
use crate::approval::{Answer, Decision, Request, State};
use crate::command::visible;
use crate::error::Exit;
use crate::exec::{self, Attention, Told};
use crate::report::Report;
use crate::store::{ChangeError, Waited, clock};
use crate::ui;

/// How long a signal that arrives just before the wait can go unnoticed.
const LOOK: Duration = Duration::from_secs(1);

/// What waiting came to.
pub(super) enum Decided {
    Approved(Box<Request>),
    Otherwise(Ending),
}

impl Gate {
    /// Waits until the request is decided, the requester's patience is over, or somebody says so.
    pub(super) fn wait(&mut self, request: Request, patience: Duration) -> anyhow::Result<Decided> {
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
                _ => return Ok(Decided::Otherwise(Ending::closed(&request, &self.config.places))),
            }
            match attention.told() {
                Some(Told::Cancel) => return self.cancel(&request).map(Decided::Otherwise),
                Some(Told::Park) => return self.park(&request).map(Decided::Otherwise),
                None => {}
            }
            let patience = end.saturating_duration_since(Instant::now());
            let remaining = request.remaining(clock::now());
            let limit = patience.min(remaining).min(LOOK);
            match self.store.wait(request.id, request.progress.version, limit)? {
                Waited::Changed(changed) => request = *changed,
                Waited::TimedOut if remaining.is_zero() => request = self.swept(&request)?,
                Waited::TimedOut if patience.is_zero() => return self.park(&request).map(Decided::Otherwise),
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

    fn say_waiting(&self, request: &Request) {
        let reason = request.ask.rules.first().map_or("no rule allows it", |asked| &asked.reason);
        ui::say(&format!(
            "waiting for approval {} ({}: {}); answer with `{} inbox`",
            request.id,
            request.ask.risk,
            visible(reason.as_bytes()),
            self.config.places.gate(),
        ));
    }

    /// Notes that nobody waits; a decision that came in between counts.
    fn park(&mut self, request: &Request) -> anyhow::Result<Ending> {
        match self.store.park(clock::now(), request.id, true) {
            Ok(parked) => {
                say_parked(&parked, &self.config.places);
                Ok(Ending { report: Ending::of_request(&parked), ends: Ends::Gate(Exit::NoDecision) })
            }
            Err(refused) => self.changed_meanwhile(refused),
        }
    }

    fn cancel(&mut self, request: &Request) -> anyhow::Result<Ending> {
        let origin = exec::origin(&self.config.host);
        match self.store.cancel(clock::now(), request.id, &self.requester, &origin) {
            Ok(cancelled) => {
                ui::say(&format!("{} is cancelled; nothing was run", cancelled.id));
                let report: Report = Ending::of_request(&cancelled);
                Ok(Ending { report, ends: Ends::Signal(libc::SIGINT) })
            }
            Err(refused @ ChangeError::Refused { .. }) => self.changed_meanwhile(refused),
            Err(error) => Err(error.into()),
        }
    }
}

/// Says who approved.
pub(super) fn say_approved(request: &Request) {
    let approvers = request.progress.decisions.iter().filter(|given| given.answer == Answer::Approve);
    let name = |given: &Decision| {
        let by = visible(given.approver.name.as_bytes());
        let comment = given
            .comment
            .as_deref()
            .map_or(String::new(), |comment| format!(": {}", visible(comment.as_bytes())));
        format!("{by} via {}{comment}", given.channel)
    };
    let names: Vec<String> = approvers.map(name).collect();
    ui::say(&format!("approved by {}", names.join(", ")));
}
