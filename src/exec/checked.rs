//! The program of an approved command, started from the very file that was approved.
//!
//! MUST rules:
//! 1. What is executed is the file that was opened and looked at, whatever its name leads to later (execveat(2)).
//! 2. Where others than root may write to it, a lease keeps writers off from before it is looked at until it is executed
//!    (`F_SETLEASE` of fcntl(2)); where there is no lease, a sealed copy in memory is executed.
//! 3. A script is read by its interpreter, by name: where others than root may change it, that is the name of a sealed copy, for
//!    `./x.sh` as for `sh x.sh`. Only what looks for its own place, or may, is left where it is; the card says so ([`stays`]).
//! 4. What only root could change is started by its name.
#![expect(unsafe_code, reason = "leases have no safe wrapper")]

mod operand;

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::given::Given;
use super::host::open_regular;
use super::run::{NotStarted, Start};
use super::sealed::{Use, sealed, sealed_copy};
use super::trust::Trust;
use crate::approval::FileIdentity;
use crate::digest::Digest;

/// The most of a script that is looked through for what looks for its own place; a longer one stays where it is.
const LONGEST_SCRIPT: u64 = 1 << 20;

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

/// Makes `start` execute the `program` that was approved, and a shell read the script of these `files`, and holds what has to be held
/// until then.
///
/// # Errors
/// What lies there is another file by now, or somebody is writing to it.
pub(super) fn hold(
    start: &mut Start,
    cwd: &Path,
    program: Option<&FileIdentity>,
    files: &[&FileIdentity],
) -> Result<(), NotStarted> {
    hold_program(start, cwd, program)?;
    hold_script(start, cwd, files)
}

fn hold_program(start: &mut Start, cwd: &Path, approved: Option<&FileIdentity>) -> Result<(), NotStarted> {
    let path = program_path(start, cwd);
    if is_roots(&path) {
        return Ok(());
    }
    let changed = || NotStarted::Changed { path: path.clone() };
    let found = approved.ok_or_else(changed)?;
    let Some((file, _)) = open_regular(&path) else {
        // What may be executed and not read cannot be looked at: it is started by its name, if it was approved as such.
        return if found.sha256.is_none() { Ok(()) } else { Err(changed()) };
    };
    let is_leased = lease(&file).map_err(|Written| changed())?;
    let bytes = looked_at(&file, found).ok_or_else(changed)?;
    match way(&bytes) {
        Way::Name => {}
        Way::Copy => {
            let given = copy(&bytes)?;
            start.path = CString::from(given.name());
            start.given.push(given);
        }
        Way::File if is_leased || found.sha256.is_none() => start.program = Some(file.into()),
        Way::File => {
            let mut again = &file;
            again.rewind().map_err(|error| NotStarted::not_given(&error))?;
            let memory = sealed_copy(file.take(found.size), Use::Execute, found.sha256);
            start.program = Some(memory.map_err(|error| NotStarted::not_given(&error))?);
        }
    }
    Ok(())
}

/// Has a shell read a sealed copy of its script.
fn hold_script(start: &mut Start, cwd: &Path, files: &[&FileIdentity]) -> Result<(), NotStarted> {
    let Some((at, path)) = script_of(start, cwd).filter(|(_, path)| !is_roots(path)) else { return Ok(()) };
    let changed = || NotStarted::Changed { path: path.clone() };
    let (file, _) = open_regular(&path).ok_or_else(changed)?;
    let approved = one_of(files, &file).ok_or_else(changed)?;
    if approved.sha256.is_none() {
        return Ok(());
    }
    let bytes = looked_at(&file, approved).ok_or_else(changed)?;
    if way(&bytes) == Way::Copy {
        let given = copy(&bytes)?;
        start.argv[at] = CString::from(given.name());
        start.given.push(given);
    }
    Ok(())
}

