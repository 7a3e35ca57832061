//! Known ways around command guards, class by class: what the built-in policy says of each.
//!
//! The index below counts them, so that none is lost. What the shell layer lists for such texts is in `src/shell/tests/bypasses`.

#[path = "bypasses/around.rs"]
mod around;
#[path = "bypasses/reaching.rs"]
mod reaching;
#[path = "bypasses/running.rs"]
mod running;
#[path = "bypasses/table.rs"]
mod table;

use gate::policy::{Policy, Verdict, judge_in_test_world};
use table::Table;

/// Each class with its number and title, its table, and how many ways around and harmless cases it has.
const INDEX: [(usize, &str, Table, [usize; 2]); 12] = [
    (1, "chains", running::CHAINS, [31, 2]),
    (2, "wrappers", running::WRAPPERS, [58, 3]),
    (3, "shells", running::SHELLS, [41, 3]),
    (4, "names behind quotes and expansions", running::NAMES, [42, 4]),
    (5, "variables, functions and aliases", running::ENVIRONMENT, [34, 3]),
    (6, "options that execute", reaching::OPTIONS, [76, 5]),
    (7, "redirects and here-documents", reaching::REDIRECTS, [35, 3]),
    (8, "paths", reaching::PATHS, [35, 3]),
    (9, "other readings", reaching::READINGS, [32, 3]),
    (10, "downloads and decoders", around::DOWNLOADS, [27, 2]),
    (11, "tampering with the guard", around::TAMPERING, [30, 2]),
    (12, "what only looks like a command", around::LOOKALIKES, [0, 43]),
];

/// The fewest cases of a class.
const ENOUGH: usize = 10;

#[test]
fn every_class_has_its_table() {
    for (at, (class, title, table, count)) in INDEX.iter().enumerate() {
        let held = table.denied.len() + table.held.len();
        assert_eq!((*class, *count), (at + 1, [held, table.allowed.len()]), "{title}");
        // The last class are false alarms.
        assert!(if at == 11 { table.allowed.len() } else { held } >= ENOUGH, "{title}");
        let all = [table.denied, table.held, table.allowed].concat();
        let different: std::collections::BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(different.len(), all.len(), "{title}: a case stands there twice");
    }
}

/// Returns the lines about the cases that are judged otherwise.
fn wrong(table: &Table) -> Vec<String> {
    let policy = Policy::built_in();
    let all = [(table.denied, "denied"), (table.held, "held"), (table.allowed, "allowed")];
    let all = all.iter().flat_map(|(cases, word)| cases.iter().map(move |case| (*case, *word)));
    all.filter_map(|(case, word)| {
        let judgement = judge_in_test_world(&policy, case);
        let is_so = match word {
            "denied" => judgement.verdict == Verdict::Deny,
            "held" => judgement.verdict > Verdict::Allow,
            _ => judgement.verdict == Verdict::Allow,
        };
        let found = format!("{:?}: {}", judgement.verdict, judgement.reason());
        (!is_so).then(|| format!("{case:?} is to be {word}, and is {found}"))
    })
    .collect()
}

#[test]
fn no_known_way_leads_around_the_policy() {
    let lines: Vec<String> = INDEX[..11]
        .iter()
        .flat_map(|(class, title, table, _)| {
            wrong(table).into_iter().map(move |line| format!("{class} {title}: {line}"))
        })
        .collect();
    assert!(lines.is_empty(), "{} differ:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn what_only_looks_like_a_way_around_is_allowed() {
    let lines = wrong(&around::LOOKALIKES);
    assert!(lines.is_empty(), "{} differ:\n{}", lines.len(), lines.join("\n"));
}
