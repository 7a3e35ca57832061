//! Counting rulings, in memory that does not grow with what is counted.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::court::{Held, Ruling};
use super::{Past, Then};
use crate::channel::cut;
use crate::command::visible;
use crate::policy::Verdict;

/// The most different commands that are told apart: 16 MB or so.
const MOST_COMMANDS: usize = 1 << 20;

/// The most different rules, days and requesters that are counted one by one.
const MOST_ROWS: usize = 4_000;

/// How much of a command is kept as an example.
const EXAMPLE: usize = 160;

/// A number for each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) allow: u64,
    pub(super) ask: u64,
    pub(super) deny: u64,
}

impl Counts {
    pub(super) fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Allow => &mut self.allow,
            Verdict::Ask => &mut self.ask,
            Verdict::Deny => &mut self.deny,
        } += 1;
    }

    pub(super) fn of(&self, verdict: Verdict) -> u64 {
        match verdict {
            Verdict::Allow => self.allow,
            Verdict::Ask => self.ask,
            Verdict::Deny => self.deny,
        }
    }

    pub(super) fn all(&self) -> u64 {
        self.allow + self.ask + self.deny
    }
}

/// One day, in UTC.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Day {
    pub(super) counts: Counts,
    /// One bit for each hour in which there was a command.
    hours: u32,
}

/// What was counted of one thing, with the first command it was about.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) count: u64,
    /// Of these, those that nothing else holds back.
    pub(super) alone: u64,
    /// Cut, with nothing invisible in it.
    pub(super) example: String,
}

/// What happened then, and what the policy says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    pub(super) then: Verdict,
    pub(super) observed: bool,
    pub(super) now: Verdict,
}

/// Everything that was counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    /// The floor's verdicts: what would be held back in observe mode too.
    pub(super) floor: Counts,
    pub(super) distinct: Counts,
    /// Claims that there were more different commands than are told apart.
    pub(super) is_full: bool,
    pub(super) held: BTreeMap<Held, Row>,
    pub(super) days: BTreeMap<Date, Day>,
    pub(super) requesters: BTreeMap<String, Counts>,
    pub(super) changes: BTreeMap<Change, Row>,
    /// How often each command was judged differently, by its beginning.
    pub(super) changed: BTreeMap<(Change, String), u64>,
    /// Commands whose rule, day or requester is not among the rows any more.
    pub(super) beyond: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) undated: u64,
    pub(super) gone: u64,
    pub(super) nowhere: u64,
    pub(super) altered: u64,
    pub(super) failed: u64,
    known: HashSet<u64>,
}

impl Tally {
    /// Counts one command.
    pub(super) fn add(&mut self, past: &Past, ruling: &Ruling, gone: bool) {
        self.counts.add(ruling.verdict);
        self.floor.add(ruling.floor);
        self.gone += u64::from(gone && !past.nowhere);
        self.nowhere += u64::from(past.nowhere);
        self.altered += u64::from(past.altered);
        self.is_new(ruling).then(|| self.distinct.add(ruling.verdict));
        for held in &ruling.held {
            self.hold(held, past, ruling.held.len() == 1);
        }
        self.date(past.time, ruling.verdict);
        if let Some(counts) = entry(&mut self.requesters, &past.who, &mut self.beyond) {
            counts.add(ruling.verdict);
        }
        if let Some(Then { verdict, observed }) = past.then {
            let change = Change { then: verdict, observed, now: ruling.verdict };
            let row = self.changes.entry(change);
            row.or_insert_with(|| Row { count: 0, alone: 0, example: example(past) }).count += 1;
            if verdict != ruling.verdict {
                let key = (change, example(past));
                if let Some(count) = entry(&mut self.changed, &key, &mut self.beyond) {
                    *count += 1;
                }
            }
        }
    }

    /// Returns in how many hours of the clock there was a command.
    pub(super) fn hours(&self) -> u64 {
        self.days.values().map(|day| u64::from(day.hours.count_ones())).sum()
    }

    fn is_new(&mut self, ruling: &Ruling) -> bool {
        let [a, b, c, d, e, f, g, h, ..] = *ruling.id.as_bytes();
        let id = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        if self.known.len() >= MOST_COMMANDS && !self.known.contains(&id) {
            self.is_full = true;
            return false;
        }
        self.known.insert(id)
    }

    fn hold(&mut self, held: &Held, past: &Past, alone: bool) {
        let alone = u64::from(alone);
        let is_full = self.held.len() >= MOST_ROWS;
        match self.held.get_mut(held) {
            Some(row) => (row.count, row.alone) = (row.count + 1, row.alone + alone),
            None if is_full => self.beyond += 1,
            None => {
                self.held.insert(held.clone(), Row { count: 1, alone, example: example(past) });
            }
        }
    }

    fn date(&mut self, time: Option<Timestamp>, verdict: Verdict) {
        let Some(time) = time else {
            self.undated += 1;
            return;
        };
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        let zoned = time.to_zoned(TimeZone::UTC);
        if let Some(day) = entry(&mut self.days, &zoned.date(), &mut self.beyond) {
            day.counts.add(verdict);
            day.hours |= 1 << zoned.hour();
        }
    }
}

/// Returns the row of `key`, a new one if there is room for it.
fn entry<'a, K: Ord + Clone, V: Default>(
    rows: &'a mut BTreeMap<K, V>,
    key: &K,
    beyond: &mut u64,
) -> Option<&'a mut V> {
    if rows.len() >= MOST_ROWS && !rows.contains_key(key) {
        *beyond += 1;
        return None;
    }
    Some(rows.entry(key.clone()).or_default())
}

/// Returns the beginning of a command, with nothing invisible in it.
pub(super) fn example(past: &Past) -> String {
    let text = past.command.text();
    let beginning = &text[..text.len().min(4 * EXAMPLE)];
    cut(&visible(beginning.trim_ascii()), EXAMPLE)
}
