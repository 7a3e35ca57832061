//! How long: `90s`, `5m`, `8h`, `2d`. And when: `2027-01-01`.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Returns the time that `text` writes, in µs since 1970: a date (its beginning, in UTC) or RFC 3339; `None` if it writes none.
pub fn instant(text: &str) -> Option<i64> {
    let date = || text.parse::<Date>().ok().filter(|_| text.len() == 10);
    let day = || Some(date()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    Some(text.parse::<Timestamp>().ok().or_else(day)?.as_microsecond())
}

/// Returns the time that `text` writes (`90s`, `5m`, `8h`, `1h30m`, `2d`), or `None` if it writes none.
pub fn duration(text: &str) -> Option<Duration> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes()[digits] {
            b's' => 1,
            b'm' => 60,
            b'h' => 60 * 60,
            b'd' => 24 * 60 * 60,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (!text.is_empty()).then(|| Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, instant};

    #[test]
    fn a_date_is_its_beginning_in_utc() {
        assert_eq!(instant("1970-01-02"), Some(86_400_000_000));
        assert_eq!(instant("1970-01-01T02:00:00+01:00"), Some(3_600_000_000));
        for bad in ["", "soon", "1970-13-01", "1970-01-01T00:00:00", "19700101", "1970-01-01 "] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_written_with_units() {
        assert_eq!(duration("8h"), Some(Duration::from_secs(28_800)));
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5_400)));
        assert_eq!(duration("2d"), Some(Duration::from_secs(172_800)));
        for bad in ["", "8", "h", "8 h", "-1s", "1w", "99999999999999999999s", "1é"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
