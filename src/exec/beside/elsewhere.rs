//! A process beside the command needs what only Linux has (a parent-death signal, pidfds): elsewhere there is none.

use std::ffi::c_int;

/// Never there.
pub(super) struct Beside {
    never: std::convert::Infallible,
}

impl Beside {
    /// Returns `None`.
    pub(super) fn start(_child: libc::pid_t) -> Option<Beside> {
        None
    }

    /// Never called.
    pub(super) fn is(&self, _pid: libc::pid_t) -> bool {
        match self.never {}
    }

    /// Never called.
    pub(super) fn also_got(&mut self, _signal: c_int) -> bool {
        match self.never {}
    }
}
