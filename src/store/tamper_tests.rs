//! A log that somebody changed with SQLite itself: what `verify` finds, and what it cannot see.

use std::ops::ControlFlow;

use rusqlite::params;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::approval::sample::{ask, at, command, content, decision, origin, recheck, requester};
use crate::approval::{Answer, Approved, Basis, Outcome};
use crate::audit::{Kind, Tampered, Verified, Verifier};
use crate::canonical;
use crate::identity::People;

/// A log with a bit of everything: 10 entries.
fn log() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), at(0)).unwrap();
    let ls = Approved::for_test(command(&["ls"]), Basis::Verdict);
    let mut judged = Draft::new(Kind::Judged, &requester("claude"), &origin());
    judged.set("verdict", "allow");
    let run = store.start_allowed(at(1), &ls, judged).unwrap();
    store.finish(at(2), run, Outcome::Exited(0)).unwrap();
    let submitted = store.submit(at(3), content(&["git", "push", "-f"]), ask("claude")).unwrap();
    let Submitted::Created(request) = submitted else { panic!("{submitted:?}") };
    store.park(at(4), request.id, true).unwrap();
    let mut own = decision(&request, "mara", Answer::Approve);
    own.approver.tty = None;
    assert!(store.decide(at(5), request.id, &own, &People::default()).is_err());
    store
        .decide(at(6), request.id, &decision(&request, "mara", Answer::Approve), &People::default())
        .unwrap();
    let (_, run) = store
        .claim(at(7), request.id, (recheck(&request), None), &origin(), None, &People::default())
        .unwrap();
    store.finish(at(8), run, Outcome::Signalled(9)).unwrap();
    (dir, store)
}

fn verify(store: &Store) -> Result<Verified, Tampered> {
    store.verify(|_| ()).unwrap()
}

fn without_triggers(store: &Store) {
    let drop = "DROP TRIGGER entries_are_not_changed; DROP TRIGGER entries_are_not_deleted";
    store.db.execute_batch(drop).unwrap();
}

fn bytes(store: &Store, seq: u64) -> Vec<u8> {
    store.entry(seq).unwrap().unwrap()
}

#[track_caller]
fn found(store: &Store, seq: u64, what: &str) {
    let tampered = verify(store).expect_err("tampering is found");
    assert_eq!((tampered.seq, tampered.what), (seq, what), "{tampered:?}");
}

#[test]
fn log_in_order_is_verified() {
    let (_dir, store) = log();
    let verified = verify(&store).unwrap();
    assert_eq!((verified.entries, verified.requests), (10, 1));
    assert_eq!(Some((10, verified.root)), store.stated_root().unwrap());
    assert!(verified.open_runs.is_empty() && verified.clock_steps.is_empty());
}

#[test]
fn every_changed_field_of_every_entry_is_found() {
    let (_dir, store) = log();
    without_triggers(&store);
    let mut changes = 0;
    for seq in 1..=10 {
        let original = bytes(&store, seq);
        let entry: Value = serde_json::from_slice(&original).unwrap();
        for (name, value) in entry.as_object().unwrap() {
            let mut changed = entry.clone();
            changed[name] = match value {
                Value::Number(number) => json!(number.as_u64().unwrap() + 1),
                Value::String(text) => json!(format!("{}x", &text[..text.len() - 1])),
                Value::Object(_) => json!({}),
                other => json!([other]),
            };
            let changed = canonical::to_bytes(&changed);
            let set = |bytes: &[u8]| {
                store
                    .db
                    .execute("UPDATE entries SET bytes = ? WHERE seq = ?", params![bytes, seq as i64])
                    .unwrap();
            };
            set(&changed);
            assert!(verify(&store).is_err(), "{name} of {seq}");
            set(&original);
            changes += 1;
        }
        store.db.execute("UPDATE entries SET prev = x'00' WHERE seq = ?", [seq as i64]).unwrap();
        found(&store, seq, "row's prev");
        let prev: Value = serde_json::from_slice(&original).unwrap();
        let prev = Digest::from_hex(prev["prev"].as_str().unwrap()).unwrap();
        store
            .db
            .execute("UPDATE entries SET prev = ? WHERE seq = ?", params![prev.as_bytes(), seq as i64])
            .unwrap();
    }
    assert!(changes > 120, "{changes}");
    verify(&store).unwrap();
}

