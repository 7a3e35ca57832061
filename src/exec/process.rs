//! Fork, exec and the wait for the child: system calls only, no decision.
#![expect(unsafe_code, reason = "fork, execve, signal masks and dispositions have no safe wrapper")]

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::io::PipeWriter;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::given::Given;
use super::run::{NotStarted, Start};
use super::{inherited, vfork};

unsafe extern "C" {
    /// The environment as gate got it, byte for byte, duplicates and oddities included.
    static environ: *const *const c_char;
}

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

/// Signals that gate takes in while it waits, instead of being ended or stopped by them.
const TAKEN: [c_int; 12] = [
    libc::SIGCHLD,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGCONT,
];

/// What a child can fail at: to become the program, to be in the directory, to find what it is given.
const PROGRAM: i32 = 0;
const DIRECTORY: i32 = 1;
const GIVEN: i32 = 2;

/// Starts the process and waits until it has ended.
pub(super) fn run(start: &Start) -> Result<Ended, NotStarted> {
    let signals = Signals::take();
    let child = spawn(start, &signals)?;
    Ok(wait(child, &signals))
}

/// The signal state that gate inherited, for the child. Gate itself keeps the signals blocked to its end: a Ctrl-C that its
/// child has answered must not keep it from recording how the child ended.
pub(super) struct Signals {
    mask: libc::sigset_t,
    pub(super) taken: libc::sigset_t,
    sigchld: libc::sigaction,
}

