//! `gate audit stats`: how much people are asked, how soon they answer, and whether they had the time to read.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::Place;
use super::super::instant::instant;
use super::verify::{LONG, wrong, wrong_json};
use crate::audit::{Answers, Fatigue, Tally, Tampered, Times, Verified};
use crate::command::visible;
use crate::error::Exit;
use crate::identity::Signatures;
use crate::moment::{Moment, in_words};
use crate::store::clock;
use crate::ui;

/// How many requesters, rules and approvers a person gets without asking for more.
const MOST: usize = 20;

/// How many characters of a name are shown.
const NAME: usize = 24;

/// Count what was asked: time to decide, approvals too fast to have been read, asks by requester and rule
///
/// A request counts from `--since` on if it was made since then. Times are from the question to the answer, in three digits;
/// how long somebody looked at it is not known. Exits 0; 10 if the log was tampered with: then only what is before that counts.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  gate audit stats --since 30d
  gate audit stats --all
  gate audit stats --json | jq '.rules | to_entries | max_by(.value.asked).key'")]
pub(super) struct Args {
    /// Print one JSON object, with everybody and every rule in it
    #[arg(long)]
    json: bool,
    /// Count what was asked since: a time (2026-11-21, 2026-11-21T09:00:00Z) or a length of time (30m, 2d)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// List everybody and every rule, and not only the 20 with the most requests
    #[arg(long)]
    all: bool,
}

/// Prints them, with what verifying the log came to.
pub(super) fn run(args: &Args, place: &Place) -> anyhow::Result<Exit> {
    let since = args.since.as_deref().map(|text| instant(text, clock::now())).transpose()?;
    let store = super::store(place)?;
    let people = super::people(place);
    let mut figures = Fatigue::since(since.map(|since| since.utc_us));
    let total = store.size()?;
    let bar = ui::Bar::new("counting", if args.json || total < LONG { 0 } else { total });
    let checked =
        store.verify_and(|done| bar.set(done), &mut Signatures::of(&people), |bytes| figures.take(bytes))?;
    drop(bar);
    let since = since.map(Moment::rfc3339);
    ui::answer(&match args.json {
        true => value(&figures, &checked, since.as_deref()).to_string(),
        false => page(&figures, &checked, since.as_deref(), args.all),
    });
    Ok(if checked.is_ok() { Exit::Done } else { Exit::Tampered })
}

fn page(
    figures: &Fatigue,
    checked: &Result<Verified, Tampered>,
    since: Option<&str>,
    is_all: bool,
) -> String {
    let mut lines = match checked {
        Ok(Verified { entries, .. }) => vec![format!("verified: {entries} entries in order")],
        Err(tampered) => {
            let before = tampered.seq.saturating_sub(1);
            vec![wrong(tampered), format!("what follows counts entries 1 to {before} only")]
        }
    };
    lines.push(String::new());
    lines.extend(summary(figures, since));
    if figures.total.asked == 0 {
        return lines.join("\n");
    }
    let most = if is_all { usize::MAX } else { MOST };
    lines.extend(table("requester", &figures.requesters, most));
    lines.extend(table("rule", &figures.rules, most));
    lines.extend(answers(&figures.approvers, most));
    lines.join("\n")
}

fn summary(figures: &Fatigue, since: Option<&str>) -> Vec<String> {
    let Tally { asked, approved, stamped, rejected, expired, granted, withdrawn, times } = &figures.total;
    let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
    if *asked == 0 {
        return vec![format!("nobody was asked{since}")];
    }
    let share = |part: u64| share(part, *asked);
    let line = |name: &str, text: String| format!("{name:<15} {text}");
    let counted = |name: &str, count: u64| line(name, format!("{count:>7}{:>7}", share(count)));
    let stamps = format!("{stamped:>7}{:>7} of what people approved", self::share(*stamped, *approved));
    let time = |percent: u64| times.percentile(percent).map_or_else(|| "none".to_owned(), brief);
    vec![
        line("asked", format!("{asked:>7}{since}")),
        counted("approved", *approved),
        line("  in under 2 s", stamps),
        counted("rejected", *rejected),
        counted("expired", *expired),
        counted("by a grant", *granted),
        counted("withdrawn", *withdrawn),
        counted("waiting", figures.waiting()),
        line("time to decide", format!("median {}, 90 % within {}", time(50), time(90))),
    ]
}

