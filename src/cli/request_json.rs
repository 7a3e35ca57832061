//! A request as JSON: the same facts as the card, under stable names.

use serde_json::{Value, json};

use crate::approval::{Request, State, is_expired};
use crate::channel;
use crate::command::visible;
use crate::moment::Moment;

/// What is said as it is stored: of what was asked, and of how far it has come.
const ASKED: [&str; 13] = [
    "actions",
    "labels",
    "origin",
    "policy",
    "previews",
    "reach",
    "reason",
    "requester",
    "requirement",
    "risk",
    "rules",
    "ticket",
    "uncovered",
];
const COME: [&str; 4] = ["decisions", "granted", "outcome", "why"];

/// Returns `request` as one JSON object, as it stands `now`.
pub(super) fn of(request: &Request, now: Moment) -> Value {
    let mut content: Value = serde_json::from_slice(request.content.json()).unwrap_or(Value::Null);
    let mut ask = serde_json::to_value(&request.ask).unwrap_or(Value::Null);
    let mut progress = serde_json::to_value(&request.progress).unwrap_or(Value::Null);
    let mut said = json!({
        "id": request.id.to_string(),
        "state": state(request, now).name(),
        "state_text": channel::state(request, now),
        "parked": request.progress.parked,
        "text": visible(&request.text()),
        "cwd": content["command"]["cwd"],
        "created": request.created.rfc3339(),
        "deadline": request.deadline.rfc3339(),
        "remaining_seconds": request.remaining(now).as_secs(),
        "c": request.content.digest().to_string(),
        "d": request.digest().to_string(),
    });
    // Moved: `json!` would copy them.
    for (names, from) in [(&["command"][..], &mut content), (&ASKED, &mut ask), (&COME, &mut progress)] {
        for name in names {
            let nothing = || if *name == "previews" { json!([]) } else { Value::Null };
            said[*name] = from.get_mut(*name).map_or_else(nothing, Value::take);
        }
    }
    said
}

/// Returns the state as of `now`: what is past its deadline is expired, whether or not that is recorded yet.
pub(super) fn state(request: &Request, now: Moment) -> State {
    if is_expired(request, now) { State::Expired } else { request.state() }
}
