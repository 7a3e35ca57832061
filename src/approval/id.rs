//! The name of a request: 12 characters that a person can compare and type.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::canonical::Text;

/// Crockford's base32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 12;

/// A request id: 60 random bits, shown `7KQ2-M9XD-4T1B`, read without regard to case and hyphens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
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
        let (mut symbols, mut length) = ([0; LENGTH], 0);
        for c in text.chars().filter(|c| *c != '-') {
            *symbols.get_mut(length)? = symbol(c)?;
            length += 1;
        }
        (length == LENGTH).then_some(RequestId(symbols))
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
        let symbols: String =
            text.chars().filter(|c| *c != '-').map(|c| symbol(c).map(char::from)).collect::<Option<_>>()?;
        (1..=LENGTH).contains(&symbols.len()).then_some(Prefix(symbols))
    }

    /// Returns the characters without hyphens.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn symbol(c: char) -> Option<u8> {
    match u8::try_from(c).ok()?.to_ascii_uppercase() {
        b'I' | b'L' => Some(b'1'),
        b'O' => Some(b'0'),
        b'U' => None,
        other => other.is_ascii_alphanumeric().then_some(other),
    }
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

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<RequestId, D::Error> {
        let Text(text) = Text::deserialize(from)?;
        RequestId::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not a request id")))
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
