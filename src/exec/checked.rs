//! The program of an approved command, started from the very file that was approved.
//!
//! MUST rules:
//! 1. What is executed is the file that was opened and looked at, whatever its name leads to later (execveat(2)).
//! 2. Where others than root may write to it, a lease keeps writers off from before it is looked at until it is executed
//!    (`F_SETLEASE` of fcntl(2)); where there is no lease, a sealed copy in memory is executed.
//! 3. A script is read by its interpreter, by name: where others than root may change it, that is the name of a sealed copy. Only what
//!    looks for its own place, or may, is left where it is; the card says so ([`stays`]).
//! 4. What lies in directories of root's alone is started by its name: only root could change it.
#![expect(unsafe_code, reason = "leases have no safe wrapper")]

use std::ffi::CString;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::given::Given;
use super::host::open_regular;
use super::run::{NotStarted, Start};
use super::sealed::{Use, sealed};
use super::trust::Trust;
use crate::approval::{BoundFile, FileIdentity};
use crate::digest::Digest;

/// The largest program that is copied where no lease is to be had.
const LARGEST_COPY: u64 = 256 << 20;

/// The most of a script that is looked through for what looks for its own place; a longer one stays where it is.
const LONGEST_SCRIPT: u64 = 1 << 20;

/// Shells, which read one file, and read it once.
const SHELLS: [&[u8]; 7] = [b"sh", b"bash", b"dash", b"zsh", b"ksh", b"mksh", b"ash"];

/// What a script that looks for its own place writes.
const OWN_PLACE: [&[u8]; 9] =
    [b"$0", b"${0", b"${!", b"$_", b"BASH_SOURCE", b"BASH_ARGV", b"ZSH_ARGZERO", b"(%)", b"/proc/"];

/// How the program is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By its name: only root could change it, or it has to be.
    Name,
    /// By the open file.
    File,
    /// As a script, by the name of a sealed copy.
    Copy,
}

/// Makes `start` execute what was `approved`, and holds what has to be held until then.
///
/// # Errors
/// What lies there is another file by now, or somebody is writing to it.
pub(super) fn hold(start: &mut Start, cwd: &Path, approved: &BoundFile) -> Result<(), NotStarted> {
    let path = cwd.join(std::ffi::OsStr::from_bytes(start.path.as_bytes()));
    if Trust::default().covers(&path) {
        return Ok(());
    }
    let changed = || NotStarted::Changed { path: path.clone() };
    let Some(found) = &approved.found else { return Err(changed()) };
    // What may be executed and not read cannot be looked at: it is started by its name, as it was approved.
    let Some((file, _)) = open_regular(&path) else { return Ok(()) };
    let is_leased = lease(&file).map_err(|Written| changed())?;
    let bytes = looked_at(&file, found).ok_or_else(changed)?;
    match way(&path, &bytes) {
        Way::Name => {}
        Way::Copy => start.given = Some(copy(&bytes, start)?),
        Way::File if is_leased || found.size > LARGEST_COPY => start.program = Some(file.into()),
        Way::File => {
            let all = whole(&file, found).ok_or_else(changed)?;
            let memory = sealed(&all, Use::Execute).map_err(|error| NotStarted::not_given(&error))?;
            start.program = Some(memory);
        }
    }
    Ok(())
}

/// Claims that the program at `path` is started by its name although others than root could change it in that instant.
pub(super) fn stays(path: &Path) -> bool {
    let Some((file, size)) = open_regular(path).filter(|_| !Trust::default().covers(path)) else {
        return false;
    };
    beginning(&file, size).is_some_and(|bytes| way(path, &bytes) == Way::Name)
}

/// Picks the signal that tells of a writer (asm-generic/fcntl.h; not in every C library's constants).
const F_SETSIG: libc::c_int = 10;

/// Somebody has the file open and may write to it.
struct Written;

/// Keeps writers off the file as long as it is open here, and claims that this could be done: it takes a file of one's own, on a file system
/// that knows leases.
fn lease(file: &File) -> Result<bool, Written> {
    let descriptor = file.as_raw_fd();
    // SAFETY: system calls without pointers. A writer who waits is told of by SIGURG, which does nothing, and not by SIGIO, which ends a process.
    let taken = unsafe {
        libc::fcntl(descriptor, F_SETSIG, libc::SIGURG);
        libc::fcntl(descriptor, libc::F_SETLEASE, libc::F_RDLCK)
    };
    match taken {
        0 => Ok(true),
        _ if std::io::Error::last_os_error().raw_os_error() == Some(libc::EAGAIN) => Err(Written),
        _ => Ok(false),
    }
}

