//! The two kinds of lock: one that all writers queue for, and one that a runner holds while its command runs.
//!
//! Both are flock(2): they belong to the open file description and end with it, however the process ends.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};

use super::error::StoreError;

/// How long a writer queues before it gives up. Sixty-four writers need about a quarter of a second.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How a process waits for the lock of a file, so long at most. Returns what is kept until the lock is given back, or nothing where it
/// got too late.
///
/// # Errors
/// `Unsupported` where it cannot wait so now.
pub type Waiting = fn(&File, Duration) -> io::Result<Option<Box<dyn Send>>>;

static WAITING: OnceLock<Waiting> = OnceLock::new();

/// Has all writers of this process wait as `waiting` does, if nobody has said otherwise before: flock(2) itself knows no limit.
pub fn wait_by(waiting: Waiting) {
    let _said_before = WAITING.set(waiting);
}

/// The lock file of all writers.
#[derive(Debug)]
pub(super) struct WriteLock {
    path: PathBuf,
    file: File,
}

/// Holds the write lock until it is dropped.
pub(super) enum Held<'a> {
    AtOnce(&'a File),
    /// Waited for as [`wait_by`] says.
    InLine {
        file: &'a File,
        _until_it_is_given_back: Box<dyn Send>,
    },
    /// Queued for by a thread, on an open file of its own, which ends with this value.
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
            Err(TryLockError::WouldBlock) => self.wait(patience),
            Err(TryLockError::Error(error)) => Err(StoreError::io(&self.path, "lock", error)),
        }
    }

    /// Waits in the kernel's own queue: to ask again and again would be unfair.
    fn wait(&self, patience: Duration) -> Result<Held<'_>, StoreError> {
        let unable = |_: &File, _| Err(io::ErrorKind::Unsupported.into());
        match WAITING.get().copied().unwrap_or(unable)(&self.file, patience) {
            Ok(Some(kept)) => Ok(Held::InLine { file: &self.file, _until_it_is_given_back: kept }),
            Ok(None) => Err(StoreError::Locked { path: self.path.clone(), waited: patience }),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => self.queue(patience),
            Err(error) => Err(StoreError::io(&self.path, "lock", error)),
        }
    }

    /// A thread waits. If it gets the lock too late, it drops the file and the lock with it.
    fn queue(&self, patience: Duration) -> Result<Held<'_>, StoreError> {
        let failed = |error| StoreError::io(&self.path, "lock", error);
        let file = own_file(&self.path).map_err(failed)?;
        let (tell, told) = mpsc::sync_channel(0);
        let wait = move || {
            let _too_late = tell.send(file.lock().map(|()| file));
        };
        if std::thread::Builder::new().spawn(wait).is_err() {
            return self.try_again(patience);
        }
        match told.recv_timeout(patience) {
            Ok(result) => result.map(|file| Held::Queued { _file: file }).map_err(failed),
            Err(_) => Err(StoreError::Locked { path: self.path.clone(), waited: patience }),
        }
    }
}

impl WriteLock {
    /// Asks for the lock again and again: the way without a thread, where the system has none to give.
    fn try_again(&self, patience: Duration) -> Result<Held<'_>, StoreError> {
        let end = Instant::now() + patience;
        loop {
            match self.file.try_lock() {
                Ok(()) => return Ok(Held::AtOnce(&self.file)),
                Err(TryLockError::WouldBlock) if Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked { path: self.path.clone(), waited: patience });
                }
                Err(TryLockError::Error(error)) => return Err(StoreError::io(&self.path, "lock", error)),
            }
        }
    }
}

impl Held<'_> {
    /// Claims that another process had it when it was asked for: others may wait for it, too.
    pub(super) fn was_waited_for(&self) -> bool {
        !matches!(self, Held::AtOnce(_))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Held::AtOnce(file) | Held::InLine { file, .. } = self {
            let _the_descriptor_is_open = file.unlock();
        }
    }
}

/// Held by a runner while its command runs; the file is `runs/SLOT`, and stays for the next one.
///
/// A file per run would be left behind by a runner that is killed between taking it and recording its start.
#[derive(Debug)]
pub(super) struct RunLock {
    pub(super) slot: u64,
    _file: File,
}

impl RunLock {
    /// Takes the first lock that is free: no run on record has it (`taken`), and nobody holds it.
    pub(super) fn take(dir: &Path, taken: &[u64]) -> Result<RunLock, StoreError> {
        let mut slot = 0;
        loop {
            if !taken.contains(&slot) {
                let failed = |attempted, error| StoreError::io(&run_path(dir, slot), attempted, error);
                let file = run_file(dir, slot).map_err(|error| failed("make the lock file", error))?;
                match file.try_lock() {
                    Ok(()) => return Ok(RunLock { slot, _file: file }),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(error)) => return Err(failed("lock", error)),
                }
            }
            slot += 1;
        }
    }

    /// Claims that a living runner holds this lock, or that this process cannot tell: what may live is not lost.
    pub(super) fn is_held(dir: &Path, slot: u64) -> bool {
        // Whatever stands there, opening it does not wait.
        match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(run_path(dir, slot)) {
            Ok(file) => file.try_lock_shared().is_err(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }
}

fn run_path(dir: &Path, slot: u64) -> PathBuf {
    dir.join("runs").join(slot.to_string())
}

/// Opens the lock file, in a directory that is made if it is missing.
fn run_file(dir: &Path, slot: u64) -> io::Result<File> {
    let path = run_path(dir, slot);
    match own_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(dir.join("runs"))?;
            own_file(&path)
        }
        opened => opened,
    }
}

/// Opens a file of ours, made private if it is missing; never through a symbolic link.
pub(super) fn own_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where nothing else is said, or it cannot be done, a thread waits.
    #[test]
    fn whoever_waits_too_long_is_told_and_does_not_get_the_lock_later() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (WriteLock::open(dir.path()).unwrap(), WriteLock::open(dir.path()).unwrap());
        let held = one.hold().unwrap();
        let refused = other.hold_within(Duration::from_millis(20)).err().unwrap();
        assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
        let waiting = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| other.hold().map(drop).is_ok());
            drop(held);
            waiting.join().unwrap()
        });
        assert!(waiting && one.hold().is_ok());
    }
}
