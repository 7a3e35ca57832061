//! The record, as people and auditors read it: log, show, verify, export, and a log that somebody changed.

use std::path::Path;

use serde_json::Value;

use crate::stage::Stage;

const POLICY: &str = "[policy]\nversion = 1\ndefault = \"allow\"\n";

/// A stage on which `true` and `printf` have run: seven entries.
fn stage() -> Stage {
    let stage = Stage::new().policy(POLICY);
    stage.gate(["--", "/bin/true"]).check();
    stage.gate(["-c", "printf a; exit 3"]).stdout("a").code(3).check();
    stage
}

fn database(stage: &Stage) -> rusqlite::Connection {
    rusqlite::Connection::open(stage.home().join("gate.db")).unwrap()
}

/// Runs gate and returns its standard output; it must end with `code`.
#[track_caller]
fn output(stage: &Stage, args: &[&str], code: i32) -> String {
    let output = stage.gate(args).output();
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn verifier() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/verify.py").display().to_string()
}

#[test]
fn log_lists_what_was_judged_and_run() {
    let text = output(&stage(), &["audit", "log"], 0);
    let kinds: Vec<&str> = text.lines().map(|line| line.split_whitespace().nth(3).unwrap()).collect();
    let expected = ["genesis", "judged", "exec.start", "exec.end", "judged", "exec.start", "exec.end"];
    assert_eq!(kinds, expected, "{text}");
    assert!(text.lines().nth(1).unwrap().contains("/bin/true  allow"), "{text}");
    assert!(text.lines().nth(6).unwrap().contains("exit 3 after "), "{text}");
}

#[test]
fn log_can_be_narrowed() {
    let stage = stage();
    assert_eq!(output(&stage, &["audit", "log", "-n", "2"], 0).lines().count(), 2);
    assert_eq!(output(&stage, &["audit", "log", "--since", "1h"], 0).lines().count(), 7);
    assert_eq!(output(&stage, &["audit", "log", "--since", "2100-01-01"], 0), "");
    let json = output(&stage, &["audit", "log", "--json", "-n", "1"], 0);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["type"], "exec.end");
    let no_time = "gate: error: `soon` is no time, like `2026-11-21`, `[TIME]` or `2h`\n";
    stage.gate(["audit", "log", "--since", "soon"]).stderr(no_time).code(125).check();
}

#[test]
fn one_entry_is_shown_whole() {
    let stage = stage();
    let entry: Value = serde_json::from_str(&output(&stage, &["audit", "show", "5"], 0)).unwrap();
    assert_eq!(entry["action"]["script"], "printf a; exit 3");
    let id = entry["id"].as_str().unwrap();
    let by_id: Value = serde_json::from_str(&output(&stage, &["audit", "show", id], 0)).unwrap();
    assert_eq!(by_id, entry);
    let none = "gate: no entry and no request is `99`; see `gate audit log`\n";
    stage.gate(["audit", "show", "99"]).stderr(none).code(1).check();
}

#[test]
fn log_in_order_is_verified_by_gate_and_by_python_alike() {
    let stage = stage();
    let said: Value = serde_json::from_str(&output(&stage, &["audit", "verify", "--json"], 0)).unwrap();
    assert_eq!((said["result"].as_str(), said["entries"].as_u64()), (Some("verified"), Some(7)));
    let export = output(&stage, &["audit", "export", "--format", "jsonl"], 0);
    let file = stage.root().join("log.jsonl");
    std::fs::write(&file, &export).unwrap();
    let file = file.to_str().unwrap();
    let again: Value =
        serde_json::from_str(&output(&stage, &["audit", "verify", "--json", "--from", file], 0)).unwrap();
    assert_eq!(again, said);
    let root = said["root"].as_str().unwrap();
    let expected = format!("7 entries\nhead {}\nroot {root}\n", said["head"].as_str().unwrap());
    let python = stage.program("python3", [&verifier(), file, root]).output();
    assert_eq!((String::from_utf8(python.stdout).unwrap(), python.status.code()), (expected, Some(0)));
}

#[test]
fn verifier_in_python_is_short_enough_to_read() {
    assert!(std::fs::read_to_string(verifier()).unwrap().lines().count() <= 50);
}

