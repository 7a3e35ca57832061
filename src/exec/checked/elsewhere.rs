//! Elsewhere a program is started by its name: there is no way to execute an open file.

use std::path::{Path, PathBuf};

use super::run::{NotStarted, Start};
use super::trust::Trust;
use crate::approval::FileIdentity;

/// Leaves `start` as it is: the files were looked at right before.
///
/// # Errors
/// None.
pub(super) fn hold(
    _start: &mut Start,
    _cwd: &Path,
    _program: Option<&FileIdentity>,
    _files: &[&FileIdentity],
) -> Result<(), NotStarted> {
    Ok(())
}

/// Returns how that is called which others than root could change in the instant of its start: the program, and all scripts.
pub(super) fn stays(
    start: &Start,
    cwd: &Path,
    scripts: &[PathBuf],
    _bound: &[&FileIdentity],
) -> Vec<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt as _;
    let trust = Trust::default();
    let program = cwd.join(std::ffi::OsStr::from_bytes(start.path.as_bytes()));
    let open = [program].into_iter().chain(scripts.iter().cloned()).filter(|path| !trust.covers(path));
    open.map(|path| path.as_os_str().as_bytes().to_vec()).collect()
}
