//! Stands in line for the lock of a file, for a limited time, and is served soon when its turn comes.
//!
//! The kernel wakes who waits in flock(2) in the order of their coming, but whoever is woken has the lock only once a processor is
//! free for it: until then all the others wait for nothing. A short slice brings it there before those that do other things.
//!
//! MUST rules:
//! 1. Afterwards all is as it was: no timer, no handler, the mask and the slice. The command inherits what gate did.
//! 2. A signal that is not the timer's comes to who it was sent to, later.
//! 3. Where the system has no timer left, that is said: the store knows another way.
#![expect(
    unsafe_code,
    reason = "timers, signal handlers and the scheduler's attributes have no safe wrapper"
)]

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::signals::set_of;

/// How often the wait is broken off once its time is over: the first time may come right before it begins.
const AGAIN: Duration = Duration::from_millis(10);

/// How much time of a processor is asked for at once, in nanoseconds: the less, the sooner it comes. All that is done with the lock takes some of it.
/// Linux since 6.12 (`sched_runtime` of a policy that is not real-time: sched_setattr(2), kernel/sched/syscalls.c); before, nothing comes of it.
const SLICE: u64 = 300_000;

/// Locks `file` within `patience`. Returns what brings back the ordinary slice when it is dropped, or nothing where it got too late.
///
/// # Errors
/// `Unsupported` where there is no timer, or another thread waits already; whatever flock(2) fails with.
pub fn stand_in_line(file: &File, patience: Duration) -> io::Result<Option<Box<dyn Send>>> {
    let end = Instant::now() + patience;
    let _gone_before_the_haste = Timer::set(patience)?;
    let haste = Haste::make();
    loop {
        match file.lock() {
            Ok(()) => return Ok(Some(Box::new(haste))),
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) if Instant::now() >= end => return Ok(None),
            // Another signal, which has been heard.
            Err(_) => {}
        }
    }
}

/// One thread at a time: a handler is all threads' own.
static ONE: Mutex<()> = Mutex::new(());

/// Claims that a signal came that was not the timer's.
static HEARD: AtomicBool = AtomicBool::new(false);

/// Interrupts what this thread waits in when the time is over, and then again and again.
struct Timer {
    timer: libc::timer_t,
    signal: c_int,
    handler: libc::sigaction,
    mask: libc::sigset_t,
    _one: MutexGuard<'static, ()>,
}

impl Timer {
    fn set(patience: Duration) -> io::Result<Timer> {
        let none = |_| io::Error::from(io::ErrorKind::Unsupported);
        let one = ONE.try_lock().map_err(|_| io::ErrorKind::Unsupported)?;
        let signal = libc::SIGRTMAX();
        let timer = timer(signal).map_err(none)?;
        // SAFETY: all pointers are to local values. An all-zero sigaction is valid; without SA_RESTART the handler ends a wait.
        let timer = unsafe {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            let (mut handler, mut mask) = (action, set_of(&[]));
            let hear: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = hear;
            action.sa_sigaction = hear as libc::sighandler_t;
            action.sa_flags = libc::SA_SIGINFO;
            libc::sigaction(signal, &action, &mut handler);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &set_of(&[signal]), &mut mask);
            Timer { timer, signal, handler, mask, _one: one }
        };
        timer.start(patience).map_err(none).map(|()| timer)
    }

    fn start(&self, patience: Duration) -> io::Result<()> {
        let span = |span: Duration| {
            // SAFETY: an all-zero timespec is valid; it has no padding to name on some systems.
            let mut spec = unsafe { MaybeUninit::<libc::timespec>::zeroed().assume_init() };
            (spec.tv_sec, spec.tv_nsec) = (span.as_secs() as _, span.subsec_nanos() as _);
            spec
        };
        // A span of nothing would never come.
        let first = patience.max(Duration::from_nanos(1));
        let times = libc::itimerspec { it_interval: span(AGAIN), it_value: span(first) };
        // SAFETY: the timer is this value's own, and the times are local.
        match unsafe { libc::timer_settime(self.timer, 0, &times, std::ptr::null_mut()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: the timer is this value's own; handler and mask were filled in by the kernel. raise has no pointers.
        unsafe {
            libc::timer_delete(self.timer);
            libc::sigaction(self.signal, &self.handler, std::ptr::null_mut());
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.mask, std::ptr::null_mut());
            if HEARD.swap(false, Ordering::SeqCst) {
                libc::raise(self.signal);
            }
        }
    }
}

