//! What parsing, judging, appending and verifying cost in process, and how they grow: `cargo bench`.
//!
//! `cargo bench -- NAME…` runs only what has one of these words in its name, `--runs N` each of them N times. Docs: `docs/performance.md`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use gate::audit::{Draft, Kind};
use gate::command::{Command, Dialect, Source};
use gate::moment::{BootId, Moment};
use gate::policy::{Circumstances, PROJECT, Policy, TestWorld, judge};
use gate::shell::analyse;
use gate::store::{Durability, Store};
use gate::ui::answer;

/// The sizes that show how the time grows, in KiB.
const SIZES: [usize; 4] = [1, 4, 16, 64];

/// The numbers of entries that show how appending and verifying grow.
const LENGTHS: [usize; 3] = [1_000, 10_000, 100_000];

/// A line of a script by its number.
type Line = fn(&mut String, usize);

/// What scripts look like: a name, how they begin, a line, how they end. The line is repeated until the size is reached.
const SHAPES: [(&str, &str, Line, &str); 16] = [
    ("work", "set -eu\n", work, ""),
    (
        "same line",
        "",
        |out, _| {
            out.push_str(
                "git -C src status && grep -rn main src | head -20 > out/found.txt; ls -l \"$dir\"\n",
            )
        },
        "",
    ),
    ("many words", "echo", |out, n| add(out, format_args!(" word{n}")), "\n"),
    ("many options", "ls", |out, n| add(out, format_args!(" --o{n} dir/f{n}")), "\n"),
    ("and list", "true", |out, n| add(out, format_args!(" && cat file{n}")), "\n"),
    ("pipeline", "cat x", |out, n| add(out, format_args!(" | grep -v w{n}")), "\n"),
    ("redirects", "cat x", |out, n| add(out, format_args!(" >out/f{n}")), "\n"),
    ("writes", "", |out, n| add(out, format_args!("sort in{n} > out/f{n}\n")), ""),
    ("variables", "", |out, n| add(out, format_args!("v{n}=a{n}; echo $v{n}\n")), ""),
    ("one variable", "v=a\n", |out, _| out.push_str("v=${v}b\n"), "echo $v\n"),
    ("functions", "", |out, n| add(out, format_args!("f{n}() {{ ls d{n}; }}\nf{n}\n")), ""),
    ("here-document", "cat <<'END'\n", |out, n| add(out, format_args!("line {n} of a text\n")), "END\n"),
    ("live document", "cat <<END\n", |out, n| add(out, format_args!("line $n{n} of a text\n")), "END\n"),
    ("long word", "echo ", |out, n| add(out, format_args!("'a{n}'\"$b\"c")), "\n"),
    ("branches", "", |out, n| add(out, format_args!("if test -f a{n}; then cat a{n}; else x=1; fi\n")), ""),
    ("nesting", "", |out, _| out.push_str("( "), ""),
];

fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _cannot_fail = out.write_fmt(text);
}

/// What an agent's scripts are made of.
fn work(out: &mut String, n: usize) {
    match n % 8 {
        0 => add(out, format_args!("cd /home/dev/app/part{n} && git status --short\n")),
        1 => add(out, format_args!("grep -rn 'fn part_{n}' src tests --include='*.rs' | head -{n}\n")),
        2 => add(out, format_args!("for f in src/part{n}/*.rs; do wc -l \"$f\"; done\n")),
        3 => add(out, format_args!("sed -n '{n},$p' src/part{n}.rs > target/part{n}.txt\n")),
        4 => add(out, format_args!("if [ -f Cargo.toml ]; then cargo test -p part{n} 2>&1 | tail -20; fi\n")),
        5 => add(out, format_args!("name=part{n}; cat \"docs/$name.md\" || echo \"no docs for $name\"\n")),
        6 => add(out, format_args!("find . -name 'part{n}*.json' -not -path './node_modules/*' | sort\n")),
        _ => add(out, format_args!("python3 -m json.tool < data/part{n}.json > /dev/null\n")),
    }
}

fn script((_, begin, line, end): (&str, &str, Line, &str), size: usize) -> Vec<u8> {
    let mut text = begin.to_owned();
    let mut number = 0;
    while text.len() + end.len() < size {
        line(&mut text, number);
        number += 1;
    }
    text.push_str(end);
    text.into_bytes()
}

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

fn command(text: &[u8]) -> Command {
    let (text, dialect) = (text.to_vec(), Dialect::Bash);
    Command {
        source: Source::Script { dialect, options: Vec::new(), text, args: Vec::new() },
        cwd: PROJECT.into(),
    }
}

fn circumstances() -> Circumstances<'static> {
    let (start, now) = (Path::new(PROJECT), jiff::Timestamp::UNIX_EPOCH);
    Circumstances { requester: "agent:bench", is_proven: false, start, now }
}

fn of_scripts(bench: &Bench) {
    bench.judging("judge cold: ls -l src", b"ls -l src", 500, true);
    bench.judging("judge warm: ls -l src", b"ls -l src", 500, false);
    bench.judging("judge cold: git push --force", b"git push --force", 500, true);
    for shape in SHAPES {
        for size in SIZES {
            let text = script(shape, size << 10);
            let runs = (200 / size).max(5);
            let (policy, command) = (Policy::built_in(), command(&text));
            bench.measure(&format!("parse: {}, {size} KiB", shape.0), runs, text.len(), || {
                black_box(analyse(&command, &TestWorld, &policy));
            });
            bench.judging(&format!("judge cold: {}, {size} KiB", shape.0), &text, runs, true);
            bench.judging(&format!("judge warm: {}, {size} KiB", shape.0), &text, runs, false);
        }
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
