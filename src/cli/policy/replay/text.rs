//! The report for a person.

use super::court::Held;
use super::tally::{Change, Counts, Day, Row, Tally};
use super::{Origin, Replay, shown};
use crate::channel::{cut, width};
use crate::command::visible;
use crate::policy::{Mode, Verdict};

/// The most rules and days that are listed; `--json` has all.
const RULES: usize = 40;
const DAYS: usize = 31;

/// The most commands that are listed for one change of verdict.
const COMMANDS: usize = 20;

/// How many columns a day's bar takes at most.
const BAR: u64 = 40;

/// Returns the report.
pub(super) fn report(replay: &Replay) -> String {
    let tally = &replay.tally;
    let mut out = vec![headline(replay), format!("policy: {}", policy(replay))];
    if tally.counts.all() > 0 {
        out.push(String::new());
        out.extend(verdicts(tally));
        out.push(String::new());
        out.extend(nagging(tally));
        out.extend(held(tally));
        out.extend(days(tally));
        out.extend(requesters(tally));
        out.extend(changes(tally));
    }
    out.push(String::new());
    out.extend(limits(replay));
    out.join("\n")
}

fn headline(replay: &Replay) -> String {
    let tally = &replay.tally;
    let when = match (tally.first, tally.last) {
        (Some(first), Some(last)) => {
            let day = |time: jiff::Timestamp| time.to_string().get(..10).unwrap_or_default().to_owned();
            match (day(first), day(last)) {
                (first, last) if first == last => format!(" of {first}"),
                (first, last) => format!(" of {first} to {last}"),
            }
        }
        _ => String::new(),
    };
    let from = match &replay.origin {
        Origin::Log(path) => format!("gate's log `{}`", shown(path)),
        Origin::Transcripts { format, dir, files } => {
            let files = counted(*files as u64, "transcript");
            format!("{files} of {} below `{}`", format.name(), shown(dir))
        }
    };
    format!("{}{when}, from {from}", counted(tally.counts.all(), "command"))
}

fn policy(replay: &Replay) -> String {
    let files: Vec<String> = replay.given.iter().map(|path| format!("`{}`", shown(path))).collect();
    let which = match files.is_empty() {
        true => "in force now".to_owned(),
        false => format!("{} as the user's own", files.join(", ")),
    };
    match replay.mode {
        Mode::Enforce => which,
        Mode::Observe => {
            let Counts { ask, deny, .. } = replay.tally.floor;
            format!("{which}; in observe mode only the floor holds: {ask} asked, {deny} refused")
        }
    }
}

fn verdicts(tally: &Tally) -> Vec<String> {
    let all = tally.counts.all().max(1);
    let line = |word: &str, verdict: Verdict| {
        let count = tally.counts.of(verdict);
        let share = count as f64 * 100.0 / all as f64;
        let (distinct, more) = (tally.distinct.of(verdict), if tally.is_full { "+" } else { "" });
        format!("{word:<8}  {count:>8}  {share:>5.1} %  {distinct:>8}{more} different")
    };
    vec![line("allow", Verdict::Allow), line("ask", Verdict::Ask), line("deny", Verdict::Deny)]
}

fn nagging(tally: &Tally) -> Option<String> {
    let (asks, days, hours) = (tally.counts.ask, tally.days.len() as u64, tally.hours());
    if days == 0 {
        return None;
    }
    let (day, hour) = (asks as f64 / days as f64, asks as f64 / hours.max(1) as f64);
    let repeated = match asks.saturating_sub(tally.distinct.ask) {
        0 => "each time for another command".to_owned(),
        again => format!("{} again for the same", times(again)),
    };
    Some(format!(
        "a person would have been asked {} on {}: {day:.1} a day, {hour:.1} in each of the {} with commands; {repeated}",
        times(asks),
        counted(days, "day"),
        counted(hours, "hour"),
    ))
}

fn held(tally: &Tally) -> Vec<String> {
    let mut rows: Vec<(&Held, &Row)> = tally.held.iter().collect();
    if rows.is_empty() {
        return Vec::new();
    }
    rows.sort_by_key(|(held, row)| (std::cmp::Reverse((held.verdict, row.count)), *held));
    let mut out =
        vec![String::new(), "   count   alone  held back by (alone: no other rule says so)".to_owned()];
    for (held, row) in rows.iter().take(RULES) {
        let rule = visible(held.rule.as_bytes());
        let (count, alone, verdict) = (row.count, row.alone, held.verdict.word());
        out.push(format!("{count:>8}{alone:>8}  {verdict:<4}  {rule}: {}", held.reason));
        out.push(format!(
            "                        `{}`",
            cut(&row.example, width().saturating_sub(26).max(40))
        ));
    }
    if rows.len() > RULES {
        out.push(format!("          and {} more; --json lists them all", rows.len() - RULES));
    }
    out
}

fn days(tally: &Tally) -> Vec<String> {
    if tally.days.is_empty() {
        return Vec::new();
    }
    let most = tally.days.values().map(|day| day.counts.all()).max().unwrap_or(1).max(1);
    let mut out = vec![String::new(), "day (UTC)      allow     ask    deny".to_owned()];
    let earlier = tally.days.len().saturating_sub(DAYS);
    if earlier > 0 {
        out.push(format!("{} before; --json lists them all", counted(earlier as u64, "day")));
    }
    for (date, Day { counts, .. }) in tally.days.iter().skip(earlier) {
        let Counts { allow, ask, deny } = *counts;
        out.push(format!("{date}  {allow:>8}{ask:>8}{deny:>8}  {}", bar(counts, most)));
    }
    out
}

