//! Elsewhere no memory can be sealed: a file without a name takes its place, which only a process that has it open could change.

use std::fs::{self, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;

/// What it is for: nothing is executed from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Read,
}

/// Returns a file without a name that holds `bytes`, to be read from its beginning.
///
/// # Errors
/// The directory for temporary files takes none.
pub(super) fn sealed(bytes: &[u8], _way: Use) -> io::Result<OwnedFd> {
    let name = std::env::temp_dir().join(format!("gate-input-{}", std::process::id()));
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create_new(true).mode(0o600).open(&name)?;
    fs::remove_file(&name)?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}
