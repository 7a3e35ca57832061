//! Keeps the arrows of the house: which module may use which. The map is in `src/lib.rs`.
//!
//! The picture is printed by `cargo test --test all layers -- --nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex_lite::Regex;

/// From the top to the bottom: a module may use those of the rows below its own, never its own row or above.
const ROWS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["gate"],
    &["channel", "report"],
    &["config"],
    &["store", "exec", "agent"],
    &["identity", "audit"],
    &["approval"],
    &["policy"],
    &["shell"],
    &["command", "canonical", "why", "world"],
    &["digest", "moment"],
];

/// Who may use the two that stand beside the rows.
const BESIDE: &[(&str, &[&str])] =
    &[("ui", &["main", "cli", "gate", "channel"]), ("error", &["main", "cli", "gate"])];

/// The core must do without these: no input or output, no clock, no environment.
const CORE_STARTS: usize = 6;
const NOT_IN_THE_CORE: &[&str] = &[
    "std::fs::",
    "std::env::",
    "std::process::",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "rusqlite",
    "tokio",
];

#[test]
fn modules_use_only_what_lies_below_them() {
    let uses = uses();
    println!("{}", picture(&uses));
    let wrong: Vec<String> = uses
        .iter()
        .flat_map(|(user, used)| used.iter().map(move |used| (user, used)))
        .filter(|(user, used)| !may_use(user, used))
        .map(|(user, used)| format!("`{user}` uses `{used}`"))
        .collect();
    assert!(wrong.is_empty(), "arrows that run upwards or sideways: {}", wrong.join(", "));
}

#[test]
fn core_has_no_io_no_clock_and_no_environment() {
    let mut wrong = Vec::new();
    for (path, module) in sources() {
        if row(&module).is_none_or(|row| row < CORE_STARTS) {
            continue;
        }
        let text = without_tests(&std::fs::read_to_string(&path).expect("a source file"));
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            if let Some(found) = NOT_IN_THE_CORE.iter().find(|name| line.contains(**name)) {
                wrong.push(format!("{}: {found}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "the core must get these as arguments:\n{}", wrong.join("\n"));
}

fn may_use(user: &str, used: &str) -> bool {
    if let Some((_, users)) = BESIDE.iter().find(|(name, _)| *name == used) {
        return users.contains(&user);
    }
    // The two themselves may use the core.
    if BESIDE.iter().any(|(name, _)| *name == user) {
        return row(used).is_some_and(|row| row >= CORE_STARTS);
    }
    match (row(user), row(used)) {
        (Some(user), Some(used)) => user < used,
        _ => false,
    }
}

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// Which module uses which others, from the `crate::` and `gate::` paths outside comments and unit tests.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let path = Regex::new(r"\b(crate|gate)::(\w+|\{[^;]*\})").expect("a pattern of this file");
    let name = Regex::new(r"(^|[{,])\s*(\w+)").expect("a pattern of this file");
    let mut uses = BTreeMap::<String, BTreeSet<String>>::new();
    for (file, module) in sources() {
        let text = without_tests(&std::fs::read_to_string(&file).expect("a source file"));
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let used = uses.entry(module.clone()).or_default();
        for found in path.captures_iter(&code.join("\n")) {
            if &found[1] == "gate" && module != "main" {
                continue;
            }
            let names = name.captures_iter(&found[2]).map(|captures| captures[2].to_owned());
            used.extend(names.filter(|name| *name != module));
        }
    }
    uses
}

/// Every source file with the module it belongs to: `src/store/requests.rs` to `store`.
fn sources() -> Vec<(PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut open = vec![src.clone()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).expect("a source directory") {
            let path = entry.expect("an entry of a source directory").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let below = path.strip_prefix(&src).expect("a path below src").to_string_lossy().into_owned();
            let module = below.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
            if below.ends_with(".rs") && module != "lib" {
                found.push((path, module));
            }
        }
    }
    found.sort();
    found
}

/// Unit tests may use what they like; they stand at the end of a file.
fn without_tests(text: &str) -> String {
    text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

/// Draws the arrows, one module a line, top row first.
fn picture(uses: &BTreeMap<String, BTreeSet<String>>) -> String {
    let order = |name: &String| (row(name).unwrap_or(ROWS.len()), name.clone());
    let mut modules: Vec<&String> = uses.keys().collect();
    modules.sort_by_key(|name| order(name));
    let line = |module: &&String| {
        let mut used: Vec<&String> = uses[*module].iter().collect();
        used.sort_by_key(|name| order(name));
        let used: Vec<&str> = used.into_iter().map(String::as_str).collect();
        format!("{module:>9} → {}", if used.is_empty() { "(nothing)".to_owned() } else { used.join(", ") })
    };
    modules.iter().map(line).collect::<Vec<_>>().join("\n")
}
