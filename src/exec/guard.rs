//! For a process whose silence would be taken for a yes: whatever ends it, it ends with the exit code that says no.
//!
//! A panic, a signal, a stack overflow, memory that runs out (which aborts) and a time limit all lead to one line on standard error and that
//! exit code. Only SIGKILL, which nothing can catch, does not.
#![expect(unsafe_code, reason = "a signal handler has no safe wrapper")]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// The signals that would end the process, by whatever cause.
const FATAL: [c_int; 19] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGUSR1,
    libc::SIGSEGV,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGSYS,
    libc::SIGIO,
];

const LATE: &[u8] = b"gate: error: there was no judgement in time; the call is blocked\n";
const ENDED: &[u8] = b"gate: error: ended by a signal before there was a judgement; the call is blocked\n";
const PANICKED: &[u8] = b"gate: error: a mistake in gate ended the judgement; the call is blocked\n";

static CODE: AtomicI32 = AtomicI32::new(0);

/// Makes every end of this process but its own an exit with `code`, and ends it so after `limit` (at least a second).
pub fn guard(limit: Duration, code: u8) {
    CODE.store(i32::from(code), Ordering::SeqCst);
    std::panic::set_hook(Box::new(|_| end(PANICKED)));
    for signal in FATAL {
        listen(signal);
    }
    unblock();
    let seconds = u32::try_from(limit.as_secs()).unwrap_or(u32::MAX).max(1);
    // SAFETY: alarm has no pointers.
    unsafe { libc::alarm(seconds) };
}

fn listen(signal: c_int) {
    // SAFETY: an all-zero sigaction is valid; the handler makes async-signal-safe calls only. The runtime has set up the
    // alternate stack that SA_ONSTACK names, and where it has not, the flag means nothing.
    unsafe {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        let handler: extern "C" fn(c_int) = hear;
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_ONSTACK;
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
}

/// Lets through what was inherited as blocked: a time limit that is not delivered is none.
fn unblock() {
    // SAFETY: sigemptyset initialises the set before it is used.
    unsafe {
        let mut set = MaybeUninit::<libc::sigset_t>::zeroed().assume_init();
        libc::sigemptyset(&mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
    }
}

extern "C" fn hear(signal: c_int) {
    end(if signal == libc::SIGALRM { LATE } else { ENDED });
}

/// Says `why` and ends the process at once, without running anything else of it.
fn end(why: &[u8]) -> ! {
    // SAFETY: write is given a static buffer and its length; both calls are async-signal-safe.
    unsafe {
        let _closed = libc::write(libc::STDERR_FILENO, why.as_ptr().cast(), why.len());
        libc::_exit(CODE.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::guard;
    use std::process::{Command, Output};
    use std::time::Duration;

    const CHILD: &str = "GATE_TEST_GUARD";

    /// Runs the test below in a process of its own, in which it meets its end.
    fn child(how: &str) -> Output {
        let name = "exec::guard::tests::every_end_is_the_one_that_says_no";
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, how).output().unwrap()
    }

    #[allow(unconditional_recursion, reason = "it is to run out of stack")]
    fn overflow(depth: usize) -> usize {
        let page = std::hint::black_box([depth; 512]);
        overflow(page[0] + 1) + page[511]
    }

    fn meet(end: &str) {
        guard(Duration::from_secs(1), 2);
        match end {
            "panic" => panic!("as it is to be"),
            "abort" => std::process::abort(),
            "overflow" => drop(overflow(0)),
            // SAFETY: raise has no pointers.
            "term" => drop(unsafe { libc::raise(libc::SIGTERM) }),
            _ => std::thread::park_timeout(Duration::from_secs(60)),
        }
    }

    #[test]
    fn every_end_is_the_one_that_says_no() {
        if let Ok(end) = std::env::var(CHILD) {
            // On a thread with a stack and an alternate stack of its own, as the main thread has.
            std::thread::spawn(move || meet(&end)).join().unwrap();
            return;
        }
        for (end, says) in [
            ("panic", "a mistake in gate ended the judgement"),
            ("abort", "ended by a signal"),
            ("overflow", "ended by a signal"),
            ("term", "ended by a signal"),
            ("late", "no judgement in time"),
        ] {
            let output = child(end);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{end}: {said}");
            assert!(said.contains(says), "{end}: {said}");
        }
    }
}
