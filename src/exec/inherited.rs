//! What gate itself was started with and the Rust runtime changes before `main`: SIGPIPE, and closed standard descriptors.
//!
//! The command must get both as gate got them, so they are looked at before the runtime starts.
#![expect(
    unsafe_code,
    reason = "what runs before main has system calls only, and descriptors by number have no safe wrapper"
)]

use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

static SIGPIPE_IGNORED: AtomicBool = AtomicBool::new(false);
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Runs before `main`, and before the Rust runtime ignores SIGPIPE and opens `/dev/null` for what is closed.
extern "C" fn look() {
    // SAFETY: an all-zero sigaction is a valid value to be overwritten; with a null new action nothing is changed.
    let ignored = unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &mut old) == 0 && old.sa_sigaction == libc::SIG_IGN
    };
    SIGPIPE_IGNORED.store(ignored, Ordering::Relaxed);
    let mut closed = 0;
    for descriptor in 0..3 {
        // SAFETY: F_GETFD only asks; a descriptor that is not open is an error and nothing else.
        if unsafe { libc::fcntl(descriptor, libc::F_GETFD) } == -1 {
            closed |= 1 << descriptor;
        }
    }
    CLOSED.store(closed, Ordering::Relaxed);
}

/// Claims that what is written to `file` is thrown away: it is the null device, or was closed when gate was started.
pub fn is_null_device(file: impl std::os::fd::AsFd) -> bool {
    let null = rustix::fs::stat("/dev/null").map(|null| null.st_rdev);
    let found = rustix::fs::fstat(file);
    found.is_ok_and(|found| {
        rustix::fs::FileType::from_raw_mode(found.st_mode) == rustix::fs::FileType::CharacterDevice
            && null.is_ok_and(|null| null == found.st_rdev)
    })
}

#[used]
// SAFETY: the section holds pointers to functions that the loader calls once, before main, without expecting a result;
// `look` takes no arguments, makes async-signal-safe calls only and does not rely on the Rust runtime.
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static LOOK: extern "C" fn() = look;

/// Claims that gate was started with SIGPIPE ignored.
pub(super) fn is_sigpipe_ignored() -> bool {
    SIGPIPE_IGNORED.load(Ordering::Relaxed)
}

/// Claims that gate was started with this standard descriptor (0, 1, 2) closed.
pub(super) fn is_closed(descriptor: i32) -> bool {
    CLOSED.load(Ordering::Relaxed) & (1 << descriptor) != 0
}

/// Lets go of what gate inherited and the command now has: whoever waits at the other end of a pipe is to hear when the command
/// closes it, not when gate ends. Standard error stays, for what gate may still have to say.
///
/// Gate's own descriptors are closed by exec(2) (`O_CLOEXEC`), and by that they are told from the others.
pub(super) fn let_go() {
    let Ok(null) = std::fs::File::options().read(true).write(true).open("/dev/null") else { return };
    for descriptor in 0..2 {
        // SAFETY: both are open. What these names stood for is not gate's to use any more; std's handles have the number only.
        unsafe { libc::dup2(null.as_raw_fd(), descriptor) };
    }
    for descriptor in descriptors().into_iter().filter(|descriptor| *descriptor > 2) {
        // SAFETY: without close-on-exec it is none that gate has opened, so nobody here uses it.
        unsafe {
            let flags = libc::fcntl(descriptor, libc::F_GETFD);
            if flags != -1 && flags & libc::FD_CLOEXEC == 0 {
                libc::close(descriptor);
            }
        }
    }
}

/// Returns the numbers of the open descriptors; none where the system does not tell.
fn descriptors() -> Vec<i32> {
    let listed = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
