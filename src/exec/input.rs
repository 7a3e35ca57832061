//! Standard input of a command that somebody is asked about.
//!
//! MUST rules:
//! 1. A stream is read to its end before anybody is asked: what was read is part of what is approved, and all that the command gets.
//! 2. A stream that no action reads is not touched, and the command does not get it either.
//! 3. A terminal stays gate's own, and so does a stream that the rules leave open: then the card says so.
//! 4. A file that holds a program's data stays gate's own, and is looked at again before the start; what tells a program what to do is
//!    read like a stream.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::io::Errno;

use super::bind::identity;
use super::inherited::is_null_device;
use super::sealed::{Use, sealed};
use crate::approval::BoundStdin;
use crate::digest::Digest;

/// The most bytes of a stream that an approval covers.
pub const LARGEST_INPUT: usize = 16 << 20;

/// The most bytes of a file on standard input that are hashed.
const LARGEST_FILE: u64 = 1 << 30;

/// Why a stream was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is more than that.
    TooLong,
    /// It did not end in time.
    Endless,

    /// The system said so; the number is its `errno`.
    System(i32),
}

impl From<Errno> for Unread {
    fn from(error: Errno) -> Unread {
        Unread::System(error.raw_os_error())
    }
}

/// How long a stream may take until a person is told that it is read.
const SOON: Duration = Duration::from_secs(2);

/// Returns everything up to the end of `input`; calls `slow` once where that takes longer than a person waits without wondering.
///
/// # Errors
/// It holds more than `most` bytes, or does not end `within` that time.
pub fn read_to_end(
    input: BorrowedFd<'_>,
    most: usize,
    within: Duration,
    mut slow: impl FnMut(),
) -> Result<Vec<u8>, Unread> {
    let start = Instant::now();
    let end = start + within;
    let mut soon = (start + SOON < end).then_some(start + SOON);
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 << 10];
    loop {
        match wait(input, soon.unwrap_or(end)) {
            Err(Unread::Endless) if soon.take().is_some() => {
                slow();
                continue;
            }
            waited => waited?,
        }
        match rustix::io::read(input, &mut part[..]) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        if bytes.len() > most {
            return Err(Unread::TooLong);
        }
    }
}

fn wait(input: BorrowedFd<'_>, end: Instant) -> Result<(), Unread> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => return Err(Unread::Endless),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What a command gets on standard input.
#[derive(Debug)]
pub struct Input {
    bound: BoundStdin,
    /// What it gets instead of gate's own.
    instead: Option<OwnedFd>,
    /// What was read.
    bytes: Vec<u8>,
}

impl Input {
    /// Returns gate's own, as it is.
    pub fn own() -> Input {
        Input { bound: found(), instead: None, bytes: Vec::new() }
    }

    /// Returns nothing at all.
    ///
    /// # Errors
    /// There is no `/dev/null`.
    pub fn none() -> io::Result<Input> {
        let nothing = File::open("/dev/null")?;
        Ok(Input { bound: BoundStdin::Empty, instead: Some(nothing.into()), bytes: Vec::new() })
    }

    /// Reads gate's own to its end, and keeps it where nobody can change it. `commit` returns the commitment to it; `slow` is called
    /// once where it takes long.
    ///
    /// # Errors
    /// It is too long, or does not end `within` that time.
    pub fn read(
        within: Duration,
        commit: impl Fn(&[u8]) -> Digest,
        slow: impl FnMut(),
    ) -> Result<Input, Unread> {
        let system = |error: io::Error| Unread::System(error.raw_os_error().unwrap_or(libc::EIO));
        let bytes = read_to_end(io::stdin().as_fd(), LARGEST_INPUT, within, slow)?;
        if bytes.is_empty() {
            return Input::none().map_err(system);
        }
        let memory = sealed(&bytes, Use::Read).map_err(system)?;
        let bound = BoundStdin::Bytes { size: bytes.len() as u64, commitment: commit(&bytes) };
        Ok(Input { bound, instead: Some(memory), bytes })
    }

    /// Claims that it is gate's own, as it is.
    pub fn is_own(&self) -> bool {
        self.instead.is_none()
    }

    /// Claims that it is a stream that nobody has looked into.
    pub fn is_stream(&self) -> bool {
        self.bound == BoundStdin::Stream
    }

    /// Claims that it is a file that stays gate's own.
    pub fn is_file(&self) -> bool {
        matches!(self.bound, BoundStdin::File(_))
    }

    /// Claims that it is a file that is no longer than a stream may be.
    pub fn is_short_file(&self) -> bool {
        matches!(&self.bound, BoundStdin::File(found) if found.size <= LARGEST_INPUT as u64)
    }

    /// Returns what an approval is bound to.
    pub fn bound(&self) -> &BoundStdin {
        &self.bound
    }

    /// Returns what was read; nothing where it is gate's own.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns what a command is started with instead of gate's own.
    ///
    /// # Errors
    /// There are no more descriptors.
    pub(super) fn for_start(&self) -> io::Result<Option<OwnedFd>> {
        self.instead.as_ref().map(OwnedFd::try_clone).transpose()
    }
}

/// Returns what gate has on standard input.
fn found() -> BoundStdin {
    let input = io::stdin();
    let Ok(found) = rustix::fs::fstat(&input) else { return BoundStdin::Empty };
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => {
            identity(Path::new("/dev/stdin"), LARGEST_FILE).map_or(BoundStdin::Stream, BoundStdin::File)
        }
        FileType::CharacterDevice if rustix::termios::isatty(&input) => BoundStdin::Terminal,
        FileType::CharacterDevice if is_null_device(&input) => BoundStdin::Empty,
        _ => BoundStdin::Stream,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::time::Duration;

    use super::{Unread, read_to_end};

    #[track_caller]
    fn case(text: &[u8], is_ended: bool, most: usize, expected: Result<&[u8], Unread>) {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(text).unwrap();
        let kept = (!is_ended).then_some(writer);
        let within = if is_ended { Duration::from_secs(60) } else { Duration::ZERO };
        let read = read_to_end(reader.as_fd(), most, within, || {});
        assert_eq!(read, expected.map(<[u8]>::to_vec));
        drop(kept);
    }

    #[test]
    fn a_stream_is_read_to_its_end_within_limits() {
        case(b"abc", true, 3, Ok(b"abc"));
        case(b"", true, 3, Ok(b""));
        case(b"abcd", true, 3, Err(Unread::TooLong));
        case(b"ab", false, 3, Err(Unread::Endless));
        case(b"abcd", false, 3, Err(Unread::TooLong));
    }

    #[test]
    fn more_than_a_pipe_holds_comes_whole() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let text = vec![b'x'; 1 << 20];
        let sent = text.clone();
        let thread = std::thread::spawn(move || writer.write_all(&sent).unwrap());
        let read = read_to_end(reader.as_fd(), text.len(), Duration::from_secs(60), || {});
        assert_eq!(read, Ok(text));
        thread.join().unwrap();
    }
}