/// Returns how that is called which is run by its name although others than root could change it in that instant: of the program and
/// the script of this start what cannot be held, and all other scripts. `bound` is what an approval is bound to.
pub(super) fn stays(start: &Start, cwd: &Path, scripts: &[PathBuf], bound: &[&FileIdentity]) -> Vec<Vec<u8>> {
    let held = script_of(start, cwd).map(|(at, path)| (path, start.argv[at].as_bytes().to_vec()));
    let is_held = |path: &Path| held.as_ref().is_some_and(|(held, _)| held == path);
    let others = scripts.iter().filter(|path| !is_held(path) && !is_roots(path));
    let mut names: Vec<Vec<u8>> = others.map(|path| path.as_os_str().as_bytes().to_vec()).collect();
    let program = (program_path(start, cwd), start.argv[0].as_bytes().to_vec());
    let named = [Some(program), held.clone()].into_iter().flatten();
    names
        .extend(named.filter(|(path, _)| !is_roots(path) && !can_be_held(path, bound)).map(|(_, name)| name));
    names
}

/// Claims that the file at `path` can be looked at, and need not be run by its name.
fn can_be_held(path: &Path, bound: &[&FileIdentity]) -> bool {
    let Some((file, size)) = open_regular(path) else { return false };
    one_of(bound, &file).is_some_and(|one| one.sha256.is_some())
        && beginning(&file, size).is_some_and(|bytes| way(&bytes) != Way::Name)
}

/// Returns which of these the open file is.
fn one_of<'a>(files: &[&'a FileIdentity], file: &File) -> Option<&'a FileIdentity> {
    let found = file.metadata().ok()?;
    files.iter().find(|one| (one.device, one.inode) == (found.dev(), found.ino())).copied()
}

/// Returns the path that is executed.
fn program_path(start: &Start, cwd: &Path) -> PathBuf {
    cwd.join(OsStr::from_bytes(start.path.as_bytes()))
}

/// Returns the script that a shell is started with: which word names it, and its path.
fn script_of(start: &Start, cwd: &Path) -> Option<(usize, PathBuf)> {
    let at = operand::of(start.path.as_bytes(), &start.argv)?;
    Some((at, cwd.join(OsStr::from_bytes(start.argv[at].as_bytes()))))
}

/// Claims that only root could change what runs by this path: its directories, and the file itself.
fn is_roots(path: &Path) -> bool {
    let is_file_roots = || path.metadata().is_ok_and(|found| found.uid() == 0 && found.mode() & 0o022 == 0);
    Trust::default().covers(path) && is_file_roots()
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
    let Some(sha256) = approved.sha256 else { return Some(bytes) };
    // What is returned is what was hashed, where that is all: somebody may write between two looks.
    let now = if bytes.len() as u64 == approved.size {
        Digest::of(&bytes)
    } else {
        let mut again = file;
        again.rewind().ok()?;
        Digest::of_reader(file.take(approved.size)).ok()?
    };
    (now == sha256).then_some(bytes)
}

fn beginning(file: &File, size: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(size.min(LONGEST_SCRIPT + 1)).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Returns how a program that begins with `bytes` is started.
fn way(bytes: &[u8]) -> Way {
    if bytes.starts_with(b"\x7fELF") {
        return Way::File;
    }
    let is_whole = bytes.len() as u64 <= LONGEST_SCRIPT;
    let finds_itself = || OWN_PLACE.iter().any(|own| bytes.windows(own.len()).any(|part| part == *own));
    if is_whole && is_for_a_shell(bytes) && !finds_itself() { Way::Copy } else { Way::Name }
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
    operand::SHELLS.contains(&&interpreter[..])
}

/// Returns a sealed copy of a script, which has a name.
fn copy(bytes: &[u8]) -> Result<Given, NotStarted> {
    sealed(bytes, Use::Execute).and_then(Given::of_memory).map_err(|error| NotStarted::not_given(&error))
}

#[cfg(test)]
mod tests {
    use super::{Way, way};

    #[track_caller]
    fn case(text: &str, expected: Way) {
        assert_eq!(way(text.as_bytes()), expected, "{text}");
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
