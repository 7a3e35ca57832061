//! What must hold for any bytes: each function takes some and panics where it does not.
//!
//! `tests/fuzz.rs` feeds them from a generator of its own, `fuzz/` from libFuzzer.

use std::path::PathBuf;

use gate::command::{Command, Dialect, Source};
use gate::identity::{PublicKey, Signature};
use gate::policy::{Authority, LayerText, PROJECT, Packs, Policy, TestWorld, Verdict, judge_in_test_world};
use gate::shell::{Analysis, Unit, analyse, first_unit};

/// What can be fed: the bytes, and whether they were taken as valid at all.
pub(crate) type Target = fn(&[u8]) -> bool;

/// The most bytes that one input has.
pub(crate) const LONGEST: usize = 4096;

thread_local! {
    static BUILT_IN: Policy = Policy::built_in();
    static SHUFFLED: [Policy; 2] = [shuffled(1), shuffled(7919)];
}

/// The built-in packs from their sources, their rules in another order.
fn shuffled(step: usize) -> Policy {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../policies");
    let directory = if std::path::Path::new(directory).is_dir() { directory } else { "policies" };
    let mut layers = Vec::new();
    for entry in std::fs::read_dir(directory).expect("the packs are there").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a pack is text");
        if entry.path().extension().is_some_and(|ending| ending == "toml") {
            let path = entry.path().display().to_string();
            layers.push(LayerText { authority: Authority::BuiltIn, path, text: reordered(&text, step) });
        }
    }
    Policy::over(Packs::none(), layers).expect("rules may stand in any order")
}

/// Returns a policy file with its tables in another order: each goes to its place times `step`, where that is free.
fn reordered(text: &str, step: usize) -> String {
    let (head, tables) = text.split_at(text.find("\n[[").map_or(text.len(), |at| at + 1));
    let mut all: Vec<String> = Vec::new();
    for line in tables.split_inclusive('\n') {
        match all.last_mut().filter(|_| !line.starts_with("[[")) {
            Some(table) => table.push_str(line),
            None => all.push(line.to_owned()),
        }
    }
    all.sort_by_key(|table| table.bytes().fold(step, |sum, byte| sum.wrapping_mul(31) ^ usize::from(byte)));
    head.to_owned() + &all.concat()
}

/// A signature: whatever it is, reading and verifying it ends, and only the one that was made holds. `0xFF` ends the armor's text.
pub(crate) fn sshsig(bytes: &[u8]) -> bool {
    let message = include_bytes!("../vectors/sshsig/message");
    let _read = PublicKey::of_file(&String::from_utf8_lossy(bytes));
    let Ok(read) = Signature::parse(&String::from_utf8_lossy(bytes)) else { return false };
    let made = Signature::parse(include_str!("../vectors/sshsig/ed25519.sig")).expect("it is one");
    let holds = read.verify("gate-decision@v1", message).is_ok();
    assert!(!holds || *read.key() != *made.key() || read == made, "a signature holds that nobody made");
    true
}

fn analysed(text: &[u8], dialect: Dialect) -> Analysis {
    let source = Source::Script { dialect, options: Vec::new(), text: text.to_vec(), args: Vec::new() };
    let command = Command { source, cwd: PathBuf::from(PROJECT) };
    BUILT_IN.with(|policy| analyse(&command, &TestWorld, policy))
}

fn is_clear(analysis: &Analysis) -> bool {
    analysis.actions.iter().all(|action| action.opaque.is_none())
}

/// Any bytes are read in any dialect; what is accepted is tiled, and spans lie in the text.
pub(crate) fn parse(bytes: &[u8]) -> bool {
    let dialect = match bytes.first().map_or(0, |byte| byte % 8) {
        0 => Dialect::Posix,
        1 => Dialect::Zsh,
        _ => Dialect::Bash,
    };
    let found = analysed(bytes, dialect);
    assert_eq!(found.text, bytes);
    for action in &found.actions {
        assert!(action.span.start <= action.span.end && action.span.end <= bytes.len());
        assert!(action.upstream.is_none_or(|at| at < found.actions.len()));
        assert!(action.downstream.is_none_or(|at| at < found.actions.len()));
    }
    let is_clear = is_clear(&found);
    // Of a line that ends in a backslash the units do not say whether it goes on.
    let goes_on = bytes.windows(2).any(|part| part == b"\\\n");
    // A quote that is open at the end is read as if it were closed there.
    let closed = |mark: &[u8]| is_tiled(&[bytes, mark].concat(), dialect);
    let is_tiled = is_tiled(bytes, dialect) || closed(b"'") || closed(b"\"");
    assert!(!is_clear || goes_on || is_tiled, "accepted text is not made of whole commands");
    is_clear
}

/// Claims that the text is a row of whole commands and blank lines, with no byte between or left over.
fn is_tiled(mut text: &[u8], dialect: Dialect) -> bool {
    while !text.is_empty() {
        let (Unit::Blank(length) | Unit::Complete { length, .. }) = first_unit(text, true, dialect) else {
            return false;
        };
        assert!(length > 0 && length <= text.len());
        text = &text[length..];
    }
    true
}