/// Returns one row a name, those with the most requests first.
fn table(head: &str, all: &BTreeMap<String, Tally>, most: usize) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        row(head, ["asked", "approved", "< 2 s", "rejected", "expired", "median", "90 %"]),
    ];
    let mut rows: Vec<_> = all.iter().collect();
    rows.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.asked));
    lines.extend(rows.iter().take(most).map(|(name, tally)| {
        let Tally { asked, approved, stamped, rejected, expired, times, .. } = tally;
        counted(name, [*asked, *approved, *stamped, *rejected, *expired], times)
    }));
    lines.extend(more(rows.len(), most));
    lines
}

/// Returns one row an approver, those with the most answers first.
fn answers(all: &BTreeMap<String, Answers>, most: usize) -> Vec<String> {
    if all.is_empty() {
        return Vec::new();
    }
    let head = ["answers", "approved", "< 2 s", "rejected", "handed", "median", "90 %"];
    let mut lines = vec![String::new(), row("approver", head)];
    let mut rows: Vec<_> = all.iter().collect();
    rows.sort_by_key(|(_, own)| std::cmp::Reverse(own.times.count()));
    lines.extend(rows.iter().take(most).map(|(name, own)| {
        let Answers { approved, stamped, rejected, escalated, times } = own;
        counted(name, [times.count(), *approved, *stamped, *rejected, *escalated], times)
    }));
    lines.extend(more(rows.len(), most));
    lines
}

fn counted(name: &str, counts: [u64; 5], times: &Times) -> String {
    let [a, b, c, d, e] = counts.map(|count| count.to_string());
    let [median, most] = [50, 90].map(|percent| times.percentile(percent).map(brief).unwrap_or_default());
    row(name, [&a, &b, &c, &d, &e, &median, &most])
}

/// Returns one line of a table: 80 columns, as long as no count has more than seven digits.
fn row(name: &str, [a, b, c, d, e, median, most]: [&str; 7]) -> String {
    let columns = format!("{a:>7} {b:>8} {c:>6} {d:>8} {e:>7} {median:>7} {most:>7}");
    format!("{}{columns}", name_of(name)).trim_end().to_owned()
}

fn more(count: usize, most: usize) -> Option<String> {
    (count > most).then(|| format!("and {} more; `--all` lists them", count - most))
}

/// Returns a name in as many columns as the table has for it, with nothing invisible in it.
fn name_of(name: &str) -> String {
    let shown = visible(name.as_bytes());
    match shown.char_indices().nth(NAME) {
        Some(_) => format!("{}…", shown.chars().take(NAME - 1).collect::<String>()),
        None => format!("{shown:<NAME$}"),
    }
}

/// Returns a length of time in at most 7 columns: `0.8 s`, `42 s`, `7h 59m`.
fn brief(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        return format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100);
    }
    let words = in_words(time).replace(" min", "m").replace(" h", "h").replace(" d", "d");
    if words.ends_with(" s") && words.contains('m') { words.replace(" s", "s") } else { words }
}

/// Returns how much of `whole` this is: `12 %`, rounded; of nothing it is nothing.
fn share(part: u64, whole: u64) -> String {
    match (part * 100 + whole / 2).checked_div(whole) {
        Some(0) if part > 0 => "< 1 %".to_owned(),
        Some(percent) => format!("{percent} %"),
        None => "0 %".to_owned(),
    }
}

