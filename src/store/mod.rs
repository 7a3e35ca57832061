//! gate's memory on one machine: the log, the requests and the runs, in one SQLite database.
//!
//! MUST rules:
//! 1. What precedes an execution is durable (`synchronous=FULL`) when the call that records it returns.
//! 2. A change of a request and its entry are one transaction; so are a claim and its `exec.start`.
//! 3. The head of the log is read inside the transaction that appends, never kept.
//! 4. Entries are appended only. All writers queue for one lock, so that none starves and the chain never forks.
//! 5. A store whose file is not where it was any more is not written: nobody would find the record.
//! 6. What could not be made durable is taken back, so that nobody finds it recorded after it was said to have failed.
//! 7. A full disk keeps commands from starting before it keeps gate from recording what it refuses.
//! 8. A directory or database that others own or may write, a symbolic link or a network file system is refused.
//!
//! One file a table: `log`, `entries`, `requests`, `runs`, `grants`, `incidents`.

pub mod clock;
mod entries;
mod error;
#[cfg(test)]
mod fault_tests;
mod grant_log;
#[cfg(test)]
mod grant_tests;
mod grants;
#[cfg(test)]
mod incident_tests;
mod incidents;
mod lock;
mod log;
mod open;
#[cfg(test)]
mod place_tests;
#[cfg(test)]
mod race_tests;
mod request_log;
mod requests;
mod reserve;
mod run;
mod runs;
mod schema;
#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod tests;
mod verify;
mod wake;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use entries::{Recorded, Row};
pub use error::StoreError;
pub use grant_log::{RevokeError, Revoked, Revoker};
pub use incidents::{Glass, Review, Withstood};
pub use lock::{Waiting, wait_by};
pub use request_log::{ChangeError, FindError, MOST_PENDING, Submitted, Waited};
pub use requests::Which;
pub use run::{Run, Swept};

use crate::audit::{Draft, Kind};
use crate::digest::Digest;
use crate::moment::Moment;
use entries::{Broken, Pen, Ready};

/// When what is written must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns.
    Full,
    /// Before the call returns, with nothing else done on the way: a command waits to start.
    Start,
    /// With the next commit that is: for an outcome. A power cut may lose it, and the run is then recorded as lost.
    Normal,
}

/// The open store.
pub struct Store {
    db: Connection,
    dir: PathBuf,
    path: PathBuf,
    /// Device and inode of the database.
    file: (u64, u64),
    /// `None` where the store is open for reading only.
    lock: Option<lock::WriteLock>,
    log: log::Log,
    host: String,
}

/// What can go wrong inside a transaction.
enum Trouble {
    Store(StoreError),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Trouble {
        Trouble::Sqlite(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble::Store(error)
    }
}

impl From<Broken> for Trouble {
    fn from(broken: Broken) -> Trouble {
        match broken {
            Broken::Database(error) => Trouble::Sqlite(error),
            Broken::Head { said, found } => Trouble::Store(StoreError::Corrupt {
                path: PathBuf::from("gate.db"),
                found: format!("the log says it has {said} entries, there are {found}"),
            }),
            Broken::NoRandomness => Trouble::Store(no_randomness()),
        }
    }
}

impl Trouble {
    fn into_store(self, path: &Path, attempted: &'static str) -> StoreError {
        match self {
            Trouble::Store(StoreError::Corrupt { found, .. }) => {
                StoreError::Corrupt { path: path.to_owned(), found }
            }
            Trouble::Store(error) => error,
            Trouble::Sqlite(error) => StoreError::database(path, attempted, error),
        }
    }
}

impl Store {
    /// Appends `drafts` to the log in one transaction.
    pub fn record(
        &mut self,
        now: Moment,
        drafts: &[Draft],
        durability: Durability,
    ) -> Result<Vec<Recorded>, StoreError> {
        let ready = self.ready(now, &drafts.iter().collect::<Vec<_>>())?;
        self.write_in_reserve(now, durability, |db, _| Ok(entries::place(db, &ready)?))
    }

    /// Makes of these entries what can be made without the lock.
    fn ready(&self, now: Moment, drafts: &[&Draft]) -> Result<Vec<Ready>, StoreError> {
        let pen = Pen { log: &self.log, host: &self.host, now };
        pen.write(drafts).map_err(|broken| self.trouble("write", broken.into()))
    }

