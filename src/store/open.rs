//! Opens the store, or makes it: whose it is, where it lies and what it holds are checked before anything else.

use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::entries::Pen;
use super::lock::{PATIENCE, WriteLock, own_file};
use super::log::Log;
use super::{Durability, Store, StoreError, Trouble, reserve, runs, schema, wake};
use crate::audit::{Draft, Kind};
use crate::moment::Moment;

/// How many prepared statements are kept.
const STATEMENTS: usize = 48;

/// A fault found on the hot path is mended at once if it is among this many oldest runs; the rest wait for a sweep.
const RUNS_LOOKED_AT: u32 = 8;

impl Store {
    /// Opens the store in `dir` for reading and writing; makes the directory and the database if they are missing.
    ///
    /// A run that was lost is recorded as such before this returns.
    pub fn open(dir: &Path, now: Moment) -> Result<Store, StoreError> {
        check_directory(dir)?;
        let path = dir.join("gate.db");
        let lock = WriteLock::open(dir)?;
        let found = match look(&path)? {
            Some(found) => found,
            None => made(dir, &path, &lock, now)?,
        };
        let file = identity(&check_file(&path, found)?);
        let (mut db, schema, is_low) = match connect_and_read(&path) {
            Err(StoreError::DiskFull { .. }) if reserve::release(dir) => {
                connect_and_read(&path).map(|(db, schema)| (db, schema, true))?
            }
            read => read.map(|(db, schema)| (db, schema, false))?,
        };
        if schema < schema::NEWEST {
            let _held = lock.hold()?;
            let failed = |error| StoreError::database(&path, "set up", error);
            db.execute_batch("COMMIT").map_err(failed)?;
            db.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
            upgrade(&mut db, &path, now)?;
            db.execute_batch("BEGIN").map_err(failed)?;
        }
        let read = || -> rusqlite::Result<_> {
            let found = (Log::read(&db)?, runs::lost(&db, dir, RUNS_LOOKED_AT)?);
            db.execute_batch("COMMIT")?;
            Ok(found)
        };
        let (log, lost) = read().map_err(|error| StoreError::database(&path, "read", error))?;
        let mut store = Store { db, dir: dir.to_owned(), path, file, lock: Some(lock), log, host: host() };
        if is_low {
            store.record(now, &[super::low(dir)], Durability::Full)?;
        }
        store.close_lost(now, &lost)?;
        Ok(store)
    }

    /// Opens the store in `dir` for reading only; never makes or changes anything.
    pub fn open_read_only(dir: &Path) -> Result<Store, StoreError> {
        let path = dir.join("gate.db");
        let Some(found) = look(&path)? else { return Err(StoreError::Missing { path }) };
        // An administrator may read anybody's record; writing it is for its owner alone.
        let is_root = rustix::process::geteuid().is_root();
        let file = if is_root { check_kind(&path, found)? } else { check_file(&path, found)? };
        let mut db = connect_read_only(dir, &path)?;
        let mut schema = schema_of(&db, &path);
        if matches!(schema, Err(StoreError::DiskFull { .. })) {
            db = connect_as(&path, "readonly_shm=1")?;
            schema = schema_of(&db, &path);
        }
        if schema? == 0 {
            return Err(StoreError::Missing { path });
        }
        let log = Log::read(&db).map_err(|error| StoreError::database(&path, "read", error))?;
        Ok(Store { db, dir: dir.to_owned(), path, file: identity(&file), lock: None, log, host: host() })
    }
}

pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns what is at `path` itself, if anything is.
fn look(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match path.symlink_metadata() {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io(path, "look at", error)),
    }
}

/// Returns what is at `path` once the database is made there, unless another process was faster.
fn made(dir: &Path, path: &Path, lock: &WriteLock, now: Moment) -> Result<Metadata, StoreError> {
    let _held = lock.hold()?;
    if let Some(found) = look(path)? {
        return Ok(found);
    }
    make(dir, path, now)?;
    path.symlink_metadata().map_err(|error| StoreError::io(path, "look at", error))
}

