//! How much approvers are asked, how soon they answer, and how often they approve without having had the time to read.
//!
//! MUST rules:
//! 1. Memory does not grow with the log: open requests, a bounded number of names, and times in classes of three digits.
//! 2. A time is between two moments of the log, by the boot clock where both are of one boot: no wall clock makes an answer slower.
//! 3. It counts what the log says and judges nobody. Names come from requesters: whoever shows them escapes them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::approval::{RequestId, State};
use crate::moment::{BootId, Moment};

/// An approval sooner than this after the question is a rubber stamp: nobody has read a command by then.
pub const RUBBER_STAMP: Duration = Duration::from_secs(2);

/// How many names each list holds; what a requester calls itself could be new each time.
const MOST_NAMES: usize = 1000;

/// Stands for all names beyond [`MOST_NAMES`].
const OTHERS: &str = "(others)";

/// What became of a number of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests made.
    pub asked: u64,
    /// Those that people approved; a grant or a plan is not among them.
    pub approved: u64,
    /// Those that people approved sooner than [`RUBBER_STAMP`] after they were made.
    pub stamped: u64,
    pub rejected: u64,
    /// Those that expired with no decision; an approval that nobody used is none of them.
    pub expired: u64,
    /// Those that a grant or a plan approved: nobody was asked.
    pub granted: u64,
    /// Cancelled, or no longer valid, before they were decided.
    pub withdrawn: u64,
    /// From the question to the answer that decided it.
    pub times: Times,
}

/// What one approver answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    pub approved: u64,
    /// Approvals sooner than [`RUBBER_STAMP`] after the request was made.
    pub stamped: u64,
    pub rejected: u64,
    pub escalated: u64,
    /// From the question to each of their answers.
    pub times: Times,
}

/// Lengths of time, counted in classes of three significant digits of milliseconds: at most some ten thousand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    classes: BTreeMap<u64, u64>,
    count: u64,
}

/// The figures of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fatigue {
    pub total: Tally,
    pub requesters: BTreeMap<String, Tally>,
    pub rules: BTreeMap<String, Tally>,
    pub approvers: BTreeMap<String, Answers>,
    since: Option<i64>,
    open: HashMap<RequestId, Asked>,
}

/// A request that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    at: Moment,
    requester: String,
    rules: Vec<String>,
}

/// What is read of an entry; the rest is none of these figures.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    ts: Cow<'a, str>,
    #[serde(borrow)]
    mono_ns: Cow<'a, str>,
    #[serde(borrow)]
    boot_id: Cow<'a, str>,
    #[serde(borrow)]
    actor: Actor<'a>,
    #[serde(default)]
    request: Option<RequestId>,
    #[serde(borrow, default)]
    policy: Policy<'a>,
    #[serde(borrow, default)]
    data: Data<'a>,
    #[serde(borrow, default)]
    decision: Option<Decision<'a>>,
}

#[derive(Deserialize)]
struct Actor<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Policy<'a> {
    #[serde(borrow)]
    rules: Vec<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    change: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Decision<'a> {
    #[serde(borrow)]
    answer: Cow<'a, str>,
    #[serde(borrow)]
    approver: Cow<'a, str>,
}

impl Fatigue {
    /// Returns no figures yet; requests made before `since` (µs since 1970) will not count, nor will what became of them.
    pub fn since(since: Option<i64>) -> Fatigue {
        Fatigue { since, ..Fatigue::default() }
    }

    /// Takes the bytes of the next entry. What is no entry says nothing here; the verifier says what is wrong with it.
    pub fn take(&mut self, bytes: &[u8]) {
        if let Ok(entry) = serde_json::from_slice::<Entry<'_>>(bytes)
            && let (Some(id), Some(now)) = (entry.request, moment(&entry))
        {
            self.add(&entry, id, now);
        }
    }

    /// Returns how many of the requests wait still.
    pub fn waiting(&self) -> u64 {
        self.open.len() as u64
    }

    fn add(&mut self, entry: &Entry<'_>, id: RequestId, now: Moment) {
        match entry.kind.as_ref() {
            "request" if entry.data.change.as_deref() == Some("created") => self.ask(entry, id, now),
            "decision" => self.answer(entry, id, now),
            "grant.used" => self.close(id, |tally, _| tally.granted += 1, now),
            "request.expired" => self.close(id, |tally, _| tally.expired += 1, now),
            "request.cancelled" | "request.invalidated" => {
                self.close(id, |tally, _| tally.withdrawn += 1, now);
            }
            _ => {}
        }
    }

