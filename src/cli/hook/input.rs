//! Standard input, read to its end within limits.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::exec::{Unread, read_to_end};

/// A tool call larger than this is not read: a file that is written stands in it whole.
const LARGEST: usize = 16 << 20;

/// Returns everything up to the end of `input`.
///
/// # Errors
/// An input that does not end `within` that time, or is larger than 16 MiB.
pub(super) fn read_all(input: BorrowedFd<'_>, within: Duration) -> anyhow::Result<Vec<u8>> {
    read_to_end(input, LARGEST, within, || {}).map_err(|unread| match unread {
        Unread::TooLong => anyhow::anyhow!("the tool call is larger than {} MiB", LARGEST >> 20),
        Unread::Endless => anyhow::anyhow!("standard input did not end in time"),
        Unread::System(errno) => anyhow::Error::new(std::io::Error::from_raw_os_error(errno))
            .context("failed to read standard input"),
    })
}
