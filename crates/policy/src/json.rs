//! A strict reading of JSON that came in from outside: no repeated keys, integers exact, fractions
//! as decimals.
//!
//! From the fourth version of the decider on, what is authorised and what comes of it is read by
//! `wire`, which says of each number which readers hold the very value that is written. One of
//! which they don't is [`InputValue::Beyond`]: it has no type that a schema has, and is no harm
//! where nothing looks at it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use wire::json::{Accept, Data, Number, Value, fold};

/// Any JSON value. Integers are exact within `|n| < 2^53`; every other number is the shortest
/// decimal that denotes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InputValue {
    Null,
    /// `null` where it says that a member that may be left out is: from the fourth version of the
    /// decider on.
    Absent,
    Bool(bool),
    Integer(i64),
    /// An integer that was written with a fraction or an exponent: from the fourth version of the
    /// decider on.
    Whole(i64),
    /// A number, or a string with half of a surrogate pair, that readers take for different values,
    /// as it was written: from the fourth version of the decider on.
    Beyond(String),
    Fraction(String),
    /// The same from the fourth version of the decider on.
    Decimal(String),
    String(String),
    Array(Vec<InputValue>),
    Object(BTreeMap<String, InputValue>),
}

/// Why a text is not read as JSON. Holds nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("repeats a key or holds a number out of range, at line {line} column {column}")]
    Data { line: usize, column: usize },
    #[error("is not JSON, at line {line} column {column}")]
    Syntax { line: usize, column: usize },
    #[error("is {found}, not an object")]
    NoObject { found: &'static str },
    /// Readers may take it for different values, or for none.
    #[error("can't be read: {0}")]
    Ambiguous(wire::json::Error),
}

/// Integers of at most this magnitude mean the same to every parser.
const INTEGER_MAX: i64 = (1 << 53) - 1;

