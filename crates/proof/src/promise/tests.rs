use super::{Batch, CONTEXT, Contradiction, Error, Kept, Promise, PromisedRecord};
use crate::checkpoint::{self, Checkpoint};
use crate::limits::PROMISE_ENTRIES_MAX;
use crate::log::{Builder, CHECKPOINT_PATH, LogReader};
use crate::merkle::{self, leaf_hash};
use crate::note::{Ed25519Signer, SignedNote, Signer};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ORIGIN: &str = "acme.example/lineage/n1";

fn signer(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

fn record(index: u64) -> Vec<u8> {
    format!(r#"{{"n":{index},"type":"test.entry","v":1}}"#).into_bytes()
}

fn batch(first: u64, count: u64) -> Batch {
    let records: Vec<_> = (first..first + count).map(record).collect();
    Batch::new(first, records.iter().map(Vec::as_slice))
}

fn promised(first: u64, count: u64, index: u64) -> PromisedRecord {
    let batch = batch(first, count);
    let signed = batch.sign(&signer(1)).unwrap();
    batch.record(index, &signed, Some(&record(index))).unwrap()
}

/// A published log of these records.
fn published(records: impl Iterator<Item = Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let mut log = Builder::new();
    for record in records {
        log.push(&record).unwrap();
    }
    let files = log.take_files().unwrap().into_iter();
    let mut files: BTreeMap<_, _> = files.map(|file| (file.path, file.bytes)).collect();
    let head = log.checkpoint(&signer(1)).unwrap();
    files.insert(CHECKPOINT_PATH.to_owned(), head.into_bytes());
    files
}

#[test]
fn every_record_of_a_batch_is_proven_by_its_one_signature() {
    let key = signer(1).verifier();
    for (first, count) in [(0, 1), (7, 1), (255, 2), (3, 7), (1000, 300)] {
        for index in [first, first + count / 2, first + count - 1] {
            let built = promised(first, count, index);
            let read = PromisedRecord::parse(&built.to_text()).unwrap();
            assert_eq!(read, built);
            let (bytes, promise) = read.verify_own(&key).unwrap();
            assert_eq!((bytes, promise.first, promise.count), (&*record(index), first, count));
            assert_eq!(promise.origin, ORIGIN);
        }
    }
}

#[test]
fn each_reason_to_refuse_a_promise_is_its_own() {
    let good = promised(10, 5, 12);
    let refused =
        |promised: &PromisedRecord| promised.verify_own(&signer(1).verifier()).unwrap_err();
    let inclusion = Error::Proof(merkle::Error::Inclusion);
    assert_eq!(refused(&PromisedRecord { record: Some(record(13)), ..good.clone() }), inclusion);
    assert_eq!(refused(&PromisedRecord { index: 13, ..good.clone() }), inclusion);
    for index in [9, 15, u64::MAX] {
        let outside = refused(&PromisedRecord { index, ..good.clone() });
        assert!(matches!(outside, Error::Proof(merkle::Error::OutOfRange { .. })), "{outside}");
    }
    assert_eq!(refused(&PromisedRecord { record: None, ..good.clone() }), Error::NoRecord);
    let short = PromisedRecord { proof: good.proof[1..].to_vec(), ..good.clone() };
    assert_eq!(refused(&short), Error::Proof(merkle::Error::Length));
    let other_key = good.verify_own(&signer(2).verifier()).unwrap_err();
    assert!(matches!(other_key, Error::Note(_)), "{other_key}");
    assert_eq!(PromisedRecord::parse("c2sp.org/tlog-proof@v1\n"), Err(Error::Header));
    let text = good.to_text();
    assert_eq!(PromisedRecord::parse(&text.replace("\n\n", "\n")), Err(Error::NoPromise));
    assert_eq!(PromisedRecord::parse(&text.replace("index 12", "index 012")), Err(Error::Index));
    assert_eq!(PromisedRecord::parse(&text.replace("extra ", "extra =")), Err(Error::Extra));
}

#[test]
fn a_promise_without_entries_or_beyond_the_last_index_is_none() {
    let good = batch(4, 2).promise(ORIGIN);
    assert_eq!(Promise::parse(&good.text()), Ok(good.clone()));
    let text = |first, count| Promise { first, count, ..good.clone() }.text();
    assert_eq!(Promise::parse(&text(4, 0)), Err(Error::Place));
    assert_eq!(Promise::parse(&text(4, PROMISE_ENTRIES_MAX + 1)), Err(Error::Place));
    assert!(Promise::parse(&text(4, PROMISE_ENTRIES_MAX)).is_ok());
    assert_eq!(Promise::parse(&text(u64::MAX, 1)), Err(Error::Place));
    assert!(batch(0, 0).sign(&signer(1)).is_err(), "an empty batch has no promise");
}

/// One key signs both kinds: neither may ever be taken for the other.
#[test]
fn promises_and_checkpoints_are_never_confused() {
    let promise = batch(4, 2).sign(&signer(1)).unwrap();
    assert!(checkpoint::open(&promise, &signer(1).verifier(), ORIGIN).is_err());
    for origin in [CONTEXT, "4", ORIGIN] {
        let odd = Promise { origin: origin.to_owned(), ..batch(4, 2).promise(ORIGIN) };
        assert!(Checkpoint::parse(&odd.text()).is_err(), "{origin}");
        let root = merkle::empty_root();
        let extensions = vec!["1".to_owned(), odd.text().lines().last().unwrap().to_owned()];
        let head = Checkpoint { origin: origin.to_owned(), size: 4, root, extensions };
        assert!(Promise::parse(&head.text()).is_err(), "{origin}");
    }
    let foreign = Promise { origin: "evil.example".to_owned(), ..batch(4, 2).promise(ORIGIN) };
    assert!(foreign.sign(&signer(1)).is_err(), "a key promises for its own log only");
    let signed = SignedNote::sign(&foreign.text(), &[&signer(1)]).unwrap().to_text();
    let refused = Promise::open(&signed, &signer(1).verifier());
    assert_eq!(refused, Err(Error::OtherLog { found: "evil.example".to_owned() }));
}

/// The attack: the node answers with one record, and publishes a log in which another stands in its
/// place.
#[test]
fn a_forked_log_is_caught_by_a_promise_and_its_own_checkpoint() {
    let key = signer(1).verifier();
    let given = promised(300, 9, 304);
    let (_, promise) = given.verify_own(&key).unwrap();

    let honest = published((0..400).map(record));
    let honest = LogReader::open(&honest, &key, ORIGIN).unwrap();
    assert_eq!(promise.kept_by(&honest), Ok(Kept::Kept));
    assert_eq!(given.contradicted_by(&honest.receipt(304).unwrap(), &key), Ok(None));
    assert_eq!(given.contradicted_by(&honest.receipt(305).unwrap(), &key), Ok(None));

    let forked = published((0..400).map(|index| record(if index == 304 { 9_999 } else { index })));
    let forked = LogReader::open(&forked, &key, ORIGIN).unwrap();
    assert_eq!(promise.kept_by(&forked), Ok(Kept::Broken));
    let contradiction = given.contradicted_by(&forked.receipt(304).unwrap(), &key);
    let (promised, published_leaf) = (leaf_hash(&record(304)), leaf_hash(&record(9_999)));
    let expected = Contradiction { index: 304, promised, published: published_leaf };
    assert_eq!(contradiction, Ok(Some(expected)));

    let short = published((0..308).map(record));
    let short = LogReader::open(&short, &key, ORIGIN).unwrap();
    assert_eq!(promise.kept_by(&short), Ok(Kept::NotYet));
}

/// Nobody is convicted by what they did not sign.
#[test]
fn an_unsigned_promise_contradicts_nothing() {
    let forked = published((0..20).map(|index| record(index + 1)));
    let forked = LogReader::open(&forked, &signer(1).verifier(), ORIGIN).unwrap();
    let receipt = forked.receipt(12).unwrap();
    let batch = batch(10, 5);
    let forged = batch.record(12, &batch.sign(&signer(2)).unwrap(), Some(&record(12))).unwrap();
    assert!(forged.contradicted_by(&receipt, &signer(1).verifier()).is_err());
    let given = promised(10, 5, 12);
    assert!(given.contradicted_by(&receipt, &signer(2).verifier()).is_err());
    assert!(given.contradicted_by(&receipt, &signer(1).verifier()).unwrap().is_some());
}

proptest! {
    /// Whatever byte is changed, the file no longer proves, or it still proves the very same record
    /// in the very same place.
    #[test]
    fn a_changed_byte_never_proves_anything_else(at in 0usize..600, bit in 0u8..7) {
        let good = promised(10, 5, 12);
        let mut bytes = good.to_text().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        let Ok(read) = PromisedRecord::parse(&text) else { return Ok(()) };
        if let Ok((bytes, promise)) = read.verify_own(&signer(1).verifier()) {
            prop_assert_eq!(bytes, &*record(12));
            prop_assert_eq!((read.index, promise), (12, batch(10, 5).promise(ORIGIN)));
        }
    }
}
