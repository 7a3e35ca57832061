//! The two kinds of lock: one that all writers queue for, and one that a runner holds while its command runs.
//!
//! Both are flock(2): they belong to the open file description and end with it, however the process ends.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use super::error::StoreError;

/// How long a writer queues before it gives up. Sixty-four writers need about a quarter of a second.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The lock file of all writers.
#[derive(Debug)]
pub(super) struct WriteLock {
    path: PathBuf,
    file: File,
}

/// Holds the write lock until it is dropped.
#[derive(Debug)]
pub(super) enum Held<'a> {
    AtOnce(&'a File),
    /// Queued for on an open file of its own, which ends with this value.
    Queued {
        _file: File,
    },
}

impl WriteLock {
    /// Opens the lock file in `dir`, which is made if it is missing.
    pub(super) fn open(dir: &Path) -> Result<WriteLock, StoreError> {
        let path = dir.join("gate.lock");
        let file = own_file(&path).map_err(|error| StoreError::io(&path, "open the lock file", error))?;
        Ok(WriteLock { path, file })
    }

    /// Waits in line for the lock, at most [`PATIENCE`].
    pub(super) fn hold(&self) -> Result<Held<'_>, StoreError> {
        self.hold_within(PATIENCE)
    }

    fn hold_within(&self, patience: Duration) -> Result<Held<'_>, StoreError> {
        match self.file.try_lock() {
            Ok(()) => Ok(Held::AtOnce(&self.file)),
            Err(std::fs::TryLockError::WouldBlock) => self.queue(patience),
            Err(std::fs::TryLockError::Error(error)) => Err(StoreError::io(&self.path, "lock", error)),
        }
    }

    /// A thread waits in the kernel's own queue, because flock knows no time limit and polling is unfair.
    /// If it gets the lock too late, it drops the file and the lock with it.
    fn queue(&self, patience: Duration) -> Result<Held<'_>, StoreError> {
        let failed = |error| StoreError::io(&self.path, "lock", error);
        let file = own_file(&self.path).map_err(failed)?;
        let (tell, told) = mpsc::sync_channel(0);
        std::thread::spawn(move || {
            let _too_late = tell.send(file.lock().map(|()| file));
        });
        match told.recv_timeout(patience) {
            Ok(result) => result.map(|file| Held::Queued { _file: file }).map_err(failed),
            Err(_) => Err(StoreError::Locked { path: self.path.clone(), waited: patience }),
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Held::AtOnce(file) = self {
            let _the_descriptor_is_open = file.unlock();
        }
    }
}

/// Held by a runner while its command runs; the file is `runs/SEQ`, named after the entry that started it.
#[derive(Debug)]
pub(super) struct RunLock {
    path: PathBuf,
    file: File,
}

impl RunLock {
    /// Makes and takes the lock of a new run.
    pub(super) fn take(dir: &Path, seq: u64) -> Result<RunLock, StoreError> {
        let path = run_path(dir, seq);
        let file = own_file(&path).map_err(|error| StoreError::io(&path, "make the lock file", error))?;
        match file.try_lock() {
            Ok(()) => Ok(RunLock { path, file }),
            Err(_) => Err(StoreError::Locked { path, waited: Duration::ZERO }),
        }
    }

    /// Claims that a living runner holds the lock of the run `seq`.
    pub(super) fn is_held(dir: &Path, seq: u64) -> bool {
        let Ok(file) = OpenOptions::new().read(true).open(run_path(dir, seq)) else { return false };
        file.try_lock_shared().is_err()
    }

    /// Removes the lock file of a run that is over.
    pub(super) fn remove(dir: &Path, seq: u64) {
        let _gone_already = std::fs::remove_file(run_path(dir, seq));
    }

    /// Gives the lock back and removes its file.
    pub(super) fn release(self) {
        let _gone_already = std::fs::remove_file(&self.path);
        drop(self.file);
    }
}

fn run_path(dir: &Path, seq: u64) -> PathBuf {
    dir.join("runs").join(seq.to_string())
}

/// Opens a file of ours, made private if it is missing; never through a symbolic link.
pub(super) fn own_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}
