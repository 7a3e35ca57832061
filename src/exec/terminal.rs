//! A terminal of gate's own making, for a program that stands in for a person.

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;

/// Leaves this session for a new one with a new terminal, and returns the side a person has and the side programs have.
///
/// # Errors
/// This process leads a process group already (setsid(2)), or the system gives no terminal.
pub fn leave_for_a_terminal() -> std::io::Result<(File, File)> {
    rustix::process::setsid()?;
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    // Not every system can open it closed to children at once (posix_openpt(3) of macOS).
    rustix::io::fcntl_setfd(&person, rustix::io::FdFlags::CLOEXEC)?;
    grantpt(&person)?;
    unlockpt(&person)?;
    let name = ptsname(&person, Vec::new())?;
    let programs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    // Linux would take the first terminal that is opened; elsewhere it must be asked for.
    rustix::process::ioctl_tiocsctty(&programs)?;
    Ok((File::from(person), File::from(programs)))
}
