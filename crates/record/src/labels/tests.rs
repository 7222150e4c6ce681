use super::*;

fn value(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_change_has_one_form() {
    let change = LabelChange {
        adds: ["b".to_owned(), "a".to_owned()].into_iter().collect(),
        ..LabelChange::default()
    };
    assert_eq!(change.to_value(), value(r#"{"adds":["a","b"]}"#));
    assert_eq!(LabelChange::from_value(&change.to_value()), Some(change));
    let leaves = LabelChange { leaves: ["File x/*".to_owned()].into(), ..LabelChange::default() };
    assert_eq!(leaves.to_value(), value(r#"{"leaves":["File x/*"]}"#));
    assert_eq!(LabelChange::from_value(&leaves.to_value()), Some(leaves));
    for other in [
        r#"{"adds":["b","a"]}"#,
        r#"{"adds":["a","a"]}"#,
        r#"{"adds":[1]}"#,
        r#"{"adds":["a"],"removes":[]}"#,
        r#"{"adds":["a"],"more":["b"]}"#,
        r#"{}"#,
        r#""a""#,
    ] {
        assert_eq!(LabelChange::from_value(&value(other)), None, "{other}");
    }
}
