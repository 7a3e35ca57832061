//! The execution oracle: what real bash runs, gate has listed.
//!
//! Scripts are generated and mutated, read by gate, and those that gate calls clear are run by bash in a sandbox without
//! network and without programs, where a `command_not_found_handle` logs every name. A logged name that gate did not
//! list is a miss, and one miss fails the test. `GATE_ORACLE=n` runs `n` scripts, `GATE_ORACLE_SEED=n` begins elsewhere.

#![expect(clippy::print_stdout, reason = "how much the oracle saw belongs to its answer")]

#[path = "oracle/chance.rs"]
mod chance;
#[path = "oracle/compare.rs"]
mod compare;
#[path = "oracle/files.rs"]
mod files;
#[path = "oracle/generate.rs"]
mod generate;
#[path = "oracle/mutate.rs"]
mod mutate;
#[path = "oracle/sandbox.rs"]
mod sandbox;
#[path = "oracle/seeds.rs"]
mod seeds;
#[path = "oracle/world.rs"]
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gate::command::Dialect;
use gate::shell::Analysis;
use generate::Generator;
use sandbox::Sandbox;

/// How many scripts are run where nothing else is said.
const SCRIPTS: usize = 4_000;
/// How many scripts one sandbox runs before it is thrown away.
const BATCH: usize = 400;
const WORKERS: usize = 2;

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn is_clear(analysis: &Analysis) -> bool {
    analysis.actions.iter().all(|action| action.opaque.is_none())
}

struct Tally {
    generated: AtomicUsize,
    executed: AtomicUsize,
    names: AtomicUsize,
    calls: AtomicUsize,
    skipped: AtomicUsize,
    misses: Mutex<Vec<String>>,
}

fn work(worker: usize, seed: u64, goal: usize, dialect: Dialect, tally: &Tally) {
    let mut generator = Generator::new(seed.wrapping_mul(1_000_003).wrapping_add(worker as u64));
    let mut left = goal;
    while left > 0 {
        let mut scripts = Vec::new();
        let mut analyses = Vec::new();
        while scripts.len() < BATCH.min(left) {
            let script = generator.script();
            tally.generated.fetch_add(1, Ordering::Relaxed);
            let analysis = world::analysed(&script, dialect);
            if is_clear(&analysis) {
                scripts.push(script);
                analyses.push(analysis);
            }
        }
        left -= scripts.len();
        let ran = Sandbox::new(&scripts, if dialect == Dialect::Posix { "dash" } else { "bash" }).run();
        for ((script, analysis), ran) in scripts.iter().zip(&analyses).zip(&ran) {
            tally.executed.fetch_add(usize::from(ran.finished), Ordering::Relaxed);
            tally.skipped.fetch_add(usize::from(!ran.finished), Ordering::Relaxed);
            tally.names.fetch_add(ran.names.len(), Ordering::Relaxed);
            tally.calls.fetch_add(ran.calls.len(), Ordering::Relaxed);
            if ran.refused {
                // gate lists more than runs then: no miss, but a difference to look at.
                println!("the shell cannot read, and gate does: {:?}", String::from_utf8_lossy(script));
            }
            let missed = compare::missed(analysis, ran);
            if !missed.is_empty() {
                let text = format!("{missed:?} ran, unlisted, in:\n{}\n", String::from_utf8_lossy(script));
                tally.misses.lock().expect("no worker panics with the lock").push(text);
            }
        }
    }
}

fn hold(goal: usize, dialect: Dialect) {
    sandbox::must_work();
    let seed = number("GATE_ORACLE_SEED", 20_261_121) as u64;
    let tally = Tally {
        generated: AtomicUsize::new(0),
        executed: AtomicUsize::new(0),
        names: AtomicUsize::new(0),
        calls: AtomicUsize::new(0),
        skipped: AtomicUsize::new(0),
        misses: Mutex::new(Vec::new()),
    };
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let tally = &tally;
            scope.spawn(move || work(worker, seed, goal.div_ceil(WORKERS), dialect, tally));
        }
    });
    let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
    let (generated, executed) = (count(&tally.generated), count(&tally.executed));
    let (names, calls, skipped) = (count(&tally.names), count(&tally.calls), count(&tally.skipped));
    println!(
        "{dialect:?}, seed {seed}: {generated} generated, {executed} clear and run, {names} names, {calls} of them with arguments, {skipped} not finished"
    );
    let misses = tally.misses.into_inner().expect("no worker panics with the lock");
    let first = misses[..misses.len().min(20)].join("\n");
    assert!(misses.is_empty(), "{} misses (seed {seed}), the first:\n{first}", misses.len());
    assert!(skipped * 50 <= goal, "{skipped} of {goal} scripts did not finish: the oracle saw too little");
    assert!(names > goal / 4, "only {names} names were logged: the oracle saw too little");
}

#[test]
fn every_name_that_bash_runs_is_listed() {
    hold(number("GATE_ORACLE", SCRIPTS), Dialect::Bash);
}

/// dash has no handler to ask, but says what it does not find.
#[test]
fn every_name_that_dash_misses_is_listed() {
    hold(number("GATE_ORACLE", SCRIPTS) / 8, Dialect::Posix);
}
