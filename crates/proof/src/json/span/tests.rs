use super::Span;
use crate::json::checker::tests::{mutated, object};
use crate::json::{Object, Value};
use crate::limits::{JSON_BYTES_MAX, JSON_VALUES_MAX};
use proptest::prelude::*;

/// What is found where it stands, read all the way down, is what the value has.
fn is_alike(span: Span<'_>, value: &Value) -> Result<(), TestCaseError> {
    prop_assert_eq!(span.text().as_bytes(), value.to_bytes());
    let (built, string, short) = (span.to_value(), span.string(), span.short());
    prop_assert_eq!(built.as_ref(), Some(value));
    prop_assert_eq!(string.as_deref(), value.as_str());
    prop_assert_eq!(short.as_deref(), value.as_str());
    prop_assert_eq!(span.integer(), value.as_i64());
    prop_assert_eq!(span.members().is_some(), value.as_object().is_some());
    prop_assert_eq!(span.elements().is_some(), value.as_array().is_some());
    if let (Some(spans), Some(values)) = (span.elements(), value.as_array()) {
        let spans: Vec<_> = spans.collect();
        prop_assert_eq!(spans.len(), values.len());
        for (span, value) in spans.into_iter().zip(values) {
            is_alike(span, value)?;
        }
    }
    if let Some(members) = value.as_object() {
        members_are_alike(span, members)?;
    }
    Ok(())
}

fn members_are_alike(span: Span<'_>, members: &Object) -> Result<(), TestCaseError> {
    let spans: Vec<_> = span.members().unwrap().collect();
    prop_assert!(spans.iter().map(|(key, _)| *key).eq(members.keys()));
    let mut in_order = span.members().unwrap();
    for (key, value) in members.iter() {
        prop_assert_eq!(in_order.next_if("zz_is_not_there"), None);
        prop_assert!(!in_order.is_empty());
        let found = in_order.next_if(key);
        prop_assert_eq!(found, span.members().unwrap().find(key));
        is_alike(found.unwrap(), value)?;
    }
    prop_assert!(in_order.is_empty());
    prop_assert_eq!(in_order.next(), None);
    prop_assert_eq!(span.members().unwrap().find("zz_is_not_there"), None);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2_000 } else { 50_000 }))]

    #[test]
    fn a_span_reads_what_its_value_holds(value in object()) {
        let text = value.to_bytes();
        is_alike(Span::object(&text).unwrap(), &value)?;
    }

    #[test]
    fn a_text_is_read_or_refused_as_the_parser_does(text in mutated()) {
        match (Span::parse_finding(&text, ["a", "type"]), Value::parse(&text)) {
            (Ok((span, found)), Ok(value)) => {
                for (name, found) in ["a", "type"].into_iter().zip(found) {
                    prop_assert_eq!(found.and_then(Span::to_value), value.get(name).cloned());
                }
                prop_assert_eq!(span.to_value(), Some(value));
            }
            (span, value) => prop_assert_eq!(span.map(drop), value.map(drop)),
        }
    }

    #[test]
    fn only_what_the_parser_reads_is_read(text in mutated()) {
        let value = Value::parse(&text).ok().filter(|value| value.as_object().is_some());
        match (Span::object(&text), value) {
            (Some(span), Some(value)) => is_alike(span, &value)?,
            (None, None) => {}
            (span, value) => prop_assert!(false, "{span:?} and {value:?}"),
        }
    }
}

#[test]
fn an_empty_object_and_an_empty_array_have_nothing() {
    let span = Span::object(br#"{"a":[],"b":{}}"#).unwrap();
    let mut members = span.members().unwrap();
    assert_eq!(members.next_if("a").unwrap().elements().unwrap().count(), 0);
    let mut none = members.next_if("b").unwrap().members().unwrap();
    assert!(none.is_empty());
    assert_eq!(none.next(), None);
    assert!(members.is_empty());
    assert!(Span::object(b"{}").unwrap().members().unwrap().is_empty());
}

#[test]
fn a_text_is_bounded_in_values_and_bytes_as_in_the_parser() {
    let long = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let wide = |values: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(values - 3));
    for (text, is_read) in [
        (long(JSON_VALUES_MAX + 1), true),
        (long(JSON_BYTES_MAX), true),
        (long(JSON_BYTES_MAX + 1), false),
        (wide(JSON_VALUES_MAX), true),
        (wide(JSON_VALUES_MAX + 1), false),
    ] {
        assert_eq!(Span::object(text.as_bytes()).is_some(), is_read);
        assert_eq!(Value::parse(text.as_bytes()).is_ok(), is_read, "as the parser says");
    }
}
