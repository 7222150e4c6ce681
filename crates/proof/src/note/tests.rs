use super::{Ed25519Signer, Error, SignError, SignedNote, Signer, VerifierKey};
use crate::base64std;
use crate::limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};
use proptest::prelude::*;

// The example in the documentation of Go's `golang.org/x/mod/sumdb/note`.
const GO_SKEY: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn key() -> VerifierKey {
    VerifierKey::parse(GO_VKEY).unwrap()
}

#[test]
fn the_example_of_go_is_made_and_verified() {
    let signer = Ed25519Signer::parse(GO_SKEY).unwrap();
    assert_eq!(signer.to_skey(), GO_SKEY);
    assert_eq!(signer.verifier().to_string(), GO_VKEY);
    assert_eq!(SignedNote::sign(GO_TEXT, &[&signer]).unwrap().to_text(), GO_NOTE);
    let note = SignedNote::parse(GO_NOTE).unwrap();
    assert_eq!(note.text(), GO_TEXT);
    assert_eq!(note.verify(&key()), Ok(()));
}

#[test]
fn a_note_is_ascribed_to_no_other_key() {
    let note = SignedNote::parse(GO_NOTE).unwrap();
    let same_name = Ed25519Signer::from_seed("PeterNeumann", &[1; 32]).unwrap().verifier();
    assert!(matches!(note.verify(&same_name), Err(Error::OtherKey { .. })));
    let other = Ed25519Signer::from_seed("EnochRoot", &[1; 32]).unwrap().verifier();
    assert_eq!(note.verify(&other), Err(Error::NotSigned { name: "EnochRoot".into() }));
}

#[test]
fn each_changed_byte_of_a_note_is_found() {
    for at in 0..GO_NOTE.len() {
        for bit in [0, 1, 5] {
            let mut bytes = GO_NOTE.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let verified = SignedNote::parse(&text).and_then(|note| note.verify(&key()));
            assert!(verified.is_err(), "byte {at}: {text}");
        }
    }
}

#[test]
fn other_signatures_are_ignored_and_bad_ones_of_the_key_are_not() {
    let go = Ed25519Signer::parse(GO_SKEY).unwrap();
    let other = Ed25519Signer::from_seed("EnochRoot", &[1; 32]).unwrap();
    let both = SignedNote::sign(GO_TEXT, &[&other, &go]).unwrap();
    assert_eq!(both.verify(&key()), Ok(()));
    assert_eq!(both.verify(&other.verifier()), Ok(()));
    let stranger = format!("{GO_NOTE}— stranger {}\n", base64std::encode(&[9; 2_424]));
    assert_eq!(SignedNote::parse(&stranger).unwrap().verify(&key()), Ok(()));
    let mut forged = key().key_id().to_vec();
    forged.extend_from_slice(&[9; 64]);
    let forged = format!("{GO_NOTE}— PeterNeumann {}\n", base64std::encode(&forged));
    let refused = SignedNote::parse(&forged).unwrap().verify(&key());
    assert_eq!(refused, Err(Error::Signature { name: "PeterNeumann".into() }));
}

#[test]
fn an_invalid_note_is_refused() {
    let line = "— a AAAAAAAA\n";
    assert!(SignedNote::parse(&format!("x\n\n{line}")).is_ok());
    assert!(SignedNote::parse(&format!("x\n\ny\n\n{line}{line}")).is_ok());
    for (text, error) in [
        ("", Error::Unterminated),
        ("x\n", Error::Unsigned),
        ("x\n\n", Error::Unsigned),
        ("x\n\n— a AAAAAAAA", Error::Unterminated),
        ("x\r\n\n— a AAAAAAAA\n", Error::Control),
        ("x\t\n\n— a AAAAAAAA\n", Error::Control),
        ("x\n\n- a AAAAAAAA\n", Error::SignatureLine),
        ("x\n\n— a\n", Error::SignatureLine),
        ("x\n\n— a AAAA\n", Error::SignatureLine),
        ("x\n\n— a AAAAAA==\n", Error::SignatureLine),
        ("x\n\n— a AAAAAAB=\n", Error::SignatureLine),
        ("x\n\n— a AAAAAAAA \n", Error::SignatureLine),
        ("x\n\n—  AAAAAAAA\n", Error::Name { name: String::new() }),
        ("x\n\n— a+b AAAAAAAA\n", Error::Name { name: "a+b".into() }),
        ("x\n\n— a\u{2003}b AAAAAAAA\n", Error::Name { name: "a\u{2003}b".into() }),
    ] {
        assert_eq!(SignedNote::parse(text), Err(error), "{text:?}");
    }
    let many = |lines: usize| SignedNote::parse(&format!("x\n\n{}", line.repeat(lines)));
    assert!(many(NOTE_SIGNATURES_MAX).is_ok());
    assert_eq!(many(NOTE_SIGNATURES_MAX + 1), Err(Error::TooManySignatures));
    assert_eq!(SignedNote::parse(&"x".repeat(NOTE_BYTES_MAX + 1)), Err(Error::TooLong));
}

