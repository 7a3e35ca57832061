//! The report for a program: one object, whose keys stay.

use serde_json::{Value, json};

use super::tally::{Counts, Tally};
use super::{Origin, Replay};
use crate::policy::Mode;

/// Returns the report.
pub(super) fn report(replay: &Replay) -> Value {
    let tally = &replay.tally;
    json!({
        "v": 1,
        "source": source(&replay.origin),
        "policy": {
            "files": replay.given.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
            "mode": replay.mode.word(),
        },
        "first": tally.first.map(|time| time.to_string()),
        "last": tally.last.map(|time| time.to_string()),
        "commands": tally.counts.all(),
        "verdicts": counts(&tally.counts),
        "distinct": counts(&tally.distinct),
        "distinct_is_complete": !tally.is_full,
        "enforced": counts(if replay.mode == Mode::Observe { &tally.floor } else { &tally.counts }),
        "floor": counts(&tally.floor),
        "days_with_commands": tally.days.len(),
        "hours_with_commands": tally.hours(),
        "asked_again": tally.counts.ask.saturating_sub(tally.distinct.ask),
        "held": held(tally),
        "days": days(tally),
        "requesters": requesters(tally),
        "changes": changes(tally),
        "left_out": left_out(replay),
        "notes": {
            "secret_replaced": tally.altered,
            "failed": tally.failed,
            "no_directory": tally.nowhere,
            "directory_gone": tally.gone,
            "no_time": tally.undated,
            "not_listed": tally.beyond,
        },
    })
}

fn source(origin: &Origin) -> Value {
    match origin {
        Origin::Log(path) => json!({ "kind": "log", "path": path.display().to_string() }),
        Origin::Transcripts { format, dir, files } => json!({
            "kind": "transcripts",
            "agent": format.requester(),
            "path": dir.display().to_string(),
            "files": files,
        }),
    }
}

fn counts(counts: &Counts) -> Value {
    json!({ "allow": counts.allow, "ask": counts.ask, "deny": counts.deny })
}

fn held(tally: &Tally) -> Vec<Value> {
    let mut rows: Vec<_> = tally.held.iter().collect();
    rows.sort_by_key(|(held, row)| (std::cmp::Reverse((held.verdict, row.count)), *held));
    let row = |(held, row): (&super::court::Held, &super::tally::Row)| {
        json!({
            "rule": held.rule,
            "verdict": held.verdict.word(),
            "reason": held.reason,
            "count": row.count,
            "alone": row.alone,
            "example": row.example,
        })
    };
    rows.into_iter().map(row).collect()
}

fn days(tally: &Tally) -> Vec<Value> {
    let day = |(date, day): (&jiff::civil::Date, &super::tally::Day)| {
        let mut value = counts(&day.counts);
        value["day"] = Value::from(date.to_string());
        value
    };
    tally.days.iter().map(day).collect()
}

fn requesters(tally: &Tally) -> Vec<Value> {
    let one = |(name, each): (&String, &Counts)| {
        let mut value = counts(each);
        value["requester"] = Value::from(name.as_str());
        value
    };
    tally.requesters.iter().map(one).collect()
}

fn changes(tally: &Tally) -> Vec<Value> {
    let one = |(change, row): (&super::tally::Change, &super::tally::Row)| {
        let mut value = json!({
            "then": change.then.word(),
            "was_enforced": !change.observed,
            "now": change.now.word(),
            "count": row.count,
            "example": row.example,
        });
        if change.then != change.now {
            value["commands"] = commands(tally, change);
        }
        value
    };
    tally.changes.iter().map(one).collect()
}

fn commands(tally: &Tally, change: &super::tally::Change) -> Value {
    let of_this = tally.changed.iter().filter(|((of, _), _)| of == change);
    of_this.map(|((_, command), count)| json!({ "command": command, "count": count })).collect()
}

fn left_out(replay: &Replay) -> Value {
    let (skipped, unread) = (&replay.skipped, &replay.unread);
    json!({
        "no_json": skipped.broken + unread.broken,
        "too_long": skipped.too_long,
        "no_command": skipped.empty,
        "repeated": skipped.again,
        "unreadable": skipped.unreadable,
        "no_regular_file": skipped.strange,
        "too_many": skipped.beyond,
        "cut_in_the_log": unread.cut,
        "file_edits": unread.edits,
        "no_time": replay.untimed,
        "policy_is_wrong": replay.unjudged.0,
    })
}
