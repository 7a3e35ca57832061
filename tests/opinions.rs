//! Second opinions: a program name that another parser finds in a script, and gate neither lists nor calls opaque, is a miss.
//!
//! `shfmt --to-json` and `bash -n` each read every script in a process of their own, with a limit on its time: they may hang.
//! `GATE_OPINIONS=n` asks about `n` scripts, `GATE_OPINIONS_SEED=n` begins elsewhere.

#[path = "oracle/chance.rs"]
mod chance;
#[path = "oracle/files.rs"]
mod files;
#[path = "oracle/generate.rs"]
mod generate;
#[path = "oracle/mutate.rs"]
mod mutate;
#[path = "oracle/seeds.rs"]
mod seeds;
#[path = "oracle/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use gate::command::Dialect;
use generate::Generator;
use serde_json::Value;

/// How many clear scripts are compared where nothing else is said.
const SCRIPTS: u64 = 150;
/// How many seconds another parser may take.
const PATIENCE: &str = "5";

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Returns what a parser answers to a script, if it accepts it in time.
fn asked(parser: &[&str], script: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("timeout");
    command.arg(PATIENCE).args(parser).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("timeout starts");
    // It may have given up reading.
    let _ = child.stdin.take().map(|mut input| input.write_all(script));
    let output = child.wait_with_output().expect("it ends");
    output.status.success().then_some(output.stdout)
}

/// Returns the names of the commands in a tree of shfmt, as far as they are plain.
fn names(tree: &Value, found: &mut BTreeSet<String>) {
    match tree {
        Value::Object(fields) => {
            if fields.get("Type").is_some_and(|kind| kind == "CallExpr") {
                found.extend(fields.get("Args").and_then(|args| plain(args.get(0)?)));
            }
            fields.values().for_each(|value| names(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns the text of a word that has no quotes, expansions, braces or globs.
fn plain(word: &Value) -> Option<String> {
    let [part] = word.get("Parts")?.as_array()?.as_slice() else { return None };
    let value = part.get("Value")?.as_str()?;
    let is_literal =
        part.get("Type")? == "Lit" && !value.contains(['\\', '*', '?', '[', '{', '~', '=', '\n']);
    is_literal.then(|| value.to_owned())
}

#[test]
fn no_other_parser_finds_a_program_that_is_not_listed() {
    let seed = number("GATE_OPINIONS_SEED", 20_261_121);
    let goal = number("GATE_OPINIONS", SCRIPTS);
    let mut generator = Generator::new(seed);
    let (mut asked_about, mut found, mut unread, mut misses) = (0, 0, 0, Vec::new());
    while asked_about < goal {
        let script = generator.script();
        let analysis = world::analysed(&script, Dialect::Bash);
        if analysis.actions.iter().any(|action| action.opaque.is_some()) {
            continue;
        }
        asked_about += 1;
        unread += u64::from(asked(&["bash", "-n"], &script).is_none());
        let Some(tree) = asked(&["shfmt", "-ln", "bash", "--to-json"], &script) else { continue };
        let mut theirs = BTreeSet::new();
        names(&serde_json::from_slice(&tree).expect("it is JSON"), &mut theirs);
        found += theirs.len();
        let ours: BTreeSet<Vec<u8>> =
            analysis.actions.iter().filter_map(|a| a.program.as_literal()).collect();
        let missed: Vec<&String> = theirs.iter().filter(|name| !ours.contains(name.as_bytes())).collect();
        if !missed.is_empty() {
            misses.push(format!("{missed:?} in:\n{}\n", String::from_utf8_lossy(&script)));
        }
    }
    println!("seed {seed}: {asked_about} scripts, {found} names of shfmt, {unread} not read by bash -n");
    assert!(found as u64 > goal, "only {found} names were compared");
    let first = misses[..misses.len().min(30)].join("\n");
    assert!(misses.is_empty(), "{} scripts (seed {seed}), the first:\n{first}", misses.len());
}
