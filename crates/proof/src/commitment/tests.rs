use super::{Opening, Salt, commit};
use crate::digest::Digest;
use crate::json::Value;

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
    }
}

#[test]
fn a_salt_is_never_printed() {
    assert_eq!(format!("{:?}", Salt::from_bytes([7; 32])), "Salt(..)");
}
