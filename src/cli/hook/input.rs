//! Standard input, read to its end within limits.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// A tool call larger than this is not read: a file that is written stands in it whole.
const LARGEST: usize = 16 << 20;

/// Returns everything up to the end of `input`.
///
/// # Errors
/// An input that does not end `within` that time, or is larger than 16 MiB.
pub(super) fn read_all(input: BorrowedFd<'_>, within: Duration) -> anyhow::Result<Vec<u8>> {
    let end = Instant::now() + within;
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 << 10];
    loop {
        wait(input, end)?;
        match rustix::io::read(input, &mut part[..]) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error).context("failed to read standard input"),
        }
        if bytes.len() > LARGEST {
            bail!("the tool call is larger than {} MiB", LARGEST >> 20);
        }
    }
}

fn wait(input: BorrowedFd<'_>, end: Instant) -> anyhow::Result<()> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => bail!("standard input did not end in time"),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("failed to wait for standard input"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, read_all};
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_input_is_read_to_its_end() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let text = "x".repeat(1 << 20);
        let sent = text.clone();
        let thread = std::thread::spawn(move || writer.write_all(sent.as_bytes()).unwrap());
        assert_eq!(read_all(reader.as_fd(), LONG).unwrap(), text.as_bytes());
        thread.join().unwrap();
    }

    #[test]
    fn an_input_that_does_not_end_is_an_error() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"{").unwrap();
        let error = read_all(reader.as_fd(), Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.to_string(), "standard input did not end in time");
    }

    #[test]
    fn an_input_that_is_too_large_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        file.set_len(LARGEST as u64 + 1).unwrap();
        let error = read_all(file.as_fd(), LONG).unwrap_err();
        assert_eq!(error.to_string(), "the tool call is larger than 16 MiB");
        file.set_len(0).unwrap();
        file.flush().unwrap();
        assert_eq!(read_all(tempfile::tempfile().unwrap().as_fd(), LONG).unwrap(), b"");
    }
}
