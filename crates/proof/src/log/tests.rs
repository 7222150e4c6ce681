use std::collections::{BTreeMap, BTreeSet};

use super::{Builder, Error, LogFiles, LogReader};
use crate::checkpoint::{self, Checkpoint};
use crate::json::Value;
use crate::merkle;
use crate::note::{Ed25519Signer, Signer, VerifierKey};
use crate::record::Record;
use crate::tile::{bundles_for_size, tiles_for_size};

type Folder = BTreeMap<String, Vec<u8>>;

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed("acme.example/lineage/n1", &[3; 32]).unwrap()
}

fn key() -> VerifierKey {
    signer().verifier()
}

fn record(index: u64) -> Vec<u8> {
    let members = [("n".to_owned(), Value::try_from(index).unwrap())];
    Record::new("test.entry", members.into()).unwrap().into_bytes()
}

fn publish(builder: &mut Builder, folder: &mut Folder) {
    for file in builder.take_files().unwrap() {
        folder.insert(file.path, file.bytes);
    }
    folder.insert("checkpoint".into(), builder.checkpoint(&signer()).unwrap().into_bytes());
}

fn folder(size: u64) -> Folder {
    let mut builder = Builder::new();
    let mut folder = Folder::new();
    for index in 0..size {
        assert_eq!(builder.push(&record(index)).unwrap(), index);
    }
    publish(&mut builder, &mut folder);
    folder
}

fn open<F: LogFiles>(files: F) -> Result<LogReader<F>, Error> {
    LogReader::open(files, &key(), "acme.example/lineage/n1")
}

fn verify(folder: &Folder) -> Result<u64, Error> {
    Ok(open(folder)?.verify_all(&mut |_| {})?.records)
}

#[test]
fn a_log_of_any_size_has_its_files_and_verifies() {
    for size in [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 66_000] {
        let folder = folder(size);
        let mut wanted: Vec<String> = tiles_for_size(size).map(|tile| tile.path()).collect();
        wanted.extend(bundles_for_size(size).map(|bundle| bundle.path()));
        wanted.push("checkpoint".into());
        wanted.sort();
        assert_eq!(folder.keys().cloned().collect::<Vec<_>>(), wanted);
        let mut last = None;
        let summary =
            open(&folder).unwrap().verify_all(&mut |progress| last = Some(progress)).unwrap();
        assert_eq!((summary.size, summary.records), (size, size));
        assert_eq!(last.map_or(0, |progress| progress.done), size);
    }
}

#[test]
fn a_log_that_grows_in_steps_and_is_resumed_has_the_same_tree() {
    let mut files = Folder::new();
    let mut builder = Builder::new();
    let mut heads = Vec::new();
    for index in 0..1_400 {
        builder.push(&record(index)).unwrap();
        if index % 37 == 0 {
            publish(&mut builder, &mut files);
            heads.push(open(&files).unwrap().checkpoint().clone());
            builder = Builder::resume(&open(&files).unwrap()).unwrap();
        }
    }
    publish(&mut builder, &mut files);
    assert_eq!(verify(&files), Ok(1_400));
    assert_eq!(builder.root(), open(&folder(1_400)).unwrap().checkpoint().root);
    let log = open(&files).unwrap();
    for head in &heads {
        log.extends(head).unwrap();
        let proof = log.consistency_proof(head.size).unwrap();
        let old = merkle::TreeHead { size: head.size, root: head.root };
        let new = merkle::TreeHead { size: log.size(), root: log.checkpoint().root };
        merkle::verify_consistency(old, new, &proof).unwrap();
    }
}

#[test]
fn entries_of_any_range_and_their_receipts_verify() {
    let folder = folder(700);
    let log = open(&folder).unwrap();
    for range in [0..0, 0..1, 255..257, 250..600, 699..700, 0..700] {
        let read: Vec<_> = log.entries(range.clone()).collect::<Result<_, _>>().unwrap();
        assert_eq!(read, range.map(|index| (index, record(index))).collect::<Vec<_>>());
    }
    for index in [0, 1, 255, 256, 511, 512, 699] {
        let receipt = log.receipt(index).unwrap();
        assert_eq!(
            receipt.verify_own(&key()).unwrap(),
            (record(index).as_slice(), log.checkpoint().clone())
        );
        assert!(receipt.verify(&record(index + 1), &key()).is_err());
    }
    assert!(matches!(log.entry(700), Err(Error::Tree(_))));
    assert!(matches!(log.entries(690..701).last(), Some(Err(Error::Tree(_)))));
    assert!(matches!(log.receipt(u64::MAX), Err(Error::Tree(_))));
}

#[test]
fn a_flipped_byte_in_any_file_is_found_and_told_apart() {
    let whole = folder(600);
    for (path, bytes) in &whole {
        for at in [0, bytes.len() / 2, bytes.len() - 2, bytes.len() - 1] {
            let mut folder = whole.clone();
            folder.get_mut(path).unwrap()[at] ^= 0x20;
            let error = verify(&folder).unwrap_err();
            let told = match path.as_str() {
                "checkpoint" => matches!(error, Error::Checkpoint(_) | Error::NotText),
                path if path.starts_with("tile/entries/") => {
                    matches!(&error, Error::Entry { path: found, .. } | Error::Shape { path: found, .. } if found == path)
                }
                path if path.contains(".p/") => matches!(error, Error::Edge { .. }),
                path => matches!(&error, Error::Tile { path: found } if found == path),
            };
            assert!(told, "{path} at {at}: {error}");
        }
    }
}

