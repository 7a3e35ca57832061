//! A reader that reads nothing: it answers whatever a type asks for, and notes what that was.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

/// What is given where any text will do.
const ANY: &str = "x";

/// What is known of the types so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The types by name, as schemas.
    pub(super) types: BTreeMap<String, Value>,
    /// The words that a place takes, by place (`Rule.verdict`).
    words: BTreeMap<String, Vec<String>>,
    needed: BTreeSet<(String, String)>,
    notes: Rc<RefCell<Notes>>,
}

#[derive(Debug, Default)]
struct Notes {
    types: BTreeMap<String, Value>,
    open: Vec<&'static str>,
    /// The place of the last text that was given.
    last: String,
}

impl Seen {
    /// Learns from a refusal which words the last place takes.
    pub(super) fn learn_words(&mut self, refusal: &str) {
        let expected = refusal.split_once(", expected ").map_or("", |(_, expected)| expected);
        let words = expected.split('`').enumerate().filter(|(at, _)| at % 2 == 1);
        let place = self.notes.borrow().last.clone();
        self.words.insert(place, words.map(|(_, word)| word.to_owned()).collect());
    }

    /// Returns every type and key, once all are seen.
    pub(super) fn keys(&mut self) -> Vec<(String, String)> {
        self.types.clone_from(&self.notes.borrow().types);
        let keys = |(name, body): (&String, &Value)| -> Vec<(String, String)> {
            let keys = body["properties"].as_object().into_iter().flatten();
            keys.map(|(key, _)| (name.clone(), key.clone())).collect()
        };
        self.types.iter().flat_map(keys).collect()
    }

    /// Notes that a type cannot be without this key.
    pub(super) fn needs(&mut self, name: &str, key: &str) {
        self.needed.insert((name.to_owned(), key.to_owned()));
    }

    /// Returns the keys that a type cannot be without.
    pub(super) fn needed(&self, name: &str) -> Vec<&str> {
        self.needed.iter().filter(|(known, _)| known == name).map(|(_, key)| key.as_str()).collect()
    }
}

/// Reads one value: a type, or what a key holds.
pub(super) struct Reader<'a> {
    seen: &'a Seen,
    place: String,
    /// A type and a key that is left out of it.
    without: Option<(&'a str, &'a str)>,
    /// What the value turned out to be.
    found: Rc<RefCell<Value>>,
}

impl<'a> Reader<'a> {
    /// Returns a reader of the type `name`, with one key of one type left out.
    pub(super) fn of(seen: &'a Seen, name: &str, without: Option<(&'a str, &'a str)>) -> Reader<'a> {
        seen.notes.borrow_mut().open.clear();
        Reader { seen, place: name.to_owned(), without, found: Rc::default() }
    }

    fn inner(&self, place: String) -> Reader<'a> {
        Reader { seen: self.seen, place, without: self.without, found: Rc::default() }
    }

    fn note(&self, found: Value) {
        *self.found.borrow_mut() = found;
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let words = self.seen.words.get(&self.place);
        self.note(words.map_or(json!({ "type": "string" }), |words| json!({ "enum": words })));
        self.seen.notes.borrow_mut().last.clone_from(&self.place);
        visitor.visit_str(words.and_then(|words| words.first()).map_or(ANY, String::as_str))
    }

    fn list<'de, V: Visitor<'de>>(self, visitor: V, or_one: bool) -> Result<V::Value, Error> {
        let element = Rc::default();
        let reader = Reader { found: Rc::clone(&element), ..self.inner(self.place.clone()) };
        let list = visitor.visit_seq(One(Some(reader)))?;
        let one: Value = element.borrow().clone();
        let many = json!({ "type": "array", "items": one });
        self.note(if or_one { json!({ "anyOf": [one, many] }) } else { many });
        Ok(list)
    }

    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note(json!({ "type": "integer", "minimum": 0 }));
        visitor.visit_u64(1)
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Error;

    /// Asked only by what takes one value or a list of them.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor, true)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor, false)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note(json!({ "type": "boolean" }));
        visitor.visit_bool(false)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.number(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.number(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let keys = Keys { reader: &self, name: "", keys: vec![ANY], found: Map::new() };
        let found = RefCell::new(Map::new());
        let map = visitor.visit_map(Noting { keys, into: &found })?;
        let value = found.borrow().values().next().cloned();
        self.note(json!({ "type": "object", "additionalProperties": value }));
        Ok(map)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.note(json!({ "$ref": format!("#/definitions/{name}") }));
        // A type inside itself ends there.
        let is_open = self.seen.notes.borrow().open.contains(&name);
        let left_out = |field: &&str| self.without == Some((name, field));
        let keys: Vec<&'static str> = match is_open {
            true => Vec::new(),
            false => fields.iter().copied().filter(|field| !left_out(field)).collect(),
        };
        self.seen.notes.borrow_mut().open.push(name);
        let found = RefCell::new(Map::new());
        let keys = Keys { reader: &self, name, keys, found: Map::new() };
        let body = visitor.visit_map(Noting { keys, into: &found })?;
        let mut notes = self.seen.notes.borrow_mut();
        notes.open.pop();
        if !is_open {
            let keys = found.into_inner();
            let schema = json!({ "type": "object", "additionalProperties": false, "properties": keys });
            notes.types.insert(name.to_owned(), schema);
        }
        Ok(body)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier ignored_any
    }
}

/// A list with one element.
struct One<'a>(Option<Reader<'a>>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.take().map(|reader| seed.deserialize(reader)).transpose()
    }
}

/// The keys of a table, one after the other.
struct Keys<'a, 'r> {
    reader: &'r Reader<'a>,
    name: &'static str,
    keys: Vec<&'static str>,
    found: Map<String, Value>,
}

/// Hands over what was found when all keys are read.
struct Noting<'a, 'r> {
    keys: Keys<'a, 'r>,
    into: &'r RefCell<Map<String, Value>>,
}

impl<'de> MapAccess<'de> for Noting<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.keys.keys.first() {
            Some(key) => seed.deserialize(StrDeserializer::<Error>::new(key)).map(Some),
            None => {
                self.into.replace(std::mem::take(&mut self.keys.found));
                Ok(None)
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let key = self.keys.keys.remove(0);
        let (reader, name) = (self.keys.reader, self.keys.name);
        let place = if name.is_empty() { reader.place.clone() } else { format!("{name}.{key}") };
        let inner = reader.inner(place);
        let found = Rc::clone(&inner.found);
        let value = seed.deserialize(inner)?;
        self.keys.found.insert(key.to_owned(), found.borrow().clone());
        Ok(value)
    }
}
