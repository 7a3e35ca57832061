//! How a run of gate ends: the exit code or signal, and what the result file is told.

use std::process::ExitCode;

use super::message::{say_ask_anew, say_instead, say_not_run};
use crate::approval::{Answer, Decision, GrantUse, Request, State};
use crate::command::visible;
use crate::config::Places;
use crate::error::Exit;
use crate::exec::raise_again;
use crate::report::{Next, Report};
use crate::ui;

/// The exit code that tells a shell's line editor to go on with a line: no command has run, so it is not 0.
pub const HANDED: u8 = 10;

/// The end of a run.
#[derive(Debug)]
pub struct Ending {
    pub report: Report,
    pub ends: Ends,
}

/// With which exit code or signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// The command's own exit code.
    Command(u8),
    /// The signal that ended the command, or Ctrl-C while waiting.
    Signal(i32),
    /// A code of gate's own.
    Gate(Exit),
    /// Not yet: the command went to a shell that runs on.
    Handed,
}

impl Ending {
    /// Returns the report's beginning for a request.
    pub(super) fn of_request(request: &Request) -> Report {
        Report {
            state: request.state().name().to_owned(),
            verdict: Some("ask".to_owned()),
            rules: request.ask.rules.iter().map(|asked| asked.rule.clone()).collect(),
            request: Some(request.id.to_string()),
            by: by(request),
            grant: request.progress.granted.as_ref().map(|taken| taken.grant.to_string()),
            reason: request.progress.why.clone().or_else(|| reason(request).map(str::to_owned)),
            instead: instead(request).map(str::to_owned).collect(),
            comment: request.last_decision().and_then(|decision| decision.comment.clone()),
            until: request.state().is_open().then(|| request.deadline.rfc3339()),
            ..Report::default()
        }
    }

    pub(super) fn exited(report: Report, code: u8) -> Ending {
        let state = if code == 0 { State::Succeeded } else { State::Failed };
        let report = Report { state: state.name().to_owned(), exit: Some(code), ..report };
        Ending { report, ends: Ends::Command(code) }
    }

    pub(super) fn signalled(report: Report, signal: i32) -> Ending {
        let report = Report { state: State::Failed.name().to_owned(), signal: Some(signal), ..report };
        Ending { report, ends: Ends::Signal(signal) }
    }

    /// Says why a request that is not approved ends here, and returns the end.
    pub(super) fn closed(request: &Request, places: &Places) -> Ending {
        let exit = match request.state() {
            State::Rejected | State::Revoked | State::Invalidated => Exit::Refused,
            _ => Exit::NoDecision,
        };
        let next = Some(say_closed(request, places));
        Ending { report: Report { next, ..Ending::of_request(request) }, ends: Ends::Gate(exit) }
    }

    /// Returns the process's exit code; where a signal ended the command, ends this process by the same.
    pub fn exit(&self) -> ExitCode {
        match self.ends {
            Ends::Command(code) => ExitCode::from(code),
            Ends::Gate(exit) => exit.into(),
            Ends::Handed => ExitCode::from(HANDED),
            Ends::Signal(signal) => {
                raise_again(signal);
                ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
            }
        }
    }

    /// Returns the report with gate's own exit code filled in.
    pub fn full_report(&self) -> Report {
        let exit = match self.ends {
            Ends::Command(code) => Some(code),
            Ends::Gate(exit) => Some(exit as u8),
            Ends::Handed => Some(HANDED),
            Ends::Signal(_) => None,
        };
        Report { exit, ..self.report.clone() }
    }
}

/// Returns why the policy asks, in the words of its strictest rule.
fn reason(request: &Request) -> Option<&str> {
    request.ask.rules.first().map(|asked| asked.reason.as_str())
}

fn instead(request: &Request) -> impl Iterator<Item = &str> {
    request.ask.rules.iter().filter_map(|asked| asked.instead.as_deref())
}

/// Says why a request that is not approved ends here, and what to do next.
fn say_closed(request: &Request, places: &Places) -> Next {
    let (id, why) = (request.id, request.progress.why.as_deref().unwrap_or_default());
    let over = |text: String| {
        ui::say(&text);
        say_not_run(&request.shown());
        say_ask_anew()
    };
    match request.state() {
        State::Rejected | State::Revoked => say_rejected(request),
        State::Invalidated => {
            over(format!("{id} is no longer valid ({}); nothing was run", visible(why.as_bytes())))
        }
        State::Expired => over(format!("no decision on {id} in time; it has expired, nothing was run")),
        State::Cancelled => over(format!("{id} was {}; nothing was run", visible(why.as_bytes()))),
        State::Pending | State::Approved => say_parked(request, places),
        state
        @ (State::Executing | State::Succeeded | State::Failed | State::NotStarted | State::Unknown) => {
            ui::say(&format!("{id} is {state} already, by another process; nothing was run here"));
            say_not_run(&request.shown());
            ui::hint(&format!("`{} show {}` says how it went", places.gate(), short(request)));
            Next::Show
        }
    }
}

fn say_rejected(request: &Request) -> Next {
    let rejection = request.progress.decisions.iter().rev().find(|given| given.answer == Answer::Reject);
    match rejection {
        Some(given) => ui::say(&format!("rejected by {}", decided_by(given))),
        None => ui::say(&format!("{} was taken back; nothing was run", request.id)),
    }
    say_not_run(&request.shown());
    if say_instead(instead(request)) {
        return Next::Instead;
    }
    ui::hint("leave it, or settle it with whoever rejected it before you ask again");
    Next::Leave
}

/// Returns `mara via tty: the comment`.
pub(super) fn decided_by(decision: &Decision) -> String {
    let comment = decision.comment.as_deref().filter(|comment| !comment.is_empty());
    let comment = comment.map(|comment| format!(": {comment}")).unwrap_or_default();
    visible(format!("{} via {}{comment}", decision.approver.name, decision.channel).as_bytes())
}

/// Returns `a grant of mara (7KQ2-M9XD-4T1B, use 2 of 5)`.
pub(super) fn by_grant(taken: &GrantUse) -> String {
    let number = match (taken.line, taken.of) {
        (Some(line), _) => format!("line {line}"),
        (None, Some(of)) => format!("use {} of {of}", taken.number),
        (None, None) => format!("use {}", taken.number),
    };
    let kind = if taken.line.is_some() { "a plan approved by" } else { "a grant of" };
    visible(format!("{kind} {} ({}, {number})", taken.by.join(", "), taken.grant).as_bytes())
}

/// Returns whose decision counts: the last one's, or those of the grant.
fn by(request: &Request) -> Option<String> {
    let last = request.last_decision().map(|decision| decision.approver.name.clone());
    last.or_else(|| request.progress.granted.as_ref().map(|taken| taken.by.join(", ")))
}

/// Says that nobody waits any more, and how to go on.
pub(super) fn say_parked(request: &Request, places: &Places) -> Next {
    ui::say(&format!("no decision on {} yet; parked, nothing was run", request.id));
    say_not_run(&request.shown());
    ui::hint(&format!("run `{} resume {}` when it is approved", places.gate(), short(request)));
    Next::Resume
}

/// Returns the beginning of the id that a person types.
fn short(request: &Request) -> &str {
    &request.id.as_str()[..4]
}