impl Signals {
    /// Blocks what gate takes in, and makes sure that children can be waited for.
    pub(super) fn take() -> Signals {
        let taken = set_of(&TAKEN);
        // SAFETY: all pointers are to local values; an all-zero sigaction is SIG_DFL without flags, and valid.
        unsafe {
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
}

fn set_of(signals: &[c_int]) -> libc::sigset_t {
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

/// Forks and executes; returns the child once it runs its own program.
pub(super) fn spawn(start: &Start, signals: &Signals) -> Result<libc::pid_t, NotStarted> {
    let failed = |path: &CStr, errno: i32| NotStarted::System {
        path: PathBuf::from(OsStr::from_bytes(path.to_bytes())),
        errno,
    };
    let words: Vec<*const c_char> =
        start.argv.iter().map(|word| word.as_ptr()).chain([std::ptr::null()]).collect();
    // For a file without `#!`, which POSIX has a shell run: `sh FILE ARG…`.
    let as_script: Vec<*const c_char> =
        [c"sh".as_ptr(), start.path.as_ptr()].into_iter().chain(words.iter().skip(1).copied()).collect();
    let pipe = std::io::pipe().map_err(|error| failed(&start.path, error.raw_os_error().unwrap_or(0)))?;
    let (report, reporter) = pipe;
    let parent = std::process::id();
    let mut work = || {
        become_command(start, &words, &as_script, signals, &reporter, parent);
    };
    // SAFETY: gate has one thread, and the child only makes async-signal-safe calls until execve or _exit.
    let child = unsafe { vfork::start(&mut work) };
    match child {
        -1 => Err(failed(&start.path, errno())),
        _ => {
            drop(reporter);
            let mut bytes = [0; 8];
            match rustix::io::retry_on_intr(|| rustix::io::read(&report, &mut bytes)) {
                // Nothing came through the pipe before execve closed it.
                Ok(0) | Err(_) => Ok(child),
                Ok(_) => {
                    reap(child);
                    let [a, b, c, d, e, f, g, h] = bytes;
                    let errno = i32::from_ne_bytes([a, b, c, d]);
                    Err(match (i32::from_ne_bytes([e, f, g, h]), start.cwd.as_deref()) {
                        (GIVEN, _) => NotStarted::NotGiven { errno },
                        (DIRECTORY, Some(cwd)) => failed(cwd, errno),
                        (_, _) => failed(&start.path, errno),
                    })
                }
            }
        }
    }
}

/// The child's way from fork to exec: rule 5, no allocation, no lock, no return.
fn become_command(
    start: &Start,
    words: &[*const c_char],
    as_script: &[*const c_char],
    signals: &Signals,
    reporter: &PipeWriter,
    parent: u32,
) -> ! {
    // SAFETY: every pointer was made before the fork and lives until execve or _exit; the calls are async-signal-safe.
    unsafe {
        die_with(parent);
        if let Some(cwd) = &start.cwd
            && libc::chdir(cwd.as_ptr()) == -1
        {
            give_up(reporter, errno(), DIRECTORY);
        }
        if let Some(Err(error)) = start.given.as_ref().map(Given::is_found) {
            give_up(reporter, error, GIVEN);
        }
        let mut disposition = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        disposition.sa_sigaction =
            if inherited::is_sigpipe_ignored() { libc::SIG_IGN } else { libc::SIG_DFL };
        libc::sigaction(libc::SIGPIPE, &disposition, std::ptr::null_mut());
        libc::sigaction(libc::SIGCHLD, &signals.sigchld, std::ptr::null_mut());
        libc::sigprocmask(libc::SIG_SETMASK, &signals.mask, std::ptr::null_mut());
        if let Some(input) = &start.input {
            libc::dup2(input.as_raw_fd(), 0);
        }
        for descriptor in 0..3 {
            if inherited::is_closed(descriptor) && !(descriptor == 0 && start.input.is_some()) {
                libc::close(descriptor);
            }
        }
        libc::execve(start.path.as_ptr(), words.as_ptr(), environ);
        if errno() == libc::ENOEXEC {
            libc::execve(c"/bin/sh".as_ptr(), as_script.as_ptr(), environ);
        }
        give_up(reporter, errno(), PROGRAM)
    }
}

/// Asks the kernel to end this process with its parent (rule 4), and ends it if the parent is gone already.
///
/// # Safety
/// For the child of a fork only.
unsafe fn die_with(parent: u32) {
    #[cfg(target_os = "linux")]
    // SAFETY: system calls without pointers.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
        if libc::getppid() as u32 != parent {
            libc::_exit(128 + libc::SIGTERM);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _unsupported = parent;
}

/// Tells the parent why there is no new program, and ends.
///
/// # Safety
/// For the child of a fork only: it ends the process without running any destructor.
unsafe fn give_up(reporter: &PipeWriter, errno: i32, what: i32) -> ! {
    let [a, b, c, d] = errno.to_ne_bytes();
    let [e, f, g, h] = what.to_ne_bytes();
    let bytes = [a, b, c, d, e, f, g, h];
    // SAFETY: writes from a local array; _exit does not return.
    unsafe {
        libc::write(reporter.as_raw_fd(), bytes.as_ptr().cast(), bytes.len());
        libc::_exit(127)
    }
}

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Waits for the child's end; passes on what is sent to gate, and stops with the child.
pub(super) fn wait(child: libc::pid_t, signals: &Signals) -> Ended {
    loop {
        match poll(child) {
            Some(Change::Ended(ended)) => return ended,
            Some(Change::Stopped(signal)) => stop_too(child, signal),
            None => take_signal(child, signals),
        }
    }
}

pub(super) enum Change {
    Ended(Ended),
    /// By this signal.
    Stopped(c_int),
}

/// Returns what became of the child, if anything did.
pub(super) fn poll(child: libc::pid_t) -> Option<Change> {
    let mut status = 0;
    // SAFETY: `status` is a local value.
    let found = unsafe { libc::waitpid(child, &mut status, libc::WNOHANG | libc::WUNTRACED) };
    if found != child {
        return None;
    }
    if libc::WIFSTOPPED(status) {
        return Some(Change::Stopped(libc::WSTOPSIG(status)));
    }
    Some(Change::Ended(ended(status)))
}

fn ended(status: c_int) -> Ended {
    if libc::WIFSIGNALED(status) {
        return Ended::Signalled(libc::WTERMSIG(status));
    }
    Ended::Exited(libc::WEXITSTATUS(status) as u8)
}

fn reap(child: libc::pid_t) {
    let mut status = 0;
    // SAFETY: `status` is a local value. The child is about to _exit, so this does not wait for long.
    while unsafe { libc::waitpid(child, &mut status, 0) } == -1 && errno() == libc::EINTR {}
}

/// Stops gate by the signal that stopped its child, so that the shell above sees one stopped job; goes on together.
///
/// In a process group without a shell to continue it the kernel does not let TSTP, TTIN and TTOU stop anybody; then the child goes on at once.
pub(super) fn stop_too(child: libc::pid_t, signal: c_int) {
    let set = set_of(&[signal]);
    // SAFETY: `set` is filled in; the other calls have no pointers. The unblocking returns when gate is continued.
    unsafe {
        libc::raise(signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
        libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        libc::kill(child, libc::SIGCONT);
    }
}

/// Waits for one signal and passes it on if a process sent it: what the terminal sends, the child has got itself.
fn take_signal(child: libc::pid_t, signals: &Signals) {
    let (signal, is_sent) = next_signal(&signals.taken);
    pass_on(child, signal, is_sent);
}

/// Passes a signal on if a process sent it.
pub(super) fn pass_on(child: libc::pid_t, signal: c_int, is_sent: bool) {
    let passes = match signal {
        libc::SIGTERM | libc::SIGHUP | libc::SIGUSR1 | libc::SIGUSR2 | libc::SIGWINCH => is_sent,
        libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU | libc::SIGCONT => is_sent,
        _ => false,
    };
    if passes {
        // SAFETY: a system call without pointers; the child is not reaped yet, so the id is still its own.
        unsafe { libc::kill(child, signal) };
    }
}

/// Returns the next signal of `set`, and whether a process sent it with kill or sigqueue.
#[cfg(target_os = "linux")]
fn next_signal(set: &libc::sigset_t) -> (c_int, bool) {
    // SAFETY: the set is filled in, and siginfo_t is plain data that the kernel overwrites.
    unsafe {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed().assume_init();
        let signal = libc::sigwaitinfo(set, &mut info);
        (signal, info.si_code <= 0)
    }
}

/// Returns the next signal of `set`; without sigwaitinfo its sender is unknown, and it is taken as sent by a process.
#[cfg(not(target_os = "linux"))]
fn next_signal(set: &libc::sigset_t) -> (c_int, bool) {
    let mut signal = 0;
    // SAFETY: the set is filled in, and `signal` is a local value.
    unsafe { libc::sigwait(set, &mut signal) };
    (signal, true)
}

/// Ends gate as its command ended: by the same signal, without a core dump of gate's own. Returns only if that signal did not end it.
pub fn raise_again(signal: i32) {
    // SAFETY: all values are local; an all-zero sigaction is SIG_DFL and valid.
    unsafe {
        let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &no_core);
        let default = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        libc::sigaction(signal, &default, std::ptr::null_mut());
        let set = set_of(&[signal]);
        libc::kill(libc::getpid(), signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
    }
}
