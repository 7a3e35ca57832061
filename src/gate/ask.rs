//! Asking: what is bound, what is said on the card, and the request itself.

use super::{Ending, Ends, Gate, Judged, Wish};
use crate::approval::{Ask, Content, Request};
use crate::command::Command;
use crate::error::Exit;
use crate::exec::{self, Binding, NotStarted};
use crate::store::{MOST_PENDING, Submitted, clock};
use crate::ui;

/// What came of asking.
pub(super) enum Asked {
    /// A request waits, new or joined.
    Waits(Box<Request>),
    /// None was made.
    Not(Ending),
}

impl Gate {
    /// Makes a request of the wish, or joins the one that asks for the same.
    pub(super) fn submit(&mut self, wish: &Wish, judged: &Judged) -> anyhow::Result<Asked> {
        if let Some(ending) = lacking(wish, judged) {
            return Ok(Asked::Not(ending));
        }
        if let Some(ending) = self.is_startable(&wish.command, judged)? {
            return Ok(Asked::Not(ending));
        }
        let (content, uncovered) = self.content(&wish.command, judged)?;
        let ask = Ask {
            requester: self.requester.clone(),
            origin: exec::origin_with_ancestors(&self.config.host),
            reason: wish.why.reason.clone(),
            ticket: wish.why.ticket.clone(),
            rules: judged.asked_by(),
            risk: judged.judgement.risk,
            actions: judged.asked_actions(),
            labels: judged.labels(),
            policy: judged.policy,
            requirement: judged.requirement.clone(),
            uncovered,
        };
        Ok(match self.store.submit(clock::now(), content, ask)? {
            Submitted::Created(request) | Submitted::Joined(request) => Asked::Waits(request),
            Submitted::TooMany { pending } => {
                ui::say(&format!(
                    "{pending} requests of yours wait already, at most {MOST_PENDING} may; nothing was run"
                ));
                ui::hint(&format!(
                    "see them with `{0} requests`, take one back with `{0} cancel ID`",
                    self.config.places.gate()
                ));
                Asked::Not(Ending { report: judged.report(), ends: Ends::Gate(Exit::Refused) })
            }
        })
    }

    /// Returns the content C of `command`, and what could not be bound.
    pub(super) fn content(
        &self,
        command: &Command,
        judged: &Judged,
    ) -> Result<(Content, Vec<String>), NotStarted> {
        let binding = Binding {
            host: &self.config.host,
            programs: &self.policy,
            matters: &|name| self.policy.names_variable(name),
            commit: &|value| self.store.hmac(value),
        };
        let gathered = exec::bind(command, &judged.analysis, &binding)?;
        Ok((Content::of(command, &gathered.bound), gathered.uncovered))
    }
}

/// Says which word of the requester's the requirement misses.
fn lacking(wish: &Wish, judged: &Judged) -> Option<Ending> {
    let is_missing = |needed: bool, given: &Option<String>| {
        needed && given.as_deref().is_none_or(|text| text.trim().is_empty())
    };
    let (what, flag, variable) = if is_missing(judged.requirement.reason, &wish.why.reason) {
        ("a reason", "--reason", "GATE_REASON")
    } else if is_missing(judged.requirement.ticket, &wish.why.ticket) {
        ("a ticket", "--ticket", "GATE_TICKET")
    } else {
        return None;
    };
    ui::say(&format!("{} needs {what}; nothing was asked, nothing was run", judged.because()));
    ui::hint(&format!("give it with `{flag} TEXT`, or `{variable}='…'` in front of the command"));
    Some(Ending { report: judged.report(), ends: Ends::Gate(Exit::Refused) })
}