#[test]
fn changed_export_is_found_by_gate_and_by_python_alike() {
    let stage = stage();
    let export = output(&stage, &["audit", "export"], 0);
    let change = |changed: String, seq: u64| {
        let stage = Stage::new().file("log.jsonl", changed);
        let said = output(&stage, &["audit", "verify", "--json", "--from", "log.jsonl"], 10);
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((said["result"].as_str(), said["entry"].as_u64()), (Some("tampered"), Some(seq)));
        let python = stage.program("python3", [verifier().as_str(), "log.jsonl"]).output();
        let text = String::from_utf8(python.stderr).unwrap();
        assert!(text.starts_with(&format!("tampered: entry {seq}: ")), "{text}");
        assert_eq!(python.status.code(), Some(10));
    };
    change(export.replacen("/bin/true", "/bin/rm", 1), 3);
    let mut lines: Vec<&str> = export.lines().collect();
    lines.remove(3);
    change(lines.join("\n"), 4);
    lines.swap(1, 2);
    change(lines.join("\n"), 2);
    change("not json\n".to_owned(), 1);
}

#[test]
fn tampered_database_is_found() {
    let stage = stage();
    database(&stage)
        .execute_batch(
            "DROP TRIGGER entries_are_not_changed;
             UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), '/bin/true', '/bin/echo') AS BLOB) WHERE seq = 2",
        )
        .unwrap();
    stage
        .gate(["audit", "verify"])
        .stdout(
            "
            tampered: entry 3, row's prev
              expected  [DIGEST]
              found     [DIGEST]
              entries 1 to 2 are in order among themselves; there is no anchor to compare with (tier T0)
            ",
        )
        .code(10)
        .check();
}

#[test]
fn long_log_has_a_bar_on_a_terminal_and_nowhere_else() {
    let stage = stage();
    // As long as its newest number; the first of these rows is where verifying ends.
    let long =
        "INSERT INTO entries (seq, prev, bytes) VALUES (40960, x'01', x'7b7d'), (61440, x'02', x'7b7d')";
    database(&stage).execute_batch(long).unwrap();
    let mut terminal = stage.gate(["audit", "verify"]).interactive();
    assert_eq!(terminal.code(), 10);
    let text = terminal.text();
    let (bar, rest) = text.split_once("\r\x1b[K").expect("the bar is taken away again");
    assert_eq!(bar, "\rgate: verifying [################         ]  66 %");
    assert!(rest.starts_with("tampered: entry 8, row\n"), "{rest}");
    let mut terminal = stage.gate(["audit", "verify", "--json"]).interactive();
    assert_eq!(terminal.code(), 10);
    assert!(terminal.text().starts_with('{'), "{}", terminal.text());
    assert!(stage.gate(["audit", "verify"]).output().stderr.is_empty());
    let mut terminal = stage.gate(["audit", "stats"]).interactive();
    assert_eq!(terminal.code(), 10);
    assert!(terminal.text().starts_with("\rgate: counting [################         ]  66 %\r\x1b[K"));
}

