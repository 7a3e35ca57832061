//! Elsewhere a program is started by its name: there is no way to execute an open file.

use std::path::Path;

use super::run::{NotStarted, Start};
use super::trust::Trust;
use crate::approval::BoundFile;

/// Leaves `start` as it is: the file was looked at right before.
///
/// # Errors
/// None.
pub(super) fn hold(_start: &mut Start, _cwd: &Path, _approved: &BoundFile) -> Result<(), NotStarted> {
    Ok(())
}

/// Claims that others than root could change the program at `path` in the instant of its start.
pub(super) fn stays(path: &Path) -> bool {
    !Trust::default().covers(path)
}
