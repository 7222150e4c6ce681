use proptest::prelude::*;

use super::*;

fn any_grant() -> impl Strategy<Value = Grant> {
    let names = prop::collection::btree_set("[a-d]", 0..4);
    let parts = (prop::option::of(names), prop::option::of(0..5_u64), prop::option::of(0..4_u64));
    (parts, prop::option::of(0..6_i64)).prop_map(|((actions, calls_max, depth_max), until_ms)| {
        Grant { actions, calls_max, depth_max, until_ms }
    })
}

proptest! {
    #[test]
    fn a_grant_reads_back_as_itself(grant in any_grant()) {
        prop_assert_eq!(Grant::from_value(&grant.to_value()), Some(grant));
    }
}

#[test]
fn a_grant_that_is_not_written_in_its_one_form_is_refused() {
    for text in [
        r#"{"action":["a"]}"#,
        r#"{"actions":["b","a"]}"#,
        r#"{"actions":["a","a"]}"#,
        r#"{"actions":[""]}"#,
        r#"{"actions":"a"}"#,
        r#"{"calls_max":-1}"#,
        r#"{"calls_max":"1"}"#,
        r#"{"until_ms":-1}"#,
        r#"[]"#,
    ] {
        assert_eq!(Grant::from_value(&Value::parse(text.as_bytes()).unwrap()), None, "{text}");
    }
}

#[test]
fn more_actions_than_the_limit_are_no_grant() {
    let grant = |count: usize| {
        let names = (0..count).map(|n| Value::from(format!("a{n:05}").as_str())).collect();
        Grant::from_value(&Value::Object(Object::from([("actions", Value::Array(names))])))
    };
    assert!(grant(GRANT_ACTIONS_MAX).is_some());
    assert!(grant(GRANT_ACTIONS_MAX + 1).is_none());
}
