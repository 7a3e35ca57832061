//! A request as a list has it: of what is stored, as much as a line says. To read the rest would take most of the time, and a list
//! may be long.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

use super::content::{digest_of, shown_text};
use super::plan::is_plan;
use super::state::{State, UNUSED_FOR};
use super::{Request, RequestId, RequesterKind, Risk};
use crate::digest::Digest;
use crate::moment::Moment;

/// How far a request has come, and until when it stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    pub state: State,
    pub deadline: Moment,
    pub approved: Option<Moment>,
    /// Claims that an approval that is not used ends.
    pub lapses: bool,
}

impl Term {
    /// Claims that time has ended it while it was open.
    pub fn is_expired(self, now: Moment) -> bool {
        let lapsed = |approved: Moment| now.has_reached(approved.after(UNUSED_FOR));
        match self.state {
            State::Pending => now.has_reached(self.deadline),
            State::Approved => {
                now.has_reached(self.deadline) || (self.lapses && self.approved.is_none_or(lapsed))
            }
            _ => false,
        }
    }

    /// Returns how long it stays open from `now` on: until the deadline, or until an approval lapses unused.
    pub fn remaining(self, now: Moment) -> Duration {
        let deadline = self.deadline.since(now);
        match (self.state, self.approved) {
            (State::Approved, Some(approved)) if self.lapses => {
                deadline.min(approved.after(UNUSED_FOR).since(now))
            }
            (state, _) if state.is_open() => deadline,
            _ => Duration::ZERO,
        }
    }

    /// Returns the state as of `now`: what is past its deadline is expired, whether or not that is recorded yet.
    pub fn state(self, now: Moment) -> State {
        if self.is_expired(now) { State::Expired } else { self.state }
    }
}

/// What a list says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: RequestId,
    pub risk: Risk,
    /// `agent:claude-code`, the form that rules and screens use.
    pub requester: String,
    pub term: Term,
    /// Counts the transitions, as its progress does.
    pub version: u64,
    /// The text that was judged and is shown.
    pub text: Vec<u8>,
}

/// Of the stored statement, what is listed: the rest is passed over.
#[derive(Deserialize)]
struct Said<'a> {
    id: RequestId,
    #[serde(with = "super::hex")]
    content: Digest,
    #[serde(borrow)]
    ask: Asked<'a>,
    deadline: Moment,
}

#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    requester: Asker<'a>,
    risk: Risk,
    per_call: Option<String>,
}

#[derive(Deserialize)]
struct Asker<'a> {
    kind: RequesterKind,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Of the stored progress.
#[derive(Deserialize)]
struct Come {
    state: State,
    version: u64,
    approved: Option<Moment>,
}

impl Listed {
    /// Returns what a list says of the request that is stored as these parts, or what is wrong with them.
    pub fn from_stored(content: &[u8], statement: &[u8], progress: &str) -> Result<Listed, String> {
        let come: Come = serde_json::from_str(progress).map_err(|error| format!("progress: {error}"))?;
        // Once as a whole, instead of each string for itself.
        let statement = str::from_utf8(statement).map_err(|error| format!("the statement: {error}"))?;
        let said: Said<'_> =
            serde_json::from_str(statement).map_err(|error| format!("the statement: {error}"))?;
        let found = digest_of(content);
        if said.content != found {
            return Err(format!("the content has digest {found}, the statement says {}", said.content));
        }
        let text = shown_text(content, said.ask.per_call.as_deref()).ok_or("the content holds no command")?;
        let lapses = come.state != State::Approved || !is_plan(content);
        let Asker { kind, name } = said.ask.requester;
        Ok(Listed {
            id: said.id,
            risk: said.ask.risk,
            requester: [kind.name(), ":", &name].concat(),
            term: Term { state: come.state, deadline: said.deadline, approved: come.approved, lapses },
            version: come.version,
            text,
        })
    }

    /// Returns what a list says of `request`.
    pub fn of(request: &Request) -> Listed {
        Listed {
            id: request.id,
            risk: request.ask.risk,
            requester: request.ask.requester.label(),
            term: request.term(),
            version: request.progress.version,
            text: request.text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::{ask, request};

    /// What is stored, and what is read back of it.
    fn stored(content: &[u8]) -> Result<Listed, String> {
        let request = request(ask("git.force-push"));
        let progress = serde_json::to_string(&request.progress).unwrap();
        Listed::from_stored(content, &request.statement, &progress)
    }

    #[test]
    fn what_is_read_quickly_is_what_the_whole_request_says() {
        let request = request(ask("git.force-push"));
        assert_eq!(stored(request.content.json()).unwrap(), Listed::of(&request));
    }

    #[test]
    fn content_that_is_not_the_one_of_the_statement_is_not_listed() {
        let request = request(ask("git.force-push"));
        let text = String::from_utf8(request.content.json().to_vec()).unwrap();
        let wrong = stored(text.replace("push", "pull").as_bytes()).unwrap_err();
        assert!(wrong.starts_with("the content has digest "), "{wrong}");
    }
}
