//! A command that runs: gate waits for its end, passes on the signals that reached gate alone, and stops and goes on with it.
//!
//! MUST rules:
//! 1. What the terminal sends to its foreground group is the child's own to answer: it has got it as gate has.
//! 2. What a process sends to gate is passed on, once: not where it was sent to the whole group, so that the child has it already.
//! 3. In doubt it is passed on: a signal that comes twice is better than one that is lost.
//! 4. Gate's shell sees one job, stopped and continued as the child is.
#![expect(unsafe_code, reason = "wait and kill have no safe wrapper that tells everything")]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::time::Duration;

use super::beside::Beside;
use super::inherited;
use super::signals::{Came, Signals, forget, stop_by};

/// How a command that was started ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Exited(u8),
    /// By this signal.
    Signalled(i32),
    /// Not by itself: it was handed to a shell that goes on.
    Handed,
}

pub(super) enum Change {
    Ended(Ended),
    /// By this signal.
    Stopped(c_int),
}

/// What ends sooner needs no company, and pays for none.
const LONG: Duration = Duration::from_millis(100);

/// A child that is not reaped yet.
pub(super) struct Child {
    pid: libc::pid_t,
    beside: Option<Beside>,
    is_settled: bool,
}

impl Child {
    pub(super) fn of(pid: libc::pid_t) -> Child {
        Child { pid, beside: None, is_settled: false }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn pid(&self) -> libc::pid_t {
        self.pid
    }

    /// Waits for its end; passes on what is sent to gate, and stops with the child.
    pub(super) fn wait(&mut self, signals: &Signals) -> Ended {
        let mut came = None;
        loop {
            match self.poll() {
                Some(Change::Ended(ended)) => return ended,
                Some(Change::Stopped(signal)) => self.stop_too(signal),
                None => self.take_in(came),
            }
            came = signals.next((!self.is_settled).then_some(LONG));
            // A child that ends soon says so by CHLD.
            if !self.is_settled && came.is_none_or(|came| came.signal != libc::SIGCHLD) {
                self.settle();
            }
        }
    }

    /// Makes itself small beside a command that takes its time: holds nothing of what is now the command's, and has somebody there
    /// to end the command if gate itself is killed.
    fn settle(&mut self) {
        inherited::let_go();
        self.accompany();
    }

    /// Has somebody there to end the child if gate itself is killed.
    pub(super) fn accompany(&mut self) {
        self.is_settled = true;
        self.beside = Beside::start(self.pid);
    }

    /// Returns what became of it, if anything did.
    pub(super) fn poll(&self) -> Option<Change> {
        let mut status = 0;
        // SAFETY: `status` is a local value.
        let found = unsafe { libc::waitpid(self.pid, &mut status, libc::WNOHANG | libc::WUNTRACED) };
        if found != self.pid {
            return None;
        }
        if libc::WIFSTOPPED(status) {
            return Some(Change::Stopped(libc::WSTOPSIG(status)));
        }
        Some(Change::Ended(ended(status)))
    }

    /// Sends it a signal. It is not reaped yet, so the id is still its own.
    pub(super) fn send(&self, signal: c_int) {
        // SAFETY: a system call without pointers.
        unsafe { libc::kill(self.pid, signal) };
    }

    /// Stops gate by the signal that stopped its child, so that the shell above sees one stopped job; goes on together.
    pub(super) fn stop_too(&mut self, signal: c_int) {
        if self.has_changed(libc::WCONTINUED) {
            return;
        }
        stop_by(signal);
        // Whoever continues the group has continued the child too, and a program may count how often that happens.
        let _was_there = forget(libc::SIGCONT);
        let _was_there = self.also_got(libc::SIGCONT);
        // Continued and stopped once more it is, as well, if it is in the background and reads from the terminal.
        if !self.has_changed(libc::WCONTINUED | libc::WSTOPPED | libc::WEXITED) {
            self.send(libc::SIGCONT);
        }
    }

    /// Does what there is to do when a signal came that changed nothing with the child.
    pub(super) fn take_in(&mut self, came: Option<Came>) {
        match came {
            Some(came) if came.signal == libc::SIGCHLD => self.reap_others(),
            Some(came) => self.pass_on(came),
            None => {}
        }
    }

    fn pass_on(&mut self, came: Came) {
        let is_for_all = self.also_got(came.signal);
        let passes = if came.is_sent { !is_for_all } else { is_for_one(came.signal) };
        if passes {
            self.send(came.signal);
        }
    }

    /// Claims that the signal came to the whole process group.
    fn also_got(&mut self, signal: c_int) -> bool {
        self.beside.as_mut().is_some_and(|beside| beside.also_got(signal))
    }

    /// Claims that one of these changes has happened since it was seen to stop, and leaves it to be found.
    fn has_changed(&self, changes: c_int) -> bool {
        // SAFETY: siginfo_t is plain data that the kernel overwrites.
        unsafe {
            let mut info = MaybeUninit::<libc::siginfo_t>::zeroed().assume_init();
            let asked = changes | libc::WNOHANG | libc::WNOWAIT;
            libc::waitid(libc::P_PID, self.pid as libc::id_t, &mut info, asked) == 0 && info.si_pid() != 0
        }
    }

    /// Reaps what has become gate's child otherwise: orphans, where gate is the first process of a container, or was made to adopt them.
    fn reap_others(&mut self) {
        while let Some(pid) = ended_child().filter(|pid| *pid != self.pid) {
            if self.beside.as_ref().is_some_and(|beside| beside.is(pid)) {
                self.beside = None;
            } else {
                reap(pid);
            }
        }
    }
}

/// Claims that of the signals that no process sends this is one that only gate gets: a timer that was set before gate was started,
/// or, where gate leads the session, that the terminal is gone (the kernel tells the leader only).
fn is_for_one(signal: c_int) -> bool {
    match signal {
        libc::SIGALRM | libc::SIGVTALRM | libc::SIGPROF | libc::SIGIO | libc::SIGURG => true,
        // SAFETY: system calls without pointers.
        libc::SIGHUP => unsafe { libc::getsid(0) == libc::getpid() },
        _ => false,
    }
}

/// Returns a child that has ended and is not reaped yet.
fn ended_child() -> Option<libc::pid_t> {
    // SAFETY: siginfo_t is plain data that the kernel overwrites.
    unsafe {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed().assume_init();
        let asked = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        let is_asked = libc::waitid(libc::P_ALL, 0, &mut info, asked) == 0;
        is_asked.then(|| info.si_pid()).filter(|pid| *pid != 0)
    }
}

/// Waits for the end of a child that has ended, or is about to.
pub(super) fn reap(child: libc::pid_t) {
    let mut status = 0;
    // SAFETY: `status` is a local value.
    while unsafe { libc::waitpid(child, &mut status, 0) } == -1
        && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
    {}
}

fn ended(status: c_int) -> Ended {
    if libc::WIFSIGNALED(status) {
        return Ended::Signalled(libc::WTERMSIG(status));
    }
    Ended::Exited(libc::WEXITSTATUS(status) as u8)
}
