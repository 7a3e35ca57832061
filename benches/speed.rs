//! What parsing, judging, appending and verifying cost in process, and how they grow: `cargo bench`.
//!
//! `cargo bench -- NAME…` runs only what has one of these words in its name, `--runs N` each of them N times. Docs: `docs/performance.md`.

mod shapes;

use std::hint::black_box;
use std::time::{Duration, Instant};

use gate::audit::{Draft, Kind};
use gate::moment::{BootId, Moment};
use gate::policy::{Policy, TestWorld, judge};
use gate::shell::analyse;
use gate::store::{Durability, Store};
use gate::ui::answer;
use shapes::{SHAPES, Shape, circumstances, command, script};

/// The sizes that show how the time grows, in KiB.
const SIZES: [usize; 4] = [1, 4, 16, 64];

/// A size, in KiB, that is not read at all, and asked about.
const ABOVE: usize = 256;

/// The numbers of entries that show how appending and verifying grow.
const LENGTHS: [usize; 3] = [1_000, 10_000, 100_000];

/// What is measured, and how often.
struct Bench {
    names: Vec<String>,
    runs: Option<usize>,
}

impl Bench {
    fn of_arguments() -> Bench {
        let mut bench = Bench { names: Vec::new(), runs: None };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bench" => {}
                "--runs" => bench.runs = args.next().and_then(|runs| runs.parse().ok()),
                _ => bench.names.push(arg),
            }
        }
        bench
    }

    /// Prints how long `work` takes, and each of `parts` of it.
    fn measure(&self, name: &str, runs: usize, parts: usize, mut work: impl FnMut()) {
        if !self.names.is_empty() && !self.names.iter().any(|wanted| name.contains(wanted.as_str())) {
            return;
        }
        let mut once = || {
            let start = Instant::now();
            work();
            start.elapsed()
        };
        let mut times: Vec<Duration> = (0..self.runs.unwrap_or(runs).max(1)).map(|_| once()).collect();
        times.sort();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        let each = at(50).as_nanos() / parts.max(1) as u128;
        answer(&format!(
            "{name:<32} best {:>10.1?}  p50 {:>10.1?}  p99 {:>10.1?}  {each:>7} ns each",
            times[0],
            at(50),
            at(99)
        ));
    }

    fn judging(&self, name: &str, text: &[u8], runs: usize, is_cold: bool) {
        let (warm, command, around) = (Policy::built_in(), command(text), circumstances());
        self.measure(name, runs, text.len(), || {
            let fresh = is_cold.then(Policy::built_in);
            let policy = fresh.as_ref().unwrap_or(&warm);
            let analysis = analyse(&command, &TestWorld, policy);
            black_box(judge(&analysis, policy, &TestWorld, &around));
        });
    }
}

fn of_scripts(bench: &Bench) {
    bench.judging("judge cold: ls -l src", b"ls -l src", 500, true);
    bench.judging("judge warm: ls -l src", b"ls -l src", 500, false);
    bench.judging("judge cold: git push --force", b"git push --force", 500, true);
    let sizes = |shape: Shape| SIZES.map(|size| (shape, size));
    let above = (SHAPES[0], ABOVE);
    for (shape, size) in SHAPES.into_iter().flat_map(sizes).chain([above]) {
        let text = script(shape, size << 10);
        let runs = (400 / size).max(5);
        let (policy, command) = (Policy::built_in(), command(&text));
        bench.measure(&format!("parse: {}, {size} KiB", shape.0), runs, text.len(), || {
            black_box(analyse(&command, &TestWorld, &policy));
        });
        bench.judging(&format!("judge cold: {}, {size} KiB", shape.0), &text, runs, true);
        bench.judging(&format!("judge warm: {}, {size} KiB", shape.0), &text, runs, false);
    }
}

fn moment(number: usize) -> Moment {
    Moment { utc_us: 1_784_549_403_417_000 + number as i64, boot_ns: number as u64, boot: BootId(1) }
}

/// Appends and verifies real entries in a directory of its own, which it takes away again.
fn of_the_log(bench: &Bench) {
    let dir = std::env::temp_dir().join(format!("gate-bench-{}", std::process::id()));
    let mut draft = Draft::by_gate(Kind::Judged);
    draft.set("verdict", "allow");
    if let Ok(mut store) = Store::open(&dir, moment(0)) {
        let mut count = 1;
        for length in LENGTHS {
            while count < length {
                let some: Vec<Draft> = vec![draft.clone(); (length - count).min(1_000)];
                count += some.len();
                let _shows_below = store.record(moment(count), &some, Durability::Normal);
            }
            bench.measure(&format!("append: after {length} entries"), 50, 1, || {
                let recorded = store.record(moment(count), std::slice::from_ref(&draft), Durability::Full);
                count += usize::from(black_box(recorded).is_ok());
            });
            bench.measure(&format!("verify: {length} entries"), 3, length, || {
                let _shown_by_the_command = black_box(store.verify(|_| {}));
            });
        }
    }
    let _nothing_left = std::fs::remove_dir_all(dir);
}

fn main() {
    let bench = Bench::of_arguments();
    answer(&format!("{} built-in rules", Policy::built_in().packs().len()));
    of_scripts(&bench);
    if bench.names.iter().all(|name| ["append", "verify"].contains(&name.as_str())) {
        of_the_log(&bench);
    }
}
