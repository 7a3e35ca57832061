//! What a requester asked before: how often for the same command, how it was answered, and what was rejected lately.

use std::time::Duration;

use crate::approval::{Answer, Request, State};
use crate::command::visible;
use crate::moment::{Moment, in_words};

/// How long a rejection is remembered on the cards of requests that touch the same rules.
const RECENT: Duration = Duration::from_secs(24 * 3600);

/// A summary of the earlier requests that belong beside one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    same: usize,
    approved: usize,
    rejected: usize,
    /// The last request that the same rules asked for and that was rejected, if it was another command.
    like_it: Option<Box<Request>>,
}

impl Earlier {
    /// Looks through `all` for what belongs beside `request`.
    pub fn of(request: &Request, all: &[Request], now: Moment) -> Earlier {
        let asked_before =
            |other: &&Request| other.id != request.id && other.ask.requester.is_same(&request.ask.requester);
        let mut earlier = Earlier::default();
        for other in all.iter().filter(asked_before) {
            if other.content.digest() == request.content.digest() {
                earlier.same += 1;
                earlier.approved += usize::from(other.progress.approved.is_some());
                earlier.rejected += usize::from(other.state() == State::Rejected);
            } else if is_like(other, request) && now.since(other.progress.ended.unwrap_or(now)) < RECENT {
                earlier.like_it = Some(Box::new(other.clone()));
            }
        }
        earlier
    }

    /// Returns what the card says about it.
    pub fn lines(&self, now: Moment) -> Vec<String> {
        let mut lines = vec![match self.same {
            0 => "never asked before by this requester".to_owned(),
            times => format!(
                "asked {times} times before by this requester: {} approved, {} rejected",
                self.approved, self.rejected
            ),
        }];
        lines.extend(self.like_it.as_deref().map(|other| rejection(other, now)));
        lines
    }
}

fn is_like(other: &Request, request: &Request) -> bool {
    let rules = |request: &Request| {
        let mut rules: Vec<String> = request.ask.rules.iter().map(|rule| rule.rule.clone()).collect();
        rules.sort();
        rules
    };
    other.state() == State::Rejected && rules(other) == rules(request)
}

fn rejection(other: &Request, now: Moment) -> String {
    let decision = other.progress.decisions.iter().rfind(|decision| decision.answer == Answer::Reject);
    let by = decision.map_or("an approver", |decision| decision.approver.name.as_str());
    let comment = decision.and_then(|decision| decision.comment.as_deref());
    let ago = in_words(now.since(other.progress.ended.unwrap_or(now)));
    let text = format!(
        "careful: {by} rejected another form of it, {}, {ago} ago{}",
        other.id,
        comment.map_or(String::new(), |comment| format!(": {comment}"))
    );
    visible(text.as_bytes())
}
