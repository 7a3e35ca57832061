//! Faults that a process meets while it has the store open: the database taken away or replaced, a clock that is set, a disk that does not flush.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::approval::sample::{ask, at, content, decision, origin, recheck};
use crate::approval::{Answer, Request, State};
use crate::identity::People;

fn place() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), at(0)).unwrap();
    (dir, store)
}

fn created(store: &mut Store) -> Request {
    match store.submit(at(1), content(&["git", "push"]), ask("claude")).unwrap() {
        Submitted::Created(request) => *request,
        other => panic!("{other:?}"),
    }
}

/// Whoever waits and whoever writes is told that the database is not where it was.
#[track_caller]
fn replaced(change: impl FnOnce(&Path)) {
    let (dir, mut store) = place();
    let request = created(&mut store);
    let path = dir.path().join("gate.db");
    std::fs::rename(&path, dir.path().join("kept")).unwrap();
    change(&path);
    let waited = store.wait(request.id, request.progress.version, Duration::from_secs(60)).unwrap_err();
    assert!(matches!(waited, StoreError::Replaced { .. }), "{waited}");
    let written = store.park(at(2), request.id, true).unwrap_err();
    assert!(matches!(written, ChangeError::Store(StoreError::Replaced { .. })), "{written}");
    let _not_there = std::fs::remove_dir(&path);
    std::fs::rename(dir.path().join("kept"), &path).unwrap();
    assert!(store.park(at(2), request.id, true).is_ok(), "put back, it goes on");
}

#[test]
fn database_that_is_not_where_it_was_is_neither_waited_on_nor_written() {
    replaced(|_gone| {});
    replaced(|path| std::fs::create_dir(path).unwrap());
    replaced(|path| std::fs::write(path, "").unwrap());
    replaced(|path| std::os::unix::fs::symlink("kept", path).unwrap());
    replaced(|path| assert!(std::fs::copy(path.with_file_name("kept"), path).unwrap() > 0));
}

#[test]
fn request_that_is_gone_from_the_database_is_not_waited_for() {
    let (_dir, mut store) = place();
    let request = created(&mut store);
    store.db.execute("DELETE FROM requests", []).unwrap();
    let waited = store.wait(request.id, request.progress.version, Duration::from_secs(60)).unwrap_err();
    assert!(waited.to_string().contains(&format!("request {} is no longer in it", request.id)), "{waited}");
}

/// The moment at which the wall clock has been set `hours` away, and nothing else has changed.
fn set(moment: Moment, hours: i64) -> Moment {
    Moment { utc_us: moment.utc_us + hours * 3_600_000_000, ..moment }
}

#[test]
fn clock_that_is_set_neither_expires_nor_prolongs_a_request() {
    for hours in [-9, -1, 1, 9] {
        let (_dir, mut store) = place();
        let request = created(&mut store);
        assert_eq!(store.sweep(set(at(3600), hours)).unwrap(), Swept::default(), "{hours} h");
        store
            .decide(
                set(at(3600), hours),
                request.id,
                &decision(&request, "mara", Answer::Approve),
                &People::default(),
            )
            .unwrap();
        let claimed = store
            .claim(at(3600), request.id, (recheck(&request), None), &origin(), None, &People::default())
            .unwrap();
        store.finish(set(at(3600), -hours), claimed.1, crate::approval::Outcome::Exited(0)).unwrap();
        let other = created(&mut store);
        assert_eq!(store.sweep(set(at(3602), hours)).unwrap().expired, [other.id], "{hours} h");
        assert_eq!(store.request(request.id).unwrap().unwrap().state(), State::Succeeded);
        let verified = store.verify(|_| {}).unwrap().unwrap();
        assert!(!verified.clock_steps.is_empty(), "{hours} h: the step is seen, and is no tampering");
    }
}

#[test]
fn reserve_is_made_with_the_store_and_again_where_it_is_missing() {
    let (dir, mut store) = place();
    created(&mut store);
    assert!(reserve::is_there(dir.path()));
    assert!(reserve::release(dir.path()) && store.obstacle().is_none());
    store.record(at(2), &[Draft::by_gate(Kind::PolicyLoaded)], Durability::Full).unwrap();
    assert!(reserve::is_there(dir.path()));
}

#[test]
fn obstacle_to_recording_is_seen_without_writing() {
    let (dir, store) = place();
    assert!(store.obstacle().is_none());
    std::fs::remove_file(dir.path().join("gate.db")).unwrap();
    assert!(matches!(store.obstacle(), Some(StoreError::Replaced { .. })));
}
