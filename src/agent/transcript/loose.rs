//! JSON of which only some is known: a value of another shape than the one wanted is read over, not an error.
//!
//! Nothing is kept of what is read over, so that a line costs no more memory than its own length.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The most elements of a list that are kept.
const MOST: usize = 10_000;

/// A string, if it is one.
#[derive(Debug, Default)]
pub(super) struct Text(pub(super) Option<String>);

/// `true`, if it is that.
#[derive(Debug, Default)]
pub(super) struct Flag(pub(super) bool);

/// The elements, if it is a list.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

/// An object with the fields of `T`, if it is an object.
#[derive(Debug, Default)]
pub(super) struct Part<T>(pub(super) T);

/// One string or a list of strings, if it is either.
#[derive(Debug, Default)]
pub(super) enum Words {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl Text {
    pub(super) fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Claims that it is this string.
    pub(super) fn is(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

/// What is made of each shape of JSON; every shape that is not spoken of makes nothing.
trait Shape<'de>: Default {
    fn of_text(_: &str) -> Self {
        Self::default()
    }

    fn of_flag(_: bool) -> Self {
        Self::default()
    }

    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    fn of_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

impl Shape<'_> for Text {
    fn of_text(text: &str) -> Self {
        Text(Some(text.to_owned()))
    }
}

impl Shape<'_> for Flag {
    fn of_flag(flag: bool) -> Self {
        Flag(flag)
    }
}

impl<'de, T: Shape<'de> + Deserialize<'de>> Shape<'de> for List<T> {
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut all = Vec::new();
        while all.len() < MOST {
            match list.next_element::<T>()? {
                Some(element) => all.push(element),
                None => return Ok(List(all)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(List(all))
    }
}

impl<'de, T: Default + Deserialize<'de>> Shape<'de> for Part<T> {
    fn of_object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(Part)
    }
}

impl<'de> Shape<'de> for Words {
    fn of_text(text: &str) -> Self {
        Words::One(text.to_owned())
    }

    fn of_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        let words = List::<Text>::of_list(list)?.0.into_iter().map(|word| word.0).collect::<Option<_>>();
        Ok(words.map_or(Words::None, Words::Many))
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Shape<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::of_text(text))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::of_flag(flag))
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::of_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::of_object(object)
    }
}

macro_rules! loose {
    ($($name:ident $(<$of:ident: $bound:ident>)?,)*) => {$(
        impl<'de $(, $of: $bound<'de> + Default + Deserialize<'de>)?> Deserialize<'de> for $name $(<$of>)? {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any(Any(PhantomData))
            }
        }
    )*};
}

loose! {
    Text,
    Flag,
    Words,
    List<T: Shape>,
    Part<T: Deserialize>,
}
