//! The keys of an approver, as a policy file writes them: a line of a `.pub` file, or a table that limits it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::file::Key;

/// Reads a list of keys.
pub(super) fn keys<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Key>, D::Error> {
    Ok(Vec::<Written>::deserialize(from)?.into_iter().map(|written| written.0).collect())
}

/// Claims that `line` has the form of a public key: a type, and the same type inside what follows. Whether gate can verify its
/// signatures is for whoever verifies them to say.
pub(super) fn is_key(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let Some((name, encoded)) = words.next().zip(words.next()) else { return false };
    let Ok(blob) = STANDARD.decode(encoded) else { return false };
    let count = u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes();
    blob.strip_prefix(&count).is_some_and(|rest| rest.starts_with(name.as_bytes()) && rest.len() > name.len())
}

struct Written(Key);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Written, D::Error> {
        from.deserialize_any(LineOrTable)
    }
}

struct LineOrTable;

impl<'de> Visitor<'de> for LineOrTable {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a public key, or a table with `key`")
    }

    fn visit_str<E: Error>(self, line: &str) -> Result<Written, E> {
        Ok(Written(Key { key: line.to_owned(), ..Key::default() }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
        Key::deserialize(MapAccessDeserializer::new(map)).map(Written)
    }

    /// Only the reader that makes the schema gives a list here, to see what a table holds.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Written, A::Error> {
        let table = seq.next_element::<Key>()?;
        table.map(Written).ok_or_else(|| A::Error::invalid_length(0, &self))
    }
}

#[cfg(test)]
mod tests {
    use super::is_key;

    #[test]
    fn a_key_says_its_type_twice() {
        let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICSsaCwSQYr1DzU1CVErJUE7doQ46Myrx2qynjfLmBaq";
        assert!(is_key(line) && is_key(&format!("{line} mara@laptop")));
        for bad in ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 %", &line.replace("ssh-ed", "ssh-xd")]
        {
            assert!(!is_key(bad), "{bad}");
        }
    }
}
