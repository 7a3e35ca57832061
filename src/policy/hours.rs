//! `mon-fri 09:00-17:00 Europe/Berlin`: times of the week in a time zone.
//!
//! Only the reading of the text is here; the zone's rules are looked up by the judge.

/// A stretch of each of some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    /// Monday first.
    pub(crate) days: [bool; 7],
    /// Minutes since midnight; the end is not part of it. Where `to` is not after `from`, it runs over midnight.
    pub(crate) from: u16,
    pub(crate) to: u16,
    /// A name of the time zone database.
    pub(crate) zone: String,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Hours {
    /// Returns the hours that `text` writes.
    ///
    /// # Errors
    /// What was found and what was expected, for people.
    pub(crate) fn parse(text: &str) -> Result<Hours, String> {
        let wrong =
            || format!("`{text}` are no hours, expected some like `mon-fri 09:00-17:00 Europe/Berlin`");
        let mut words: Vec<&str> = text.split_ascii_whitespace().collect();
        let zone = words.pop().filter(|zone| is_zone(zone)).ok_or_else(wrong)?;
        let (from, to) = words.pop().and_then(|range| range.split_once('-')).ok_or_else(wrong)?;
        let (from, to) = (minutes(from).ok_or_else(wrong)?, minutes(to).ok_or_else(wrong)?);
        let days = match words[..] {
            [] => [true; 7],
            [days] => self::days(days).ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
        Ok(Hours { days, from, to, zone: zone.to_owned() })
    }

    /// Claims that `minute` of the day `weekday` (Monday is 0) lies in these hours.
    pub(crate) fn contain(&self, weekday: usize, minute: u16) -> bool {
        if self.from < self.to {
            return self.days[weekday] && (self.from..self.to).contains(&minute);
        }
        let before = (weekday + 6) % 7;
        (self.days[weekday] && minute >= self.from) || (self.days[before] && minute < self.to)
    }
}

/// `UTC` or a path of the zone database: plain names between slashes, so that it cannot lead out of it.
fn is_zone(text: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    text.split('/').all(is_part)
}

fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse::<u16>().ok())
            .flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (minute < 60 && (hour < 24 || (hour == 24 && minute == 0))).then_some(hour * 60 + minute)
}

fn days(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut all = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let mut at = first;
        all[at] = true;
        while at != last {
            at = (at + 1) % 7;
            all[at] = true;
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::Hours;

    #[track_caller]
    fn case(text: &str, weekday: usize, time: (u16, u16), expected: bool) {
        let hours = Hours::parse(text).unwrap();
        assert_eq!(hours.contain(weekday, time.0 * 60 + time.1), expected, "{text}");
    }

    #[test]
    fn hours_know_days_and_midnight() {
        case("09:00-17:00 UTC", 6, (9, 0), true);
        case("09:00-17:00 UTC", 6, (17, 0), false);
        case("mon-fri 09:00-17:00 Europe/Berlin", 5, (12, 0), false);
        case("fri-mon 09:00-17:00 UTC", 6, (12, 0), true);
        case("mon,wed 00:00-24:00 UTC", 2, (23, 59), true);
        case("mon 22:00-06:00 UTC", 0, (23, 0), true);
        case("mon 22:00-06:00 UTC", 1, (5, 59), true);
        case("mon 22:00-06:00 UTC", 0, (5, 59), false);
    }

    #[test]
    fn bad_hours_say_what_was_expected() {
        let bad = [
            "",
            "UTC",
            "9-17 UTC",
            "09:00-17:00",
            "25:00-26:00 UTC",
            "noday 09:00-10:00 UTC",
            "mon 09:00-10:00 ../etc",
        ];
        for text in bad {
            let message = Hours::parse(text).unwrap_err();
            assert_eq!(
                message,
                format!("`{text}` are no hours, expected some like `mon-fri 09:00-17:00 Europe/Berlin`")
            );
        }
    }
}
