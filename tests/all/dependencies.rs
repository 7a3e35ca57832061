//! What gate is built from: every crate comes from the registry under a permissive licence, and none is there that gate decided against.

use std::process::Command;

use serde_json::Value;

/// Licences that ask for no more than their text to be passed on (SPDX identifiers).
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that are not to come in by a side door: a second TLS or SQLite, an async runtime that nothing uses yet.
const UNWANTED: &[&str] = &["openssl-sys", "native-tls", "aws-lc-sys", "sqlx", "tokio", "reqwest"];

#[test]
fn every_crate_has_a_permissive_licence_and_comes_from_the_registry() {
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_permissive(licence), "{name}: licence `{licence}`");
        let source = package["source"].as_str().unwrap_or("registry+");
        assert!(source.starts_with("registry+"), "{name}: comes from {source}");
        assert!(!UNWANTED.contains(&name), "{name} is in the tree");
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let case = |expression, expected| assert_eq!(is_permissive(expression), expected, "{expression}");
    case("MIT OR Apache-2.0", true);
    case("MIT/Apache-2.0", true);
    case("MIT OR LGPL-2.1-or-later", true);
    case("(MIT OR Apache-2.0) AND Unicode-3.0", true);
    case("MIT AND GPL-3.0-only", false);
    case("(MIT OR GPL-3.0-only) AND GPL-3.0-only", false);
    case("GPL-3.0-only", false);
    case("", false);
}

fn packages() -> Vec<Value> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).expect("cargo metadata is JSON");
    metadata["packages"].as_array().expect("a list of packages").clone()
}

/// Claims that one way through the expression uses permissive licences only.
fn is_permissive(expression: &str) -> bool {
    let parts = |text: &str, word: &str| text.split(word).map(str::to_owned).collect::<Vec<_>>();
    parts(&expression.replace('/', " OR "), " AND ").iter().all(|all| {
        let any = all.trim().trim_start_matches('(').trim_end_matches(')');
        parts(any, " OR ").iter().any(|one| PERMISSIVE.contains(&one.trim()))
    })
}