/// Returns a new timer that sends `signal` to this thread. A child has none of its parent's timers, nor has a new program (timer_create(2)).
fn timer(signal: c_int) -> io::Result<libc::timer_t> {
    /// Source: timer_create(2); the C libraries do not all name it.
    const SIGEV_THREAD_ID: c_int = 4;
    // SAFETY: an all-zero sigevent is valid, and all pointers are to local values.
    unsafe {
        let mut event = MaybeUninit::<libc::sigevent>::zeroed().assume_init();
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = signal;
        event.sigev_notify_thread_id = libc::gettid();
        let mut timer: libc::timer_t = std::ptr::null_mut();
        match libc::timer_create(libc::CLOCK_MONOTONIC, &mut event, &mut timer) {
            0 => Ok(timer),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Only stores a flag: async-signal-safe. That it ran has ended the wait.
extern "C" fn hear(_signal: c_int, info: *mut libc::siginfo_t, _context: *mut c_void) {
    // SAFETY: with SA_SIGINFO the kernel passes a valid siginfo.
    let is_the_timer = !info.is_null() && unsafe { (*info).si_code } == libc::SI_TIMER;
    if !is_the_timer {
        HEARD.store(true, Ordering::SeqCst);
    }
}

/// The attributes of sched_setattr(2) that every Linux since 3.14 knows.
const ATTRIBUTES: u32 = 48;

/// A short slice for this thread, until it is dropped.
struct Haste {
    before: Option<libc::sched_attr>,
}

impl Haste {
    fn make() -> Haste {
        let ours = |attributes: &libc::sched_attr| {
            matches!(attributes.sched_policy as c_int, libc::SCHED_OTHER | libc::SCHED_BATCH)
        };
        Haste { before: attributes().filter(ours).filter(|before| set_slice(before, SLICE)) }
    }
}

impl Drop for Haste {
    fn drop(&mut self) {
        let Some(before) = &self.before else { return };
        // The system's own, of which a thread that asked for nothing has the length, too.
        set_slice(before, 0);
        if attributes().is_some_and(|now| now.sched_runtime != before.sched_runtime) {
            set_slice(before, before.sched_runtime);
        }
    }
}

/// Returns what the scheduler knows of this thread.
fn attributes() -> Option<libc::sched_attr> {
    // SAFETY: all-zero attributes are valid, and the kernel fills in no more than it is told there is room for.
    unsafe {
        let mut found = MaybeUninit::<libc::sched_attr>::zeroed().assume_init();
        let asked = libc::syscall(libc::SYS_sched_getattr, 0, &raw mut found, ATTRIBUTES, 0);
        (asked == 0).then_some(found)
    }
}

/// Sets the slice, and all else as it stands in `before`; claims that it could.
fn set_slice(before: &libc::sched_attr, slice: u64) -> bool {
    let flags = before.sched_flags & libc::SCHED_FLAG_RESET_ON_FORK as u64;
    let set = libc::sched_attr { size: ATTRIBUTES, sched_flags: flags, sched_runtime: slice, ..*before };
    // SAFETY: the attributes are local and say how long they are.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const set, 0) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    /// A file and another opening of it: flock(2) tells them apart.
    fn twice() -> (File, File, tempfile::NamedTempFile) {
        let named = tempfile::NamedTempFile::new().unwrap();
        (named.reopen().unwrap(), named.reopen().unwrap(), named)
    }

    /// What the kernel says of this thread's signals, and how many timers the process has.
    fn state() -> (Vec<String>, usize, u64) {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let is_such =
            |line: &&str| ["SigPnd", "SigBlk", "SigIgn", "SigCgt"].iter().any(|name| line.starts_with(name));
        let lines = status.lines().filter(is_such).map(str::to_owned).collect();
        let timers = std::fs::read_to_string("/proc/self/timers").unwrap_or_default();
        (lines, timers.lines().count(), attributes().unwrap().sched_runtime)
    }

    #[test]
    fn whoever_waits_too_long_goes_without_the_lock_and_leaves_nothing_behind() {
        let (held, other, _named) = twice();
        let before = state();
        held.lock().unwrap();
        assert!(stand_in_line(&other, Duration::from_millis(20)).unwrap().is_none());
        assert!(stand_in_line(&other, Duration::ZERO).unwrap().is_none());
        assert_eq!(state(), before);
        held.unlock().unwrap();
        held.try_lock().unwrap();
    }

    #[test]
    fn whoever_is_served_has_the_lock_and_all_else_as_it_was() {
        let (held, other, _named) = twice();
        let before = state();
        let served = stand_in_line(&held, LONG).unwrap().unwrap();
        assert!(other.try_lock().is_err());
        drop(served);
        assert_eq!(state(), before);
    }

    #[test]
    fn slice_that_somebody_chose_is_kept() {
        let (file, _, _named) = twice();
        let found = attributes().unwrap();
        set_slice(&found, 5_000_000);
        let chosen = attributes().unwrap().sched_runtime;
        drop(stand_in_line(&file, LONG).unwrap());
        assert_eq!(attributes().unwrap().sched_runtime, chosen);
        set_slice(&found, 0);
    }

    #[test]
    fn signal_from_elsewhere_does_not_end_the_wait_and_is_not_lost() {
        static CAME: AtomicBool = AtomicBool::new(false);
        extern "C" fn came(_signal: c_int) {
            CAME.store(true, Ordering::SeqCst);
        }
        let (held, other, _named) = twice();
        held.lock().unwrap();
        // SAFETY: the handler only stores a flag; gettid and tgkill have no pointers.
        let (before, me) = unsafe {
            let came: extern "C" fn(c_int) = came;
            (libc::signal(libc::SIGRTMAX(), came as libc::sighandler_t), libc::gettid())
        };
        let giver = std::thread::spawn(move || {
            // SAFETY: as above.
            let send = || unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), me, libc::SIGRTMAX()) };
            // The first one may come before the wait; one more is sent once one was heard in it.
            while !HEARD.load(Ordering::SeqCst) {
                send();
                std::thread::yield_now();
            }
            held.unlock().unwrap();
        });
        assert!(stand_in_line(&other, LONG).unwrap().is_some());
        giver.join().unwrap();
        assert!(CAME.load(Ordering::SeqCst));
        // SAFETY: what was there before.
        unsafe { libc::signal(libc::SIGRTMAX(), before) };
    }

    #[test]
    fn second_thread_is_told_that_it_must_wait_another_way() {
        let (file, _, _named) = twice();
        let _first = ONE.lock().unwrap();
        let refused = stand_in_line(&file, LONG).err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
    }
}