#[test]
fn stats_count_what_was_asked_and_how_it_was_answered() {
    let asks = "[policy]\nversion = 1\ndefault = \"allow\"\n[[rule]]\nid = \"test.touch\"\nverdict = \"ask\"\n\
                risk = \"high\"\nreason = \"a test asks\"\nmatch = { program = \"touch\" }\n";
    let stage = Stage::new().policy(asks);
    stage.gate(["--", "true"]).check();
    stage.gate(["audit", "stats"]).stdout("verified: 4 entries in order\n\nnobody was asked\n").check();
    let waiting = stage.gate(["--", "touch", "made"]).start();
    assert!(stage.gate(["approve", "--yes", waiting.id()]).on_terminal().output().status.success());
    assert!(waiting.output().status.success());
    let waiting = stage.gate(["--", "touch", "other"]).start();
    assert!(stage.gate(["reject", "--yes", waiting.id()]).on_terminal().output().status.success());
    waiting.output();
    stage.gate(["--wait", "0s", "--", "touch", "third"]).output();
    let found: Value = serde_json::from_str(&output(&stage, &["audit", "stats", "--json"], 0)).unwrap();
    let counts = |of: &Value| {
        ["asked", "approved", "rejected", "expired", "by_grant", "withdrawn"]
            .map(|name| of[name].as_u64().unwrap())
    };
    assert_eq!(counts(&found["total"]), [3, 1, 1, 0, 0, 0], "{found}");
    assert_eq!((&found["total"]["waiting"], &found["since"]), (&1.into(), &Value::Null));
    assert_eq!(counts(&found["rules"]["test.touch"]), [3, 1, 1, 0, 0, 0]);
    assert_eq!(found["total"]["time_to_decide"]["count"], 2);
    assert_eq!(found["log"]["result"], "verified");
    let text = output(&stage, &["audit", "stats", "--since", "1h"], 0);
    let starts = |with: &str| text.lines().any(|line| line.starts_with(with));
    assert!(starts("asked                 3 since ") && starts("test.touch                    3 "), "{text}");
    let none = output(&stage, &["audit", "stats", "--since", "2100-01-01"], 0);
    assert!(none.ends_with("\nnobody was asked since 2100-01-01T00:00:00.000000Z\n"), "{none}");
    database(&stage)
        .execute_batch(
            "DROP TRIGGER entries_are_not_changed;
             UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'test.touch', 'test.tough') AS BLOB) WHERE seq = 5",
        )
        .unwrap();
    let text = output(&stage, &["audit", "stats"], 10);
    assert!(text.starts_with("tampered: entry 6, row's prev\n"), "{text}");
    assert!(text.contains("\nwhat follows counts entries 1 to 5 only\n"), "{text}");
    let no_store =
        "gate: error: there is no store at `[ROOT]/home/gate.db`; the first gated command makes one\n";
    Stage::new().gate(["audit", "stats"]).stderr(no_store).code(125).check();
}

#[test]
fn log_that_cannot_be_checked_is_not_called_good() {
    let missing = "gate: error: the log could not be verified: there is no store at `[ROOT]/home/gate.db`; the first gated command makes one\n";
    Stage::new().gate(["audit", "verify"]).stderr(missing).code(11).check();
    let stage = Stage::new();
    let path = stage.home().join("gate.db");
    std::fs::write(&path, "garbage ".repeat(1000)).unwrap();
    crate::stage::set_mode(&path, 0o600);
    let damaged = "gate: error: the log could not be verified: the store `[ROOT]/home/gate.db` is damaged (file is not a database); keep it for `gate audit verify`, move it away and restore a copy\n";
    stage.gate(["audit", "verify"]).stderr(damaged).code(11).check();
}

#[test]
fn nothing_runs_without_a_record() {
    let stage = stage();
    let after =
        "gate: not run: touch ran\ngate: hint: `gate --home [ROOT]/home doctor` looks for what is wrong\n";
    let refused = |text: &str| {
        stage.gate(["--", "touch", "ran"]).stderr(&format!("{text}{after}")).code(125).check();
    };
    let db = database(&stage);
    db.pragma_update(None, "user_version", 99).unwrap();
    refused(
        "gate: error: the store `[ROOT]/home/gate.db` has schema 99, this gate knows up to 6; install the newer gate\n",
    );
    db.pragma_update(None, "user_version", 6).unwrap();
    let path = stage.home().join("gate.db");
    crate::stage::set_mode(&path, 0o666);
    refused(
        "gate: error: `[ROOT]/home/gate.db` is open to other users (mode 0666); run `chmod go-rwx [ROOT]/home/gate.db`\n",
    );
    crate::stage::set_mode(&path, 0o600);
    db.execute_batch("DROP TRIGGER entries_are_not_deleted; DELETE FROM entries WHERE seq = 7").unwrap();
    refused(
        "gate: error: the store `[ROOT]/home/gate.db` is damaged (the log says it has 7 entries, there are 6); keep it for `gate audit verify`, move it away and restore a copy\n",
    );
    assert!(!stage.cwd().join("ran").exists());
}

