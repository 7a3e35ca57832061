//! The one form of JSON that gate hashes: RFC 8785, integers up to 2^53−1, ASCII keys, no floats.
//!
//! Bytes that are UTF-8 are a string; others are `{"b64": "…"}`, so that nothing is lost and nothing is replaced.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// The largest integer that every JSON reader holds exactly.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Returns the canonical bytes of `value`.
///
/// # Panics
/// If `value` holds a float, an integer over 2^53−1 or a key that is not ASCII: gate builds its values itself, so that is a defect, and failing closed.
pub fn to_bytes(value: &Value) -> Vec<u8> {
    if let Some(found) = first_unfit(value) {
        panic!("`{found}` has no canonical form");
    }
    serde_json_canonicalizer::to_vec(value).expect("a checked value has a canonical form")
}

/// Returns the canonical bytes of `value`, which somebody else made, or `None` where it has none.
pub fn if_any(value: &Value) -> Option<Vec<u8>> {
    first_unfit(value).is_none().then(|| to_bytes(value))
}

/// Returns `bytes` as JSON: a string where they are UTF-8, else `{"b64": …}`.
pub fn from_raw(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => json!({ "b64": STANDARD.encode(bytes) }),
    }
}

/// Returns the bytes that [`from_raw`] wrote, or `None` where `value` is not its form.
pub fn to_raw(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Object(map) if map.len() == 1 => STANDARD.decode(map.get("b64")?.as_str()?).ok(),
        _ => None,
    }
}

fn first_unfit(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => {
            let fits = number.as_u64().is_some_and(|n| n <= MAX_INTEGER)
                || number.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_INTEGER);
            (!fits).then(|| number.to_string())
        }
        Value::Array(items) => items.iter().find_map(first_unfit),
        Value::Object(map) => map
            .iter()
            .find_map(|(key, item)| if key.is_ascii() { first_unfit(item) } else { Some(key.clone()) }),
        Value::Null | Value::Bool(_) | Value::String(_) => None,
    }
}

/// A text that is read where it stands, if it has no escapes: serde copies each [`Cow`] otherwise.
#[derive(Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// The bytes that [`from_raw`] wrote, read without a [`Value`] between.
pub struct Raw<'a>(pub Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Raw<'a>, D::Error> {
        from.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string or `{\"b64\": …}`")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Raw<'de>, E> {
        Ok(Raw(text.as_bytes().into()))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Raw<'de>, E> {
        Ok(Raw(text.as_bytes().to_vec().into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
        let bytes = match map.next_entry::<String, String>()? {
            Some((key, text)) if key == "b64" => STANDARD.decode(text).ok(),
            _ => None,
        };
        let is_all = map.next_key::<IgnoredAny>()?.is_none();
        let bytes = bytes.filter(|_| is_all);
        bytes
            .map(|bytes| Raw(bytes.into()))
            .ok_or_else(|| A::Error::custom("expected a string or `{\"b64\": …}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_bytes_are_those_of_rfc_8785() {
        let value = json!({ "b": [1, true, null], "a": "€\u{1f}\n\"", "A": -5 });
        assert_eq!(to_bytes(&value), "{\"A\":-5,\"a\":\"€\\u001f\\n\\\"\",\"b\":[1,true,null]}".as_bytes());
    }

    #[test]
    fn raw_bytes_come_back_as_they_were() {
        for bytes in [&b"plain"[..], b"", b"a\xff\x00b", "grün".as_bytes()] {
            let value = from_raw(bytes);
            assert_eq!(to_raw(&value).as_deref(), Some(bytes));
            let written = to_bytes(&value);
            let read: Raw<'_> = serde_json::from_slice(&written).unwrap();
            assert_eq!((&*read.0, &*Raw::deserialize(&value).unwrap().0), (bytes, bytes));
        }
        for other in
            ["1", "null", "[]", "{}", r#"{"b64":"%"}"#, r#"{"b64":"YQ==","b":"c"}"#, r#"{"a":"YQ=="}"#]
        {
            assert!(serde_json::from_str::<Raw<'_>>(other).is_err(), "{other}");
        }
        assert_eq!(from_raw(b"\xff"), json!({ "b64": "/w==" }));
        assert_eq!(to_raw(&json!({ "b64": "%" })), None);
    }

    #[test]
    #[should_panic(expected = "has no canonical form")]
    fn float_is_never_hashed() {
        to_bytes(&json!([1.5]));
    }

    #[test]
    #[should_panic(expected = "has no canonical form")]
    fn integer_that_readers_round_is_never_hashed() {
        to_bytes(&json!(1_u64 << 53));
    }
}
