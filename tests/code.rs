//! Python runs the code that gate takes for pure, and an audit hook (PEP 578) sees that it does nothing but what gate listed.
//!
//! `GATE_CODE=n` makes `n` snippets instead of some thousand, `GATE_CODE_SEED=n` others.

#[path = "oracle/chance.rs"]
#[expect(dead_code, reason = "not every choice is made here")]
mod chance;
#[path = "code/seeds.rs"]
mod seeds;

use std::io::Write;
use std::process::{Command, Stdio};

use chance::Chance;
use gate::command::Source;
use gate::policy::{PROJECT, Policy, TestWorld};
use gate::shell::{Action, Word, analyse};
use serde_json::{Value, json};

const PYTHON: &str = "/usr/bin/python3";
const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/code/driver.py");

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Returns what gate lists for the code, if it takes it for pure: the files, `null` where their names are not all known, and the program.
fn listed(policy: &Policy, code: &str) -> Option<Value> {
    let words = ["python3", "-c", code].map(|word| word.as_bytes().to_vec());
    let command = gate::command::Command { source: Source::Argv(words.to_vec()), cwd: PROJECT.into() };
    let analysis = analyse(&command, &TestWorld, policy);
    if analysis.actions.iter().any(|action| action.opaque.is_some()) {
        return None;
    }
    let named =
        |action: &Action| action.program.as_literal().map(|name| String::from_utf8_lossy(&name).into_owned());
    let is_read = |action: &&Action| named(action).as_deref() == Some("cat");
    let path = |action: &Action| action.args.last().and_then(Word::as_literal);
    let text = |path: Vec<u8>| String::from_utf8_lossy(&path).into_owned();
    let reads: Option<Vec<String>> =
        analysis.actions.iter().filter(is_read).map(|action| path(action).map(text)).collect();
    let runs = analysis.actions.iter().any(|action| named(action).as_deref() == Some("uname"));
    let runs = if runs { json!(["uname", "-p"]) } else { json!([]) };
    Some(json!({"code": code, "reads": reads, "runs": runs}))
}

/// Returns the code in pieces: words, texts, signs, and what lies between.
fn pieces(code: &str) -> Vec<&str> {
    let is_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let mut out = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|sign| !is_word(sign)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        out.push(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// Returns a piece of code made of one or two seeds.
fn snippet(chance: &mut Chance) -> String {
    let mut out: Vec<&str> = pieces(chance.pick(&seeds::SEEDS));
    let other = pieces(chance.pick(&seeds::SEEDS));
    for _ in 0..[0, 1, 1, 2, 3, 5][chance.below(6)] {
        let at = chance.below(out.len() + 1);
        let from = chance.below(other.len());
        let length = 1 + chance.below(6.min(other.len() - from));
        let taken = other[from..from + length].to_vec();
        let gone = chance.below(4).min(out.len() - at);
        out.splice(at..at + gone, taken);
    }
    out.concat()
}

/// Returns what Python says of each snippet: what it did that was not listed, and whether it could be read at all.
fn run(cases: &[Value]) -> Vec<Value> {
    let place = tempfile::tempdir().expect("a scratch directory");
    let input: String = cases
        .iter()
        .map(|case| {
            format!(
                "{case}
"
            )
        })
        .collect();
    let mut child = Command::new(PYTHON)
        .args(["-I", "-B", DRIVER])
        .current_dir(place.path())
        .env("HOME", place.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    child.stdin.take().expect("it has an input").write_all(input.as_bytes()).expect("python reads");
    let output = child.wait_with_output().expect("python ends");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("it answers in JSON"))
        .collect()
}

#[test]
fn code_taken_for_pure_does_nothing_but_what_was_listed() {
    let count = number("GATE_CODE", 4_000);
    let mut chance = Chance::new(number("GATE_CODE_SEED", 20_261_122));
    let policy = Policy::built_in();
    let made = (0..count).map(|_| snippet(&mut chance));
    let cases: Vec<Value> = made.filter_map(|code| listed(&policy, &code)).collect();
    let answers = run(&cases);
    assert_eq!(answers.len(), cases.len(), "each snippet has its answer");
    let surprises: Vec<String> = (cases.iter().zip(&answers))
        .filter(|(_, answer)| answer["said"] != "")
        .map(|(case, answer)| format!("{}\n{}", answer["said"], case["code"]))
        .collect();
    assert!(surprises.is_empty(), "{}", surprises.join("\n----\n"));
    let ran = answers.iter().filter(|answer| answer["refused"] == false).count();
    println!("code: {count} snippets, {} taken for pure, {ran} of them run", cases.len());
    assert!(
        ran * 20 > cases.len() && cases.len() * 20 > usize::try_from(count).expect("it fits"),
        "too few ran"
    );
}

/// The hook sees what it must: a test that notices nothing proves nothing.
#[test]
fn the_audit_hook_sees_what_was_not_listed() {
    let codes = [
        "import os; os.system('true')",
        "open('f', 'w')",
        "open('/etc/passwd')",
        "exec('1')",
        "import subprocess; subprocess.run(['true'])",
        "import socket; socket.socket()",
    ];
    let case = |code: &str, reads: Value| json!({"code": code, "reads": reads, "runs": []});
    let cases: Vec<Value> = codes.iter().map(|code| case(code, json!([]))).collect();
    for (answer, code) in run(&cases).iter().zip(codes) {
        assert_ne!(answer["said"], "", "{code}");
    }
    let listed = run(&[case("open('/etc/passwd')", json!(["/etc/passwd"])), case("1 1", json!([]))]);
    assert_eq!(listed[0]["said"], "");
    assert_eq!(listed[1]["refused"], true);
}