#[test]
fn secrets_are_not_in_the_log() {
    let stage = Stage::new().policy(POLICY);
    stage.gate(["--", "/bin/true", "--password", "hunter2", "DB_TOKEN=hunter3"]).check();
    stage.gate(["-c", "true postgres://bob:hunter4@db/x"]).check();
    let log = output(&stage, &["audit", "export"], 0);
    assert!(!log.contains("hunter"), "{log}");
    assert!(
        log.contains("[redacted option]")
            && log.contains("[redacted named]")
            && log.contains("[redacted url]")
    );
    let text = output(&stage, &["audit", "log"], 0);
    assert!(text.contains("true --password '[redacted option]' 'DB_TOKEN=[redacted named]'"), "{text}");
}

#[test]
fn allowed_command_costs_one_flush_before_it_and_none_after() {
    let stage = stage();
    let trace = stage.root().join("trace");
    let gate = env!("CARGO_BIN_EXE_gate");
    let home = stage.home();
    let args =
        ["-f", "-e", "trace=fsync,fdatasync,sync_file_range,execve", "-o", trace.to_str().unwrap(), gate];
    let run = stage.program("strace", args).arg("--home").arg(home).arg("--").arg("/bin/true");
    assert!(run.output().status.success());
    let calls = std::fs::read_to_string(trace).unwrap();
    let names = ["execve(", "sync("];
    let order: Vec<&str> = calls
        .lines()
        .filter(|line| !line.contains("resumed") && !line.contains("ENOENT"))
        .filter_map(|line| names.iter().copied().find(|name| line.contains(name)))
        .collect();
    assert_eq!(order, ["execve(", "sync(", "execve("], "{calls}");
}

/// Runs gate on `home` as a user whom permission bits stop; root is none, and becomes `nobody`.
fn as_user(stage: &Stage, home: &Path, args: &[&str]) -> (String, Option<i32>) {
    let gate = stage.root().join("gate");
    let mut all = vec![gate.to_str().unwrap(), "--home", home.to_str().unwrap()];
    if rustix::process::geteuid().is_root() {
        all.splice(0..0, ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    all.extend(args);
    let output = stage.program(all[0], &all[1..]).cwd("/").without_env("HOME").output();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).unwrap().replace(stage.root().to_str().unwrap(), "[ROOT]"), output.status.code())
}

#[test]
fn store_that_cannot_be_written_is_read_and_nothing_runs() {
    let stage = Stage::new();
    let home = stage.root().join("theirs");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join("policy.toml"), POLICY).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_gate"), stage.root().join("gate")).unwrap();
    let set_mode = crate::stage::set_mode;
    set_mode(stage.root(), 0o755);
    set_mode(&home.join("policy.toml"), 0o600);
    if rustix::process::geteuid().is_root() {
        for path in [&home, &home.join("policy.toml")] {
            std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
        }
    }
    let path = home.join("gate.db");
    assert_eq!(as_user(&stage, &home, &["--", "/bin/true"]), (String::new(), Some(0)));
    let first =
        |(text, code): (String, Option<i32>)| (text.lines().next().unwrap_or_default().to_owned(), code);
    set_mode(&path, 0o400);
    let expected = "gate: error: the store `[ROOT]/theirs/gate.db` is read-only; make the file and its directory writable for you";
    assert_eq!(first(as_user(&stage, &home, &["--", "/bin/true"])), (expected.to_owned(), Some(125)));
    let (text, code) = first(as_user(&stage, &home, &["audit", "verify"]));
    assert!(text.starts_with("verified: 4 entries") && code == Some(0), "{text}");
    set_mode(&path, 0o000);
    let expected =
        "gate: error: failed to open `[ROOT]/theirs/gate.db`: permission denied; check its owner and mode";
    assert_eq!(first(as_user(&stage, &home, &["--", "/bin/true"])), (expected.to_owned(), Some(125)));
    set_mode(&path, 0o600);
    // A copy on a read-only medium: the database alone.
    let db = rusqlite::Connection::open(&path).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    for name in ["gate.db-wal", "gate.db-shm"] {
        let _gone = std::fs::remove_file(home.join(name));
    }
    set_mode(&home, 0o500);
    let (text, code) = first(as_user(&stage, &home, &["audit", "verify"]));
    assert!(text.starts_with("verified: 4 entries") && code == Some(0), "{text}");
    set_mode(&home, 0o700);
}
