//! A request as JSON: the same facts as the card, under stable names.

use serde_json::{Value, json};

use crate::approval::{Request, State, is_expired};
use crate::channel;
use crate::command::visible;
use crate::moment::Moment;

/// Returns `request` as one JSON object, as it stands `now`.
pub(super) fn of(request: &Request, now: Moment) -> Value {
    let content: Value = serde_json::from_slice(request.content.json()).unwrap_or(Value::Null);
    let ask = serde_json::to_value(&request.ask).unwrap_or(Value::Null);
    let progress = serde_json::to_value(&request.progress).unwrap_or(Value::Null);
    json!({
        "id": request.id.to_string(),
        "state": state(request, now).name(),
        "state_text": channel::state(request, now),
        "parked": request.progress.parked,
        "risk": ask["risk"],
        "text": visible(&request.text()),
        "command": content["command"],
        "cwd": content["command"]["cwd"],
        "requester": ask["requester"],
        "origin": ask["origin"],
        "reason": ask["reason"],
        "ticket": ask["ticket"],
        "rules": ask["rules"],
        "actions": ask["actions"],
        "labels": ask["labels"],
        "requirement": ask["requirement"],
        "uncovered": ask["uncovered"],
        "stdin": content["stdin"],
        "input": ask["input"],
        "created": request.created.rfc3339(),
        "deadline": request.deadline.rfc3339(),
        "remaining_seconds": request.remaining(now).as_secs(),
        "decisions": progress["decisions"],
        "why": progress["why"],
        "outcome": progress["outcome"],
        "granted": progress["granted"],
        "reach": ask["reach"],
        "policy": ask["policy"],
        "c": request.content.digest().to_string(),
        "d": request.digest().to_string(),
    })
}

/// Returns the state as of `now`: what is past its deadline is expired, whether or not that is recorded yet.
pub(super) fn state(request: &Request, now: Moment) -> State {
    if is_expired(request, now) { State::Expired } else { request.state() }
}
