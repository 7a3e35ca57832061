//! Fork and exec, and the end that is the command's: system calls only, no decision.
#![expect(unsafe_code, reason = "fork, execve, signal masks and dispositions have no safe wrapper")]

use std::ffi::{CStr, OsStr, c_char};
use std::io::PipeWriter;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::child::{Child, Ended, reap};
use super::given::Given;
use super::run::{NotStarted, Start};
use super::signals::{Signals, set_of};
use super::{inherited, vfork};

unsafe extern "C" {
    /// The environment as gate got it, byte for byte, duplicates and oddities included.
    static environ: *const *const c_char;
}

/// What a child can fail at: to become the program, to be in the directory, to find what it is given.
const PROGRAM: i32 = 0;
const DIRECTORY: i32 = 1;
const GIVEN: i32 = 2;

/// Starts the process and waits until it has ended.
pub(super) fn run(start: &Start) -> Result<Ended, NotStarted> {
    let signals = Signals::take();
    let mut child = Child::of(spawn(start, &signals)?);
    Ok(child.wait(&signals))
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
        if let Some(Err(error)) = start.given.iter().map(Given::is_found).find(Result::is_err) {
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
        execute(start, words);
        // By its name it could be another file than the one that was approved.
        if errno() == libc::ENOEXEC && !start.is_open_file() {
            libc::execve(c"/bin/sh".as_ptr(), as_script.as_ptr(), environ);
        }
        give_up(reporter, errno(), PROGRAM)
    }
}

/// Becomes the program; returns where that fails, with `errno` set.
///
/// # Safety
/// `words` ends with a null pointer; async-signal-safe.
unsafe fn execute(start: &Start, words: &[*const c_char]) {
    #[cfg(target_os = "linux")]
    if let Some(program) = &start.program {
        // SAFETY: as the caller says; the path is empty, so that the file itself is meant (execveat(2)).
        unsafe {
            libc::syscall(
                libc::SYS_execveat,
                program.as_raw_fd(),
                c"".as_ptr(),
                words.as_ptr(),
                environ,
                libc::AT_EMPTY_PATH,
            );
        }
        return;
    }
    // SAFETY: as the caller says.
    unsafe { libc::execve(start.path.as_ptr(), words.as_ptr(), environ) };
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

/// Ends gate as its command ended: by the same signal, without a core dump of gate's own. Returns only if that signal did not end it.
pub fn raise_again(signal: i32) {
    // SAFETY: all values are local; an all-zero sigaction is SIG_DFL and valid.
    unsafe {
        let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &no_core);
        // A program that collects cores is started whatever the limit (core(5)), but not for what cannot be dumped.
        #[cfg(target_os = "linux")]
        libc::prctl(libc::PR_SET_DUMPABLE, 0);
        let default = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        libc::sigaction(signal, &default, std::ptr::null_mut());
        let set = set_of(&[signal]);
        libc::kill(libc::getpid(), signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
    }
}