#[test]
fn a_missing_or_cut_file_is_an_error_that_names_it() {
    let whole = folder(600);
    for path in whole.keys() {
        let mut folder = whole.clone();
        folder.remove(path);
        assert_eq!(verify(&folder), Err(Error::Missing { path: path.clone() }));
        let mut folder = whole.clone();
        folder.get_mut(path).unwrap().pop();
        assert!(verify(&folder).is_err(), "{path}");
        folder.insert(path.clone(), Vec::new());
        assert!(verify(&folder).is_err(), "{path}");
    }
}

#[test]
fn the_full_file_stands_in_for_a_partial_one_that_is_gone() {
    let mut files = folder(300);
    let grown = folder(600);
    files.remove("tile/0/001.p/44");
    files.remove("tile/entries/001.p/44");
    assert!(verify(&files).is_err());
    files.insert("tile/0/001".into(), grown["tile/0/001"].clone());
    files.insert("tile/entries/001".into(), grown["tile/entries/001"].clone());
    assert_eq!(verify(&files), Ok(300));
}

#[test]
fn a_log_whose_checkpoint_is_ahead_of_its_files_is_refused() {
    let mut behind = folder(300);
    behind.insert("checkpoint".into(), folder(600)["checkpoint"].clone());
    assert!(matches!(verify(&behind), Err(Error::Missing { .. })));
}

#[test]
fn another_log_and_another_key_are_told_apart() {
    let folder = folder(3);
    let other_log = LogReader::open(&folder, &key(), "acme.example/governance").unwrap_err();
    assert!(matches!(other_log, Error::Checkpoint(checkpoint::Error::OtherLog { .. })));
    let thief = Ed25519Signer::from_seed("acme.example/lineage/n1", &[4; 32]).unwrap().verifier();
    let other_key = LogReader::open(&folder, &thief, "acme.example/lineage/n1").unwrap_err();
    assert!(matches!(other_key, Error::Checkpoint(checkpoint::Error::Note(_))));
    assert_ne!(other_log.to_string(), other_key.to_string());
}

#[test]
fn a_rewritten_log_does_not_extend_its_old_head() {
    let old = open(&folder(300)).unwrap().checkpoint().clone();
    let mut builder = Builder::new();
    let mut rewritten = Folder::new();
    for index in 0..600_u64 {
        builder.push(&record(index.max(1))).unwrap();
    }
    publish(&mut builder, &mut rewritten);
    let log = open(&rewritten).unwrap();
    assert_eq!(log.extends(&old), Err(Error::Forked { size: 300 }));
    let mut foreign = old.clone();
    foreign.origin = "elsewhere".into();
    assert!(matches!(log.extends(&foreign), Err(Error::OtherLog { .. })));
    assert!(matches!(open(&folder(3)).unwrap().extends(&old), Err(Error::Tree(_))));
}

#[test]
fn an_entry_that_is_no_record_is_refused_by_its_index() {
    let mut builder = Builder::new();
    let mut files = Folder::new();
    builder.push(&record(0)).unwrap();
    builder.push(b"{\"v\": 1}").unwrap();
    publish(&mut builder, &mut files);
    assert!(matches!(verify(&files), Err(Error::NotRecord { index: 1, .. })));
    assert!(builder.push(&[0; 65_536]).is_err());
}

#[test]
fn a_checkpoint_of_any_size_never_panics() {
    let whole = folder(300);
    for size in [299, 301, 556, 76_800, u64::MAX - 1, u64::MAX, 1 << 63, 1 << 56] {
        let head = Checkpoint {
            origin: "acme.example/lineage/n1".into(),
            size,
            root: open(&whole).unwrap().checkpoint().root,
            extensions: Vec::new(),
        };
        let mut folder = whole.clone();
        folder.insert("checkpoint".into(), head.sign(&signer()).unwrap().into_bytes());
        assert!(verify(&folder).is_err(), "{size}");
    }
}

#[test]
fn verifying_in_ranges_equals_verifying_whole() {
    let folder = folder(1_000);
    let log = open(&folder).unwrap();
    let records = |range| Ok::<_, Error>(log.verify_range(range, &mut |_| {})?.records);
    assert_eq!(records(0..512), Ok(512));
    assert_eq!(records(512..1_000), Ok(488));
    assert_eq!(records(100..600), Ok(500));
    assert_eq!(records(300..301), Ok(1));
    assert_eq!(records(700..700), Ok(0));
    assert_eq!(records(2_000..2_000), Ok(0));
    assert!(records(900..1_001).is_err());
}

#[test]
fn no_file_is_given_out_twice() {
    let mut builder = Builder::new();
    let mut seen = BTreeSet::new();
    for index in 0..1_100 {
        builder.push(&record(index)).unwrap();
        if index % 50 == 0 {
            for file in builder.take_files().unwrap() {
                assert!(seen.insert(file.path.clone()), "`{}` never changes", file.path);
            }
            assert_eq!(builder.take_files().unwrap(), []);
        }
    }
}