/// Checks the directory, which is made if it is missing.
fn check_directory(dir: &Path) -> Result<(), StoreError> {
    let found = match dir.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut private = std::fs::DirBuilder::new();
            private.recursive(true).mode(0o700);
            private.create(dir).map_err(|error| StoreError::io(dir, "make the directory", error))?;
            dir.symlink_metadata()
        }
        found => found,
    };
    let found = found.map_err(|error| StoreError::io(dir, "look at", error))?;
    if found.is_symlink() {
        return Err(StoreError::NotAFile { path: dir.to_owned(), found: "a symbolic link" });
    }
    if !found.is_dir() {
        return Err(StoreError::NotAFile { path: dir.to_owned(), found: "no directory" });
    }
    check_owner(dir, &found)?;
    if found.mode() & 0o022 != 0 {
        return Err(StoreError::Exposed { path: dir.to_owned(), mode: found.mode() & 0o7777 });
    }
    check_file_system(dir)
}

/// Returns what was found at `path`, if it is a plain file of this user's own.
fn check_file(path: &Path, found: Metadata) -> Result<Metadata, StoreError> {
    let found = check_kind(path, found)?;
    check_owner(path, &found)?;
    if found.mode() & 0o077 != 0 {
        return Err(StoreError::Exposed { path: path.to_owned(), mode: found.mode() & 0o7777 });
    }
    Ok(found)
}

/// Returns what was found at `path`, if it is a plain file: opening another kind may wait for ever.
fn check_kind(path: &Path, found: Metadata) -> Result<Metadata, StoreError> {
    if found.is_symlink() {
        return Err(StoreError::NotAFile { path: path.to_owned(), found: "a symbolic link" });
    }
    if !found.is_file() {
        return Err(StoreError::NotAFile { path: path.to_owned(), found: "no regular file" });
    }
    Ok(found)
}

/// Returns what tells a file from all others.
fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

fn check_owner(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    let expected = rustix::process::geteuid().as_raw();
    if found.uid() == expected {
        return Ok(());
    }
    Err(StoreError::ForeignOwner { path: path.to_owned(), owner: found.uid(), expected })
}

/// Source: statfs(2), `f_type`. What FUSE stands for can't be told, so it passes.
#[cfg(target_os = "linux")]
fn check_file_system(dir: &Path) -> Result<(), StoreError> {
    let found = rustix::fs::statfs(dir).map_err(|error| StoreError::io(dir, "look at", error.into()))?;
    let kind = match found.f_type as u64 & 0xffff_ffff {
        0x6969 => "nfs",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "smb",
        0x0102_1997 => "9p",
        0x5346_414f | 0x6b41_4653 => "afs",
        0x00c3_6400 => "ceph",
        0x0bd0_0bd0 => "lustre",
        0x4750_4653 => "gpfs",
        0x7375_7245 => "coda",
        _ => return Ok(()),
    };
    Err(StoreError::Network { path: dir.to_owned(), kind })
}

