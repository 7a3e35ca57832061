//! Fuzzing without a fuzzer: the targets of `fuzz/` on inputs made from a corpus, the same for the same seed.
//!
//! `GATE_FUZZ=n` gives each target `n` times as many inputs, `GATE_FUZZ_SEED=n` begins elsewhere.

#![expect(clippy::print_stdout, reason = "how much was tried belongs to the answer")]

#[path = "bypasses/around.rs"]
mod around;
#[path = "oracle/chance.rs"]
mod chance;
#[path = "fuzz/corpus.rs"]
mod corpus;
#[path = "oracle/files.rs"]
mod files;
#[path = "oracle/generate.rs"]
mod generate;
#[path = "oracle/mutate.rs"]
mod mutate;
#[path = "bypasses/reaching.rs"]
mod reaching;
#[path = "bypasses/running.rs"]
mod running;
#[path = "oracle/seeds.rs"]
mod seeds;
#[path = "bypasses/table.rs"]
mod table;
#[path = "fuzz/targets.rs"]
mod targets;

use chance::Chance;
use generate::Generator;
use table::Table;
use targets::{LONGEST, Target};

fn bypasses() -> Vec<Vec<&'static str>> {
    let all = [
        running::CHAINS,
        running::WRAPPERS,
        running::SHELLS,
        running::NAMES,
        running::ENVIRONMENT,
        reaching::OPTIONS,
        reaching::REDIRECTS,
        reaching::PATHS,
        reaching::READINGS,
        around::DOWNLOADS,
        around::TAMPERING,
        around::LOOKALIKES,
    ];
    all.iter().map(|Table { denied, held, allowed, .. }| [*denied, *held, *allowed].concat()).collect()
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A source of inputs: texts of a corpus, changed.
struct Source {
    corpus: Vec<String>,
    chance: Chance,
}

impl Source {
    fn text(&mut self) -> String {
        let one = self.chance.below(self.corpus.len());
        let other = self.chance.below(self.corpus.len());
        let mut text = self.corpus[one].clone();
        for _ in 0..[0, 0, 1, 1, 2, 4][self.chance.below(6)] {
            text = mutate::changed(&text, &self.corpus[other], "ls", &mut self.chance);
        }
        text
    }

    /// Returns `text` with a few bytes that are no text at all.
    fn spoilt(&mut self, text: String) -> Vec<u8> {
        let mut bytes = text.into_bytes();
        for _ in 0..[0, 0, 0, 1, 3][self.chance.below(5)] {
            let at = self.chance.below(bytes.len() + 1);
            let byte = u8::try_from(self.chance.below(256)).expect("it is a byte");
            match bytes.get_mut(at) {
                Some(place) if self.chance.one_in(2) => *place = byte,
                _ => bytes.insert(at.min(bytes.len()), byte),
            }
        }
        bytes.truncate(LONGEST);
        bytes
    }
}

/// Feeds `target` with `count` inputs, and says how many of them were valid.
#[track_caller]
fn feed(name: &str, target: Target, count: u64, mut input: impl FnMut() -> Vec<u8>) {
    let count = count * number("GATE_FUZZ", 1);
    let mut valid = 0;
    for _ in 0..count {
        let bytes = input();
        let fed = std::panic::catch_unwind(|| target(&bytes));
        let Ok(is_valid) = fed else { panic!("{name} fails on {:?}", String::from_utf8_lossy(&bytes)) };
        valid += u64::from(is_valid);
    }
    println!("{name}: {count} inputs, {valid} of them valid");
    assert!(valid * 50 > count, "only {valid} of {count} inputs of {name} were valid");
}

fn source(corpus: Vec<String>) -> Source {
    Source { corpus, chance: Chance::new(number("GATE_FUZZ_SEED", 20_261_121)) }
}

#[test]
fn any_text_is_read_to_its_last_byte_or_opaque() {
    let mut scripts = Generator::new(number("GATE_FUZZ_SEED", 20_261_121));
    let mut source = source(corpus::commands());
    feed("parse", targets::parse, 4000, || {
        let text = match source.chance.below(3) {
            0 => source.text(),
            _ => String::from_utf8_lossy(&scripts.script()).into_owned(),
        };
        source.spoilt(text)
    });
}

#[test]
fn no_verdict_depends_on_the_order_of_rules_or_weakens_behind_another_command() {
    let mut source = source(corpus::commands());
    feed("judge", targets::judge, 250, || {
        let (one, other) = (source.text(), source.text());
        [one.as_bytes(), other.as_bytes()].join(&0xff)
    });
}

#[test]
fn any_policy_file_is_read_or_refused_at_a_line() {
    let mut source = source(corpus::policies());
    feed("policy", targets::policy, 600, || {
        let text = source.text();
        source.spoilt(text)
    });
}

#[test]
fn a_statement_behind_another_is_judged_as_strictly() {
    let mut source = source(corpus::statements());
    feed("sql", targets::sql, 1000, || {
        let (one, other) = (source.text(), source.text());
        [one.as_bytes(), other.as_bytes()].join(&0xff)
    });
}

#[test]
fn no_signature_holds_that_nobody_made() {
    let signature = include_str!("vectors/sshsig/ed25519.sig");
    let mut source = source(vec![signature.to_owned()]);
    feed("sshsig", targets::sshsig, 2000, || source.spoilt(signature.to_owned()));
}