#[test]
fn deleted_and_swapped_rows_are_found() {
    let (_dir, store) = log();
    without_triggers(&store);
    store.db.execute_batch("UPDATE entries SET seq = 99 WHERE seq = 4; UPDATE entries SET seq = 4 WHERE seq = 5; UPDATE entries SET seq = 5 WHERE seq = 99").unwrap();
    found(&store, 4, "row's prev");
    let (_dir, store) = log();
    without_triggers(&store);
    store.db.execute("DELETE FROM entries WHERE seq = 4", []).unwrap();
    found(&store, 4, "row");
}

#[test]
fn a_request_whose_row_tells_of_another_answer_is_found() {
    for change in [
        "'mara', 'kim'",
        "'\"tty\":\"/dev/pts/9\"', '\"tty\":\"/dev/pts/8\"'",
        "'\"comment\":null', '\"comment\":\"ok\"'",
    ] {
        let (_dir, store) = log();
        let sql = format!("UPDATE requests SET progress = replace(progress, {change})");
        store.db.execute_batch(&sql).unwrap();
        found(&store, 10, "request's row");
    }
}

#[test]
fn an_entry_before_the_first_and_another_logs_name_are_found() {
    let (_dir, store) = log();
    store.db.execute_batch("INSERT INTO entries SELECT 0, x'00', bytes FROM entries WHERE seq = 10").unwrap();
    found(&store, 1, "row");
    let (_dir, store) = log();
    store
        .db
        .execute_batch("INSERT INTO entries SELECT -1, x'00', bytes FROM entries WHERE seq = 10")
        .unwrap();
    found(&store, 10, "number of entries");
    let (dir, store) = log();
    store.db.execute_batch("UPDATE log SET id = 'another'").unwrap();
    drop(store);
    found(&Store::open_read_only(dir.path()).unwrap(), 10, "log's id");
}

#[test]
fn cut_tail_is_found_by_the_logs_own_row() {
    let (_dir, mut store) = log();
    without_triggers(&store);
    store.db.execute("DELETE FROM entries WHERE seq = 10", []).unwrap();
    found(&store, 9, "number of entries");
    let refused = store.record(at(9), &[Draft::by_gate(Kind::PolicyLoaded)], Durability::Full).unwrap_err();
    assert!(refused.to_string().contains("the log says it has 10 entries, there are 9"), "{refused}");
}

/// What T0 says of itself: nobody outside has seen the log, so a rewrite that is thorough enough shows nowhere.
#[test]
fn thorough_truncation_is_not_seen_without_an_anchor() {
    let (_dir, store) = log();
    without_triggers(&store);
    store.db.execute("DELETE FROM entries WHERE seq > 4", []).unwrap();
    let mut tree = crate::audit::Frontier::default();
    let each = |row: Row<'_>| {
        tree.push(crate::audit::leaf(row.bytes));
        ControlFlow::Continue(())
    };
    store.entries(1, each).unwrap();
    store.db.execute("UPDATE log SET size = 4, frontier = ?", [tree.to_bytes()]).unwrap();
    store.db.execute("DELETE FROM requests", []).unwrap();
    assert_eq!(verify(&store).unwrap().entries, 4);
}

#[test]
fn request_row_that_says_something_else_than_the_log_is_found() {
    let change = |sql: &str| {
        let (_dir, store) = log();
        assert_eq!(store.db.execute(sql, []).unwrap(), 1);
        verify(&store).expect_err(sql).what
    };
    let approve =
        "UPDATE requests SET state = 'APPROVED', progress = replace(progress, 'FAILED', 'APPROVED')";
    assert_eq!(change(approve), "request's row");
    assert_eq!(
        change("UPDATE requests SET content = CAST(replace(CAST(content AS TEXT), 'push', 'pull') AS BLOB)"),
        "request's row"
    );
    assert_eq!(
        change(
            "UPDATE requests SET statement = CAST(replace(CAST(statement AS TEXT), 'tidy up', 'mess up') AS BLOB)"
        ),
        "request's row"
    );
    assert_eq!(change("DELETE FROM requests"), "request's row");
}

