//! What can be wrong with the store, each with its facts and what to do.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
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
    /// Nothing in its file system can be written.
    ReadOnlyDisk { path: PathBuf },
    /// Its file is not where it was: moved, deleted, or another is there.
    Replaced { path: PathBuf },
    /// The process may open no more files.
    TooManyFiles { path: PathBuf },
    /// The disk has not done what it was told.
    Disk { path: PathBuf, attempted: &'static str },
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
            StoreError::ReadOnlyDisk { path } => write!(
                f,
                "`{}` is on a read-only file system; have it mounted writable, or use another directory with `--home`",
                path.display()
            ),
            StoreError::Replaced { path } => write!(
                f,
                "the store `{}` was taken away or replaced while gate worked with it; put it back and run the command again",
                path.display()
            ),
            StoreError::TooManyFiles { path } => write!(
                f,
                "too many files are open, `{}` is one too many; close some or raise the limit (`ulimit -n`), and try again",
                path.display()
            ),
            StoreError::Disk { path, attempted } => write!(
                f,
                "failed to {attempted} the store `{}`: the disk reports an error; look for it with `dmesg`, and copy the store to a sound disk",
                path.display()
            ),
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
                write!(
                    f,
                    "no space is left for the store `{}`; make room (1 MiB at least) and try again",
                    path.display()
                )
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
        if matches!(source.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) {
            return StoreError::TooManyFiles { path };
        }
        match source.kind() {
            ErrorKind::NotFound => StoreError::Missing { path },
            ErrorKind::PermissionDenied => StoreError::Permission { path, attempted },
            ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnlyDisk { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull { path },
            _ => StoreError::Io { path, attempted, source },
        }
    }

    /// Returns the error for what SQLite said about the database at `path`.
    pub(super) fn database(path: &Path, attempted: &'static str, source: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match source.sqlite_error_code() {
            // The last is what SQLite says after about as long of a process that is stopped while it reads the write-ahead log in.
            Some(
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed,
            ) => StoreError::Locked { path, waited: super::lock::PATIENCE },
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Corrupt { path, found: source.to_string() }
            }
            Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
            Some(ErrorCode::CannotOpen) => match refusal(&path) {
                Some(why) => StoreError::io(&path, attempted, why),
                None => StoreError::ReadOnly { path },
            },
            // No room for the index of the write-ahead log.
            Some(ErrorCode::SystemIoFailure)
                if source.sqlite_extended_error_code() == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) =>
            {
                StoreError::DiskFull { path }
            }
            Some(ErrorCode::SystemIoFailure) => StoreError::Disk { path, attempted },
            Some(ErrorCode::PermissionDenied) => StoreError::Permission { path, attempted },
            _ => StoreError::Database { path, attempted, source },
        }
    }
}

/// Returns what keeps the files of the database at `path` from being opened together: SQLite only says that it cannot.
fn refusal(path: &Path) -> Option<std::io::Error> {
    let open = |end| {
        // Whatever stands there, opening it does not wait.
        File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path.with_extension(end))
    };
    let opened: Result<Vec<File>, _> = ["db", "db-wal", "db-shm"].into_iter().map(open).collect();
    opened.err().filter(|why| why.kind() != std::io::ErrorKind::NotFound)
}
