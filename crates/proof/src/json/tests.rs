use std::collections::BTreeMap;

use super::{Fault, Object, ObjectWriter, Value, object};
use crate::limits::{INTEGER_MAX, JSON_BYTES_MAX, JSON_DEPTH_MAX, JSON_VALUES_MAX};
use proptest::prelude::*;

/// Another program's opinion: serde_json reads the bytes, and what it read is written again by its
/// own writer of strings in sorted order. The bytes are canonical if and only if this gives the
/// same bytes.
fn oracle(bytes: &[u8]) -> Option<Value> {
    let read: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let mut again = String::new();
    let value = rewrite(&read, &mut again, 0)?;
    (again.as_bytes() == bytes).then_some(value)
}

fn rewrite(read: &serde_json::Value, text: &mut String, depth: usize) -> Option<Value> {
    let is_container = read.is_array() || read.is_object();
    if is_container && depth >= JSON_DEPTH_MAX {
        return None;
    }
    match read {
        serde_json::Value::Null => None,
        serde_json::Value::Bool(truth) => {
            text.push_str(&truth.to_string());
            Some(Value::Bool(*truth))
        }
        serde_json::Value::Number(number) => {
            let integer = number
                .as_i64()
                .filter(|integer| integer.unsigned_abs() <= INTEGER_MAX.unsigned_abs())?;
            text.push_str(&integer.to_string());
            Some(Value::Integer(integer))
        }
        serde_json::Value::String(string) => {
            text.push_str(&serde_json::to_string(string).ok()?);
            Some(Value::from(string.clone()))
        }
        serde_json::Value::Array(elements) => {
            let mut values = Vec::new();
            for element in elements {
                text.push(if values.is_empty() { '[' } else { ',' });
                values.push(rewrite(element, text, depth + 1)?);
            }
            text.push_str(if values.is_empty() { "[]" } else { "]" });
            Some(Value::Array(values))
        }
        serde_json::Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            let mut values = Object::new();
            for (key, member) in sorted {
                let first = key.bytes().next()?.is_ascii_lowercase();
                let rest =
                    |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
                if !first || !key.bytes().all(rest) {
                    return None;
                }
                text.push_str(&format!("{}\"{key}\":", if values.is_empty() { '{' } else { ',' }));
                values.insert(key.clone(), rewrite(member, text, depth + 1)?);
            }
            text.push_str(if values.is_empty() { "{}" } else { "}" });
            Some(Value::Object(values))
        }
    }
}

fn fault(text: &str) -> Fault {
    Value::parse(text.as_bytes()).expect_err(text).fault()
}

