//! A point in time as gate records it: the wall clock for people, the boot clock for deadlines.
//!
//! The core never reads a clock; a [`Moment`] is passed in (the store's `clock` gathers it).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Names one boot of one machine (`/proc/sys/kernel/random/boot_id` on Linux); the boot clocks of two boots don't compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BootId(pub u128);

impl BootId {
    /// Returns the boot id in `text` (a UUID with or without hyphens), or `None` if it is none.
    pub fn parse(text: &str) -> Option<BootId> {
        let (mut id, mut digits) = (0, 0);
        for c in text.trim().chars().filter(|c| *c != '-') {
            id = id << 4 | u128::from(c.to_digit(16)?);
            digits += 1;
        }
        (digits == 32).then_some(BootId(id))
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// One instant, seen by both clocks of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Written<'static>")]
pub struct Moment {
    /// Microseconds since 1970-01-01 UTC.
    pub utc_us: i64,
    /// Nanoseconds since the machine started, sleep included (CLOCK_BOOTTIME).
    pub boot_ns: u64,
    /// The boot that `boot_ns` counts from.
    pub boot: BootId,
}

impl Moment {
    /// Returns the moment `span` later, on both clocks.
    pub fn after(self, span: Duration) -> Moment {
        let us = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let ns = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Moment {
            utc_us: self.utc_us.saturating_add(us),
            boot_ns: self.boot_ns.saturating_add(ns),
            boot: self.boot,
        }
    }

    /// Claims that `self` is `then` or later.
    ///
    /// Within one boot the boot clock says so, because nobody can set it; across boots only the wall clock is left.
    pub fn has_reached(self, then: Moment) -> bool {
        if self.boot == then.boot { self.boot_ns >= then.boot_ns } else { self.utc_us >= then.utc_us }
    }

    /// Returns how much later than `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Moment) -> Duration {
        if self.boot == earlier.boot {
            Duration::from_nanos(self.boot_ns.saturating_sub(earlier.boot_ns))
        } else {
            Duration::from_micros(u64::try_from(self.utc_us.saturating_sub(earlier.utc_us)).unwrap_or(0))
        }
    }

    /// Returns the wall clock as RFC 3339 in UTC with microseconds: `2026-11-21T09:00:00.000000Z`.
    pub fn rfc3339(self) -> String {
        match Timestamp::from_microsecond(self.utc_us) {
            Ok(time) => format!("{time:.6}"),
            Err(_) => "9999-12-30T22:00:00.000000Z".to_owned(),
        }
    }
}

/// The stored form: the boot clock as text, because nanoseconds outgrow the integers of JSON after 104 days.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    ts: Cow<'a, str>,
    #[serde(borrow)]
    boot_ns: Cow<'a, str>,
    #[serde(borrow)]
    boot_id: Cow<'a, str>,
}

impl From<Moment> for Written<'static> {
    fn from(moment: Moment) -> Written<'static> {
        Written {
            ts: moment.rfc3339().into(),
            boot_ns: moment.boot_ns.to_string().into(),
            boot_id: moment.boot.to_string().into(),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Moment, D::Error> {
        Written::deserialize(from)?.try_into().map_err(D::Error::custom)
    }
}

impl TryFrom<Written<'_>> for Moment {
    type Error = String;
    fn try_from(written: Written<'_>) -> Result<Moment, String> {
        let utc: Timestamp = written.ts.parse().map_err(|_| format!("`{}` is not a time", written.ts))?;
        Ok(Moment {
            utc_us: utc.as_microsecond(),
            boot_ns: written
                .boot_ns
                .parse()
                .map_err(|_| format!("`{}` is not a count of nanoseconds", written.boot_ns))?,
            boot: BootId::parse(&written.boot_id)
                .ok_or_else(|| format!("`{}` is not a boot id", written.boot_id))?,
        })
    }
}

/// Returns a length of time for people, in its two largest units: `7 h 59 min`, `42 s`.
pub fn in_words(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => two(minutes, "min", seconds % 60, "s"),
        (0, _, _) => two(hours, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(utc_s: i64, boot_s: u64, boot: u128) -> Moment {
        Moment { utc_us: utc_s * 1_000_000, boot_ns: boot_s * 1_000_000_000, boot: BootId(boot) }
    }

    #[test]
    fn setting_the_wall_clock_back_does_not_extend_a_deadline() {
        let deadline = at(1000, 10, 1).after(Duration::from_secs(60));
        assert!(!at(2000, 69, 1).has_reached(deadline));
        assert!(at(500, 70, 1).has_reached(deadline));
        assert!(at(1060, 1, 2).has_reached(deadline));
        assert!(!at(1059, 99, 2).has_reached(deadline));
    }

    #[test]
    fn boot_id_is_read_with_and_without_hyphens() {
        let id = Some(BootId(0x368f_951e_a003_4086_b432_1e3f_e63a_ead8));
        assert_eq!(BootId::parse("368f951e-a003-4086-b432-1e3fe63aead8\n"), id);
        assert_eq!(BootId::parse("368F951EA0034086B4321E3FE63AEAD8"), id);
        for bad in ["", "368f951e", "g68f951ea0034086b4321e3fe63aead8", "0368f951ea0034086b4321e3fe63aead8"] {
            assert_eq!(BootId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn moment_is_written_in_utc_with_microseconds() {
        assert_eq!(at(0, 0, 1).rfc3339(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            Moment { utc_us: 1_795_251_600_000_007, ..at(0, 0, 1) }.rfc3339(),
            "2026-11-21T09:00:00.000007Z"
        );
    }

    #[test]
    fn length_of_time_is_told_in_two_units() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (100, "1 min 40 s"),
            (28_740, "7 h 59 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn boot_id_is_read_from_the_kernels_form() {
        assert_eq!(BootId::parse("00000000-0000-0000-0000-0000000000ff\n"), Some(BootId(255)));
        assert_eq!(BootId::parse("ff"), None);
    }
}
