//! Any bytes: refused, or read as `serde_json` reads them (numbers, where they are alike), each node's span being its own
//! text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::json::{Accept, Data, Value};

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = Value::parse(bytes) else {
        for accept in [Accept::Result, Accept::Text] {
            if let Ok(value) = Value::parse_with(bytes, accept) {
                check_spans(bytes, &value);
                let _ = value.canonical();
            }
        }
        return;
    };
    check_spans(bytes, &value);
    let theirs: serde_json::Value = serde_json::from_slice(bytes).expect("serde_json accepts it");
    assert!(same(&value, &theirs), "{value:?} is {theirs:?}");
});

fn check_spans(bytes: &[u8], value: &Value<'_>) {
    assert_eq!(bytes.get(value.span()), Some(value.raw().as_bytes()));
    match value.data() {
        Data::Array(elements) => elements.iter().for_each(|element| check_spans(bytes, element)),
        Data::Object(object) => {
            for member in object.members() {
                let start = member.offset();
                let key = bytes.get(start..start + member.raw_key().len());
                assert_eq!(key, Some(member.raw_key().as_bytes()));
                check_spans(bytes, member.value());
            }
        }
        _ => {}
    }
}

fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match ours.data() {
        Data::Null => theirs.is_null(),
        Data::Bool(value) => theirs.as_bool() == Some(*value),
        Data::Number(number) => match number.integer() {
            // Readers of integers have no negative zero.
            Some(integer) if integer != 0 => theirs.as_i64() == Some(integer),
            _ => !number.is_alike() || theirs.as_f64() == Some(number.to_f64()),
        },
        Data::String(text) => theirs.as_str() == Some(text),
        Data::Array(elements) => theirs.as_array().is_some_and(|list| {
            list.len() == elements.len() && elements.iter().zip(list).all(|(a, b)| same(a, b))
        }),
        Data::Object(object) => theirs.as_object().is_some_and(|map| {
            let members = object.members();
            map.len() == members.len()
                && members.iter().all(|m| map.get(m.key()).is_some_and(|b| same(m.value(), b)))
        }),
    }
}
