//! What inputs are made of: the examples of every rule, the tables of bypasses, the oracle's seeds, the packs' files.

use gate::policy::Policy;

/// Statements that read, that write, that destroy, and that do something else.
const SQL: &[&str] = &[
    "SELECT * FROM users LIMIT 5",
    "select count(*) from t where a = 1 group by b",
    "WITH x AS (SELECT 1) SELECT * FROM x",
    "EXPLAIN ANALYZE DELETE FROM users",
    "DELETE FROM users",
    "DELETE FROM users WHERE id = 3",
    "UPDATE t SET a = 1 WHERE id = 2",
    "INSERT INTO t VALUES (1, 2)",
    "DROP TABLE users",
    "TRUNCATE t",
    "ALTER TABLE t ADD COLUMN x INT",
    "CREATE TABLE t (a INT)",
    "GRANT ALL ON t TO x",
    "COPY t TO PROGRAM x",
    "PRAGMA table_info(t)",
    "VACUUM",
    "BEGIN",
    "COMMIT",
    "SHOW TABLES",
    "SELECT pg_read_file(1)",
    "SELECT 1 INTO OUTFILE x",
    ".tables",
    ".shell id",
    "values (1)",
];

/// Returns commands as people write them: the rules' own examples, and the known bypasses.
pub(crate) fn commands() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for rule in Policy::built_in().in_force() {
        all.extend(rule.examples);
        all.extend(rule.counterexamples);
    }
    for table in super::bypasses() {
        all.extend(table.iter().map(|case| (*case).to_owned()));
    }
    all
}

/// Returns the tables of the packs, each with a head, so that it is a file.
pub(crate) fn policies() -> Vec<String> {
    let mut all = Vec::new();
    let files = std::fs::read_dir("policies").expect("the packs are there").flatten();
    let mut paths: Vec<_> = files.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml")) {
        let text = std::fs::read_to_string(path).expect("a pack is text");
        let tables = text.split("\n[[").skip(1).map(|table| format!("[policy]\nversion = 1\n\n[[{table}"));
        all.extend(tables.filter(|table| table.len() < 2500));
    }
    all.push(
        std::fs::read_to_string("docs/policy.md")
            .expect("the documentation is there")
            .split("```")
            .nth(1)
            .unwrap_or_default()
            .to_owned(),
    );
    all
}

/// Returns statements of SQL.
pub(crate) fn statements() -> Vec<String> {
    SQL.iter().map(|text| (*text).to_owned()).collect()
}
