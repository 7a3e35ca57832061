//! Memory that holds certain bytes and that nobody can change any more (memfd_create(2), `F_ADD_SEALS` of fcntl(2)).

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::digest::Digest;

/// Whether the kernel may execute what the memory holds (Linux 6.3 can forbid it; older kernels always may).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Execute,
}

/// Returns memory that holds `bytes`, to be read from its beginning.
///
/// Whoever found it by its name before it was sealed may have written to it: what it holds is looked at afterwards.
///
/// # Errors
/// The kernel gives no such memory, or somebody wrote to it.
pub(super) fn sealed(bytes: &[u8], way: Use) -> io::Result<OwnedFd> {
    let mut file = filled(bytes, way)?;
    let mut held = Vec::with_capacity(bytes.len());
    file.read_to_end(&mut held)?;
    file.rewind()?;
    if held == bytes { Ok(file.into()) } else { Err(another()) }
}

/// Returns memory that holds all that `from` has, whose digest is `expected`, to be read from its beginning.
///
/// # Errors
/// As [`sealed`], and what came was something else.
pub(super) fn sealed_copy(from: impl io::Read, way: Use, expected: Option<Digest>) -> io::Result<OwnedFd> {
    let mut file = filled(from, way)?;
    let held = Digest::of_reader(&file)?;
    file.rewind()?;
    if Some(held) == expected { Ok(file.into()) } else { Err(another()) }
}

fn filled(mut from: impl io::Read, way: Use) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let for_it = if way == Use::Execute { MemfdFlags::EXEC } else { MemfdFlags::NOEXEC_SEAL };
    let memory = match memfd_create(c"judged", flags | for_it) {
        Err(rustix::io::Errno::INVAL) => memfd_create(c"judged", flags),
        made => made,
    }?;
    let mut file = File::from(memory);
    io::copy(&mut from, &mut file)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    file.rewind()?;
    Ok(file)
}

fn another() -> io::Error {
    io::Error::from_raw_os_error(libc::EBUSY)
}
