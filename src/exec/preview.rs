//! Runs a read-only command for its answer, within limits: no terminal, nothing on standard input, an environment of its own.
//!
//! MUST rules:
//! 1. It starts only with an [`Approved`] in hand, like everything else.
//! 2. It leads a session and a process group of its own; when it has ended, or a limit is reached, the whole group is killed.
//! 3. It inherits no descriptor but the three, and no variable that is not given to it.
//! 4. If gate is killed, the kernel kills it.
#![expect(unsafe_code, reason = "what a child does between fork and exec has no safe wrapper")]

use std::ffi::OsString;
use std::io::{self, PipeReader, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{Host, NotStarted, Start};
use crate::approval::{Approved, PreviewEnd};

/// How long it may take, and how much it may print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub time: Duration,
    pub bytes: u32,
}

/// How often an end that nothing announces is looked for.
const LOOK: Duration = Duration::from_millis(2);

/// Runs the command in `approved` with these variables and no others; returns what it printed, on both outputs, and how it ended.
///
/// # Errors
/// It could not be started.
pub fn preview(
    approved: Approved,
    host: &Host,
    variables: Vec<(Vec<u8>, Vec<u8>)>,
    limits: Limits,
) -> Result<(Vec<u8>, PreviewEnd), NotStarted> {
    let start = Start::of(approved.command(), host)?;
    let path = std::path::PathBuf::from(OsString::from_vec(start.path.as_bytes().to_vec()));
    let failed = |error: io::Error| NotStarted::System {
        path: path.clone(),
        errno: error.raw_os_error().unwrap_or(libc::EINVAL),
    };
    let mut words = start.argv.iter().map(|word| OsString::from_vec(word.as_bytes().to_vec()));
    let (reader, writer) = io::pipe().map_err(failed)?;
    let own = writer.try_clone().map_err(failed)?;
    let mut command = Command::new(&path);
    command
        .arg0(words.next().unwrap_or_default())
        .args(words)
        .current_dir(&approved.command().cwd)
        .env_clear()
        .envs(
            variables.into_iter().map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value))),
        )
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(own);
    let parent = std::process::id();
    // SAFETY: the child of the fork only makes system calls without pointers.
    unsafe { command.pre_exec(move || stand_alone(parent)) };
    let _until_it_is_reaped = Reaping::begin();
    let spawned = command.spawn();
    // Its copies of the pipe's other end must not outlive the child's.
    drop(command);
    Running { child: spawned.map_err(failed)?, reader }.ended(limits).map_err(failed)
}

/// While it lives, children that end are there to be asked how, even where gate was started with their ends ignored (wait(2), "NOTES").
struct Reaping {
    was_ignored: bool,
}

impl Reaping {
    fn begin() -> Reaping {
        // SAFETY: the value is local, and an all-zero sigaction is valid; a disposition without a handler is set.
        let was_ignored = unsafe {
            let mut found = std::mem::MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            let is_known = libc::sigaction(libc::SIGCHLD, std::ptr::null(), &mut found) == 0;
            is_known && found.sa_sigaction == libc::SIG_IGN
        };
        if was_ignored {
            // SAFETY: a disposition without a handler.
            unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
        }
        Reaping { was_ignored }
    }
}

impl Drop for Reaping {
    fn drop(&mut self) {
        if self.was_ignored {
            // SAFETY: what was in force before.
            unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
        }
    }
}

/// Rules 2 to 4, in the child.
fn stand_alone(parent: u32) -> io::Result<()> {
    rustix::process::setsid()?;
    #[cfg(target_os = "linux")]
    // SAFETY: system calls without pointers.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() as u32 != parent {
            libc::_exit(128 + libc::SIGKILL);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _unsupported = parent;
    Ok(())
}

struct Running {
    child: Child,
    reader: PipeReader,
}

impl Running {
    fn ended(mut self, limits: Limits) -> io::Result<(Vec<u8>, PreviewEnd)> {
        rustix::io::ioctl_fionbio(&self.reader, true)?;
        let end = Instant::now() + limits.time;
        let mut printed = Vec::new();
        let cut = loop {
            let is_over = self.has_ended();
            let is_open = self.read(&mut printed, limits.bytes);
            if printed.len() > limits.bytes as usize {
                printed.truncate(limits.bytes as usize);
                break Some(PreviewEnd::Full(limits.bytes));
            }
            // What is left in the pipe when it has ended is read; what its children write later is not waited for.
            if is_over {
                break None;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break Some(PreviewEnd::Late(limits.time.as_millis() as u64));
            }
            self.wait(is_open, left);
        };
        // Before it is reaped: until then the number is that of its group.
        self.kill_group();
        let status = self.child.wait()?;
        let own = || match (status.code(), status.signal()) {
            (Some(code), _) => PreviewEnd::Exited(u8::try_from(code).unwrap_or(u8::MAX)),
            (None, signal) => {
                PreviewEnd::Signalled(signal.and_then(|it| u8::try_from(it).ok()).unwrap_or(u8::MAX))
            }
        };
        Ok((printed, cut.unwrap_or_else(own)))
    }

    /// Reads what there is, up to one byte more than may be; claims that more may come.
    fn read(&self, printed: &mut Vec<u8>, most: u32) -> bool {
        let room = (most as usize + 1).saturating_sub(printed.len());
        let before = printed.len();
        match (&self.reader).take(room as u64).read_to_end(printed) {
            Ok(_) => printed.len() - before == room,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }

    /// Waits until more is printed, or, where nothing more can be, a moment.
    fn wait(&self, is_open: bool, left: Duration) {
        let mut descriptors = [PollFd::new(&self.reader, PollFlags::IN)];
        let descriptors = if is_open { &mut descriptors[..] } else { &mut descriptors[..0] };
        let limit = if is_open { left.min(10 * LOOK) } else { left.min(LOOK) };
        let limit = Timespec::try_from(limit).ok();
        let _or_again = poll(descriptors, limit.as_ref());
    }

    /// Claims that it has ended; it is not reaped yet.
    fn has_ended(&self) -> bool {
        let asked = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let found = self.pid().map(|pid| waitid(WaitId::Pid(pid), asked));
        // Nobody's child: whoever started gate has asked the kernel to reap its children.
        !matches!(found, Some(Ok(None)))
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id() as i32)
    }

    fn kill_group(&self) {
        if let Some(pid) = self.pid() {
            let _gone = kill_process_group(pid, Signal::KILL);
        }
    }
}