/// Writes a log of its own whose chain is right, to see that the entries are held against each other.
fn forged(drafts: impl Fn(&[Value]) -> Vec<usize>) -> Result<Verified, Tampered> {
    let (_dir, store) = log();
    let mut entries = Vec::new();
    let each = |row: Row<'_>| {
        entries.push(serde_json::from_slice::<Value>(row.bytes).unwrap());
        ControlFlow::Continue(())
    };
    store.entries(1, each).unwrap();
    let mut verifier = Verifier::default();
    for index in drafts(&entries) {
        let mut entry = entries[index - 1].clone();
        entry["seq"] = json!(verifier.entries() + 1);
        entry["prev"] = json!(verifier.head().unwrap_or(Digest::from_bytes([0; 32])).to_string());
        verifier.take(&canonical::to_bytes(&entry))?;
    }
    verifier.finish()
}

#[track_caller]
fn forgery(order: &[usize], what: &str, expected: &str, found: &str) {
    let tampered = forged(|_| order.to_vec()).expect_err("a forgery is found");
    let said = (tampered.what, tampered.expected.as_str(), tampered.found.as_str());
    assert_eq!(said, (what, expected, found));
}

/// The entries of [`log`]: 1 genesis, 2 judged, 3 exec.start, 4 exec.end, 5 request, 6 parked, 7 decision.refused,
/// 8 decision, 9 exec.start, 10 exec.end.
#[test]
fn entries_that_contradict_each_other_are_found() {
    assert_eq!(forged(|_| (1..=10).collect()).unwrap().entries, 10);
    forgery(&[1, 3], "exec.start", "right after a verdict that allows this command", "none");
    forgery(&[1, 2, 5, 3], "exec.start", "right after a verdict that allows this command", "none");
    forgery(&[1, 2, 3, 3], "exec.start", "right after a verdict that allows this command", "none");
    forgery(&[1, 5, 9], "exec.start", "a request that is APPROVED", "PENDING");
    forgery(&[1, 5, 8, 9, 9], "exec.start", "a request that is APPROVED", "EXECUTING");
    forgery(&[1, 4], "exec.end", "a start that is open", "none");
    forgery(&[1, 2, 3, 4, 4], "exec.end", "a start that is open", "none");
    forgery(&[1, 1], "type", "genesis first and only there", "genesis");
    forgery(&[2], "type", "genesis first and only there", "judged");
    forgery(&[], "type", "genesis", "nothing");
    forgery(&[1, 5, 8, 8], "decision", "a step from APPROVED to ", "approve to APPROVED");
    let tampered = forged(|_| vec![1, 8]).unwrap_err();
    assert_eq!((tampered.what, tampered.expected.as_str()), ("request", "a request that was made before"));
    let tampered = forged(|_| vec![1, 5, 5]).unwrap_err();
    assert_eq!((tampered.what, tampered.expected.as_str()), ("request", "a new id"));
}

#[test]
fn clock_that_was_set_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), at(0)).unwrap();
    let mut later = at(10);
    later.utc_us -= 3_600_000_000;
    store.record(later, &[Draft::by_gate(Kind::PolicyLoaded)], Durability::Full).unwrap();
    assert_eq!(verify(&store).unwrap().clock_steps, [2]);
}

#[test]
fn observed_command_may_start_after_any_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), at(0)).unwrap();
    let rm = Approved::for_test(command(&["rm", "x"]), Basis::Observed);
    let mut judged = Draft::new(Kind::Judged, &requester("claude"), &origin());
    judged.set("verdict", "deny");
    judged.mode = crate::policy::Mode::Observe;
    let run = store.start_allowed(at(1), &rm, judged).unwrap();
    store.finish(at(2), run, Outcome::NotStarted("not found".to_owned())).unwrap();
    assert_eq!(verify(&store).unwrap().entries, 4);
}