#[test]
fn an_invalid_verifier_key_is_refused_with_its_reason() {
    let parse = |text: &str| VerifierKey::parse(text).unwrap_err();
    assert_eq!(parse("PeterNeumann"), Error::VerifierKey);
    assert_eq!(parse("PeterNeumann+c74f20a3"), Error::VerifierKey);
    assert_eq!(parse(&format!("{GO_VKEY}\n")), Error::VerifierKey);
    assert_eq!(parse("+c74f20a3+ARpc"), Error::Name { name: String::new() });
    assert!(matches!(parse(&GO_VKEY.replace("c74f", "c74e")), Error::KeyHash { .. }));
    assert!(matches!(parse(&GO_VKEY.replace("c74f", "C74F")), Error::KeyHash { .. }));
    assert!(matches!(parse(&GO_VKEY.replace("Peter", "Pater")), Error::KeyHash { .. }));
    let ml_dsa = base64std::encode(&[&[6_u8][..], &[1; 1_312]].concat());
    let refused = parse(&format!("log+00000000+{ml_dsa}"));
    assert_eq!(refused, Error::Algorithm { name: "log".into(), kind: 6 });
    assert!(refused.to_string().contains("0x06"));
}

#[test]
fn a_weak_public_key_is_refused() {
    // The point of order 1, and one of order 4.
    let mut identity = [0; 32];
    identity[0] = 1;
    for weak in [identity, [0; 32]] {
        assert!(matches!(VerifierKey::ed25519("a", &weak), Err(Error::PublicKey { .. })));
    }
    let mut no_point = [0xff; 32];
    no_point[0] = 2;
    assert!(matches!(VerifierKey::ed25519("a", &no_point), Err(Error::PublicKey { .. })));
}

#[test]
fn an_invalid_signing_key_is_refused_and_never_quoted() {
    for bad in ["", GO_VKEY, "PRIVATE+KEY+a", "PRIVATE+KEY+a+b", "PRIVATE+KEY+a+00000000+AQ=="] {
        assert_eq!(Ed25519Signer::parse(bad).unwrap_err(), Error::SigningKey);
    }
    let altered = GO_SKEY.replace("AYEK", "AYEL");
    let error = Ed25519Signer::parse(&altered).unwrap_err();
    assert_eq!(error, Error::KeyHash { name: "PeterNeumann".into() });
    assert_eq!(
        format!("{:?}", Ed25519Signer::parse(GO_SKEY).unwrap()),
        "Ed25519Signer(PeterNeumann, ..)"
    );
}

struct Broken(VerifierKey);

impl Signer for Broken {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn key_id(&self) -> [u8; 4] {
        self.0.key_id()
    }
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError::new("the device is gone"))
    }
    fn verifier(&self) -> VerifierKey {
        self.0.clone()
    }
}

#[test]
fn a_signer_that_fails_makes_no_note() {
    let error = SignedNote::sign("x\n", &[&Broken(key())]).unwrap_err();
    assert_eq!(error.to_string(), "the signer failed: the device is gone");
    assert_eq!(SignedNote::sign("x", &[&Broken(key())]), Err(Error::Unterminated));
}

proptest! {
    #[test]
    fn a_note_that_parses_is_written_as_it_was(
        text in "(x|y|\n){0,6}\n(\n)?(— [ab+ ]{0,3} (AAAAAA==|AAAAAAA=|AAAAAAAA|AAAAAAB=|=)?\n){0,3}",
    ) {
        if let Ok(note) = SignedNote::parse(&text) {
            prop_assert_eq!(note.to_text(), text);
        }
    }

    #[test]
    fn any_text_signs_and_verifies(text in "[ -~é\n]{0,80}", seed: [u8; 32]) {
        let signer = Ed25519Signer::from_seed("acme.example/log", &seed).unwrap();
        let text = format!("{text}\n");
        let note = SignedNote::sign(&text, &[&signer]).unwrap();
        prop_assert_eq!(note.text(), &text);
        prop_assert_eq!(note.verify(&signer.verifier()), Ok(()));
        prop_assert_eq!(Ed25519Signer::parse(&signer.to_skey()).unwrap().to_skey(), signer.to_skey());
        prop_assert_eq!(VerifierKey::parse(&signer.verifier().to_string()).unwrap(), signer.verifier());
    }
}