fn value(figures: &Fatigue, checked: &Result<Verified, Tampered>, since: Option<&str>) -> Value {
    let log = match checked {
        Ok(verified) => json!({
            "result": "verified", "log": verified.log, "entries": verified.entries,
            "head": verified.head.to_string(), "root": verified.root.to_string(),
        }),
        Err(tampered) => wrong_json(tampered),
    };
    let mut total = tally(&figures.total);
    total["waiting"] = json!(figures.waiting());
    json!({
        "log": log,
        "since": since,
        "total": total,
        "requesters": map(&figures.requesters, tally),
        "rules": map(&figures.rules, tally),
        "approvers": map(&figures.approvers, own),
    })
}

fn map<T>(all: &BTreeMap<String, T>, each: impl Fn(&T) -> Value) -> Value {
    all.iter().map(|(name, of)| (visible(name.as_bytes()), each(of))).collect::<Map<_, _>>().into()
}

fn tally(tally: &Tally) -> Value {
    let Tally { asked, approved, stamped, rejected, expired, granted, withdrawn, times } = tally;
    json!({
        "asked": asked, "approved": approved, "approved_under_2s": stamped, "rejected": rejected,
        "expired": expired, "by_grant": granted, "withdrawn": withdrawn, "time_to_decide": span(times),
    })
}

fn own(answers: &Answers) -> Value {
    let Answers { approved, stamped, rejected, escalated, times } = answers;
    json!({
        "approved": approved, "approved_under_2s": stamped, "rejected": rejected, "escalated": escalated,
        "time_to_decide": span(times),
    })
}