#[cfg(not(target_os = "linux"))]
fn check_file_system(_dir: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// SQLite shares a write-ahead log by a file it must be able to make. In a directory that is write-protected and holds no such log,
/// the database is whole and nobody changes it: then it is read as it lies there.
fn connect_read_only(dir: &Path, path: &Path) -> Result<Connection, StoreError> {
    let is_fixed = rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_err()
        && std::fs::metadata(path.with_extension("db-wal")).map_or(true, |wal| wal.len() == 0);
    if !is_fixed {
        return connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    }
    connect_as(path, "immutable=1")
}

/// Connects for reading only. `how` is a parameter of SQLite's own (sqlite.org/uri.html, sqlite.org/wal.html "Read-Only Databases"):
/// `readonly_shm` keeps the index of the write-ahead log in memory where no other process has one, and takes no room on the disk.
fn connect_as(path: &Path, how: &str) -> Result<Connection, StoreError> {
    let escaped: String = path.as_os_str().as_bytes().iter().map(|byte| format!("%{byte:02x}")).collect();
    let uri = PathBuf::from(format!("file:{escaped}?{how}"));
    set_up(&uri, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
        .map_err(|error| StoreError::database(path, "open", error))
}

/// Opens the database and begins to read: one set of locks for all that is read before the `COMMIT`.
fn connect_and_read(path: &Path) -> Result<(Connection, i64), StoreError> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.execute_batch("BEGIN").map_err(|error| StoreError::database(path, "open", error))?;
    let schema = schema_of(&db, path)?;
    Ok((db, schema))
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    set_up(path, flags).map_err(|error| StoreError::database(path, "open", error))
}

fn set_up(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(PATIENCE)?;
    // All of them, so that none that was prepared before the lock makes room for another.
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Closing would otherwise copy the WAL into the database each time, with its flushes: more than all the rest of a run.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.execute_batch("PRAGMA wal_autocheckpoint = 0")?;
    Ok(db)
}

fn schema_of(db: &Connection, path: &Path) -> Result<i64, StoreError> {
    match schema::found(db).map_err(|error| StoreError::database(path, "open", error))? {
        Ok(found) if found > schema::NEWEST => {
            Err(StoreError::NewerSchema { path: path.to_owned(), found, known: schema::NEWEST })
        }
        Ok(found) => Ok(found),
        Err(found) => Err(StoreError::Corrupt { path: path.to_owned(), found }),
    }
}

/// Makes the database under the write lock: whole under another name, then under its own. Whoever is killed on the way leaves none.
fn make(dir: &Path, path: &Path, now: Moment) -> Result<(), StoreError> {
    let fresh = dir.join("gate.db-new");
    remove_with_logs(&fresh)?;
    own_file(&fresh).map_err(|error| StoreError::io(&fresh, "make", error))?;
    let failed = |error| StoreError::database(path, "set up", error);
    let mut db = Connection::open_with_flags(&fresh, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    upgrade(&mut db, path, now)?;
    // Last, so that the one file that gets the name has everything in it.
    db.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
    db.close().map_err(|(_, error)| failed(error))?;
    // The logs of a database that somebody took away are none of the new one's.
    remove_with_logs(path)?;
    std::fs::rename(&fresh, path).map_err(|error| StoreError::io(path, "make", error))?;
    wake::touch(dir);
    sync(dir)
}

/// Removes what may be there of a database.
fn remove_with_logs(path: &Path) -> Result<(), StoreError> {
    for end in ["", "-journal", "-wal", "-shm"] {
        let mut left = path.as_os_str().to_owned();
        left.push(end);
        match std::fs::remove_file(&left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io(Path::new(&left), "remove", error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Brings the database to the newest schema under the write lock; a new one gets its log and first entry in the same transaction.
fn upgrade(db: &mut Connection, path: &Path, now: Moment) -> Result<(), StoreError> {
    let failed = |error| StoreError::database(path, "set up", error);
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have been faster.
    let from = schema_of(&transaction, path)?;
    if from < schema::NEWEST {
        schema::upgrade(&transaction, from).map_err(failed)?;
    }
    if from == 0 {
        let random = |error: Trouble| error.into_store(path, "set up");
        let log = Log::create(&transaction, super::random()?, super::random()?).map_err(failed)?;
        let pen = Pen { log: &log, host: &host(), now };
        let mut genesis = Draft::by_gate(Kind::Genesis);
        genesis.actor.uid = rustix::process::geteuid().as_raw();
        pen.append(&transaction, &[&genesis]).map_err(|broken| random(broken.into()))?;
    }
    transaction.commit().map_err(failed)
}

/// Makes the new names in `dir` durable: SQLite is built not to do it at every commit.
fn sync(dir: &Path) -> Result<(), StoreError> {
    let synced = std::fs::File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(|error| StoreError::io(dir, "flush", error))
}