    fn ask(&mut self, entry: &Entry<'_>, id: RequestId, now: Moment) {
        if self.since.is_some_and(|since| now.utc_us < since) {
            return;
        }
        let requester = format!("{}:{}", entry.actor.kind, entry.actor.id);
        let mut rules: Vec<String> = entry.policy.rules.iter().map(|rule| rule.to_string()).collect();
        rules.sort_unstable();
        rules.dedup();
        let asked = Asked { at: now, requester, rules };
        self.each(&asked, |tally| tally.asked += 1);
        self.open.insert(id, asked);
    }

    fn answer(&mut self, entry: &Entry<'_>, id: RequestId, now: Moment) {
        let (Some(decision), Some(asked)) = (&entry.decision, self.open.get(&id)) else { return };
        let took = now.since(asked.at);
        let (answer, is_stamped) = (decision.answer.as_ref(), took < RUBBER_STAMP);
        let own = named(&mut self.approvers, &decision.approver);
        match answer {
            "approve" => {
                (own.approved, own.stamped) = (own.approved + 1, own.stamped + u64::from(is_stamped))
            }
            "reject" => own.rejected += 1,
            _ => own.escalated += 1,
        }
        own.times.add(took);
        let decide = |approved: u64, tally: &mut Tally, took: Duration| {
            tally.approved += approved;
            tally.stamped += approved * u64::from(is_stamped);
            tally.rejected += 1 - approved;
            tally.times.add(took);
        };
        match entry.data.state.as_deref().and_then(State::named) {
            Some(State::Approved) => self.close(id, |tally, took| decide(1, tally, took), now),
            Some(State::Rejected) => self.close(id, |tally, took| decide(0, tally, took), now),
            _ => {}
        }
    }

    /// Counts what became of a request that waits; of one that is decided already nothing more is counted.
    fn close(&mut self, id: RequestId, count: impl Fn(&mut Tally, Duration), now: Moment) {
        if let Some(asked) = self.open.remove(&id) {
            self.each(&asked, |tally| count(tally, now.since(asked.at)));
        }
    }

    /// Gives `count` every tally that the request belongs to.
    fn each(&mut self, asked: &Asked, count: impl Fn(&mut Tally)) {
        count(&mut self.total);
        count(named(&mut self.requesters, &asked.requester));
        for rule in &asked.rules {
            count(named(&mut self.rules, rule));
        }
    }
}

/// Returns what is counted for `name`, or for all the others once there are too many names.
fn named<'a, T: Default>(all: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    let is_room = all.len() < MOST_NAMES || all.contains_key(name);
    all.entry(if is_room { name } else { OTHERS }.to_owned()).or_default()
}

fn moment(entry: &Entry<'_>) -> Option<Moment> {
    let utc: Timestamp = entry.ts.parse().ok()?;
    let (boot_ns, boot) = (entry.mono_ns.parse().ok()?, BootId::parse(&entry.boot_id)?);
    Some(Moment { utc_us: utc.as_microsecond(), boot_ns, boot })
}

impl Times {
    /// Counts one more.
    pub fn add(&mut self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let unit = 10_u64.pow(ms.checked_ilog10().unwrap_or(0).saturating_sub(2));
        *self.classes.entry(ms / unit * unit).or_default() += 1;
        self.count += 1;
    }