#[test]
fn an_object_is_written_in_key_order() {
    let value = object([("v", 1_i64.into()), ("a", vec![true.into(), "x".into()].into())]);
    assert_eq!(value.to_bytes(), br#"{"a":[true,"x"],"v":1}"#);
    assert_eq!(Value::parse(&value.to_bytes()).unwrap(), value);
    assert_eq!(value.get("v").and_then(Value::as_i64), Some(1));
    assert_eq!(value.get("w"), None);
}

#[test]
fn each_way_to_be_wrong_has_its_own_fault() {
    for (text, expected) in [
        ("", Fault::Ends),
        ("[", Fault::Ends),
        ("\"", Fault::Ends),
        ("tru", Fault::Ends),
        ("{\"a\":", Fault::Ends),
        ("null", Fault::Null),
        ("{\"a\":null}", Fault::Null),
        (" 1", Fault::Whitespace),
        ("1\n", Fault::Whitespace),
        ("[1, 2]", Fault::Whitespace),
        ("{\"a\": 1}", Fault::Whitespace),
        ("1 2", Fault::Whitespace),
        ("1]", Fault::Trailing),
        ("[1,]", Fault::Unexpected),
        ("{\"a\":1,}", Fault::Unexpected),
        ("'a'", Fault::Unexpected),
        ("+1", Fault::Unexpected),
        ("-", Fault::Ends),
        ("-a", Fault::Unexpected),
        ("1.0", Fault::NotInteger),
        ("1e2", Fault::NotInteger),
        ("1E2", Fault::NotInteger),
        ("-0", Fault::Zero),
        ("-0.0", Fault::NotInteger),
        ("00", Fault::Zero),
        ("01", Fault::Zero),
        ("9007199254740992", Fault::IntegerRange),
        ("-9007199254740992", Fault::IntegerRange),
        ("99999999999999999999999", Fault::IntegerRange),
        ("{\"A\":1}", Fault::Key),
        ("{\"\":1}", Fault::Key),
        ("{\"_a\":1}", Fault::Key),
        ("{\"1\":1}", Fault::Key),
        ("{\"a-b\":1}", Fault::Key),
        ("{\"\\u0061\":1}", Fault::Key),
        ("{\"é\":1}", Fault::Key),
        ("{\"b\":1,\"a\":1}", Fault::KeyOrder),
        ("{\"aa\":1,\"a\":1}", Fault::KeyOrder),
        ("{\"a\":1,\"a\":1}", Fault::KeyTwice),
        ("\"\n\"", Fault::Control),
        ("\"\u{0}\"", Fault::Control),
        ("\"\\/\"", Fault::Escape),
        ("\"\\u0041\"", Fault::Escape),
        ("\"\\u000a\"", Fault::Escape),
        ("\"\\u001F\"", Fault::Escape),
        ("\"\\u+01f\"", Fault::Escape),
        ("\"\\u2028\"", Fault::Escape),
        ("\"\\ud83d\\ude00\"", Fault::Escape),
        ("\"\\ud800\"", Fault::Escape),
        ("\"\\u00\"", Fault::Escape),
        ("\"\\x41\"", Fault::Escape),
        ("\u{feff}1", Fault::Unexpected),
    ] {
        assert_eq!(fault(text), expected, "{text:?}");
    }
    for bytes in [&b"\"\xff\""[..], b"\"\xed\xa0\x80\"", b"\"\xc0\x80\"", b"\"\xf4\x90\x80\x80\""] {
        assert_eq!(Value::parse(bytes).unwrap_err().fault(), Fault::NotUtf8);
    }
}

#[test]
fn an_error_points_at_the_byte() {
    let error = Value::parse(br#"{"a":1,"b":[true,01]}"#).unwrap_err();
    assert_eq!((error.offset(), error.fault()), (17, Fault::Zero));
    assert_eq!(
        error.to_string(),
        "not canonical JSON at byte 17: a number with a leading zero, or `-0`"
    );
}

#[test]
fn limits_hold_on_both_sides() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Value::parse(deep(JSON_DEPTH_MAX).as_bytes()).is_ok());
    assert_eq!(fault(&deep(JSON_DEPTH_MAX + 1)), Fault::TooDeep);
    assert_eq!(fault(&"[".repeat(1_000_000)), Fault::TooDeep);

    let wide = |values: usize| format!("[{}1]", "1,".repeat(values - 2));
    assert!(Value::parse(wide(JSON_VALUES_MAX).as_bytes()).is_ok());
    assert_eq!(fault(&wide(JSON_VALUES_MAX + 1)), Fault::TooManyValues);

    let long = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert!(Value::parse(long(JSON_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(fault(&long(JSON_BYTES_MAX + 1)), Fault::TooLong);

    for number in [INTEGER_MAX, -INTEGER_MAX, 0] {
        assert_eq!(Value::parse(number.to_string().as_bytes()).unwrap(), Value::Integer(number));
    }
}

#[test]
fn a_value_built_in_code_is_checked_against_the_same_language() {
    let mut deep = Value::Bool(true);
    for _ in 0..JSON_DEPTH_MAX {
        deep = vec![deep].into();
    }
    assert_eq!(deep.check(), Ok(()));
    let broken = [
        (Value::Integer(i64::MIN), Fault::IntegerRange),
        (object([("Key", true.into())]), Fault::Key),
        (vec![deep].into(), Fault::TooDeep),
        (Value::Array(vec![Value::Bool(true); JSON_VALUES_MAX]), Fault::TooManyValues),
        (Value::from("x".repeat(JSON_BYTES_MAX)), Fault::TooLong),
    ];
    for (value, fault) in broken {
        assert_eq!(value.check().unwrap_err().fault(), fault);
        assert_eq!(Value::parse(&value.to_bytes()).unwrap_err().fault(), fault);
    }
    assert!(Value::try_from(1_u64 << 53).is_err());
    assert!(Value::try_from(u64::MAX).is_err());
}

/// Values of the language.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::Integer),
        any::<String>().prop_map(Value::from),
        "[\u{0}-\u{25}\\\\\u{7f}\u{2028}\u{10ffff}]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map("[a-z][a-z0-9_]{0,4}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_value_has_one_text_which_serde_json_reads_alike(value in values()) {
        let bytes = value.to_bytes();
        prop_assert_eq!(value.check(), Ok(()));
        prop_assert_eq!(Value::parse(&bytes).unwrap(), value.clone());
        prop_assert_eq!(oracle(&bytes), Some(value));
    }

    #[test]
    fn a_changed_text_is_accepted_only_if_canonical(
        value in values(), at: prop::sample::Index, byte: u8, kind in 0..3,
    ) {
        let mut bytes = value.to_bytes();
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
        prop_assert_eq!(Value::parse(&bytes).ok(), oracle(&bytes));
    }

    #[test]
    fn any_json_like_text_is_accepted_exactly_if_it_is_canonical(
        text in "([\\[\\]{}:, \"\\\\\n0-9.eE+-]|\"a\"|\"b\"|\"B\":|\"a\":|\\\\u00[01][0-9a-fA-F]|\\\\n|true|false|null|-0|1|,|é){0,12}",
    ) {
        prop_assert_eq!(Value::parse(text.as_bytes()).ok(), oracle(text.as_bytes()));
    }

    #[test]
    fn any_bytes_are_accepted_exactly_if_they_are_canonical(bytes: Vec<u8>) {
        prop_assert_eq!(Value::parse(&bytes).ok(), oracle(&bytes));
    }
}

#[test]
fn the_ends_of_each_number_type_are_read_or_refused() {
    use super::Span;
    for number in include_str!("../../../../fuzz/seeds/numbers.txt").lines() {
        for text in [number.to_owned(), format!("[{number}]"), format!("{{\"n\":{number}}}")] {
            let value = Value::parse(text.as_bytes()).ok();
            assert_eq!(value, oracle(text.as_bytes()), "{text}");
            let span = Span::object(text.as_bytes());
            assert_eq!(
                span.and_then(|span| span.to_value()),
                value.filter(|value| value.as_object().is_some())
            );
        }
    }
}

#[test]
fn an_object_that_is_resumed_is_written_as_at_once() {
    let mut whole = String::new();
    let mut members = ObjectWriter::begin(&mut whole);
    members.integer("a", 1);
    members.string("b", "two");
    members.end();
    let mut text = String::new();
    ObjectWriter::begin(&mut text).integer("a", 1);
    let mut members = ObjectWriter::resume(&mut text);
    members.string("b", "two");
    members.end();
    assert_eq!(text, whole);
}
