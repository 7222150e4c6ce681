use super::{Opening, Salt, commit};
use crate::digest::Digest;
use crate::json::{Span, Value};

fn opening() -> Opening {
    Opening { salt: Salt::from_bytes([7; 32]), bytes: b"transfer 10".to_vec() }
}

#[test]
fn a_commitment_is_sha_256_of_salt_and_bytes() {
    let mut joined = vec![7; 32];
    joined.extend_from_slice(b"transfer 10");
    assert_eq!(opening().commitment(), Digest::of(&joined));
    assert!(opening().verify(&commit(&Salt::from_bytes([7; 32]), b"transfer 10")));
    assert!(!opening().verify(&commit(&Salt::from_bytes([8; 32]), b"transfer 10")));
    assert!(!opening().verify(&commit(&Salt::from_bytes([7; 32]), b"transfer 11")));
}

#[test]
fn an_opening_comes_back_and_nothing_else_is_one() {
    let value = opening().to_value();
    assert_eq!(Opening::from_value(&Value::parse(&value.to_bytes()).unwrap()).unwrap(), opening());
    for bad in [
        r#"{"bytes":"AA"}"#,
        r#"{"bytes":"AA","salt":"AA"}"#,
        r#"{"bytes":"A","salt":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}"#,
        r#"{"bytes":"AA","extra":1,"salt":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}"#,
        "1",
    ] {
        assert!(Opening::from_value(&Value::parse(bad.as_bytes()).unwrap()).is_err(), "{bad}");
        assert_eq!(where_it_stands(bad), None, "{bad}");
    }
}

#[test]
fn an_opening_is_written_and_read_where_it_stands() {
    let mut text = String::new();
    opening().write(&mut text);
    assert_eq!(text.as_bytes(), opening().to_value().to_bytes());
    assert_eq!(where_it_stands(&text), Some(opening()));
}

/// The opening that a member of an object is.
fn where_it_stands(text: &str) -> Option<Opening> {
    let object = format!("{{\"a\":{text}}}");
    let mut members = Span::object(object.as_bytes()).unwrap().members().unwrap();
    Opening::of(members.next_if("a").unwrap())
}

#[test]
fn a_salt_is_never_printed() {
    assert_eq!(format!("{:?}", Salt::from_bytes([7; 32])), "Salt(..)");
}
