//! A strict reading of JSON that came in from outside: no repeated keys, integers exact, fractions as decimals.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Any JSON value. Integers are exact within `|n| < 2^53`; every other number is the shortest decimal that denotes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// An integer of greater magnitude, where such are read at all.
    Beyond(String),
    Fraction(String),
    String(String),
    Array(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

/// Integers of at most this magnitude mean the same to every parser.
const INTEGER_MAX: i64 = (1 << 53) - 1;

impl Json {
    /// Reads one value and nothing after it. serde_json bounds the depth at 128. The error holds none of the input.
    pub(crate) fn parse(text: &str) -> Result<Json, String> {
        serde_json::from_str::<Json>(text).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "repeats a key or holds a number out of range",
                _ => "is not JSON",
            };
            format!("{what}, at line {} column {}", error.line(), error.column())
        })
    }

    /// [`Json::parse_object`] that takes integers of any magnitude, as numbers of no type that a schema has.
    pub(crate) fn parse_any_object(text: &str) -> Result<BTreeMap<String, Json>, String> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = AnyJson { numbers: Numbers::Any }.deserialize(&mut reader);
        match read.and_then(|json| reader.end().map(|()| json)) {
            Ok(Json::Object(members)) => Ok(members),
            Ok(other) => Err(format!("is {}, not an object", other.kind())),
            Err(error) => {
                Err(format!("is not JSON, at line {} column {}", error.line(), error.column()))
            }
        }
    }

    /// Reads one object and nothing after it.
    pub(crate) fn parse_object(text: &str) -> Result<BTreeMap<String, Json>, String> {
        match Json::parse(text)? {
            Json::Object(members) => Ok(members),
            other => Err(format!("is {}, not an object", other.kind())),
        }
    }

    /// What kind of value it is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Integer(_) => "an integer",
            Json::Beyond(_) => "an integer out of range",
            Json::Fraction(_) => "a number that is not an integer",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&BTreeMap<String, Json>> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value with each string replaced; the names of members stay.
    pub(crate) fn map_strings(self, with: &impl Fn(&str) -> Cow<'_, str>) -> Json {
        match self {
            Json::String(text) => Json::String(with(&text).into_owned()),
            Json::Array(items) => {
                Json::Array(items.into_iter().map(|item| item.map_strings(with)).collect())
            }
            Json::Object(members) => {
                let replaced = members.into_iter();
                Json::Object(replaced.map(|(name, item)| (name, item.map_strings(with))).collect())
            }
            other => other,
        }
    }

    /// The value as JSON text again, its keys sorted.
    pub(crate) fn to_text(&self) -> String {
        self.to_serde().to_string()
    }

    fn to_serde(&self) -> serde_json::Value {
        match self {
            Json::Null => serde_json::Value::Null,
            Json::Bool(yes) => (*yes).into(),
            Json::Integer(n) => (*n).into(),
            // A fraction came from a binary64 number and goes back to the same one.
            Json::Beyond(text) | Json::Fraction(text) => {
                text.parse::<f64>().map_or(serde_json::Value::Null, Into::into)
            }
            Json::String(text) => text.as_str().into(),
            Json::Array(items) => items.iter().map(Json::to_serde).collect(),
            Json::Object(members) => {
                members.iter().map(|(key, value)| (key.clone(), value.to_serde())).collect()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        AnyJson { numbers: Numbers::Exact }.deserialize(deserializer)
    }
}

/// Which integers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// Those of at most [`INTEGER_MAX`].
    Exact,
    Any,
}

#[derive(Debug, Clone, Copy)]
struct AnyJson {
    numbers: Numbers,
}

impl<'de> DeserializeSeed<'de> for AnyJson {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl AnyJson {
    fn beyond<E: Error>(self, text: String) -> Result<Json, E> {
        match self.numbers {
            Numbers::Exact => Err(E::custom("integer out of range")),
            Numbers::Any => Ok(Json::Beyond(text)),
        }
    }
}

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Json, E> {
        Ok(Json::Bool(yes))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Json, E> {
        if (-INTEGER_MAX..=INTEGER_MAX).contains(&n) {
            return Ok(Json::Integer(n));
        }
        self.beyond(n.to_string())
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Json, E> {
        match i64::try_from(n) {
            Ok(n) => self.visit_i64(n),
            Err(_) => self.beyond(n.to_string()),
        }
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Json, E> {
        let text = format!("{n}");
        Ok(Json::Fraction(if text.contains('.') { text } else { format!("{text}.0") }))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = BTreeMap::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("repeated key"));
            }
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests;
