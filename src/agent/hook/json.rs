//! JSON in which each name stands once: of two values with one name, nobody knows which the agent takes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Unreadable;

/// Returns the object that `bytes` are.
///
/// # Errors
/// Anything but one JSON object in UTF-8 in which no name stands twice, at any depth.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    match value(bytes)? {
        Value::Object(map) => Ok(map),
        _ => Err(Unreadable::NotJson("expected an object".to_owned())),
    }
}

/// Returns the value that `bytes` are.
///
/// # Errors
/// As [`object`].
pub(super) fn value(bytes: &[u8]) -> Result<Value, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|error| Unreadable::NotJson(error.to_string()))?;
    let Once(value) = serde_json::from_str(text).map_err(|error| Unreadable::NotJson(error.to_string()))?;
    Ok(value)
}

/// A value without a name that stands twice.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Once, D::Error> {
        deserializer.deserialize_any(Reader).map(Once)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Once(value) = members.next_value()?;
            if all.contains_key(&name) {
                return Err(A::Error::custom(format!("`{name}` stands twice")));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::object;

    #[track_caller]
    fn wrong(bytes: &[u8], expected: &str) {
        let error = object(bytes).unwrap_err().to_string();
        assert!(error.starts_with(&format!("not a JSON object: {expected}")), "{error}");
    }

    #[test]
    fn rule_1_only_one_object_in_which_each_name_stands_once_is_read() {
        let read = object(br#" {"a": {"b": [1, -2, 1.5, null, true, "x"]}} "#).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"a":{"b":[1,-2,1.5,null,true,"x"]}}"#);
        wrong(br#"{"command":"ls","command":"rm"}"#, "`command` stands twice");
        wrong(br#"{"a":{"x":1,"x":1}}"#, "`x` stands twice");
        wrong(br#"{"a":1,"\u0061":2}"#, "`a` stands twice");
        wrong(br#"[{"x":[{"y":1,"y":2}]}]"#, "`y` stands twice");
        wrong(b"[]", "expected an object");
        wrong(b"", "EOF while parsing");
        wrong(b"{", "EOF while parsing");
        wrong(b"{} {}", "trailing characters");
        wrong(b"{\"a\":\"\xff\"}", "invalid utf-8");
        wrong(b"\xef\xbb\xbf{}", "expected value");
        wrong(br#"{"a":"\ud800"}"#, "unexpected end of hex escape");
        wrong(format!("{}1{}", "[".repeat(1000), "]".repeat(1000)).as_bytes(), "recursion limit exceeded");
    }
}
