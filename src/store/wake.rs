//! How a process that waits hears of a change at once: every change of a request touches `gate.wake`.
//!
//! A touch may be lost (its process may die between commit and touch), so the waiting process also looks by itself now and then.

use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::lock::own_file;

/// How long a lost touch can go unnoticed.
const LOOK: Duration = Duration::from_secs(2);

/// Tells all waiting processes that a request has changed.
pub(super) fn touch(dir: &Path) {
    let touched = own_file(&file(dir)).and_then(|mut file| {
        file.rewind()?;
        file.write_all(b"\n")
    });
    // The change itself is durable already; a waiting process finds it when it looks by itself.
    let _only_slower = touched;
}

fn file(dir: &Path) -> PathBuf {
    dir.join("gate.wake")
}

/// Hears touches from the moment it is made.
pub(super) struct Ear {
    #[cfg(target_os = "linux")]
    inotify: Option<rustix::fd::OwnedFd>,
}

/// Why listening ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A touch, or it is time to look.
    Look,
    /// A signal arrived.
    Interrupted,
}

#[cfg(target_os = "linux")]
impl Ear {
    pub(super) fn open(dir: &Path) -> Ear {
        use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
        let open = || {
            let path = file(dir);
            own_file(&path).ok()?;
            let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
            inotify::add_watch(&inotify, &path, WatchFlags::MODIFY).ok()?;
            Some(inotify)
        };
        Ear { inotify: open() }
    }

    /// Waits for a touch, at most `limit`.
    pub(super) fn listen(&self, limit: Duration) -> Heard {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let limit = limit.min(LOOK);
        let timeout = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
        let mut fds: Vec<PollFd<'_>> = self.inotify.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        match poll(&mut fds, Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => return Heard::Interrupted,
            Ok(0) | Err(_) => return Heard::Look,
            Ok(_) => {}
        }
        if let Some(fd) = &self.inotify {
            let mut events = [0; 4096];
            while rustix::io::read(fd, &mut events).is_ok_and(|count| count == events.len()) {}
        }
        Heard::Look
    }
}

#[cfg(not(target_os = "linux"))]
impl Ear {
    pub(super) fn open(_dir: &Path) -> Ear {
        Ear {}
    }

    /// Waits a little: there is no inotify here.
    pub(super) fn listen(&self, limit: Duration) -> Heard {
        use rustix::event::{Timespec, poll};
        let limit = limit.min(Duration::from_millis(20)).min(LOOK);
        let timeout = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
        match poll(&mut [], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => Heard::Interrupted,
            _ => Heard::Look,
        }
    }
}
