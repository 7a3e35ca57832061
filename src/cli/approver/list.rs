//! `gate approver list`: who may decide, and what their keys are worth.

use serde_json::{Value, json};

use super::super::Place;
use crate::command::visible;
use crate::config::Config;
use crate::error::Exit;
use crate::identity::{NamedKey, People, Person, day};
use crate::store::clock;
use crate::ui;

/// Prints everybody whom the policy in force names.
pub(super) fn run(json: bool, place: &Place) -> anyhow::Result<Exit> {
    let (_, policy) = Config::load_with_policy(place.home.as_deref())?;
    let people = People::of(&policy);
    if json {
        ui::answer(&Value::from(people.iter().map(in_json).collect::<Vec<_>>()).to_string());
        return Ok(Exit::Done);
    }
    if people.iter().next().is_none() {
        ui::say("the policy names nobody: whoever sits at another terminal of this machine decides");
    }
    for person in people.iter() {
        ui::answer(&told(person));
    }
    for key in people.unusable() {
        ui::say(&format!("a key of `{}` is of no use: {}", visible(key.name.as_bytes()), key.why));
    }
    Ok(Exit::Done)
}

fn told(person: &Person) -> String {
    let mut lines = vec![visible(person.name.as_bytes())];
    if person.user != person.name {
        lines[0].push_str(&format!(" (user {})", visible(person.user.as_bytes())));
    }
    for key in &person.keys {
        lines.push(format!("  {} {}: {}", key.key.kind().name(), key.key.fingerprint(), worth(key)));
    }
    if person.keys.is_empty() {
        lines.push("  no key: decides at a terminal".to_owned());
    }
    lines.join("\n")
}

/// Returns what a signature by this key is worth, and until when.
pub(super) fn worth(key: &NamedKey) -> String {
    if let Err(why) = key.check(clock::now()) {
        return why.to_string();
    }
    let gives = match (key.key.kind().is_hardware(), key.verify, key.apart) {
        (true, true, _) => "gives `hardware` when it is touched and has made sure by whom",
        (true, false, _) => "gives `hardware` when it is touched",
        (false, _, true) => {
            "gives `key` where it signs on another machine (`gate approve ID --to-sign NAME`), and `tty` in a process of the requester's user"
        }
        (false, _, false) => "gives `tty`: the requester's user may be able to use it",
    };
    key.until.map_or(gives.to_owned(), |until| format!("{gives}, until {}", day(until)))
}

fn in_json(person: &Person) -> Value {
    let key = |key: &NamedKey| {
        json!({
            "type": key.key.kind().name(),
            "fingerprint": key.key.fingerprint(),
            "key": key.key.to_string(),
            "from": key.from.map(day),
            "until": key.until.map(day),
            "revoked": key.revoked.map(day),
            "apart": key.apart,
            "verify": key.verify,
            "valid": key.check(clock::now()).is_ok(),
        })
    };
    json!({ "name": person.name, "user": person.user, "keys": person.keys.iter().map(key).collect::<Vec<_>>() })
}
