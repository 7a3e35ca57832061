//! Keeps the index of SQLite's write-ahead log from being thrown away and made anew by each process that finds itself alone.
//!
//! MUST rules:
//! 1. What such a process finds in the index is not believed: its header is emptied, so that SQLite reads the log again
//!    (sqlite.org/walformat.html, "2.2 The WAL-Index File Format" and "Recovery").
//! 2. Whoever opens the database otherwise, with gate or without, finds what SQLite itself would leave there.
#![expect(unsafe_code, reason = "the system calls that SQLite makes are given to it by pointer")]

use std::ffi::{c_int, c_void};

use rusqlite::ffi::{SQLITE_OK, sqlite3_syscall_ptr, sqlite3_vfs_find};

/// The length to which SQLite cuts the index, and no other file (`unixLockSharedMemory` in its os_unix.c).
const CUT: i64 = 3;

/// The length of the index's header: two copies of 48 bytes, and 40 of marks and locks.
const HEADER: usize = 136;

/// Does as ftruncate(2), but for the index, whose file keeps its length and its blocks: to free them and take others, and to
/// fill them with bytes, would cost more than to read the log.
extern "C" fn cut(file: c_int, length: i64) -> c_int {
    let nothing = [0_u8; HEADER];
    // SAFETY: the array is local and its length is its own.
    let is_emptied = length == CUT
        && unsafe { libc::pwrite(file, nothing.as_ptr().cast::<c_void>(), HEADER, 0) } == HEADER as isize;
    // SAFETY: as SQLite calls it.
    if is_emptied { 0 } else { unsafe { libc::ftruncate(file, length as libc::off_t) } }
}

/// Has SQLite keep the file of the index, in this process; claims that it will. Without, it is only slower.
pub fn keep_the_index() -> bool {
    // SAFETY: `ftruncate` is one of the names that SQLite calls by pointer, as `int (int, off_t)` with 64 bits for the second,
    // which is what `cut` takes (sqlite.org/c3ref/vfs.html). The system of the files lives as long as the process.
    unsafe {
        let Some(files) = sqlite3_vfs_find(std::ptr::null()).as_mut() else { return false };
        let Some(set) = files.xSetSystemCall else { return false };
        let cut = std::mem::transmute::<extern "C" fn(c_int, i64) -> c_int, sqlite3_syscall_ptr>(cut);
        set(files, c"ftruncate".as_ptr(), cut) == SQLITE_OK
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};
    use std::os::fd::AsRawFd as _;

    use super::{CUT, HEADER, cut, keep_the_index};

    #[test]
    fn index_keeps_its_length_and_loses_its_header() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 32768]).unwrap();
        assert_eq!(cut(file.as_raw_fd(), CUT), 0);
        file.rewind().unwrap();
        let mut found = Vec::new();
        file.read_to_end(&mut found).unwrap();
        assert_eq!(found.len(), 32768);
        assert_eq!(
            (found.iter().position(|byte| *byte == 7), found[HEADER..].contains(&0)),
            (Some(HEADER), false)
        );
    }

    #[test]
    fn other_files_are_cut() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 4096]).unwrap();
        assert_eq!(cut(file.as_raw_fd(), 0), 0);
        assert_eq!(file.metadata().unwrap().len(), 0);
        assert_eq!(cut(-1, 0), -1);
    }

    #[test]
    fn sqlite_takes_the_call() {
        assert!(keep_the_index());
    }
}
