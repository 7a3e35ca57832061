//! Where the store lies, whose it is, and what is found there.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::tests::{FORCE, created, open, place};
use super::*;
use crate::approval::sample::at;

#[track_caller]
fn refused(dir: &TempDir, expected: &str) {
    let error = Store::open(dir.path(), at(1)).err().expect("refused").to_string();
    assert_eq!(error.replace(dir.path().to_str().unwrap(), "DIR"), expected);
}

#[test]
fn whoever_stands_still_in_the_middle_of_opening_the_store_is_said_to_lock_it() {
    for code in [rusqlite::ffi::SQLITE_BUSY, rusqlite::ffi::SQLITE_PROTOCOL] {
        let source = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let error = StoreError::database(Path::new("/x/gate.db"), "open", source);
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    }
}

fn chmod(path: impl AsRef<Path>, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn store_is_private() {
    let dir = place();
    let inner = dir.path().join("state/gate");
    Store::open(&inner, at(0)).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    for file in ["gate.db", "gate.db-wal", "gate.db-shm", "gate.lock", "gate.wake"] {
        assert_eq!(mode(&inner.join(file)), 0o600, "{file}");
    }
}

#[test]
fn missing_store_is_not_made_by_reading() {
    let dir = place();
    let error = Store::open_read_only(dir.path()).err().unwrap();
    assert!(matches!(error, StoreError::Missing { .. }));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn garbage_truncation_and_other_databases_are_refused() {
    let dir = place();
    let path = dir.path().join("gate.db");
    std::fs::write(&path, "this is no database, and long enough to be sure of that".repeat(20)).unwrap();
    chmod(&path, 0o600);
    refused(
        &dir,
        "the store `DIR/gate.db` is damaged (file is not a database); keep it for `gate audit verify`, move it away and restore a copy",
    );
    let dir = place();
    rusqlite::Connection::open(dir.path().join("gate.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (a)")
        .unwrap();
    chmod(dir.path().join("gate.db"), 0o600);
    refused(
        &dir,
        "the store `DIR/gate.db` is damaged (a database of another program); keep it for `gate audit verify`, move it away and restore a copy",
    );
    let dir = place();
    let mut store = open(&dir);
    created(&mut store, FORCE);
    store.db.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap_or(());
    drop(store);
    let path = dir.path().join("gate.db");
    let _gone = (
        std::fs::remove_file(dir.path().join("gate.db-wal")),
        std::fs::remove_file(dir.path().join("gate.db-shm")),
    );
    std::fs::File::options().write(true).open(&path).unwrap().set_len(5000).unwrap();
    let error = Store::open(dir.path(), at(1)).err().expect("a truncated store is refused");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn newer_schema_is_refused() {
    let dir = place();
    open(&dir).db.pragma_update(None, "user_version", 99).unwrap();
    refused(&dir, "the store `DIR/gate.db` has schema 99, this gate knows up to 6; install the newer gate");
}

#[test]
fn symbolic_link_and_open_permissions_are_refused() {
    let dir = place();
    drop(open(&dir));
    let path = dir.path().join("gate.db");
    chmod(&path, 0o644);
    refused(&dir, "`DIR/gate.db` is open to other users (mode 0644); run `chmod go-rwx DIR/gate.db`");
    let other = dir.path().join("other.db");
    std::fs::rename(&path, &other).unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    refused(&dir, "`DIR/gate.db` is a symbolic link; gate keeps its store in plain files only, move it away");
    std::fs::remove_file(&path).unwrap();
    chmod(dir.path(), 0o777);
    refused(&dir, "`DIR` is open to other users (mode 0777); run `chmod go-rwx DIR`");
    chmod(dir.path(), 0o700);
}

#[test]
fn entries_are_neither_changed_nor_deleted() {
    let dir = place();
    let store = open(&dir);
    for sql in ["UPDATE entries SET bytes = x'00'", "DELETE FROM entries"] {
        assert!(store.db.execute(sql, []).unwrap_err().to_string().contains("entries are never"));
    }
}

#[test]
fn database_that_another_program_keeps_locked_is_said_to_be() {
    let dir = place();
    let mut store = open(&dir);
    let other = rusqlite::Connection::open(dir.path().join("gate.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.db.busy_timeout(Duration::ZERO).unwrap();
    let error = store.record(at(1), &[Draft::by_gate(Kind::PolicyLoaded)], Durability::Full).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
}

#[test]
fn store_open_for_reading_writes_nothing() {
    let dir = place();
    drop(open(&dir));
    let mut store = Store::open_read_only(dir.path()).unwrap();
    let error = store.record(at(1), &[Draft::by_gate(Kind::PolicyLoaded)], Durability::Full).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
}
