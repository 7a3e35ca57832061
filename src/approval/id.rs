//! The name of a request: 12 characters that a person can compare and type.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Crockford's base32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 12;

/// A request id: 60 random bits, shown `7KQ2-M9XD-4T1B`, read without regard to case and hyphens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId([u8; LENGTH]);

impl RequestId {
    /// Returns the id made of the low 60 bits of `random`.
    pub fn from_random(random: u64) -> RequestId {
        let mut symbols = [0; LENGTH];
        for (i, symbol) in symbols.iter_mut().enumerate() {
            *symbol = ALPHABET[(random >> (5 * i) & 31) as usize];
        }
        RequestId(symbols)
    }

    /// Returns the id in `text`, or `None` if it is not a whole one.
    pub fn parse(text: &str) -> Option<RequestId> {
        let symbols = Prefix::parse(text)?.0;
        Some(RequestId(symbols.into_bytes().try_into().ok()?))
    }

    /// Returns the 12 characters without hyphens: the form that is stored.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

/// The beginning of a request id, as a person types it: `7kq2`, `7KQ2-M9`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// Returns the prefix in `text` in stored form, or `None` if it is empty, too long or has other characters.
    ///
    /// `I` and `L` are read as 1, `O` as 0, as Crockford asks.
    pub fn parse(text: &str) -> Option<Prefix> {
        let symbols: String = text.chars().filter(|c| *c != '-').map(symbol).collect::<Option<_>>()?;
        (1..=LENGTH).contains(&symbols.len()).then_some(Prefix(symbols))
    }

    /// Returns the characters without hyphens.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn symbol(c: char) -> Option<char> {
    let upper = match c.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    ALPHABET.contains(&u8::try_from(upper).ok()?).then_some(upper)
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.as_str();
        write!(f, "{}-{}-{}", &text[..4], &text[4..8], &text[8..])
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for RequestId {
    type Error = String;
    fn try_from(text: String) -> Result<RequestId, String> {
        RequestId::parse(&text).ok_or_else(|| format!("`{text}` is not a request id"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_read_as_it_is_shown_and_as_people_type_it() {
        let id = RequestId::parse("7KQ2-M9XD-4T1B").unwrap();
        assert_eq!(id.to_string(), "7KQ2-M9XD-4T1B");
        assert_eq!(RequestId::parse("7kq2m9xd4tlb"), Some(id));
        assert_eq!(Prefix::parse("7kq2-m").unwrap().as_str(), "7KQ2M");
        assert_eq!(Prefix::parse("oil").unwrap().as_str(), "011");
        for bad in ["", "-", "7KQ2-M9XD-4T1B-0", "7K Q", "%", "ünï"] {
            assert_eq!(Prefix::parse(bad), None, "{bad}");
        }
        assert_eq!(RequestId::parse("7KQ2"), None);
    }

    #[test]
    fn random_bits_all_count() {
        let ids: std::collections::HashSet<_> = (0..60).map(|i| RequestId::from_random(1 << i)).collect();
        assert_eq!(ids.len(), 60);
        assert_eq!(RequestId::from_random(0).to_string(), "0000-0000-0000");
    }
}