fn span(times: &Times) -> Value {
    let ms = |percent: u64| {
        times.percentile(percent).map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    };
    json!({ "count": times.count(), "median_ms": ms(50), "p90_ms": ms(90) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{brief, name_of, page, share, value};
    use crate::audit::{Answers, Fatigue, RUBBER_STAMP, Tally, Tampered, Times, Verified};
    use crate::digest::Digest;

    fn times(ms: &[u64]) -> Times {
        let mut times = Times::default();
        ms.iter().for_each(|ms| times.add(Duration::from_millis(*ms)));
        times
    }

    /// Ten requests: six approved, three of them too fast.
    fn figures() -> Fatigue {
        let times = times(&[600, 1_200, 1_900, 14_000, 95_000, 500_000, 3_720_000]);
        let total = Tally {
            asked: 10,
            approved: 6,
            stamped: 3,
            rejected: 1,
            expired: 2,
            granted: 1,
            times: times.clone(),
            ..Tally::default()
        };
        let one = Tally { asked: 1, expired: 1, ..Tally::default() };
        let own = Answers { approved: 6, stamped: 3, rejected: 1, escalated: 0, times };
        let mut figures = Fatigue::since(None);
        figures.requesters.insert("agent:claude-code".to_owned(), total.clone());
        figures.requesters.insert("agent:\x1b[2Ja-name-that-is-too-long".to_owned(), one.clone());
        figures.rules.insert("git.force-push".to_owned(), total.clone());
        figures.approvers.insert("mara".to_owned(), own);
        figures.total = total;
        figures
    }

    fn verified() -> Verified {
        let (head, root) = (Digest::of(b"head"), Digest::of(b"root"));
        Verified {
            log: "00ff".to_owned(),
            entries: 1204,
            head,
            root,
            first: String::new(),
            last: String::new(),
            clock_steps: Vec::new(),
            open_runs: Vec::new(),
            heads: Vec::new(),
            requests: 10,
            incidents: 0,
            unreviewed: None,
        }
    }

    const TABLES: &str = "\
asked                10 since 2026-11-01T00:00:00.000000Z
approved              6   60 %
  in under 2 s        3   50 % of what people approved
rejected              1   10 %
expired               2   20 %
by a grant            1   10 %
withdrawn             0    0 %
waiting               0    0 %
time to decide  median 14 s, 90 % within 1h 2m

requester                 asked approved  < 2 s rejected expired  median    90 %
agent:claude-code            10        6      3        1       2    14 s   1h 2m
agent:\\x1b[2Ja-name-tha…      1        0      0        0       1

rule                      asked approved  < 2 s rejected expired  median    90 %
git.force-push               10        6      3        1       2    14 s   1h 2m

approver                answers approved  < 2 s rejected  handed  median    90 %
mara                          7        6      3        1       0    14 s   1h 2m";

    #[test]
    fn page_fits_80_columns_and_says_whether_the_log_verified() {
        assert_eq!(RUBBER_STAMP, Duration::from_secs(2), "the page says so in words");
        let since = Some("2026-11-01T00:00:00.000000Z");
        let text = page(&figures(), &Ok(verified()), since, false);
        assert_eq!(text, format!("verified: 1204 entries in order\n\n{TABLES}"));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let (expected, found) = ("aa".to_owned(), "b\x1bb".to_owned());
        let tampered = Tampered { seq: 8, what: "prev", expected, found };
        let text = page(&figures(), &Err(tampered), since, false);
        let head = "tampered: entry 8, prev\n  expected  aa\n  found     b\\x1bb\n  \
                    entries 1 to 7 are in order among themselves; there is no anchor to compare with (tier T0)\n\
                    what follows counts entries 1 to 7 only";
        assert_eq!(text, format!("{head}\n\n{TABLES}"));
    }

    #[test]
    fn page_of_nothing_says_so_and_json_has_the_same_figures() {
        let text = page(&Fatigue::since(None), &Ok(verified()), None, false);
        assert_eq!(text, "verified: 1204 entries in order\n\nnobody was asked");
        let found = value(&figures(), &Ok(verified()), None);
        let span = serde_json::json!({ "count": 7, "median_ms": 14_000, "p90_ms": 3_720_000 });
        let expected = serde_json::json!({
            "asked": 10, "approved": 6, "approved_under_2s": 3, "rejected": 1, "expired": 2, "by_grant": 1,
            "withdrawn": 0, "waiting": 0, "time_to_decide": span,
        });
        assert_eq!((&found["total"], &found["log"]["result"]), (&expected, &"verified".into()));
        let own = serde_json::json!({
            "approved": 6, "approved_under_2s": 3, "rejected": 1, "escalated": 0, "time_to_decide": span,
        });
        assert_eq!(found["approvers"]["mara"], own);
        assert!(found["requesters"]["agent:\\x1b[2Ja-name-that-is-too-long"]["asked"] == 1, "{found}");
    }

    #[test]
    fn more_names_than_a_page_holds_are_said_to_be_there() {
        let mut figures = figures();
        let one = Tally { asked: 1, ..Tally::default() };
        figures.rules.extend((0..30).map(|n| (format!("rule.{n:02}"), one.clone())));
        let text = page(&figures, &Ok(verified()), None, false);
        assert!(text.contains("\nand 11 more; `--all` lists them\n") && !text.contains("rule.19"), "{text}");
        let text = page(&figures, &Ok(verified()), None, true);
        assert!(text.contains("rule.29") && !text.contains(" more; "), "{text}");
    }

    #[track_caller]
    fn time(ms: u64, expected: &str) {
        assert_eq!(brief(Duration::from_millis(ms)), expected);
        assert!(expected.len() <= 7, "{expected}");
    }

    #[test]
    fn times_are_told_in_seven_columns() {
        time(0, "0.0 s");
        time(870, "0.8 s");
        time(9_990, "9.9 s");
        time(42_000, "42 s");
        time(750_000, "12m 30s");
        time(59 * 60_000 + 59_000, "59m 59s");
        time(8 * 3_600_000 - 60_000, "7h 59m");
        time(3_600_000 * 24 * 400, "400d");
    }

    #[test]
    fn shares_are_of_something() {
        assert_eq!([share(0, 0), share(0, 9), share(1, 1000), share(1, 3)], ["0 %", "0 %", "< 1 %", "33 %"]);
    }

    #[test]
    fn names_are_cut_to_the_column_and_show_what_is_invisible() {
        assert_eq!(name_of("agent:x"), format!("{:<24}", "agent:x"));
        assert_eq!(name_of(&"x".repeat(25)), format!("{}…", "x".repeat(23)));
        assert_eq!(name_of("a\u{202e}b\n"), format!("{:<24}", "a\\u{202e}b\\n"));
    }
}
