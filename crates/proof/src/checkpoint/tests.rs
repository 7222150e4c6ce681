use super::{Checkpoint, Error, open};
use crate::digest::Digest;
use crate::note::{self, Ed25519Signer, Signer};
use proptest::prelude::*;

const ORIGIN: &str = "acme.example/governance";

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), size: 3, root: Digest::of(b"root"), extensions: vec![] }
}

#[test]
fn a_signed_checkpoint_opens_as_specified() {
    let signed = checkpoint().sign(&signer()).unwrap();
    assert!(signed.starts_with("acme.example/governance\n3\nSBNJT"), "{signed}");
    assert_eq!(open(&signed, &signer().verifier(), ORIGIN), Ok(checkpoint()));
}

#[test]
fn the_example_of_the_specification_parses() {
    let text =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let parsed = Checkpoint::parse(text).unwrap();
    assert_eq!((parsed.origin.as_str(), parsed.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(parsed.text(), text);
}

#[test]
fn another_log_another_key_and_a_changed_byte_are_told_apart() {
    let signed = checkpoint().sign(&signer()).unwrap();
    let key = signer().verifier();
    let other_log = open(&signed, &key, "acme.example/lineage/n1").unwrap_err();
    assert!(matches!(&other_log, Error::OtherLog { found, .. } if found == ORIGIN));

    let thief = Ed25519Signer::from_seed(ORIGIN, &[2; 32]).unwrap();
    let other_key = open(&signed, &thief.verifier(), ORIGIN).unwrap_err();
    assert!(matches!(other_key, Error::Note(note::Error::OtherKey { .. })));

    let changed = signed.replacen("\n3\n", "\n4\n", 1);
    let changed = open(&changed, &key, ORIGIN).unwrap_err();
    assert!(matches!(changed, Error::Note(note::Error::Signature { .. })));

    let renamed = signed.replacen(ORIGIN, "acme.example/other", 1);
    assert!(matches!(open(&renamed, &key, ORIGIN), Err(Error::OtherLog { .. })));
    // The attacker asks for the text's own origin: the signature still holds.
    assert!(matches!(open(&renamed, &key, "acme.example/other"), Err(Error::Note(_))));
}

#[test]
fn an_invalid_checkpoint_is_refused() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let parse = |text: String| Checkpoint::parse(&text).unwrap_err();
    assert_eq!(parse(String::new()), Error::Lines);
    assert_eq!(parse("o\n1\n".into()), Error::Lines);
    assert_eq!(parse(format!("o\n1\n{root}")), Error::Lines);
    assert_eq!(parse(format!("\n1\n{root}\n")), Error::Lines);
    assert_eq!(parse(format!("o\n1\n{root}\n\n")), Error::Lines);
    for size in ["01", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "1.0", "٣"] {
        assert_eq!(parse(format!("o\n{size}\n{root}\n")), Error::Size, "{size}");
    }
    let long = format!("{root}A");
    for bad in [
        "AAAA",
        root.trim_end_matches('='),
        long.as_str(),
        &root.replace('/', "_"),
        &root.replace("2I=", "2J="),
    ] {
        assert_eq!(parse(format!("o\n1\n{bad}\n")), Error::Root, "{bad}");
    }
    assert!(Checkpoint::parse(&format!("o\n18446744073709551615\n{root}\nextension\n")).is_ok());
}

#[test]
fn a_line_that_would_read_as_others_is_not_signed() {
    let broken = |origin: &str, extension: &str| {
        let extensions = vec![extension.to_owned()];
        Checkpoint { origin: origin.into(), extensions, ..checkpoint() }.sign(&signer())
    };
    assert!(broken("o", "x").is_ok());
    assert_eq!(broken("o\n9", "x"), Err(Error::Lines));
    assert_eq!(broken("", "x"), Err(Error::Lines));
    assert_eq!(broken("o", ""), Err(Error::Lines));
    assert_eq!(broken("o", "x\ny"), Err(Error::Lines));
    assert_eq!(broken("o\r", "x"), Err(Error::Note(note::Error::Control)));
}

proptest! {
    #[test]
    fn a_text_that_parses_is_the_one_that_is_written(text in "[a0\n]{0,4}\n[0-9]{0,3}\n[A-Za-z+/]{42}[A-Z048]=\n([x\n]{0,3}\n)?") {
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.text(), text);
        }
    }
}

#[test]
fn the_ends_of_each_number_type_are_read_or_refused() {
    for number in include_str!("../../../../fuzz/seeds/numbers.txt").lines() {
        let text = format!("{ORIGIN}\n{number}\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
        let size: Option<u64> = number.parse().ok();
        assert_eq!(Checkpoint::parse(&text).ok().map(|head| head.size), size, "{number}");
    }
}
