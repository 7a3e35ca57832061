//! What grows with the store, and what must not: `benches/growth` runs this and measures the built gate on what it makes.
//!
//! `append DIR SIZE` makes the log of the store in DIR SIZE entries long, by gate's own code in large transactions, and prints what
//! one durable append takes there. `ask DIR COUNT` adds COUNT requests that wait, each of a requester of its own.
//! `judge RUNS` prints what parsing and judging scripts take, the best of RUNS runs: shape, KiB, and both in microseconds.

mod shapes;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use gate::approval::{
    Ask, AskedBy, Bound, BoundDirectory, BoundStdin, Content, Origin, Outcome, Reach, Requester,
    RequesterKind, Risk, Session,
};
use gate::audit::{Draft, Kind};
use gate::command::{Command, Source};
use gate::digest::Digest;
use gate::policy::{Policy, Requirement, TestWorld, judge};
use gate::shell::analyse;
use gate::store::{Durability, Store, clock};
use gate::ui::answer;
use shapes::{SHAPES, circumstances, script};

/// How many runs are recorded in one transaction: three entries each.
const AT_ONCE: u64 = 5_000;

fn command(number: u64) -> Command {
    let words = ["git", "-C", "src/shop", "status", "--short", &format!("--since={number}")];
    Command {
        source: Source::Argv(words.iter().map(|word| word.as_bytes().to_vec()).collect()),
        cwd: "/srv/shop".into(),
    }
}

fn requester(number: u64) -> Requester {
    Requester {
        kind: RequesterKind::Agent,
        name: format!("agent-{number}"),
        uid: 1000,
        user: "bob".to_owned(),
        on_behalf_of: Some("bob".to_owned()),
        asserted: vec!["agent: CLAUDECODE is set".to_owned()],
    }
}

fn origin() -> Origin {
    let sessions = vec![Session { leader: 40, started: 99 }];
    Origin { pid: 42, ppid: 41, host: "box".to_owned(), sessions, tty: None }
}

/// The three entries of an allowed command: judged, started as entry `start`, ended.
fn run(start: u64) -> [Draft; 3] {
    let draft = |kind| Draft::new(kind, &requester(start % 7), &origin());
    let mut judged = draft(Kind::Judged);
    judged.set("verdict", "allow");
    judged.command = Some(command(start));
    let begun = Draft { command: Some(command(start)), ..draft(Kind::ExecStart) };
    let mut ended = draft(Kind::ExecEnd);
    ended.set("start", start);
    ended.outcome = Some((Outcome::Exited(0), Duration::from_millis(12)));
    [judged, begun, ended]
}

fn grow(store: &mut Store, size: u64) {
    let mut found = store.size().expect("the store is read");
    while found < size {
        let runs = ((size - found) / 3).clamp(1, AT_ONCE);
        let drafts: Vec<Draft> = (0..runs).flat_map(|number| run(found + 3 * number + 2)).collect();
        store.record(clock::now(), &drafts, Durability::Normal).expect("the store is written");
        found += 3 * runs;
    }
}

/// Prints the size, and the median and 99th percentile of a durable append of one entry, in microseconds.
fn append(store: &mut Store) {
    let one = || Draft::by_gate(Kind::PolicyLoaded);
    let size = store.size().expect("the store is read");
    let mut times: Vec<Duration> = (0..300)
        .map(|_| {
            let start = Instant::now();
            store.record(clock::now(), &[one()], Durability::Full).expect("the store is written");
            start.elapsed()
        })
        .collect();
    times.sort();
    answer(&format!("{size},{},{}", times[150].as_micros(), times[297].as_micros()));
}

fn ask(store: &mut Store, count: u64) {
    for number in 0..count {
        let cwd = BoundDirectory { path: "/srv/shop".into(), device: 1, inode: 7 };
        let bound = Bound {
            programs: Vec::new(),
            cwd,
            files: Vec::new(),
            env: Vec::new(),
            stdin: BoundStdin::Empty,
            facts: Vec::new(),
        };
        let rule = AskedBy {
            rule: "git.force-push".to_owned(),
            risk: Risk::High,
            reason: "rewrites history that others may have pulled".to_owned(),
            instead: None,
            spans: Vec::new(),
        };
        let ask = Ask {
            requester: requester(number),
            origin: origin(),
            reason: Some("tidy up".to_owned()),
            ticket: None,
            rules: vec![rule],
            risk: Risk::High,
            actions: Vec::new(),
            labels: Vec::new(),
            policy: Digest::of(b"policy"),
            requirement: Requirement::default(),
            uncovered: Vec::new(),
            input: None,
            previews: Vec::new(),
            per_call: None,
            reach: Reach::Exact,
        };
        store.submit(clock::now(), Content::of(&command(number), &bound), ask).expect("the store is written");
    }
}

/// The shapes of scripts whose growth is shown.
const SHOWN: [&str; 6] = ["work", "many options", "pipeline", "variables", "functions", "redirects"];

/// Prints for scripts of 1 to 64 KiB what parsing takes, and parsing and judging.
fn grow_scripts(runs: usize) {
    let policy = Policy::built_in();
    for shape in SHAPES.into_iter().filter(|shape| SHOWN.contains(&shape.0)) {
        for size in [1, 2, 4, 8, 16, 32, 64] {
            let command = shapes::command(&script(shape, size << 10));
            let best = |judges: bool| {
                let once = || {
                    let start = Instant::now();
                    let analysis = analyse(&command, &TestWorld, &policy);
                    if judges {
                        black_box(judge(&analysis, &policy, &TestWorld, &circumstances()));
                    }
                    start.elapsed().as_micros()
                };
                std::iter::repeat_with(once).take(runs).min().unwrap_or_default()
            };
            answer(&format!("{},{size},{},{}", shape.0, best(false), best(true)));
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [what, runs] = &args[..]
        && what == "judge"
    {
        return grow_scripts(runs.parse().expect("a number"));
    }
    let [what, dir, count] = &args[..] else {
        return answer("usage: growth append|ask DIR COUNT, or growth judge RUNS; see benches/growth");
    };
    let mut store = Store::open(Path::new(dir), clock::now()).expect("the store can be opened");
    let count = count.parse().expect("a number");
    match what.as_str() {
        "append" => {
            grow(&mut store, count);
            append(&mut store);
        }
        _ => ask(&mut store, count),
    }
}
