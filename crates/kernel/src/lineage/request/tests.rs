use proof::json::Object;
use proptest::prelude::*;

use super::*;

/// Any text, and such as needs escapes.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_.]{1,12}", "[\u{20}-\u{2ff}\\\\\"]{1,20}"]
}

/// What stands somewhere in a value in place of what was there.
fn others() -> impl Strategy<Value = Option<Value>> {
    let value = prop_oneof![
        Just(Value::Integer(-1)),
        Just(Value::Integer(0)),
        Just(Value::Integer(2)),
        Just(Value::Bool(true)),
        Just(Value::from("")),
        Just(Value::from("two\nlines")),
        Just(Value::from("transition.completed")),
        Just(Value::from("A".repeat(43))),
        Just(Value::from("x".repeat(129))),
        Just(Value::Array(vec![])),
        Just(Value::Object(Object::new())),
    ];
    prop::option::of(value)
}

/// Puts another value in the place of a member, or takes it out, or adds one that nobody knows.
fn change(value: &mut Value, path: &[prop::sample::Index], other: Option<Value>) {
    let Value::Object(members) = value else { return };
    let keys: Vec<String> = members.keys().map(str::to_owned).collect();
    let Some((first, rest)) = path.split_first().filter(|_| !keys.is_empty()) else {
        members.insert("unknown", other.unwrap_or(Value::Bool(false)));
        return;
    };
    let key = &keys[first.index(keys.len())];
    match members.get_mut(key) {
        Some(inner @ Value::Object(_)) if !rest.is_empty() => change(inner, rest, other),
        _ => match other {
            Some(other) => drop(members.insert(key.as_str(), other)),
            None => drop(members.remove(key)),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 1_000 } else { 20_000 }))]

    #[test]
    fn a_request_that_is_read_is_written_with_its_bytes(
        members in prop::collection::vec(texts(), 8),
        path in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        other in others(),
        is_changed in any::<bool>(),
    ) {
        let [action, input, id, properties, kind, other_id, other_properties, other_kind] = &members[..] else { unreachable!() };
        let entity = |id: &str, properties: &str, kind: &str| object([
            ("id", id.into()), ("properties", properties.into()), ("type", kind.into()),
        ]);
        let mut value = object([
            ("action", action.as_str().into()),
            ("input", input.as_str().into()),
            ("principal", entity(id, properties, kind)),
            ("resource", entity(other_id, other_properties, other_kind)),
        ]);
        if is_changed {
            change(&mut value, &path, other);
        }
        let text = value.to_bytes();
        let read = request_of(&text);
        prop_assert!(is_changed || read.is_some());
        if let Some(read) = read {
            prop_assert_eq!(request_value(&read).to_bytes(), text);
        }
    }
}
