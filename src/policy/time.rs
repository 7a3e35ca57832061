//! How long: `90s`, `5m`, `8h`, `2d`.

use std::time::Duration;

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

    use super::duration;

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
