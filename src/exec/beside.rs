//! A second, tiny process of gate beside a command that takes its time. It outlives gate if gate is killed, which nothing in gate
//! itself can answer: the kernel has told the command to end then (`TERM`), and who does not listen is ended (`KILL`).
//!
//! It is in gate's process group, with every signal blocked, and so it knows whether a signal came to the whole group: then it has
//! come here too, and first, because the kernel serves the youngest process of a group first.
//!
//! MUST rules:
//! 1. It holds nothing of what gate inherited or opened: no descriptor but its own two, no directory.
//! 2. It never outlives the command, nor gate if gate ends by itself: gate ends it then, and reaps it.
//! 3. It makes only async-signal-safe calls, allocates nothing and never returns.
//! 4. Whatever it cannot do, gate does without.
#![expect(unsafe_code, reason = "fork, pidfds and signals have no safe wrapper that allocates nothing")]

use std::ffi::c_int;
use std::io::{Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::child::reap;
use super::signals::forget;

/// How long a command has to end after it was told to.
const GRACE: c_int = 5_000;

/// How long an answer may take. Whoever has stopped the other process gets none.
const ANSWER: Duration = Duration::from_secs(1);

/// The process beside the command `child`. Dropped, it is ended and reaped.
pub(super) struct Beside {
    pid: libc::pid_t,
    line: UnixStream,
}

impl Beside {
    /// Starts it; `None` where the system has no way to (Linux before 5.9) or no process left.
    pub(super) fn start(child: libc::pid_t) -> Option<Beside> {
        // SAFETY: pidfd_open has no pointers, and its descriptor is new.
        let command = unsafe {
            let opened = libc::syscall(libc::SYS_pidfd_open, child, 0) as c_int;
            (opened != -1).then(|| OwnedFd::from_raw_fd(opened))
        }?;
        let (line, other) = UnixStream::pair().ok()?;
        line.set_read_timeout(Some(ANSWER)).ok()?;
        // SAFETY: gate has one thread, and the new process only makes async-signal-safe calls until _exit.
        match unsafe { libc::fork() } {
            -1 => None,
            0 => be_beside(&command, &other),
            pid => Some(Beside { pid, line }),
        }
    }

    /// Claims that it is this process.
    pub(super) fn is(&self, pid: libc::pid_t) -> bool {
        self.pid == pid
    }

    /// Claims that `signal` came to the whole process group since it was asked last.
    pub(super) fn also_got(&mut self, signal: c_int) -> bool {
        let mut answer = [0];
        let is_asked = self.line.write_all(&signal.to_ne_bytes()).is_ok();
        is_asked && self.line.read_exact(&mut answer).is_ok() && answer == [1]
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // SAFETY: a system call without pointers; it is not reaped yet, so the id is still its own.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
        reap(self.pid);
    }
}

/// Where the new process has its two descriptors.
const COMMAND: c_int = 0;
const GATE: c_int = 1;

/// The whole life of the new process: rule 3.
fn be_beside(command: &OwnedFd, line: &UnixStream) -> ! {
    // SAFETY: all pointers are to local values; the descriptors that are closed here are never used again in this process.
    unsafe {
        let mut all = MaybeUninit::<libc::sigset_t>::zeroed().assume_init();
        libc::sigfillset(&mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &all, std::ptr::null_mut());
        libc::prctl(libc::PR_SET_NAME, c"gate-beside".as_ptr());
        libc::dup2(command.as_raw_fd(), COMMAND);
        libc::dup2(line.as_raw_fd(), GATE);
        if libc::syscall(libc::SYS_close_range, GATE + 1, c_int::MAX, 0) == -1
            || libc::chdir(c"/".as_ptr()) == -1
        {
            libc::_exit(1);
        }
        watch();
        libc::_exit(0)
    }
}

/// Answers gate until the command has ended, or gate has: then sees to the end of the command.
fn watch() {
    loop {
        let [command, gate] = ready([COMMAND, GATE], -1);
        if command {
            return;
        }
        if gate && !answer() {
            let [has_ended, _] = ready([COMMAND, -1], GRACE);
            if !has_ended {
                // SAFETY: without pointers; the descriptor names this very process, whoever has its number.
                unsafe { libc::syscall(libc::SYS_pidfd_send_signal, COMMAND, libc::SIGKILL, 0, 0) };
            }
            return;
        }
    }
}

/// Tells gate whether the signal it asks about has come here; `false` if gate is gone.
fn answer() -> bool {
    let mut asked = [0; size_of::<c_int>()];
    // SAFETY: the array is local and its length is its own.
    let count = unsafe { libc::read(GATE, asked.as_mut_ptr().cast(), asked.len()) };
    if count != asked.len() as isize {
        return false;
    }
    let has_come = u8::from(forget(c_int::from_ne_bytes(asked)));
    // SAFETY: the byte is local. Blocked, SIGPIPE ends nobody.
    unsafe { libc::write(GATE, (&raw const has_come).cast(), 1) };
    true
}

/// Waits until one of the descriptors has something to say, or for `limit` milliseconds; says which have.
fn ready(asked: [c_int; 2], limit: c_int) -> [bool; 2] {
    let mut polled = asked.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    // SAFETY: the array is local and its length is its own; a negative descriptor is passed over.
    unsafe { libc::poll(polled.as_mut_ptr(), 2, limit) };
    polled.map(|polled| polled.revents != 0)
}