    /// Has SQLite prepare what will be asked with the lock held; it is kept until then.
    fn prepare(&self, statements: &[&str]) -> Result<(), StoreError> {
        let prepared = statements.iter().try_for_each(|sql| self.db.prepare_cached(sql).map(drop));
        prepared.map_err(|error| self.failed("write", error))
    }

    /// Returns what would keep a command from being recorded now, as far as that shows without writing.
    pub fn obstacle(&self) -> Option<StoreError> {
        use rustix::fs::{Access, access};
        let writable = |path: &Path| {
            access(path, Access::WRITE_OK).map_err(|why| StoreError::io(path, "write", why.into()))
        };
        let checked = in_place(&self.path, self.file).and_then(|()| writable(&self.path));
        let is_full =
            reserve::is_lacking(&self.dir).then(|| StoreError::DiskFull { path: self.path.clone() });
        checked.and_then(|()| writable(&self.dir)).err().or(is_full)
    }

    /// Returns the HMAC-SHA-256 of `bytes` with the log's key: a commitment that says nothing without the key.
    pub fn hmac(&self, bytes: &[u8]) -> Digest {
        self.log.hmac(bytes)
    }

    /// Returns the version of the SQLite that is built in.
    pub fn sqlite_version() -> &'static str {
        rusqlite::version()
    }

    /// Returns the log's id.
    pub fn log_id(&self) -> &str {
        &self.log.id
    }

    /// Returns the path of the database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does as [`Store::write`], and once more where the reserve has made room: for what no command starts by.
    fn write_in_reserve<T>(
        &mut self,
        now: Moment,
        durability: Durability,
        work: impl Fn(&Transaction<'_>, &Pen<'_>) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        match self.write(now, durability, &work) {
            Err(StoreError::DiskFull { .. }) => self.write(now, durability, &work),
            done => done,
        }
    }

    /// Runs `work` in a transaction of its own, with the write lock held.
    ///
    /// Where there is no room for it, the reserve is given up and that is recorded.
    fn write<T>(
        &mut self,
        now: Moment,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>, &Pen<'_>) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        self.prepare(&entries::STATEMENTS)?;
        let Store { db, dir, path, file, lock, log, host } = self;
        let Some(lock) = lock else { return Err(StoreError::ReadOnly { path: path.clone() }) };
        flush_by(db, durability).map_err(|error| StoreError::database(path, "write", error))?;
        let held = lock.hold()?;
        in_place(path, *file)?;
        let kept = if durability == Durability::Normal { Ok(()) } else { reserve::keep(dir) };
        if durability == Durability::Start && kept.is_err() {
            return Err(StoreError::DiskFull { path: path.clone() });
        }
        if durability != Durability::Start {
            shorten_wal(db, path, held.was_waited_for());
        }
        let pen = Pen { log, host, now };
        let done = commit(db, &pen, work).map_err(|trouble| trouble.into_store(path, "write"));
        if matches!(done, Err(StoreError::DiskFull { .. })) && reserve::release(dir) {
            let low = low(dir);
            let _no_room_even_so = flush_by(db, Durability::Full)
                .map_err(Trouble::from)
                .and_then(|()| commit(db, &pen, |db, pen| Ok(pen.append(db, &[&low])?)));
        }
        done
    }

    fn failed(&self, attempted: &'static str, error: rusqlite::Error) -> StoreError {
        StoreError::database(&self.path, attempted, error)
    }

    fn trouble(&self, attempted: &'static str, trouble: Trouble) -> StoreError {
        trouble.into_store(&self.path, attempted)
    }
}

/// Returns the entry that says that the reserve was given up.
fn low(dir: &Path) -> Draft {
    let mut low = Draft::by_gate(Kind::LogDiskLow);
    low.set("free", reserve::free(dir).unwrap_or(0).min(crate::canonical::MAX_INTEGER));
    low.set("why", "the disk is full; no command starts until there is room");
    low
}

/// Claims that the database is the file at `path` still.
fn in_place(path: &Path, file: (u64, u64)) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt as _;
    match path.symlink_metadata() {
        Ok(found) if (found.dev(), found.ino()) == file => Ok(()),
        Ok(_) => Err(StoreError::Replaced { path: path.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(StoreError::Replaced { path: path.to_owned() })
        }
        Err(error) => Err(StoreError::io(path, "look at", error)),
    }
}