/// Returns the beginning of the file, if all of it is what was approved.
fn looked_at(file: &File, approved: &FileIdentity) -> Option<Vec<u8>> {
    let found = file.metadata().ok()?;
    let is_it = (found.dev(), found.ino(), found.len()) == (approved.device, approved.inode, approved.size);
    let bytes = beginning(file, found.len()).filter(|_| is_it)?;
    let mut again = file;
    again.rewind().ok()?;
    let digest = || Digest::of_reader(file.take(approved.size)).ok();
    match approved.sha256 {
        Some(sha256) => digest().filter(|now| *now == sha256).map(|_| bytes),
        None => Some(bytes),
    }
}

fn beginning(file: &File, size: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(size.min(LONGEST_SCRIPT + 1)).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Returns all of the file, if it is still what was approved.
fn whole(file: &File, approved: &FileIdentity) -> Option<Vec<u8>> {
    let mut again = file;
    again.rewind().ok()?;
    let mut bytes = Vec::new();
    file.take(approved.size + 1).read_to_end(&mut bytes).ok()?;
    approved.sha256.is_none_or(|sha256| Digest::of(&bytes) == sha256).then_some(bytes)
}

/// Returns how a program that begins with `bytes` is started.
fn way(path: &Path, bytes: &[u8]) -> Way {
    if bytes.starts_with(b"\x7fELF") {
        return Way::File;
    }
    let is_whole = bytes.len() as u64 <= LONGEST_SCRIPT;
    let finds_itself = || OWN_PLACE.iter().any(|own| bytes.windows(own.len()).any(|part| part == *own));
    // A path of gate's own process is not for a program that an interpreter finds by another path than `path`.
    if is_whole && path.is_absolute() && is_for_a_shell(bytes) && !finds_itself() {
        Way::Copy
    } else {
        Way::Name
    }
}

/// Claims that a shell reads it: by its first line, or because it has none (POSIX 2.9.1.1).
fn is_for_a_shell(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(words) = line.strip_prefix(b"#!") else { return !bytes.contains(&0) };
    let mut words = words.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let name = |word: &[u8]| word.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
    let first = words.next().map(name).unwrap_or_default();
    let interpreter = match &first[..] {
        b"env" => words.find(|word| !word.starts_with(b"-")).map(name).unwrap_or_default(),
        _ => first,
    };
    SHELLS.contains(&&interpreter[..])
}

/// Returns the sealed copy, by whose name `start` now executes it.
fn copy(bytes: &[u8], start: &mut Start) -> Result<Given, NotStarted> {
    let memory: OwnedFd = sealed(bytes, Use::Execute).map_err(|error| NotStarted::not_given(&error))?;
    let given = Given::of_memory(memory).map_err(|error| NotStarted::not_given(&error))?;
    start.path = CString::from(given.name());
    Ok(given)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Way, way};

    #[track_caller]
    fn case(text: &str, expected: Way) {
        assert_eq!(way(Path::new("/work/x"), text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn a_script_for_a_shell_runs_from_a_copy_unless_it_looks_for_its_own_place() {
        case("\x7fELF\x02", Way::File);
        case("#!/bin/sh\necho hello\n", Way::Copy);
        case("#! /bin/bash -e\nls \"$1\"\n", Way::Copy);
        case("#!/usr/bin/env -S bash -e\nls\n", Way::Copy);
        case("echo without a first line\n", Way::Copy);
        case("#!/bin/sh\ncd \"$(dirname \"$0\")\"\n", Way::Name);
        case("#!/bin/bash\ncd \"${BASH_SOURCE[0]%/*}\"\n", Way::Name);
        case("#!/usr/bin/env python3\nimport sibling\n", Way::Name);
        case("#!/usr/bin/env node\nrequire('./x')\n", Way::Name);
        case("#!/bin/busybox sh\nls\n", Way::Name);
        case("#!\nls\n", Way::Name);
        case(&format!("#!/bin/sh\n#{}\n", "x".repeat(1 << 20)), Way::Name);
    }
}
