//! Elsewhere there are no timers that wake a thread: the store waits with a thread of its own.

use std::fs::File;
use std::io;
use std::time::Duration;

/// Waits for nothing.
///
/// # Errors
/// `Unsupported`, always.
pub fn stand_in_line(_file: &File, _patience: Duration) -> io::Result<Option<Box<dyn Send>>> {
    Err(io::ErrorKind::Unsupported.into())
}
