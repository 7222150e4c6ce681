//! The golden vectors on disk, read through the public API: what they say must be what the code
//! says.
#![cfg(test)]

use std::path::{Path, PathBuf};

use proof::commitment::Opening;
use proof::digest::Digest;
use proof::json::Value;
use proof::merkle::{self, Tree, leaf_hash};
use proof::note::{SignedNote, VerifierKey};
use proof::promise::PromisedRecord;
use proof::receipt::Receipt;
use proof::record::Record;
use proof::tile::{bundles_for_size, tiles_for_size};
use proof::{base64url, checkpoint};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors")
}

fn cases(name: &str) -> Vec<Value> {
    let text = std::fs::read(folder().join(name)).unwrap();
    let lines = text.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n');
    let cases: Vec<Value> = lines.map(|line| Value::parse(line).unwrap()).collect();
    assert!(cases.len() >= 4, "{name} has hardly any cases");
    cases
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap()
}

fn truth(case: &Value, key: &str) -> bool {
    case.get(key).and_then(Value::as_bool).unwrap()
}

fn number(case: &Value, key: &str) -> u64 {
    case.get(key).and_then(Value::as_i64).unwrap().try_into().unwrap()
}

fn digest(case: &Value, key: &str) -> Digest {
    text(case, key).parse().unwrap()
}

#[test]
fn json_and_records() {
    for case in cases("json.jsonl") {
        let bytes = match case.get("bytes") {
            Some(bytes) => base64url::decode(bytes.as_str().unwrap()).unwrap(),
            None => text(&case, "text").as_bytes().to_vec(),
        };
        let read = Value::parse(&bytes);
        assert_eq!(read.is_ok(), truth(&case, "accept"), "{}", text(&case, "name"));
        assert!(read.is_err() || read.unwrap().to_bytes() == bytes);
    }
    for case in cases("records.jsonl") {
        let read = Record::parse(text(&case, "text").as_bytes());
        assert_eq!(read.is_ok(), truth(&case, "accept"), "{}", text(&case, "name"));
        if let Ok(record) = read {
            assert_eq!(record.digest(), digest(&case, "digest"));
            assert_eq!(record.leaf_hash(), digest(&case, "leaf_hash"));
        }
    }
    for case in cases("commitments.jsonl") {
        let mut members = case.as_object().unwrap().clone();
        members.remove("commitment");
        let opening = Opening::from_value(&Value::Object(members)).unwrap();
        assert!(opening.verify(&digest(&case, "commitment")));
    }
}

#[test]
fn keys_notes_checkpoints_promises_and_receipts() {
    for case in cases("keys.jsonl") {
        let read = VerifierKey::parse(text(&case, "vkey"));
        assert_eq!(read.is_ok(), truth(&case, "accept"), "{}", text(&case, "name"));
    }
    let key = |case: &Value| VerifierKey::parse(text(case, "vkey")).unwrap();
    for case in cases("notes.jsonl") {
        let verified =
            SignedNote::parse(text(&case, "note")).and_then(|note| note.verify(&key(&case)));
        assert_eq!(verified.is_ok(), truth(&case, "verified"), "{}", text(&case, "name"));
    }
    for case in cases("checkpoints.jsonl") {
        let opened =
            checkpoint::open(text(&case, "checkpoint"), &key(&case), text(&case, "origin"));
        assert_eq!(opened.is_ok(), truth(&case, "verified"), "{}", text(&case, "name"));
    }
    for case in cases("promises.jsonl") {
        let promised = PromisedRecord::parse(text(&case, "promise"));
        let verified = promised.is_ok_and(|promised| promised.verify_own(&key(&case)).is_ok());
        assert_eq!(verified, truth(&case, "verified"), "{}", text(&case, "name"));
    }
    for case in cases("receipts.jsonl") {
        let receipt = Receipt::parse(text(&case, "receipt"));
        let verified = receipt.is_ok_and(|receipt| receipt.verify_own(&key(&case)).is_ok());
        assert_eq!(verified, truth(&case, "verified"), "{}", text(&case, "name"));
    }
}

#[test]
fn trees_and_paths() {
    let mut tree = Tree::new();
    (0..65_537_u64).for_each(|index| tree.push(leaf_hash(index.to_string().as_bytes())));
    for case in cases("trees.jsonl") {
        let (size, root) = (number(&case, "size"), digest(&case, "root"));
        assert_eq!(merkle::root(&tree, size).unwrap(), root);
        let Some(proof) = case.get("proof") else { continue };
        let proof: Vec<Digest> = proof
            .as_array()
            .unwrap()
            .iter()
            .map(|hash| hash.as_str().unwrap().parse().unwrap())
            .collect();
        if case.get("index").is_some() {
            let index = number(&case, "index");
            let leaf = leaf_hash(index.to_string().as_bytes());
            merkle::verify_inclusion(&leaf, index, size, &proof, &root).unwrap();
        } else {
            let (old_size, old_root) = (number(&case, "old_size"), digest(&case, "old_root"));
            let old = merkle::TreeHead { size: old_size, root: old_root };
            let new = merkle::TreeHead { size, root };
            merkle::verify_consistency(old, new, &proof).unwrap();
        }
    }
    for case in cases("paths.jsonl") {
        let size = number(&case, "size");
        let tiles: Vec<Value> = tiles_for_size(size).map(|tile| tile.path().into()).collect();
        assert_eq!(case.get("tiles").unwrap(), &Value::Array(tiles));
        let bundles: Vec<Value> =
            bundles_for_size(size).map(|bundle| bundle.path().into()).collect();
        assert_eq!(case.get("bundles").unwrap(), &Value::Array(bundles));
    }
}
