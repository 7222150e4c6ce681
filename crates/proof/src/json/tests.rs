use super::{Fault, Value, object};

#[test]
fn an_object_is_written_in_key_order() {
    let value = object([("v", 1_i64.into()), ("a", vec![true.into(), "x".into()].into())]);
    assert_eq!(value.to_bytes(), br#"{"a":[true,"x"],"v":1}"#);
    assert_eq!(Value::parse(&value.to_bytes()).unwrap(), value);
}

#[test]
fn a_null_has_its_own_fault() {
    assert_eq!(Value::parse(b"[null]").unwrap_err().fault(), Fault::Null);
}
