//! Finding transcripts: regular files below a directory, without following a link anywhere.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::Skipped;

/// How deep a directory is searched; the agents' own nest three or four deep.
const DEEPEST: usize = 16;

/// The most files that are read, and the most entries of directories that are looked at for them.
const MOST_FILES: usize = 100_000;
const MOST_ENTRIES: usize = 2_000_000;

/// The files found, with their sizes, in the order of their paths.
pub(super) struct Found {
    pub(super) files: Vec<(PathBuf, u64)>,
    pub(super) skipped: Skipped,
}

/// Returns the regular files below `dir` whose name `wanted` likes, or `dir` itself if it is a file.
///
/// # Errors
/// `dir` itself cannot be looked at.
pub(super) fn find(dir: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<Found> {
    let mut found = Found { files: Vec::new(), skipped: Skipped::default() };
    let start = fs::metadata(dir)?;
    if start.is_file() {
        found.files.push((dir.to_path_buf(), start.len()));
        return Ok(found);
    }
    fs::read_dir(dir)?;
    let mut looked_at = 0;
    let mut waiting = vec![(dir.to_path_buf(), 0)];
    while let Some((dir, depth)) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&dir) else {
            found.skipped.unreadable += 1;
            continue;
        };
        for entry in entries {
            looked_at += 1;
            let Ok((entry, kind)) = entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind)))
            else {
                found.skipped.unreadable += 1;
                continue;
            };
            let is_wanted = entry.file_name().to_str().is_some_and(&wanted);
            let is_beyond = looked_at > MOST_ENTRIES || depth >= DEEPEST || waiting.len() >= MOST_FILES;
            match (kind.is_dir(), kind.is_file()) {
                (true, _) if is_beyond => found.skipped.beyond += 1,
                (true, _) => waiting.push((entry.path(), depth + 1)),
                (_, true) if is_wanted => found.add(entry.path()),
                (_, true) => {}
                (false, false) => found.skipped.strange += 1,
            }
        }
    }
    found.files.sort();
    Ok(found)
}

impl Found {
    fn add(&mut self, path: PathBuf) {
        if self.files.len() >= MOST_FILES {
            self.skipped.beyond += 1;
            return;
        }
        match fs::symlink_metadata(&path) {
            Ok(file) => self.files.push((path, file.len())),
            Err(_) => self.skipped.unreadable += 1,
        }
    }
}

/// Opens a regular file: no link, no wait for a FIFO, no terminal taken over.
///
/// # Errors
/// It is none, or cannot be read.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}
