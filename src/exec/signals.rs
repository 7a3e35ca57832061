//! The signals of gate while its command runs: all are taken in, none ends or stops it by itself.
#![expect(unsafe_code, reason = "signal masks and dispositions have no safe wrapper")]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::time::Duration;

/// A signal that came to gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) signal: c_int,
    /// Claims that a process sent it, with kill(2) or sigqueue(3); otherwise the terminal or the kernel did.
    pub(super) is_sent: bool,
}

/// The signal state that gate inherited, for the child. Gate itself keeps the signals blocked to its end: a Ctrl-C that its
/// child has answered must not keep it from recording how the child ended.
pub(super) struct Signals {
    pub(super) mask: libc::sigset_t,
    pub(super) taken: libc::sigset_t,
    pub(super) sigchld: libc::sigaction,
}

impl Signals {
    /// Blocks what gate takes in, and makes sure that children can be waited for.
    ///
    /// That is everything that can be blocked: what would end a program without gate is the child's to be ended by.
    /// A fault of gate's own ends it all the same: the kernel delivers that even if it is blocked.
    pub(super) fn take() -> Signals {
        // SAFETY: all pointers are to local values; an all-zero sigaction is SIG_DFL without flags, and valid.
        unsafe {
            let mut taken = MaybeUninit::<libc::sigset_t>::zeroed().assume_init();
            libc::sigfillset(&mut taken);
            let mut mask = MaybeUninit::<libc::sigset_t>::zeroed().assume_init();
            libc::sigprocmask(libc::SIG_BLOCK, &taken, &mut mask);
            let default = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            let mut sigchld = default;
            // Inherited as ignored, the kernel would reap the child before gate could ask how it ended.
            libc::sigaction(libc::SIGCHLD, &default, &mut sigchld);
            Signals { mask, taken, sigchld }
        }
    }

    /// Lets gate itself be reached again by what it inherited as not blocked.
    #[cfg(target_os = "linux")]
    pub(super) fn give_back(&self) {
        // SAFETY: the mask was filled in by the kernel.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &self.mask, std::ptr::null_mut()) };
    }

    /// Blocks them again.
    #[cfg(target_os = "linux")]
    pub(super) fn take_again(&self) {
        // SAFETY: the set was filled in when it was made.
        unsafe { libc::sigprocmask(libc::SIG_BLOCK, &self.taken, std::ptr::null_mut()) };
    }

    /// Waits for the next signal, for ever or for `patience`; `None` if none came.
    #[cfg(target_os = "linux")]
    pub(super) fn next(&self, patience: Option<Duration>) -> Option<Came> {
        next_of(&self.taken, patience)
    }

    /// Waits for the next signal; without sigwaitinfo(2) its sender is unknown, and it is taken as sent by a process.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn next(&self, _patience: Option<Duration>) -> Option<Came> {
        let mut signal = 0;
        // SAFETY: the set is filled in, and `signal` is a local value.
        let failed = unsafe { libc::sigwait(&self.taken, &mut signal) };
        (failed == 0).then_some(Came { signal, is_sent: true })
    }
}

/// Returns the next signal of `set`.
#[cfg(target_os = "linux")]
fn next_of(set: &libc::sigset_t, patience: Option<Duration>) -> Option<Came> {
    let limit = patience.map(|patience| {
        // SAFETY: an all-zero timespec is valid; it has no padding to name on some systems.
        let mut limit = unsafe { MaybeUninit::<libc::timespec>::zeroed().assume_init() };
        limit.tv_sec = patience.as_secs() as _;
        limit.tv_nsec = patience.subsec_nanos() as _;
        limit
    });
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the set is filled in, the limit is null or lives through the call, and siginfo_t is plain data that the kernel overwrites.
    unsafe {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed().assume_init();
        let signal = libc::sigtimedwait(set, &mut info, limit);
        (signal > 0).then_some(Came { signal, is_sent: info.si_code <= 0 })
    }
}

/// Takes this signal in if it has come already, and claims that it had.
#[cfg(target_os = "linux")]
pub(super) fn forget(signal: c_int) -> bool {
    next_of(&set_of(&[signal]), Some(Duration::ZERO)).is_some()
}

/// Leaves this signal where it is: without sigtimedwait(2) it cannot be taken in without waiting for it.
#[cfg(not(target_os = "linux"))]
pub(super) fn forget(_signal: c_int) -> bool {
    false
}

/// Stops this process by `signal`, which is blocked, and returns when it goes on.
///
/// In a process group without a shell to continue it the kernel does not let TSTP, TTIN and TTOU stop anybody; then it returns at once.
pub(super) fn stop_by(signal: c_int) {
    let set = set_of(&[signal]);
    // SAFETY: all values are local; an all-zero sigaction is SIG_DFL and valid, also for STOP, which refuses it. The unblocking
    // returns when this process is continued.
    unsafe {
        // Ignored by whoever started gate, it would stop the child only.
        let default = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        let mut before = default;
        let was_set = libc::sigaction(signal, &default, &mut before) == 0;
        libc::raise(signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
        libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        if was_set {
            libc::sigaction(signal, &before, std::ptr::null_mut());
        }
    }
}

pub(super) fn set_of(signals: &[c_int]) -> libc::sigset_t {
    // SAFETY: sigemptyset fills in the set before sigaddset changes it.
    unsafe {
        let mut set = MaybeUninit::<libc::sigset_t>::zeroed().assume_init();
        libc::sigemptyset(&mut set);
        for signal in signals {
            libc::sigaddset(&mut set, *signal);
        }
        set
    }
}
