use super::{Error, Receipt};
use crate::checkpoint::{self, Checkpoint};
use crate::limits::RECEIPT_BYTES_MAX;
use crate::merkle::{self, Tree, leaf_hash};
use crate::note::{Ed25519Signer, Signer, VerifierKey};
use proptest::prelude::*;

const ORIGIN: &str = "acme.example/lineage/n1";

fn signer(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

fn key() -> VerifierKey {
    signer(1).verifier()
}

fn record(index: u64) -> Vec<u8> {
    format!(r#"{{"n":{index},"type":"test.entry","v":1}}"#).into_bytes()
}

fn receipt(index: u64, size: u64) -> Receipt {
    let mut tree = Tree::new();
    (0..size).for_each(|index| tree.push(leaf_hash(&record(index))));
    let head = Checkpoint { origin: ORIGIN.into(), size, root: tree.root(), extensions: vec![] };
    let signed = head.sign(&signer(1)).unwrap();
    Receipt::build(&tree, index, size, &signed, Some(&record(index))).unwrap()
}

#[test]
fn a_receipt_comes_back_and_proves_its_record() {
    for (index, size) in [(0, 1), (0, 2), (1, 2), (6, 7), (255, 256), (256, 257), (3, 1000)] {
        let built = receipt(index, size);
        let read = Receipt::parse(&built.to_text()).unwrap();
        assert_eq!(read, built);
        let (bytes, head) = read.verify_own(&key()).unwrap();
        assert_eq!((bytes, head.size), (record(index).as_slice(), size));
        assert!(read.verify(&record(index), &key()).is_ok());
        let without = Receipt { record: None, ..built };
        assert_eq!(Receipt::parse(&without.to_text()).unwrap(), without);
        assert_eq!(without.verify_own(&key()), Err(Error::NoRecord));
        assert!(without.verify(&record(index), &key()).is_ok());
    }
}

#[test]
fn a_receipt_has_the_lines_of_the_specification() {
    let text = receipt(1, 3).to_text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "c2sp.org/tlog-proof@v1");
    assert!(lines[1].starts_with("extra "));
    assert_eq!(lines[2], "index 1");
    assert_eq!((lines[3].len(), lines[4].len(), lines[5]), (44, 44, ""));
    assert_eq!((lines[6], lines[7], lines[9]), (ORIGIN, "3", ""));
    assert!(lines[10].starts_with("— acme.example/lineage/n1 "));
}

#[test]
fn each_reason_to_refuse_a_receipt_is_its_own() {
    let good = receipt(2, 5);
    let refused = |receipt: &Receipt| receipt.verify_own(&key()).unwrap_err();

    let other_record = Receipt { record: Some(record(3)), ..good.clone() };
    assert_eq!(refused(&other_record), Error::Proof(merkle::Error::Inclusion));
    let other_place = Receipt { index: 3, ..good.clone() };
    assert_eq!(refused(&other_place), Error::Proof(merkle::Error::Inclusion));
    let outside = Receipt { index: 5, ..good.clone() };
    assert!(matches!(refused(&outside), Error::Proof(merkle::Error::OutOfRange { .. })));
    let short = Receipt { proof: good.proof[1..].to_vec(), ..good.clone() };
    assert_eq!(refused(&short), Error::Proof(merkle::Error::Length));
    let grown = Receipt { checkpoint: receipt(2, 6).checkpoint, ..good.clone() };
    assert!(matches!(refused(&grown), Error::Proof(_)));
    let other_key = good.verify_own(&signer(2).verifier());
    assert!(matches!(other_key, Err(Error::Checkpoint(checkpoint::Error::Note(_)))));
    let other_log = Ed25519Signer::from_seed("acme.example/governance", &[1; 32]).unwrap();
    let other_log = good.verify_own(&other_log.verifier());
    assert!(matches!(other_log, Err(Error::Checkpoint(checkpoint::Error::OtherLog { .. }))));
}

#[test]
fn an_entry_that_is_no_record_is_told_apart() {
    let entry = b"{\"v\": 1}";
    let root = leaf_hash(entry);
    let head = Checkpoint { origin: ORIGIN.into(), size: 1, root, extensions: vec![] };
    let checkpoint = head.sign(&signer(1)).unwrap();
    let receipt = Receipt { record: Some(entry.to_vec()), index: 0, proof: vec![], checkpoint };
    assert!(matches!(receipt.verify_own(&key()), Err(Error::NotRecord(_))));
}

#[test]
fn an_invalid_receipt_is_refused() {
    let good = receipt(2, 5).to_text();
    let refused = |text: &str| Receipt::parse(text).unwrap_err();
    assert_eq!(refused(""), Error::Header);
    assert_eq!(refused(&good.replace("@v1", "@v2")), Error::Header);
    assert_eq!(refused(&good.replace("@v1\n", "@v1\r\n")), Error::Header);
    assert_eq!(refused("c2sp.org/tlog-proof@v1\nindex 0\n"), Error::NoCheckpoint);
    for index in
        ["index 02", "index -2", "index", "index  2", "Index 2", "index 99999999999999999999"]
    {
        assert_eq!(refused(&good.replace("index 2", index)), Error::Index, "{index}");
    }
    assert_eq!(refused(&good.replace("extra ", "extra  ")), Error::Extra);
    assert_eq!(refused(&good.replace("index 2\n", "index 2\nAAAA\n")), Error::Hash);
    assert_eq!(refused(&good.replace("index 2\n", "extra AA==\nindex 2\n")), Error::Index);
    let hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(
        refused(&good.replace("index 2\n", &format!("index 2\n{}", hash.repeat(65)))),
        Error::Hash
    );
    assert_eq!(refused(&"x".repeat(RECEIPT_BYTES_MAX + 1)), Error::TooLong);
}

proptest! {
    #[test]
    fn a_changed_byte_in_a_receipt_proves_nothing(at: prop::sample::Index, bit in 0_u8..7) {
        let good = receipt(2, 5).to_text();
        let mut bytes = good.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(text) = String::from_utf8(bytes) {
            let read = Receipt::parse(&text);
            let proven = read.as_ref().ok().and_then(|receipt| receipt.verify(&record(2), &key()).ok());
            // `extra` is not signed: only there may a byte differ, and then the receipt's own
            // record is refused.
            let own = read.as_ref().ok().and_then(|receipt| receipt.verify_own(&key()).ok());
            prop_assert!(own.is_none());
            prop_assert!(proven.is_none() || good.lines().nth(1).unwrap().len() + 24 > at);
        }
    }

    #[test]
    fn a_receipt_that_parses_is_written_as_it_was(
        text in "c2sp.org/tlog-proof@v1\n(extra (AAAA|AA==|AB==)?\n)?index [0-9]{1,3}\n(CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2[IJ]=\n){0,2}\n[a\n]{0,4}",
    ) {
        if let Ok(receipt) = Receipt::parse(&text) {
            prop_assert_eq!(receipt.to_text(), text);
        }
    }
}
