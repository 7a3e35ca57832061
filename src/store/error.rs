//! What can be wrong with the store, each with its facts and what to do.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the store could not be opened, read or written. Nothing has run then.
#[derive(Debug)]
pub enum StoreError {
    /// There is none at this path.
    Missing { path: PathBuf },
    /// Another process held the lock all that time.
    Locked { path: PathBuf, waited: Duration },
    /// It can be read, but not written.
    ReadOnly { path: PathBuf },
    /// It is no database of gate, or a damaged one.
    Corrupt { path: PathBuf, found: String },
    /// A newer gate made it.
    NewerSchema { path: PathBuf, found: i64, known: i64 },
    /// It belongs to another user.
    ForeignOwner { path: PathBuf, owner: u32, expected: u32 },
    /// Other users may write it, or read the database.
    Exposed { path: PathBuf, mode: u32 },
    /// It is a symbolic link or no regular file.
    NotAFile { path: PathBuf, found: &'static str },
    /// It lies on a network file system, where locks and flushes can't be relied on.
    Network { path: PathBuf, kind: &'static str },
    /// The system refuses.
    Permission { path: PathBuf, attempted: &'static str },
    /// No room is left.
    DiskFull { path: PathBuf },
    /// The stored request can't be read back.
    BadRequest { id: String, found: String },
    /// Anything else.
    Io { path: PathBuf, attempted: &'static str, source: std::io::Error },
    /// Anything else that SQLite says.
    Database { path: PathBuf, attempted: &'static str, source: rusqlite::Error },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Missing { path } => {
                write!(f, "there is no store at `{}`; the first gated command makes one", path.display())
            }
            StoreError::Locked { path, waited } => write!(
                f,
                "the store `{}` was locked by another process for {} s; find it with `fuser {0}` and try again",
                path.display(),
                waited.as_secs()
            ),
            StoreError::ReadOnly { path } => {
                write!(
                    f,
                    "the store `{}` is read-only; make the file and its directory writable for you",
                    path.display()
                )
            }
            StoreError::Corrupt { path, found } => write!(
                f,
                "the store `{}` is damaged ({found}); keep it for `gate audit verify`, move it away and restore a copy",
                path.display()
            ),
            StoreError::NewerSchema { path, found, known } => write!(
                f,
                "the store `{}` has schema {found}, this gate knows up to {known}; install the newer gate",
                path.display()
            ),
            StoreError::ForeignOwner { path, owner, expected } => write!(
                f,
                "`{}` belongs to user {owner}, not to you (user {expected}); use your own directory with `--home`",
                path.display()
            ),
            StoreError::Exposed { path, mode } => write!(
                f,
                "`{0}` is open to other users (mode {mode:04o}); run `chmod go-rwx {0}`",
                path.display()
            ),
            StoreError::NotAFile { path, found } => {
                write!(
                    f,
                    "`{}` is {found}; gate keeps its store in plain files only, move it away",
                    path.display()
                )
            }
            StoreError::Network { path, kind } => write!(
                f,
                "`{}` is on a network file system ({kind}), where a log is not safe; choose a local directory with `--home`",
                path.display()
            ),
            StoreError::Permission { path, attempted } => {
                write!(
                    f,
                    "failed to {attempted} `{}`: permission denied; check its owner and mode",
                    path.display()
                )
            }
            StoreError::DiskFull { path } => {
                write!(f, "no space is left for the store `{}`; make room and try again", path.display())
            }
            StoreError::BadRequest { id, found } => {
                write!(f, "the stored request {id} can't be read ({found}); run `gate audit verify`")
            }
            StoreError::Io { path, attempted, source } => {
                write!(f, "failed to {attempted} `{}`: {source}", path.display())
            }
            StoreError::Database { path, attempted, source } => {
                write!(f, "failed to {attempted} the store `{}`: {source}", path.display())
            }
        }
    }
}

impl std::error::Error for StoreError {}

impl StoreError {
    /// Returns the error for what the system said about `path`.
    pub(super) fn io(path: &Path, attempted: &'static str, source: std::io::Error) -> StoreError {
        use std::io::ErrorKind;
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound => StoreError::Missing { path },
            ErrorKind::PermissionDenied => StoreError::Permission { path, attempted },
            ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull { path },
            _ => StoreError::Io { path, attempted, source },
        }
    }

    /// Returns the error for what SQLite said about the database at `path`.
    pub(super) fn database(path: &Path, attempted: &'static str, source: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StoreError::Locked { path, waited: super::lock::PATIENCE }
            }
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Corrupt { path, found: source.to_string() }
            }
            Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
            Some(ErrorCode::CannotOpen) if attempted == "open" => StoreError::ReadOnly { path },
            Some(ErrorCode::PermissionDenied) => StoreError::Permission { path, attempted },
            _ => StoreError::Database { path, attempted, source },
        }
    }
}
