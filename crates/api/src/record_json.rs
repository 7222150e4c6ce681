//! A record, or a part of one, inside a request or a reply.

use std::borrow::Cow;
use std::fmt;

use proof::json::{Object, Value};
use proof::limits::INTEGER_MAX;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
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
        from.deserialize_any(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = RecordJson;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a string, a boolean, an integer, an array or an object")
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<RecordJson, E> {
        Ok(RecordJson(Value::Bool(truth)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<RecordJson, E> {
        match (-INTEGER_MAX..=INTEGER_MAX).contains(&number) {
            true => Ok(RecordJson(Value::Integer(number))),
            false => Err(E::custom(format!("the integer {number} is not below 2^53"))),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<RecordJson, E> {
        let number = i64::try_from(number);
        self.visit_i64(number.map_err(|_| E::custom("an integer is not below 2^53"))?)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RecordJson, E> {
        Ok(RecordJson(Value::from(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<RecordJson, A::Error> {
        let mut elements = Vec::new();
        while let Some(RecordJson(element)) = from.next_element()? {
            elements.push(element);
        }
        Ok(RecordJson(Value::Array(elements)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<RecordJson, A::Error> {
        let mut members = Object::new();
        while let Some((key, RecordJson(member))) = from.next_entry::<String, RecordJson>()? {
            if members.insert(key.as_str(), member).is_some() {
                return Err(A::Error::custom(format!("the key `{key}` comes twice")));
            }
        }
        Ok(RecordJson(Value::Object(members)))
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
    fn it_reads_what_a_record_can_say() {
        let text = r#" { "b" : [1, true, "x"], "a": {"c": -2} } "#;
        let read: RecordJson = serde_json::from_str(text).unwrap();
        assert_eq!(read.0.to_bytes(), br#"{"a":{"c":-2},"b":[1,true,"x"]}"#);
        assert_eq!(serde_json::to_vec(&read).unwrap(), read.0.to_bytes());
    }

    #[test]
    fn it_refuses_what_a_record_cannot_say() {
        for text in ["null", "1.5", "9007199254740992", r#"{"a":1,"a":1}"#, r#"[null]"#] {
            assert!(serde_json::from_str::<RecordJson>(text).is_err(), "{text}");
        }
    }
}
