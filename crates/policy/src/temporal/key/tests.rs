use super::*;
use proptest::prelude::*;

fn bytes(value: &Value) -> Vec<u8> {
    let mut key = Vec::new();
    append(&mut key, value);
    key
}

/// Values that are close to one another, so that equal ones are common.
fn value() -> impl Strategy<Value = Value> {
    let decimals = [
        "1.5",
        "1.50",
        "01.5",
        "-0.0",
        "0.0",
        "-0.5",
        "0.5",
        "1",
        "1.",
        ".5",
        "1.00005",
        "922337203685477.5807",
        "922337203685477.5808",
        "+1.5",
        "1.5 ",
        "",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-1_i64..2).prop_map(Value::Int),
        prop::sample::select(decimals.to_vec()).prop_map(|text| Value::Decimal(text.into())),
        prop::sample::select(decimals.to_vec()).prop_map(|text| Value::String(text.into())),
        ("a?b?", "a?b?").prop_map(|(ty, id)| Value::Entity { ty, id }),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::btree_map("a?b?", inner, 0..3).prop_map(Value::Object),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn keys_are_equal_exactly_where_values_are(one in value(), other in value()) {
        prop_assert_eq!(bytes(&one) == bytes(&other), one.dom_eq(&other));
    }

    #[test]
    fn the_end_of_a_value_is_unambiguous(
        one in prop::collection::vec(value(), 2), other in prop::collection::vec(value(), 2)
    ) {
        let key = |values: &[Value]| -> Vec<u8> { values.iter().flat_map(bytes).collect() };
        let equal = one.iter().zip(&other).all(|(one, other)| one.dom_eq(other));
        prop_assert_eq!(key(&one) == key(&other), equal);
    }
}