/// Has the next commits flushed, or not.
fn flush_by(db: &Connection, durability: Durability) -> rusqlite::Result<()> {
    db.execute_batch(match durability {
        Durability::Full | Durability::Start => "PRAGMA synchronous = FULL",
        Durability::Normal => "PRAGMA synchronous = NORMAL",
    })
}

/// Commits what `work` does. A commit that failed is taken back.
fn commit<T>(
    db: &mut Connection,
    pen: &Pen<'_>,
    work: impl FnOnce(&Transaction<'_>, &Pen<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = work(&transaction, pen)?;
    transaction.commit().inspect_err(|_| take_back(db))?;
    Ok(result)
}

/// Writes over what a failed commit has left behind in the write-ahead log.
///
/// Where the flush failed, the whole transaction stands there already, and the next process to open the database would take
/// it for done. A commit of nothing takes its place; it is not flushed, because that is what does not work.
fn take_back(db: &Connection) {
    // What is set to what it was already is not written.
    let nothing = "PRAGMA synchronous = OFF; BEGIN IMMEDIATE; \
                   UPDATE log SET size = size + 1; UPDATE log SET size = size - 1; COMMIT";
    if db.execute_batch(nothing).is_err() {
        let _not_begun = db.execute_batch("ROLLBACK");
    }
}

/// How long the write-ahead log may get: each process that opens the database reads all of it.
const WAL_FRAMES: u64 = 40;

/// How long it may get while others wait: to begin a new one takes two flushes, and all of them would wait for these, too.
const WAL_FRAMES_IN_LINE: u64 = 3 * WAL_FRAMES;

/// How many bytes a frame is: a page and its header.
const FRAME: u64 = 4096 + 24;

/// Copies a long write-ahead log into the database and begins a new one.
///
/// SQLite's own way (`wal_autocheckpoint`) copies, but never begins anew where each process opens the database alone: the
/// log would grow for ever. It happens before a commit that no command waits for, so that the new log's header, which
/// costs a flush, is written there too. Where a reader is in the way it is left to the next one.
///
/// The new log is written over the old one, whose file keeps its length: a flush that finds no longer file and no other
/// blocks has less to write. What is left of the old one is told by its salt (sqlite.org/fileformat2.html, "4.3"). Only
/// where a reader was in the way for long is the file cut.
fn shorten_wal(db: &Connection, path: &Path, others_wait: bool) {
    let most = if others_wait { WAL_FRAMES_IN_LINE } else { WAL_FRAMES };
    let wal = path.with_extension("db-wal");
    let length = std::fs::metadata(wal).map_or(0, |wal| wal.len());
    if length < most * FRAME || frames(db) < most {
        return;
    }
    let is_bloated = length > 2 * WAL_FRAMES_IN_LINE * FRAME;
    let how = if is_bloated { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "PRAGMA wal_checkpoint(RESTART)" };
    let shorten = || {
        db.busy_timeout(std::time::Duration::ZERO)?;
        db.query_row(how, [], |_| Ok(()))
    };
    let _left_to_the_next = shorten();
    let _cannot_fail = db.busy_timeout(lock::PATIENCE);
}

/// Returns how many frames of the write-ahead log are in use; the most there can be where SQLite does not say.
fn frames(db: &Connection) -> u64 {
    db.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1))
        .map_or(u64::MAX, |frames| u64::try_from(frames).unwrap_or(0))
}

/// Returns what makes a commitment unguessable.
///
/// # Errors
/// The system has no randomness.
pub fn salt() -> Result<Digest, StoreError> {
    random().map(Digest::from_bytes)
}

fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    fill(&mut bytes).map(|()| bytes)
}

fn fill(bytes: &mut [u8]) -> Result<(), StoreError> {
    use ring::rand::SecureRandom as _;
    ring::rand::SystemRandom::new().fill(bytes).map_err(|_| no_randomness())
}

fn no_randomness() -> StoreError {
    StoreError::Io {
        path: PathBuf::from("/dev/urandom"),
        attempted: "read",
        source: std::io::Error::other("the system has no randomness"),
    }
}
