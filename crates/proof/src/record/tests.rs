use super::{Error, RECORD_BYTES_MAX, Record};
use crate::digest::Digest;
use crate::json::{Object, Value, object};

fn members() -> Object {
    let Value::Object(members) = object([
        ("at", 1_764_000_000_000_i64.into()),
        ("governance", object([("root", Digest::of(b"x").into()), ("size", 3_i64.into())])),
        ("node", "node-1".into()),
    ]) else {
        unreachable!()
    };
    members
}

#[test]
fn a_record_has_version_and_type_and_comes_back() {
    let record = Record::new("execution.started", members()).unwrap();
    assert_eq!(Record::parse(record.bytes()).unwrap(), record);
    assert_eq!(record.kind(), "execution.started");
    let fields = record.fields();
    assert_eq!(fields.integer("v").unwrap(), 1);
    assert_eq!(fields.str("node").unwrap(), "node-1");
    let governance = fields.object("governance").unwrap();
    assert_eq!(governance.count("size").unwrap(), 3);
    assert_eq!(governance.digest("root").unwrap(), Digest::of(b"x"));
    assert_eq!(record.digest(), Digest::of(record.bytes()));
}

#[test]
fn errors_name_the_member_and_what_is_there() {
    let record = Record::new("execution.started", members()).unwrap();
    let fields = record.fields();
    let governance = fields.object("governance").unwrap();
    assert_eq!(fields.str("who").unwrap_err().to_string(), "`who` is missing");
    assert_eq!(
        governance.digest("size").unwrap_err().to_string(),
        "`governance.size` is an integer, and a digest (43 characters of base64url) is needed"
    );
    assert!(fields.digest("node").unwrap_err().to_string().contains("another string"));
    assert_eq!(
        governance.only(&["root"]).unwrap_err().to_string(),
        "`governance.size` is not known here"
    );
    assert!(governance.only(&["root", "size"]).is_ok());
    assert_eq!(fields.optional_str("who").unwrap(), None);
}

#[test]
fn an_invalid_record_is_refused() {
    let refused = |text: &str| Record::parse(text.as_bytes()).unwrap_err();
    assert!(matches!(refused("[]"), Error::Kind { .. }));
    assert!(matches!(refused(r#"{"type":"a.b"}"#), Error::Missing { .. }));
    assert!(matches!(refused(r#"{"type":"a.b","v":2}"#), Error::Version { found: 2 }));
    assert!(matches!(refused(r#"{"type":"a.b","v":"1"}"#), Error::Kind { .. }));
    assert!(matches!(refused(r#"{"v":1}"#), Error::Missing { .. }));
    assert!(matches!(refused(r#"{"v":1,"type":"a.b"}"#), Error::Json(_)));
    for kind in ["", "a", "A.b", "a..b", ".a", "a.", "a.b c", "1.a"] {
        assert!(matches!(Record::new(kind, Object::new()), Err(Error::Type { .. })), "{kind}");
    }
}

#[test]
fn the_largest_record_fits_and_one_byte_more_does_not() {
    let with = |length: usize| {
        Record::new("a.b", [("x".to_owned(), Value::from("y".repeat(length)))].into())
    };
    let overhead = with(0).unwrap().bytes().len();
    assert_eq!(with(RECORD_BYTES_MAX - overhead).unwrap().bytes().len(), RECORD_BYTES_MAX);
    assert!(matches!(with(RECORD_BYTES_MAX - overhead + 1), Err(Error::TooLong { bytes: 65_536 })));
    assert!(matches!(Record::parse(&[b' '; 65_536]), Err(Error::TooLong { .. })));
}

#[test]
fn an_integer_out_of_range_makes_no_record() {
    let members = [("x".to_owned(), Value::Integer(i64::MAX))].into();
    assert!(matches!(Record::new("a.b", members), Err(Error::Json(_))));
    let members = [("X".to_owned(), Value::Integer(1))].into();
    assert!(matches!(Record::new("a.b", members), Err(Error::Json(_))));
}

#[test]
fn a_check_refuses_what_a_parse_refuses_for_the_same_reason() {
    for text in [
        r#"{"a":[1,{"b":"x\n"}],"type":"a.b","v":1}"#,
        r#"{"a":[1,{"b":"x","b":1}],"type":"a.b","v":1}"#,
        r#"{"a":{"z":1,"b":1},"type":"a.b","v":1}"#,
        r#"{"type":"a.b","v":1,"w":null}"#,
        r#"{"type":"a.b","v":1} "#,
        r#"{"type":"a.b","v":{"v":1}}"#,
        r#"{"type":["a.b"],"v":1}"#,
        r#"{"a":{"type":"a.b","v":1}}"#,
        r#"[{"type":"a.b","v":1}]"#,
        r#""type""#,
    ] {
        let parsed = Record::parse(text.as_bytes()).map(drop);
        assert_eq!(super::check(text.as_bytes()), parsed, "{text}");
    }
}
