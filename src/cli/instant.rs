//! A point in time as it is typed: a date, an instant, or how long ago.

use anyhow::bail;

use crate::moment::Moment;

/// Returns the moment that `text` names, on the wall clock.
///
/// # Errors
/// It names none.
pub(super) fn instant(text: &str, now: Moment) -> anyhow::Result<Moment> {
    if let Some(span) = crate::policy::duration(text) {
        let us = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        return Ok(Moment { utc_us: now.utc_us.saturating_sub(us), ..now });
    }
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    match whole.parse::<jiff::Timestamp>() {
        Ok(time) => Ok(Moment { utc_us: time.as_microsecond(), ..now }),
        Err(_) => bail!("`{text}` is no time, like `2026-11-21`, `2026-11-21T09:00:00Z` or `2h`"),
    }
}

#[cfg(test)]
mod tests {
    use super::instant;
    use crate::moment::{BootId, Moment};

    #[track_caller]
    fn case(text: &str, expected: Option<&str>) {
        let now = Moment { utc_us: 1_795_251_600_000_000, boot_ns: 0, boot: BootId(1) };
        assert_eq!(instant(text, now).ok().map(Moment::rfc3339).as_deref(), expected);
    }

    #[test]
    fn times_are_dates_instants_or_lengths() {
        case("2026-11-21", Some("2026-11-21T00:00:00.000000Z"));
        case("2026-11-21T10:00:00+01:00", Some("2026-11-21T09:00:00.000000Z"));
        case("2h", Some("2026-11-21T07:00:00.000000Z"));
        case("yesterday", None);
        case("", None);
    }
}
