//! What a person or a time limit tells gate while it waits for a decision, by signal.
#![expect(unsafe_code, reason = "a signal handler has no safe wrapper")]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, Ordering};

/// What a signal means while gate waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Ctrl-C at the terminal: the requester takes the request back.
    Cancel,
    /// The requester ends or is ended: somebody may take the request up later.
    Park,
}

/// The signals listened to; a signal that was inherited as ignored stays ignored.
const HEARD: [c_int; 4] = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP];

const NOTHING: i32 = 0;
const CANCEL: i32 = 1;
const PARK: i32 = 2;

static TOLD: AtomicI32 = AtomicI32::new(NOTHING);

/// Listens while it lives, and puts back what was before, so that the command inherits what gate did.
#[derive(Debug)]
pub struct Attention {
    before: Vec<(c_int, libc::sigaction)>,
}

impl Attention {
    /// Begins to listen. A signal that arrives interrupts a waiting system call.
    pub fn listen() -> Attention {
        TOLD.store(NOTHING, Ordering::SeqCst);
        let before = HEARD.iter().filter_map(|signal| Some((*signal, replace(*signal)?))).collect();
        Attention { before }
    }

    /// Returns what was told since it began to listen.
    pub fn told(&self) -> Option<Told> {
        match TOLD.load(Ordering::SeqCst) {
            CANCEL => Some(Told::Cancel),
            PARK => Some(Told::Park),
            _ => None,
        }
    }
}

/// Has Ctrl-Z do nothing: a question that a shell waits for with a person's line in hand must not be taken up later.
pub fn stay_in_front() {
    // SAFETY: a system call without pointers to anything of ours; to ignore a signal is valid for this one.
    unsafe { libc::signal(libc::SIGTSTP, libc::SIG_IGN) };
}

impl Drop for Attention {
    fn drop(&mut self) {
        for (signal, before) in &self.before {
            // SAFETY: `before` was filled in by the kernel for this very signal.
            unsafe { libc::sigaction(*signal, before, std::ptr::null_mut()) };
        }
    }
}

/// Installs the handler and returns what was there, unless that was to ignore the signal.
fn replace(signal: c_int) -> Option<libc::sigaction> {
    // SAFETY: an all-zero sigaction is valid; handler and flags are set before it is used. Without SA_RESTART, so that a wait ends.
    unsafe {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        let mut before = action;
        libc::sigaction(signal, std::ptr::null(), &mut before);
        if before.sa_sigaction == libc::SIG_IGN {
            return None;
        }
        let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = hear;
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO;
        (libc::sigaction(signal, &action, std::ptr::null_mut()) == 0).then_some(before)
    }
}

/// Only stores a number: async-signal-safe.
extern "C" fn hear(signal: c_int, info: *mut libc::siginfo_t, _context: *mut c_void) {
    // SAFETY: with SA_SIGINFO the kernel passes a valid siginfo.
    let is_sent = info.is_null() || unsafe { (*info).si_code } <= 0;
    let told = if signal == libc::SIGINT && !is_sent { CANCEL } else { PARK };
    let _first_wins = TOLD.compare_exchange(NOTHING, told, Ordering::SeqCst, Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::{Attention, Told};
    #[test]
    fn a_signal_that_a_process_sends_parks_and_is_heard_only_while_listening() {
        let attention = Attention::listen();
        assert_eq!(attention.told(), None);
        // SAFETY: raise has no pointers; the signal is handled before it returns.
        assert_eq!(unsafe { libc::raise(libc::SIGINT) }, 0);
        assert_eq!(attention.told(), Some(Told::Park));
        drop(attention);
        assert_eq!(Attention::listen().told(), None);
    }
}