    /// Returns how many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the smallest time that `percent` of them do not exceed (nearest rank), cut to three digits; `None` where there is none.
    pub fn percentile(&self, percent: u64) -> Option<Duration> {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.classes.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        found.map(|(ms, _)| Duration::from_millis(*ms))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn times(ms: &[u64]) -> Times {
        let mut times = Times::default();
        ms.iter().for_each(|ms| times.add(Duration::from_millis(*ms)));
        times
    }

    /// An entry of request `id` at `s` seconds of the boot, where the wall clock says `wall`.
    fn entry(kind: &str, id: &str, s: u64, wall: &str, more: serde_json::Value) -> Vec<u8> {
        let mut entry = json!({
            "type": kind, "request": id, "ts": format!("2026-11-{wall}.000000Z"), "boot_id": "01".repeat(16),
            "mono_ns": (s * 1_000_000_000).to_string(), "actor": { "kind": "agent", "id": "claude" },
            "policy": { "rules": ["git.push", "git.push"] },
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry.to_string().into_bytes()
    }

    fn ask(id: &str, s: u64, wall: &str) -> Vec<u8> {
        entry("request", id, s, wall, json!({ "data": { "change": "created", "state": "PENDING" } }))
    }

    fn decide(id: &str, s: u64, wall: &str, (answer, state): (&str, &str)) -> Vec<u8> {
        let said =
            json!({ "decision": { "answer": answer, "approver": "mara" }, "data": { "state": state } });
        entry("decision", id, s, wall, said)
    }

    fn figures(since: Option<i64>, entries: &[Vec<u8>]) -> Fatigue {
        let mut figures = Fatigue::since(since);
        entries.iter().for_each(|bytes| figures.take(bytes));
        figures
    }

    #[track_caller]
    fn case(ms: &[u64], median: u64, p90: u64) {
        let found = [50, 90].map(|percent| times(ms).percentile(percent).map(|time| time.as_millis() as u64));
        assert_eq!(found, [Some(median), Some(p90)], "{ms:?}");
    }

    #[test]
    fn percentiles_are_the_nearest_rank_in_three_digits() {
        case(&[0], 0, 0);
        case(&[999, 1], 1, 999);
        case(&[1_234, 1_239, 9_999], 1_230, 9_990);
        case(&(1..=10).map(|s| s * 1000).collect::<Vec<_>>(), 5_000, 9_000);
        case(&[u64::MAX], 18_400_000_000_000_000_000, 18_400_000_000_000_000_000);
        assert_eq!(times(&[]).percentile(50), None);
    }

    #[test]
    fn rule_1_times_and_names_take_a_bounded_room() {
        let mut times = Times::default();
        (0..200_000).for_each(|n| times.add(Duration::from_millis(n * n)));
        assert!(times.classes.len() < 12_000 && times.count() == 200_000, "{}", times.classes.len());
        let mut all = BTreeMap::<String, u64>::new();
        (0..5000).for_each(|n| *named(&mut all, &format!("agent:{n}")) += 1);
        assert_eq!((all.len(), all[OTHERS]), (MOST_NAMES + 1, 5000 - MOST_NAMES as u64));
    }

    #[test]
    fn rule_2_a_wall_clock_set_back_makes_no_answer_slower() {
        let made = ask("7KQ2-M9XD-4T1B", 10, "21T09:00:00");
        let given = decide("7KQ2-M9XD-4T1B", 11, "20T09:00:00", ("approve", "APPROVED"));
        let found = figures(None, &[made, given]);
        assert_eq!((found.total.approved, found.total.stamped), (1, 1));
        assert_eq!(found.total.times.percentile(50), Some(Duration::from_secs(1)));
    }

    #[test]
    fn each_end_is_counted_once_and_by_who_and_what() {
        let (a, b, c, d) = ("7KQ2-M9XD-4T1A", "7KQ2-M9XD-4T1B", "7KQ2-M9XD-4T1C", "7KQ2-M9XD-4T1D");
        let wall = "21T09:00:00";
        let found = figures(
            None,
            &[
                ask(a, 0, wall),
                ask(b, 0, wall),
                ask(c, 0, wall),
                ask(d, 0, wall),
                decide(a, 1, wall, ("approve", "PENDING")),
                decide(a, 20, wall, ("approve", "APPROVED")),
                // An approval that nobody used, and one that was taken back: both were decided before.
                entry("request.expired", a, 900, wall, json!({})),
                decide(b, 30, wall, ("reject", "REJECTED")),
                decide(c, 1, wall, ("escalate", "PENDING")),
                entry("request.expired", c, 99, wall, json!({})),
                b"no entry".to_vec(),
            ],
        );
        let expected = Tally {
            asked: 4,
            approved: 1,
            rejected: 1,
            expired: 1,
            times: times(&[20_000, 30_000]),
            ..Tally::default()
        };
        assert_eq!((&found.total, found.waiting()), (&expected, 1));
        assert_eq!(found.requesters, BTreeMap::from([("agent:claude".to_owned(), expected.clone())]));
        assert_eq!(found.rules, BTreeMap::from([("git.push".to_owned(), expected)]));
        let own = &found.approvers["mara"];
        assert_eq!((own.approved, own.stamped, own.rejected, own.escalated), (2, 1, 1, 1));
    }

    #[test]
    fn requests_made_before_do_not_count_even_if_they_are_decided_later() {
        let (a, b) = ("7KQ2-M9XD-4T1A", "7KQ2-M9XD-4T1B");
        let since: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        let found = figures(
            Some(since.as_microsecond()),
            &[
                ask(a, 0, "21T08:59:59"),
                ask(b, 1, "21T09:00:00"),
                decide(a, 2, "21T09:00:01", ("approve", "APPROVED")),
            ],
        );
        assert_eq!((found.total.asked, found.total.approved, found.waiting()), (1, 0, 1));
        assert!(found.approvers.is_empty());
    }
}
