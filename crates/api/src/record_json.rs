//! A record, or a part of one, inside a request or a reply.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use proof::json::Value;
use proof::limits::{INTEGER_MAX, JSON_VALUES_MAX};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// JSON with the meaning of a record: strings, booleans, integers below 2^53, arrays and objects.
///
/// Whitespace and the order of members carry no meaning here. A key that comes twice, a `null` and
/// a fraction are errors, as they are in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordJson(pub Value);

impl RecordJson {
    /// A reply as the value that its canonical bytes are made of.
    ///
    /// # Errors
    /// Where it has a member that no record may have.
    pub fn of(reply: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_value(reply).and_then(serde_json::from_value)
    }
}

impl From<Value> for RecordJson {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl Serialize for RecordJson {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        write(&self.0, to)
    }
}

fn write<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Value::Bool(truth) => to.serialize_bool(*truth),
        Value::Integer(number) => to.serialize_i64(*number),
        Value::String(text) => to.serialize_str(text),
        Value::Array(elements) => {
            let mut array = to.serialize_seq(Some(elements.len()))?;
            for element in elements {
                array.serialize_element(&Borrowed(element))?;
            }
            array.end()
        }
        Value::Object(members) => {
            let mut object = to.serialize_map(Some(members.len()))?;
            for (key, member) in members.iter() {
                object.serialize_entry(key, &Borrowed(member))?;
            }
            object.end()
        }
    }
}

struct Borrowed<'a>(&'a Value);

impl Serialize for Borrowed<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        write(self.0, to)
    }
}

impl<'de> Deserialize<'de> for RecordJson {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        OneValue(&Cell::new(JSON_VALUES_MAX)).deserialize(from).map(Self)
    }
}

/// Reads one value, of as many as are left: a value of two bytes of text takes some hundred in
/// memory.
#[derive(Clone, Copy)]
struct OneValue<'l>(&'l Cell<usize>);

impl<'de> DeserializeSeed<'de> for OneValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        let left = self.0.get().checked_sub(1);
        self.0.set(
            left.ok_or_else(|| D::Error::custom(format!("more than {JSON_VALUES_MAX} values")))?,
        );
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneValue<'_> {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a string, a boolean, an integer, an array or an object")
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        match (-INTEGER_MAX..=INTEGER_MAX).contains(&number) {
            true => Ok(Value::Integer(number)),
            false => Err(E::custom(format!("the integer {number} is not below 2^53"))),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        let number = i64::try_from(number);
        self.visit_i64(number.map_err(|_| E::custom("an integer is not below 2^53"))?)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = from.next_element_seed(self)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        // Sorted once, at the end: an object that is kept in order while it grows moves its members
        // for each new one.
        let mut members = BTreeMap::new();
        while let Some(key) = from.next_key::<String>()? {
            let member = from.next_value_seed(self)?;
            match members.entry(key) {
                Entry::Vacant(place) => place.insert(member),
                Entry::Occupied(place) => {
                    return Err(A::Error::custom(format!("the key `{}` comes twice", place.key())));
                }
            };
        }
        Ok(Value::Object(members.into_iter().collect()))
    }
}

impl JsonSchema for RecordJson {
    fn schema_name() -> Cow<'static, str> {
        "RecordJson".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "JSON with the meaning of a record, as spec/records.md states it: \
                strings, booleans, integers below 2^53, arrays and objects.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_record_are_read() {
        let text = r#" { "b" : [1, true, "x"], "a": {"c": -2} } "#;
        let read: RecordJson = serde_json::from_str(text).unwrap();
        assert_eq!(read.0.to_bytes(), br#"{"a":{"c":-2},"b":[1,true,"x"]}"#);
        assert_eq!(serde_json::to_vec(&read).unwrap(), read.0.to_bytes());
    }

    #[test]
    fn values_are_read_up_to_a_number() {
        let read = |text: String| serde_json::from_str::<RecordJson>(&text);
        let array = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        assert!(read(array(JSON_VALUES_MAX)).is_ok());
        assert!(read(array(JSON_VALUES_MAX + 1)).is_err());
        let half = array(JSON_VALUES_MAX / 2);
        assert!(read(format!("[{half},{half}]")).is_err(), "wherever they stand");
    }

    #[test]
    fn many_members_in_falling_order_are_read_in_a_moment() {
        // Two orders of magnitude more than it takes; moving all members for each new one took
        // minutes.
        let members: Vec<_> = (0..200_000).rev().map(|n| format!("\"k{n:06}\":0")).collect();
        let began = std::time::Instant::now();
        let text = format!("{{{}}}", members.join(","));
        let read: RecordJson = serde_json::from_str(&text).unwrap();
        assert_eq!(read.0.as_object().unwrap().len(), 200_000);
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn values_that_no_record_has_are_refused() {
        for text in ["null", "1.5", "9007199254740992", r#"{"a":1,"a":1}"#, r#"[null]"#] {
            assert!(serde_json::from_str::<RecordJson>(text).is_err(), "{text}");
        }
    }
}