/// The texts of `bytes`: two of them, if a byte 0xFF parts it.
fn two(bytes: &[u8]) -> (String, String) {
    let at = bytes.iter().position(|byte| *byte == 0xff);
    let (one, other) = at.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 1..]));
    (String::from_utf8_lossy(one).into_owned(), String::from_utf8_lossy(other).into_owned())
}

/// Two scripts, a byte 0xFF between: their order of rules never matters, and one behind the other weakens no verdict.
pub(crate) fn judge(bytes: &[u8]) -> bool {
    let (one, other) = two(bytes);
    BUILT_IN.with(|policy| {
        let alone = judge_in_test_world(policy, &one);
        SHUFFLED.with(|all| {
            let policy = &all[bytes.len() % all.len()];
            let found = judge_in_test_world(policy, &one);
            assert_eq!(
                (alone.verdict, alone.risk),
                (found.verdict, found.risk),
                "rules in another order: {one:?}"
            );
        });
        let found = analysed(one.as_bytes(), Dialect::Bash);
        // Where nothing runs, what is set is judged for the shell's sake alone.
        let runs = found.actions.iter().all(|action| !action.program.pieces.is_empty());
        let is_whole = runs && is_clear(&found) && is_plain_at_its_end(&one);
        for glue in if is_whole { &["; ", "\n", " && ", " || ", " | ", " & "][..] } else { &[] } {
            let both = format!("{one}{glue}{other}");
            let verdict = judge_in_test_world(policy, &both).verdict;
            assert!(
                verdict >= alone.verdict,
                "{verdict:?} for {both:?}, and {:?} for {one:?}",
                alone.verdict
            );
        }
        for before in if runs { &["ls; ", "ls -l src\n", "true\n"][..] } else { &[] } {
            let (both, alone) = (format!("{before}{one}"), alone.verdict);
            let verdict = judge_in_test_world(policy, &both).verdict;
            assert!(verdict >= alone, "{verdict:?} for {both:?}, and {alone:?} without what comes first");
        }
        is_whole && alone.verdict != Verdict::Ask
    })
}

/// Claims that what is written behind the text is read as a command of its own: no comment, no here-document, no operator ends it.
fn is_plain_at_its_end(text: &str) -> bool {
    let last = text.trim_end_matches([' ', '\t']).chars().last();
    !text.contains("<<") && !text.contains('#') && last.is_some_and(|last| !"\n;&|\\".contains(last))
}

/// A policy file is read, or refused with a place in it.
pub(crate) fn policy(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let authority = [Authority::Project, Authority::User, Authority::System][bytes.len() % 3];
    let lines = text.lines().count().max(1);
    let layer = LayerText { authority, path: "a.toml".to_owned(), text };
    match Policy::over(Packs::none(), vec![layer]) {
        Ok(policy) => {
            for script in ["ls", "rm -rf ~; git push -f", "curl x | sh"] {
                judge_in_test_world(&policy, script);
            }
            true
        }
        Err(error) => {
            let message = error.to_string();
            let place = message.strip_prefix("a.toml:").and_then(|rest| rest.split(':').next());
            let line = place.and_then(|line| line.parse::<usize>().ok());
            assert!(line.is_some_and(|line| line > 0 && line <= lines + 1), "no place: {message:?}");
            false
        }
    }
}

/// Two statements of SQL, a byte 0xFF between: what is asked or denied alone is not allowed behind or before another.
pub(crate) fn sql(bytes: &[u8]) -> bool {
    let (one, other) = two(bytes);
    let program = ["psql -c", "mysql -e", "sqlite3 app.db", "duckdb app.db -c"][bytes.len() % 4];
    let verdict = |sql: &str| {
        let quoted = String::from_utf8_lossy(&gate::command::quoted(sql.as_bytes())).into_owned();
        BUILT_IN.with(|policy| judge_in_test_world(policy, &format!("{program} {quoted}")).verdict)
    };
    let alone = verdict(&one);
    // A statement that ends within a text or a comment takes in what is written behind it; none begins with a dash.
    if one.trim_matches([' ', '\n', '\t', ';']).is_empty()
        || one.trim_start().starts_with('-')
        || one.contains(['\'', '"', '`', '$', '\\', '\0'])
        || one.contains("--")
        || one.contains("/*")
        || one.contains('#')
    {
        verdict(&format!("{one}; {other}"));
        return false;
    }
    let both = verdict(&format!("{one}; {other}"));
    assert!(both >= alone, "{both:?} for {program} {one:?}; {other:?}, and {alone:?} for the first");
    let both = verdict(&format!("select 1; {one}"));
    assert!(both >= alone, "{both:?} behind a `select` for {program} {one:?}, and {alone:?} alone");
    alone == Verdict::Allow
}
