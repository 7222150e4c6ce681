use super::*;

fn read(ty: &Type, json: &str) -> Result<Typed, Misfit> {
    ty.read(&InputValue::parse(json).unwrap(), MemberPath::root("input"))
}

#[test]
fn each_type_takes_its_own_and_no_other() {
    let values = ["true", "1", "\"a\"", "[]", "{}", "null", "1.5"];
    for (ty, own) in [
        (Type::Bool, 0),
        (Type::Long, 1),
        (Type::String, 2),
        (Type::Set(Box::new(Type::Long)), 3),
        (Type::Record(RecordType::default()), 4),
    ] {
        for (nth, value) in values.iter().enumerate() {
            assert_eq!(read(&ty, value).is_ok(), nth == own, "{ty:?} {value}");
        }
    }
}

#[test]
fn extension_values_are_judged_by_cedar() {
    let ok = |extension, text: &str| read(&Type::Extension(extension), text).is_ok();
    assert!(ok(Extension::Decimal, "\"-12.3456\"") && !ok(Extension::Decimal, "\"12.34567\""));
    assert!(ok(Extension::Decimal, "7") && !ok(Extension::Decimal, "1e300"));
    assert!(
        ok(Extension::Datetime, "\"2026-01-02\"") && !ok(Extension::Datetime, "\"2026-13-02\"")
    );
    assert!(ok(Extension::Duration, "\"1h30m\"") && !ok(Extension::Duration, "\"1 hour\""));
    assert!(ok(Extension::Ip, "\"10.0.0.0/8\"") && !ok(Extension::Ip, "\"10.0.0.256\""));
    assert!(ok(Extension::Ip, r#"{"__extn":{"fn":"ip","arg":"::1"}}"#));
    assert!(!ok(Extension::Ip, r#"{"__extn":{"fn":"decimal","arg":"1.0"}}"#));
    assert!(!ok(Extension::Decimal, "null") && !ok(Extension::Decimal, "[]"));
}

#[test]
fn messages_bound_and_escape_the_names_they_repeat() {
    let members =
        InputValue::parse_object(&format!("{{\"{}\\u0007\":1}}", "x".repeat(1000))).unwrap();
    let why = RecordType::default()
        .read(&members, MemberPath::root("input"), Undeclared::Refuse)
        .unwrap_err()
        .to_string();
    assert!(why.chars().count() < 120, "{why}");
    assert_eq!(quoted("a\nb\u{202e}"), "a\\nb\\u{202e}");
}
