//! Asking: what is bound, what is said on the card, and the request itself.

use super::message::say_not_run;
use super::{Ending, Ends, Gate, Judged, Wish};
use crate::approval::{Ask, BoundFile, BoundStdin, Content, Request};
use crate::command::Command;
use crate::error::Exit;
use crate::exec::{self, Binding, Input, NotStarted};
use crate::report::{Next, Report};
use crate::store::{MOST_PENDING, Submitted, clock};
use crate::ui;
use crate::why::take_from;

/// What came of asking.
pub(super) enum Asked {
    /// A request waits, new or joined.
    Waits(Box<Request>),
    /// None was made.
    Not(Box<Ending>),
}

/// What a start is held to.
#[derive(Default)]
pub(super) struct Held {
    pub(super) program: Option<BoundFile>,
    pub(super) files: Vec<BoundFile>,
}

/// What an approval is bound to.
pub(super) struct Bound {
    /// C.
    pub(super) content: Content,
    /// What it leaves open, in words for the card.
    pub(super) uncovered: Vec<String>,
    /// The program that is started, and the files that it may read as a script.
    pub(super) held: Held,
}

impl Gate {
    /// Makes a request of the wish, or joins the one that asks for the same.
    pub(super) fn submit(&mut self, wish: &Wish, judged: &Judged) -> anyhow::Result<Asked> {
        // An agent writes its reason in front of its own command.
        let own = Command { source: judged.shown(&wish.command), ..wish.command.clone() };
        let why = wish.why.clone().or(take_from(&own.text()).0);
        let wish = &Wish { why, ..wish.clone() };
        if let Some(ending) = lacking(wish, judged) {
            return Ok(Asked::Not(Box::new(ending)));
        }
        if let Some(ending) = self.is_startable(&wish.command, judged)? {
            return Ok(Asked::Not(Box::new(ending)));
        }
        if let Some(ending) = self.take_input(wish, judged) {
            return Ok(Asked::Not(Box::new(ending)));
        }
        let Bound { content, uncovered, .. } = self.content(&wish.command, judged)?;
        let wanted = self.wanted(judged, &wish.command.cwd);
        let mut ask = self.ask_of(wish, judged, uncovered);
        self.look_ahead(&wanted, &wish.command.cwd, &content, &mut ask)?;
        Ok(match self.store.submit(clock::now(), content, ask)? {
            Submitted::Created(request) | Submitted::Joined(request) => Asked::Waits(request),
            Submitted::TooMany { pending } => {
                ui::say(&format!(
                    "{pending} requests of yours wait already, at most {MOST_PENDING} may; nothing was run"
                ));
                say_not_run(&judged.shown(&wish.command));
                ui::hint(&format!(
                    "see them with `{0} requests`, take one back with `{0} cancel ID`",
                    self.config.places.gate()
                ));
                Asked::Not(Box::new(refused(judged, Next::Cancel)))
            }
        })
    }

    /// Returns what is said of the wish to whoever decides, without previews.
    pub(super) fn ask_of(&self, wish: &Wish, judged: &Judged, uncovered: Vec<String>) -> Ask {
        Ask {
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
            input: self.told_on_input(judged),
            previews: Vec::new(),
            per_call: left_open(&wish.command, judged),
            reach: self.reach(judged, &wish.command.cwd),
        }
    }

    /// Returns what an approval of `command` is bound to.
    pub(super) fn content(&self, command: &Command, judged: &Judged) -> Result<Bound, NotStarted> {
        // What is gate's own is looked at each time: a file may have changed since.
        let held = self.input.as_ref().filter(|input| !input.is_own());
        let own = held.is_none().then(Input::own);
        let binding = Binding {
            stdin: held.or(own.as_ref()).map_or(&BoundStdin::Empty, Input::bound),
            host: judged.meaning.host(&self.config.host),
            programs: &self.policy,
            matters: &|name| self.policy.names_variable(name),
            commit: &|value| self.store.hmac(value),
        };
        let meaning = &judged.meaning;
        let mut gathered = exec::bind(command, &meaning.analysis, &binding)?;
        self.bind_past(&mut gathered);
        let content = Content::wrapped(command, meaning.wrapping.as_ref(), &gathered.bound);
        let held = Held { program: gathered.bound.programs.into_iter().next(), files: gathered.bound.files };
        Ok(Bound { content, uncovered: gathered.uncovered, held })
    }
}

/// Returns the name that C leaves open of `command`.
pub(super) fn left_open(command: &Command, judged: &Judged) -> Option<String> {
    let (start, end) = judged.meaning.wrapping.as_ref()?.per_call?;
    let text = command.text();
    text.get(start..end).map(|name| String::from_utf8_lossy(name).into_owned())
}

/// Says which word of the requester's the requirement misses.
pub(super) fn lacking(wish: &Wish, judged: &Judged) -> Option<Ending> {
    let is_missing = |needed: bool, given: &Option<String>| {
        needed && given.as_deref().is_none_or(|text| text.trim().is_empty())
    };
    let (what, flag, variable, next) = if is_missing(judged.requirement.reason, &wish.why.reason) {
        ("a reason", "--reason", "GATE_REASON", Next::Reason)
    } else if is_missing(judged.requirement.ticket, &wish.why.ticket) {
        ("a ticket", "--ticket", "GATE_TICKET", Next::Ticket)
    } else {
        return None;
    };
    ui::say(&format!("{} needs {what}; nothing was asked, nothing was run", judged.because()));
    say_not_run(&judged.shown(&wish.command));
    ui::hint(&format!("give it with `{flag} TEXT`, or `{variable}='…'` in front of the command"));
    Some(refused(judged, next))
}

/// Returns the end of a wish that is not even asked about.
fn refused(judged: &Judged, next: Next) -> Ending {
    let report = Report { state: "BLOCKED".to_owned(), next: Some(next), ..judged.report() };
    Ending { report, ends: Ends::Gate(Exit::Refused) }
}
