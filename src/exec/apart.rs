//! A program in a session of its own, away from this terminal: a shell that is told to be interactive would stop to get it.

#![expect(unsafe_code, reason = "std cannot start a program in a session of its own yet")]

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Has `command` start in a session of its own; it leads a process group too, of the number of its process.
pub fn apart(command: &mut Command) -> &mut Command {
    let leave = || rustix::process::setsid().map(|_| ()).map_err(std::io::Error::from);
    // SAFETY: between fork and exec only setsid(2) runs, which is async-signal-safe (signal-safety(7)) and allocates nothing.
    unsafe { command.pre_exec(leave) }
}
