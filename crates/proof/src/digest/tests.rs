use super::{Digest, DigestBuilder};

#[test]
fn the_empty_string_has_its_known_digest() {
    let empty = Digest::of(b"");
    assert_eq!(empty.to_hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(empty.to_string(), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    assert_eq!(Digest::of_parts(&[b"a", b"", b"bc"]), Digest::of(b"abc"));
}

#[test]
fn text_comes_back_and_nothing_else_parses() {
    let digest = Digest::of(b"interlock");
    assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
    let text = digest.to_string();
    for bad in [
        String::new(),
        format!("{text}="),
        format!("{text}A"),
        format!("!{}", text.get(1..).unwrap()),
    ] {
        assert!(bad.parse::<Digest>().is_err(), "`{bad}` must not parse");
    }
    assert!(Digest::try_from(&digest.as_bytes()[..31]).is_err());
}

#[test]
fn bytes_that_come_in_turn_have_the_digest_of_the_whole() {
    let mut builder = DigestBuilder::default();
    assert_eq!(builder.clone().finish(), Digest::of(b""));
    builder.update(b"inter");
    assert_eq!(builder.clone().finish(), Digest::of(b"inter"));
    builder.update(b"");
    builder.update(b"lock");
    assert_eq!(builder.finish(), Digest::of(b"interlock"));
}
