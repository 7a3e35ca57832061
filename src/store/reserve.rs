//! The reserve: a file that only takes up room, so that there is some left for the record when the disk is full.
//!
//! 1. It is given up when the database finds no room, and what that room is for is `log.disk_low`, outcomes and refusals.
//! 2. While it is missing and there is no room for it, no command starts.
//! 3. It is made again as soon as there is much more room than it takes, never out of the room it has just given up.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::lock::own_file;

/// How much room it keeps: some fifty entries with all that SQLite writes beside them.
const SIZE: u64 = 256 << 10;

/// How much must be free before it is made.
const ENOUGH: u64 = 4 * SIZE;

fn file(dir: &Path) -> PathBuf {
    dir.join("gate.reserve")
}

/// Claims that the reserve is there, whole.
pub(super) fn is_there(dir: &Path) -> bool {
    file(dir).symlink_metadata().is_ok_and(|found| found.len() >= SIZE)
}

/// Makes the reserve where it is missing.
///
/// # Errors
/// There is no room for it. Whatever else keeps it from being made is left to the write that follows.
pub(super) fn keep(dir: &Path) -> io::Result<()> {
    if is_there(dir) {
        return Ok(());
    }
    let made = free(dir).and_then(|free| if free < ENOUGH { Err(full()) } else { make(dir) });
    made.or_else(|error| if is_full(&error) { Err(error) } else { Ok(()) })
}

/// Claims that it is missing and cannot be made for want of room.
pub(super) fn is_lacking(dir: &Path) -> bool {
    !is_there(dir) && free(dir).is_ok_and(|free| free < ENOUGH)
}

/// Gives the room back; claims that there was any.
pub(super) fn release(dir: &Path) -> bool {
    std::fs::remove_file(file(dir)).is_ok()
}

/// Returns how many bytes are free for this user in the file system of `dir`.
pub(super) fn free(dir: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(dir)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

fn make(dir: &Path) -> io::Result<()> {
    let path = file(dir);
    own_file(&path).and_then(|file| allocate(&file)).inspect_err(|_| {
        let _not_made = std::fs::remove_file(&path);
    })
}

/// Takes up the room. A file system that cannot be asked for it is written to.
fn allocate(file: &File) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, SIZE) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        done => return Ok(done?),
    }
    let mut file = file;
    io::copy(&mut io::Read::take(io::repeat(b'.'), SIZE), &mut file).map(|_| ())
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserve_takes_up_its_room_until_it_is_released() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = tempfile::tempdir().unwrap();
        assert!(!release(dir.path()));
        keep(dir.path()).unwrap();
        assert!(file(dir.path()).metadata().unwrap().blocks() * 512 >= SIZE);
        keep(dir.path()).unwrap();
        assert!(is_there(dir.path()) && release(dir.path()) && !is_there(dir.path()));
    }

    #[test]
    fn half_a_reserve_is_made_whole() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(file(dir.path()), "half").unwrap();
        assert!(!is_there(dir.path()));
        keep(dir.path()).unwrap();
        assert!(is_there(dir.path()));
    }
}
