//! Commands of the past out of gate's own log: what was asked for, and what came of it.

use std::ops::ControlFlow;

use serde_json::Value;

use super::{Past, Then};
use crate::approval::{Prefix, command_value, value_command};
use crate::canonical;
use crate::command::{Command, Source};
use crate::policy::Verdict;
use crate::store::{Row, Store, StoreError};

/// What of the log could not be replayed.
#[derive(Clone, Debug, Default)]
pub(super) struct Unread {
    /// Entries that are no JSON: `gate audit verify` says more.
    pub(super) broken: u64,
    /// Commands of which the log holds only the beginning.
    pub(super) cut: u64,
    /// Edits of files that a hook judged: they are no commands.
    pub(super) edits: u64,
}

/// Calls `each` with every command that was judged, oldest first, and `progress` with the entries read.
///
/// # Errors
/// The store cannot be read.
pub(super) fn read(
    store: &Store,
    progress: impl Fn(u64),
    mut each: impl FnMut(Past),
) -> Result<Unread, StoreError> {
    let mut unread = Unread::default();
    store.entries(1, |row: Row<'_>| {
        progress(row.seq);
        match serde_json::from_slice::<Value>(row.bytes) {
            Ok(entry) => match past(&entry, store) {
                Some(Found::Past(past)) => each(*past),
                Some(Found::Cut) => unread.cut += 1,
                Some(Found::Edit) => unread.edits += 1,
                None => {}
            },
            Err(_) => unread.broken += 1,
        }
        ControlFlow::Continue(())
    })?;
    Ok(unread)
}

enum Found {
    Past(Box<Past>),
    Cut,
    Edit,
}

/// A command enters the log once: with its judgement if that was carried out at once, else with the request that was made of it.
fn past(entry: &Value, store: &Store) -> Option<Found> {
    let then = match entry["type"].as_str()? {
        "judged" => Then {
            verdict: Verdict::parse(entry["data"]["verdict"].as_str()?)?,
            observed: entry["mode"] == "observed",
        },
        "request" if entry["data"]["change"] == "created" => Then { verdict: Verdict::Ask, observed: false },
        _ => return None,
    };
    if entry["action"].is_null() {
        return Some(Found::Edit);
    }
    let Some((command, exact)) = command(entry, store) else { return Some(Found::Cut) };
    let actor = &entry["actor"];
    let requester = format!("{}:{}", actor["kind"].as_str()?, actor["id"].as_str()?);
    Some(Found::Past(Box::new(Past {
        command,
        time: entry["ts"].as_str().and_then(|ts| ts.parse().ok()),
        is_proven: actor["auth"] == "uid",
        who: requester.clone(),
        requester,
        then: Some(then),
        altered: !exact,
        nowhere: false,
    })))
}

/// Returns the command, and whether it is exactly what was run; `None` if only its beginning is left.
///
/// The log holds it without secrets, and says by `argv_hmac` what it was with them. The row of a request holds all of it.
fn command(entry: &Value, store: &Store) -> Option<(Command, bool)> {
    let mut value = entry["action"].clone();
    value.as_object_mut()?.insert("cwd".to_owned(), entry["src"]["cwd"].clone());
    let logged = value_command(&value)?;
    let is_exact = |command: &Command| {
        let executed = store.hmac(&canonical::to_bytes(&command_value(command)));
        entry["action"]["argv_hmac"].as_str() == Some(&executed.to_string())
    };
    if is_exact(&logged) {
        return Some((logged, true));
    }
    let row = entry["request"].as_str().and_then(Prefix::parse).map(|id| store.find(id.as_str()));
    if let Some(command) = row.and_then(Result::ok).map(|request| request.command().clone()).filter(is_exact)
    {
        return Some((command, true));
    }
    let marks = entry["redactions"].as_array()?;
    let is_cut = marks.iter().any(|mark| mark["kind"] == "cut");
    (!is_cut).then(|| (in_one_word(logged), false))
}

/// Writes what stands for a secret as one plain word: `[redacted token]` in a script would be two, and a glob.
fn in_one_word(mut command: Command) -> Command {
    if let Source::Script { text, .. } = &mut command.source {
        let words = String::from_utf8_lossy(text).into_owned();
        let words = ["option", "named", "token", "url", "random"].iter().fold(words, |words, kind| {
            words.replace(&format!("[redacted {kind}]"), &format!("redacted-{kind}"))
        });
        *text = words.into_bytes();
    }
    command
}
