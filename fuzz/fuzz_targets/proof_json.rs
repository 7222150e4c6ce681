//! Canonical JSON: what is accepted is written again as the same bytes, and what is read where it stands is what the parser
//! reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::json::{Span, Value};

fuzz_target!(|bytes: &[u8]| {
    let value = Value::parse(bytes).ok();
    if let Some(value) = &value {
        assert_eq!(value.to_bytes(), bytes);
        assert_eq!(value.check(), Ok(()));
    }
    if let Some(span) = Span::object(bytes) {
        is_alike(span, &value.expect("what is read where it stands is canonical"));
    }
});

fn is_alike(span: Span<'_>, value: &Value) {
    assert_eq!(span.to_value().as_ref(), Some(value));
    assert_eq!(span.string().as_deref(), value.as_str());
    assert_eq!(span.integer(), value.as_i64());
    if let Some(members) = value.as_object() {
        let mut found = span.members().expect("an object");
        for (key, member) in members.iter() {
            is_alike(found.next_if(key).expect("its member"), member);
        }
        assert!(found.is_empty());
    }
    if let Some(elements) = value.as_array() {
        let found: Vec<_> = span.elements().expect("an array").collect();
        assert_eq!(found.len(), elements.len());
        found.into_iter().zip(elements).for_each(|(span, element)| is_alike(span, element));
    }
}
