//! What judging costs in process: `cargo bench --bench judge`. The bars are in the design's page on speed: p99 of 1 ms for a
//! script of 4 KiB, 50 ms for one of 64 KiB.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use gate::command::{Command, Dialect, Source};
use gate::policy::{Circumstances, PROJECT, Policy, TestWorld, judge};
use gate::shell::analyse;
use gate::ui::answer;

const LINE: &str = "git -C src status && grep -rn TODO src | head -20 > out/todo.txt; ls -l \"$dir\"\n";

fn script(size: usize) -> Vec<u8> {
    LINE.bytes().cycle().take(size / LINE.len() * LINE.len()).collect()
}

/// Returns how long each of `runs` takes, with a policy made anew each time where `cold`.
fn times(text: &[u8], runs: usize, cold: bool) -> Vec<Duration> {
    let warm = Policy::built_in();
    let source =
        Source::Script { dialect: Dialect::Bash, options: Vec::new(), text: text.to_vec(), args: Vec::new() };
    let command = Command { source, cwd: PROJECT.into() };
    let around = Circumstances {
        requester: "agent:bench",
        is_proven: false,
        start: Path::new(PROJECT),
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            let fresh = cold.then(Policy::built_in);
            let policy = fresh.as_ref().unwrap_or(&warm);
            let analysis = analyse(&command, &TestWorld, policy);
            black_box(judge(&analysis, policy, &TestWorld, &around));
            start.elapsed()
        })
        .collect();
    times.sort();
    times
}

fn report(name: &str, text: &[u8], runs: usize, cold: bool) {
    let times = times(text, runs, cold);
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    answer(&format!("{name:<28} p50 {:>10.1?}  p99 {:>10.1?}", at(50), at(99)));
}

fn main() {
    answer(&format!("{} built-in rules", Policy::built_in().packs().len()));
    report("`ls -l src`, cold", b"ls -l src", 500, true);
    report("`ls -l src`, warm", b"ls -l src", 500, false);
    report("`git push --force`, cold", b"git push --force", 500, true);
    report("4 KiB, cold", &script(4 << 10), 100, true);
    report("64 KiB, cold", &script(64 << 10), 5, true);
}