impl InputValue {
    /// Reads one value and nothing after it. serde_json bounds the depth at 128.
    pub(crate) fn parse(text: &str) -> Result<InputValue, JsonError> {
        serde_json::from_str::<InputValue>(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            match error.classify() {
                serde_json::error::Category::Data => JsonError::Data { line, column },
                _ => JsonError::Syntax { line, column },
            }
        })
    }

    /// Reads an object that is authorised: its numbers are those that every reader holds alike.
    pub(crate) fn parse_input(text: &str) -> Result<BTreeMap<String, InputValue>, JsonError> {
        InputValue::parse_with(text, |number| number.is_alike())
    }

    /// Reads an object that came of a request: its numbers are those that readers hold which round
    /// correctly.
    pub(crate) fn parse_output(text: &str) -> Result<BTreeMap<String, InputValue>, JsonError> {
        InputValue::parse_with(text, |number| number.is_exact())
    }

    fn parse_with(
        text: &str,
        holds: fn(&Number<'_>) -> bool,
    ) -> Result<BTreeMap<String, InputValue>, JsonError> {
        match InputValue::read(text, holds)? {
            InputValue::Object(members) => Ok(members),
            other => Err(JsonError::NoObject { found: other.kind() }),
        }
    }

    /// Reads any value that is put to the decider, and nothing after it.
    pub(crate) fn parse_context(text: &str) -> Result<InputValue, JsonError> {
        InputValue::read(text, |number| number.is_alike())
    }

    fn read(text: &str, holds: fn(&Number<'_>) -> bool) -> Result<InputValue, JsonError> {
        let value =
            Value::parse_with(text.as_bytes(), Accept::Text).map_err(JsonError::Ambiguous)?;
        Ok(InputValue::of(&value, holds))
    }

    /// Reads any text for what there is to read in it.
    pub(crate) fn parse_message(text: &[u8]) -> Option<InputValue> {
        let value = Value::parse_with(text, Accept::Text).ok()?;
        Some(InputValue::of(&value, |number| number.is_exact()))
    }

    /// `wire` bounds the depth.
    fn of(value: &Value<'_>, holds: fn(&Number<'_>) -> bool) -> InputValue {
        match value.data() {
            Data::Null => InputValue::Absent,
            Data::Bool(yes) => InputValue::Bool(*yes),
            Data::Number(number) => match (number.integer(), holds(number)) {
                (Some(integer), _) => InputValue::Integer(integer),
                (None, false) => InputValue::Beyond(number.text().to_owned()),
                (None, true) => {
                    let decimal = || InputValue::Decimal(shortest(number.to_f64()));
                    number.whole().map_or_else(decimal, InputValue::Whole)
                }
            },
            // `wire` reads half of a surrogate pair as U+FFFD, except in what is authorised.
            Data::String(text)
                if text.contains('\u{FFFD}') && Value::parse(value.raw().as_bytes()).is_err() =>
            {
                InputValue::Beyond(value.raw().to_owned())
            }
            Data::String(text) => InputValue::String(text.clone().into_owned()),
            Data::Array(items) => {
                InputValue::Array(items.iter().map(|item| InputValue::of(item, holds)).collect())
            }
            Data::Object(object) => {
                let members = object.members().iter();
                InputValue::Object(
                    members
                        .map(|m| (m.key().to_owned(), InputValue::of(m.value(), holds)))
                        .collect(),
                )
            }
        }
    }

    /// Whether agents may take the value for different ones: it holds a number that readers differ
    /// on, or names of one object that are one for those to whom case makes no difference.
    pub(crate) fn is_doubtful(&self) -> bool {
        match self {
            InputValue::Beyond(_) => true,
            InputValue::Array(items) => items.iter().any(InputValue::is_doubtful),
            InputValue::Object(members) => {
                let names: BTreeSet<String> = members.keys().map(|name| fold(name)).collect();
                names.len() < members.len() || members.values().any(InputValue::is_doubtful)
            }
            _ => false,
        }
    }

    /// Reads one object and nothing after it.
    pub(crate) fn parse_object(text: &str) -> Result<BTreeMap<String, InputValue>, JsonError> {
        match InputValue::parse(text)? {
            InputValue::Object(members) => Ok(members),
            other => Err(JsonError::NoObject { found: other.kind() }),
        }
    }

    /// What kind of value it is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            InputValue::Null | InputValue::Absent => "null",
            InputValue::Bool(_) => "a boolean",
            InputValue::Integer(_) => "an integer",
            InputValue::Beyond(_) => "a value that readers take for different ones",
            InputValue::Whole(_) => "a whole number",
            InputValue::Fraction(_) | InputValue::Decimal(_) => "a number that is not an integer",
            InputValue::String(_) => "a string",
            InputValue::Array(_) => "an array",
            InputValue::Object(_) => "an object",
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            InputValue::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&BTreeMap<String, InputValue>> {
        match self {
            InputValue::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value with each string replaced; the names of members stay.
    pub(crate) fn map_strings(self, with: &impl Fn(&str) -> Cow<'_, str>) -> InputValue {
        match self {
            InputValue::String(text) => InputValue::String(with(&text).into_owned()),
            InputValue::Array(items) => {
                InputValue::Array(items.into_iter().map(|item| item.map_strings(with)).collect())
            }
            InputValue::Object(members) => {
                let replaced = members.into_iter();
                InputValue::Object(
                    replaced.map(|(name, item)| (name, item.map_strings(with))).collect(),
                )
            }
            other => other,
        }
    }

    /// The value as JSON text again, its keys sorted.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, into: &mut String) {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            InputValue::Null | InputValue::Absent => into.push_str("null"),
            InputValue::Bool(yes) => into.push_str(if *yes { "true" } else { "false" }),
            InputValue::Integer(n) => into.push_str(&n.to_string()),
            InputValue::Whole(n) => into.push_str(&format!("{n}.0")),
            InputValue::Beyond(text) => into.push_str(text),
            // A fraction came from a binary64 number and goes back to the same one.
            InputValue::Fraction(text) | InputValue::Decimal(text) => {
                let number = text.parse::<f64>().map_or(serde_json::Value::Null, Into::into);
                into.push_str(&number.to_string());
            }
            InputValue::String(text) => into.push_str(&quoted(text)),
            InputValue::Array(items) => {
                into.push('[');
                for (at, item) in items.iter().enumerate() {
                    into.push_str(if at > 0 { "," } else { "" });
                    item.write(into);
                }
                into.push(']');
            }
            InputValue::Object(members) => {
                into.push('{');
                for (at, (key, value)) in members.iter().enumerate() {
                    into.push_str(if at > 0 { "," } else { "" });
                    into.push_str(&quoted(key));
                    into.push(':');
                    value.write(into);
                }
                into.push('}');
            }
        }
    }
}

impl<'de> Deserialize<'de> for InputValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<InputValue, D::Error> {
        AnyJson.deserialize(deserializer)
    }
}

fn shortest(n: f64) -> String {
    let text = format!("{n}");
    if text.contains('.') { text } else { format!("{text}.0") }
}

#[derive(Debug, Clone, Copy)]
struct AnyJson;

impl<'de> DeserializeSeed<'de> for AnyJson {
    type Value = InputValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<InputValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyJson {
    type Value = InputValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<InputValue, E> {
        Ok(InputValue::Null)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<InputValue, E> {
        Ok(InputValue::Bool(yes))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<InputValue, E> {
        if (-INTEGER_MAX..=INTEGER_MAX).contains(&n) {
            return Ok(InputValue::Integer(n));
        }
        Err(E::custom("integer out of range"))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<InputValue, E> {
        match i64::try_from(n) {
            Ok(n) => self.visit_i64(n),
            Err(_) => Err(E::custom("integer out of range")),
        }
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<InputValue, E> {
        Ok(InputValue::Fraction(shortest(n)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<InputValue, E> {
        Ok(InputValue::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<InputValue, E> {
        Ok(InputValue::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<InputValue, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(InputValue::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<InputValue, A::Error> {
        let mut object = BTreeMap::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("repeated key"));
            }
        }
        Ok(InputValue::Object(object))
    }
}

#[cfg(test)]
mod tests;
