//! gate's memory on one machine: the log, the requests and the runs, in one SQLite database.
//!
//! MUST rules:
//! 1. What precedes an execution is durable (`synchronous=FULL`) when the call that records it returns.
//! 2. A change of a request and its entry are one transaction; so are a claim and its `exec.start`.
//! 3. The head of the log is read inside the transaction that appends, never kept.
//! 4. Entries are appended only. All writers queue for one lock, so that none starves and the chain never forks.
//! 5. A directory or database that others own or may write, a symbolic link or a network file system is refused.
//!
//! One file a table: `log`, `entries`, `requests`, `runs`.

pub mod clock;
mod entries;
mod error;
mod lock;
mod log;
mod open;
mod request_log;
mod requests;
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
pub use request_log::{ChangeError, FindError, MOST_PENDING, Submitted, Waited};
pub use requests::Which;
pub use run::{Run, Swept};

use crate::audit::Draft;
use crate::digest::Digest;
use crate::moment::Moment;
use entries::{Broken, Pen};

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
        let drafts: Vec<&Draft> = drafts.iter().collect();
        self.write(now, durability, |db, pen| Ok(pen.append(db, &drafts)?))
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

    /// Runs `work` in a transaction of its own, with the write lock held.
    fn write<T>(
        &mut self,
        now: Moment,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>, &Pen<'_>) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let Store { db, path, lock, log, host, .. } = self;
        let Some(lock) = lock else { return Err(StoreError::ReadOnly { path: path.clone() }) };
        let _held = lock.hold()?;
        let pen = Pen { log, host, now };
        if durability != Durability::Start {
            shorten_wal(db, path);
        }
        let attempt = || -> Result<T, Trouble> {
            db.execute_batch(match durability {
                Durability::Full | Durability::Start => "PRAGMA synchronous = FULL",
                Durability::Normal => "PRAGMA synchronous = NORMAL",
            })?;
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction, &pen)?;
            transaction.commit()?;
            Ok(result)
        };
        attempt().map_err(|trouble| trouble.into_store(path, "write"))
    }

    fn failed(&self, attempted: &'static str, error: rusqlite::Error) -> StoreError {
        StoreError::database(&self.path, attempted, error)
    }

    fn trouble(&self, attempted: &'static str, trouble: Trouble) -> StoreError {
        trouble.into_store(&self.path, attempted)
    }
}

/// How long the write-ahead log may get: each process that opens the database reads all of it.
const WAL_FRAMES: u64 = 64;

/// Copies a long write-ahead log into the database and begins a new one.
///
/// SQLite's own way (`wal_autocheckpoint`) copies, but never begins anew where each process opens the database alone: the
/// log would grow for ever. It happens before a commit that no command waits for, so that the new log's header, which
/// costs a flush, is written there too. Where a reader is in the way it is left to the next one.
fn shorten_wal(db: &Connection, path: &Path) {
    let wal = path.with_extension("db-wal");
    let is_short = std::fs::metadata(wal).map_or(true, |wal| wal.len() < WAL_FRAMES * 4120);
    if is_short {
        return;
    }
    let shorten = || {
        db.busy_timeout(std::time::Duration::ZERO)?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    };
    let _left_to_the_next = shorten();
    let _cannot_fail = db.busy_timeout(lock::PATIENCE);
}

fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| no_randomness())?;
    Ok(bytes)
}

fn random_text() -> Result<String, ()> {
    let bytes: [u8; 12] = random().map_err(|_| ())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn no_randomness() -> StoreError {
    StoreError::Io {
        path: PathBuf::from("/dev/urandom"),
        attempted: "read",
        source: std::io::Error::other("the system has no randomness"),
    }
}