/// Returns `=` for what is allowed, `?` for what is asked, `!` for what is refused; what there is at all has one at least.
fn bar(counts: &Counts, most: u64) -> String {
    let long = |count: u64| (count * BAR).div_ceil(most).min(BAR) as usize;
    ["=".repeat(long(counts.allow)), "?".repeat(long(counts.ask)), "!".repeat(long(counts.deny))].concat()
}

fn requesters(tally: &Tally) -> Vec<String> {
    let names: Vec<String> = tally.requesters.keys().map(|name| cut(&visible(name.as_bytes()), 40)).collect();
    let wide = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(9);
    let mut out = vec![String::new(), format!("{:<wide$}   allow     ask    deny", "requester")];
    for (name, Counts { allow, ask, deny }) in names.iter().zip(tally.requesters.values()) {
        out.push(format!("{name:<wide$}{allow:>8}{ask:>8}{deny:>8}"));
    }
    out
}

/// What gate's log knows of that time, where the policy now says something else.
fn changes(tally: &Tally) -> Vec<String> {
    let all: u64 = tally.changes.values().map(|row| row.count).sum();
    if all == 0 {
        return Vec::new();
    }
    let differ = tally.changes.iter().filter(|(change, _)| change.then != change.now || change.observed);
    let lines: Vec<String> = differ.flat_map(|(change, row)| change_lines(tally, change, row)).collect();
    let differs: u64 =
        tally.changes.iter().filter(|(change, _)| change.then != change.now).map(|(_, row)| row.count).sum();
    let mut out = vec![String::new(), format!("then and now: {differs} of {all} are judged differently")];
    out.extend(lines);
    out
}

/// Returns what changed, how often, and for which commands.
fn change_lines(tally: &Tally, change: &Change, row: &Row) -> Vec<String> {
    let mut out = vec![format!("{:>8}  {}", row.count, said(change))];
    let commands = tally.changed.iter().filter(|((of, _), _)| of == change);
    let mut commands: Vec<(&String, u64)> = commands.map(|((_, command), count)| (command, *count)).collect();
    if commands.len() < 2 {
        out.push(format!("                `{}`", row.example));
        return out;
    }
    commands.sort_by_key(|(command, count)| (std::cmp::Reverse(*count), *command));
    out.extend(commands.iter().take(COMMANDS).map(|(command, count)| {
        let times = if *count > 1 { format!(" ({})", times(*count)) } else { String::new() };
        format!("                `{command}`{times}")
    }));
    if commands.len() > COMMANDS {
        out.push(format!("                and {} more; --json lists them all", commands.len() - COMMANDS));
    }
    out
}

fn said(change: &Change) -> String {
    let then = match (change.then, change.observed) {
        (Verdict::Allow, _) => "allowed then".to_owned(),
        (verdict, true) => format!("`{verdict}` then, not enforced: it ran"),
        (Verdict::Ask, false) => "asked then".to_owned(),
        (Verdict::Deny, false) => "refused then".to_owned(),
    };
    format!("{then}, `{}` now", change.now)
}

/// What was left out, and what nobody can know any more.
fn limits(replay: &Replay) -> Vec<String> {
    let (tally, skipped, unread) = (&replay.tally, &replay.skipped, &replay.unread);
    let why = replay.unjudged.1.as_deref().unwrap_or_default();
    let unjudged =
        format!("commands in directories whose policy is wrong: {}, the first: {why}", replay.unjudged.0);
    let left_out: Vec<(u64, &str)> = vec![
        (skipped.broken + unread.broken, "lines or entries that are no JSON, or cut off"),
        (skipped.too_long, "lines of more than 16 MiB"),
        (skipped.empty, "calls of a shell without a command"),
        (skipped.again, "commands that stand in a transcript once more"),
        (skipped.unreadable, "files or directories that cannot be read"),
        (skipped.strange, "links and what is no regular file"),
        (skipped.beyond, "directories or files too deep or too many"),
        (unread.edits, "edits of files that a hook judged, which are no commands"),
        (unread.cut, "commands of which the log holds only the beginning"),
        (replay.untimed, "commands without a time"),
    ];
    let mut out: Vec<String> = left_out
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("left out: {what}: {count}"))
        .collect();
    out.extend((replay.unjudged.0 > 0).then(|| format!("left out: {unjudged}")));
    let known: [(u64, &str); 6] = [
        (tally.altered, "had a secret, which the log does not hold: another word stands in its place"),
        (tally.failed, "failed, or were turned down in the agent's own prompt"),
        (tally.nowhere, "say no directory: `/` is taken"),
        (tally.gone, "were in directories that are gone"),
        (tally.undated, "say no time"),
        (tally.beyond, "belong to rules, days or requesters beyond the first 4000, which are not listed"),
    ];
    out.extend(
        known
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("note: {count} {what}")),
    );
    out.push("note: directories, files, branches, programs and variables are today's, not those of then; nothing was run".to_owned());
    out
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
