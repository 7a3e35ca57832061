//! Reads the clocks and the boot id: the edge that makes a [`Moment`].

use rustix::time::{ClockId, clock_gettime};

use crate::moment::{BootId, Moment};

/// Returns this instant.
///
/// Where the boot id cannot be read it is 0: all boots look like one, and deadlines then follow the boot clock alone.
pub fn now() -> Moment {
    let wall = clock_gettime(ClockId::Realtime);
    let boot = clock_gettime(BOOT_CLOCK);
    Moment {
        utc_us: wall.tv_sec * 1_000_000 + wall.tv_nsec / 1_000,
        boot_ns: u64::try_from(boot.tv_sec).unwrap_or(0) * 1_000_000_000
            + u64::try_from(boot.tv_nsec).unwrap_or(0),
        boot: boot_id().unwrap_or(BootId(0)),
    }
}

#[cfg(target_os = "linux")]
const BOOT_CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const BOOT_CLOCK: ClockId = ClockId::Monotonic;

#[cfg(target_os = "linux")]
fn boot_id() -> Option<BootId> {
    static ID: std::sync::OnceLock<Option<BootId>> = std::sync::OnceLock::new();
    *ID.get_or_init(|| {
        use rustix::fs::{Mode, OFlags, open};
        let file = open("/proc/sys/kernel/random/boot_id", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        // A UUID and a newline, which the kernel gives in one read.
        let mut text = [0; 64];
        let count = rustix::io::read(file.ok()?, &mut text).ok()?;
        BootId::parse(std::str::from_utf8(&text[..count]).ok()?)
    })
}

#[cfg(not(target_os = "linux"))]
fn boot_id() -> Option<BootId> {
    None
}
