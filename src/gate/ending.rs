//! How a run of gate ends: the exit code or signal, and what the result file is told.

use std::process::ExitCode;

use crate::approval::{Answer, Request, State};
use crate::command::visible;
use crate::config::Places;
use crate::error::Exit;
use crate::exec::raise_again;
use crate::report::Report;
use crate::ui;

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
}

impl Ending {
    /// Returns the report's beginning for a request.
    pub(super) fn of_request(request: &Request) -> Report {
        Report {
            state: request.state().name().to_owned(),
            verdict: Some("ask".to_owned()),
            rules: request.ask.rules.iter().map(|asked| asked.rule.clone()).collect(),
            request: Some(request.id.to_string()),
            by: request.last_decision().map(|decision| decision.approver.name.clone()),
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
        let (id, why) = (request.id, request.progress.why.as_deref().unwrap_or_default());
        let exit = match request.state() {
            State::Rejected | State::Revoked => {
                say_rejected(request);
                Exit::Refused
            }
            State::Invalidated => {
                ui::say(&format!("{id} is no longer valid ({why}); nothing was run"));
                ui::hint("run the command again to ask anew");
                Exit::Refused
            }
            State::Expired => {
                ui::say(&format!("no decision on {id} in time; it has expired, nothing was run"));
                Exit::NoDecision
            }
            State::Cancelled => {
                ui::say(&format!("{id} was {}; nothing was run", visible(why.as_bytes())));
                Exit::NoDecision
            }
            State::Pending | State::Approved => {
                say_parked(request, places);
                Exit::NoDecision
            }
            state @ (State::Executing
            | State::Succeeded
            | State::Failed
            | State::NotStarted
            | State::Unknown) => {
                ui::say(&format!("{id} is {state} already, by another process; nothing was run here"));
                Exit::NoDecision
            }
        };
        Ending { report: Ending::of_request(request), ends: Ends::Gate(exit) }
    }

    /// Returns the process's exit code; where a signal ended the command, ends this process by the same.
    pub fn exit(&self) -> ExitCode {
        match self.ends {
            Ends::Command(code) => ExitCode::from(code),
            Ends::Gate(exit) => exit.into(),
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
            Ends::Signal(_) => None,
        };
        Report { exit, ..self.report.clone() }
    }
}

fn say_rejected(request: &Request) {
    let Some(decision) = request.progress.decisions.iter().rev().find(|given| given.answer == Answer::Reject)
    else {
        ui::say(&format!("{} was taken back; nothing was run", request.id));
        return;
    };
    let by = visible(decision.approver.name.as_bytes());
    let comment = decision.comment.as_deref().filter(|comment| !comment.is_empty());
    let comment = comment.map(|comment| format!(": {}", visible(comment.as_bytes()))).unwrap_or_default();
    ui::say(&format!("rejected by {by} via {}{comment}", decision.channel));
    for instead in request.ask.rules.iter().filter_map(|asked| asked.instead.as_deref()) {
        ui::hint(&format!("instead: {}", visible(instead.as_bytes())));
    }
}

/// Says that nobody waits any more, and how to go on.
pub(super) fn say_parked(request: &Request, places: &Places) {
    ui::say(&format!("no decision on {} yet; parked, nothing was run", request.id));
    let short: String = request.id.as_str().chars().take(4).collect();
    ui::hint(&format!("run `{} resume {short}` when it is approved", places.gate()));
}
