//! A child that borrows gate's memory until it executes, while gate stands still: nothing is copied for it, and nothing of gate's has to
//! be copied afterwards because it is shared. That is what posix_spawn(3) does, which cannot tie a child's life to gate's.
#![expect(unsafe_code, reason = "clone and fork have no safe wrapper")]

#[cfg(target_os = "linux")]
use std::ffi::{c_int, c_void};

/// What the child's way to execve needs of a stack, many times over.
#[cfg(target_os = "linux")]
const STACK: usize = 64 << 10;

/// Starts a child that does `work`, which ends in execve or _exit, and returns its process id, or -1 with `errno` set.
///
/// # Safety
/// `work` makes async-signal-safe calls only and changes nothing of gate's memory that gate relies on; it does not return.
#[cfg(target_os = "linux")]
pub(super) unsafe fn start(mut work: &mut dyn FnMut()) -> libc::pid_t {
    /// The child begins here, on a stack of its own.
    extern "C" fn begin(work: *mut c_void) -> c_int {
        // SAFETY: the argument of the clone below, which lives until the child has executed.
        let work = unsafe { &mut *work.cast::<&mut dyn FnMut()>() };
        work();
        127
    }
    let mut stack: Vec<u8> = Vec::with_capacity(STACK);
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the child's stack is its own and grows down from its end. With CLONE_VFORK gate goes on when the child has executed or
    // ended, so that the stack and `work` outlive its use of them (clone(2)).
    unsafe {
        let top = stack.as_mut_ptr().add(STACK);
        // Every architecture wants it aligned so.
        let top = top.sub(top as usize % 16);
        libc::clone(begin, top.cast(), flags, (&raw mut work).cast())
    }
}

/// Does as on Linux, with a child that has a copy of gate's memory.
///
/// # Safety
/// As there.
#[cfg(not(target_os = "linux"))]
pub(super) unsafe fn start(work: &mut dyn FnMut()) -> libc::pid_t {
    // SAFETY: as the caller says of `work`, which is all that the child does.
    let child = unsafe { libc::fork() };
    if child == 0 {
        work();
    }
    child
}
