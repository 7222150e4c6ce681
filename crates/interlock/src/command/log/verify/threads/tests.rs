use std::fs;
use std::path::Path;

use ledger::{Entry, FileDisk, Ledger};
use proof::note::Ed25519Signer;
use proof::record::Record;

use super::*;

const ORIGIN: &str = "example.org/lineage";

/// A log of so many records.
fn log(folder: &Path, records: u64) -> Log {
    let signer = Ed25519Signer::from_seed(ORIGIN, &[7; 32]).unwrap();
    let disk = FileDisk::create(folder).unwrap();
    let mut ledger = Ledger::create(disk, Box::new(signer), ORIGIN).unwrap();
    let entry = |index: u64| {
        let members = [("n".to_owned(), index.try_into().unwrap())].into();
        let record = Record::new("test.record", members).unwrap().into_bytes();
        Entry { record, sealed: Vec::new() }
    };
    for first in (0..records).step_by(10_000) {
        let batch: Vec<_> = (first..records.min(first + 10_000)).map(entry).collect();
        ledger.commit(&batch).unwrap();
    }
    ledger.close().unwrap();
    Log::open(folder, None).unwrap()
}

fn verified(log: &Log) -> Result<u64, Failure> {
    let head = log.verified()?;
    let (signed, size) = (head.signed_checkpoint(), head.size());
    let work = Work { log, signed, size, next: AtomicU64::new(0) };
    let mut told = 0;
    let records = work.share(|done| told = done)?;
    assert_eq!(told, records);
    Ok(records)
}

fn flip(folder: &Path, bundle: u64) {
    let path = folder.join(format!("tile/entries/{bundle:03}"));
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn parallel_verification_reports_the_first_damage() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("log");
    let size = 3 * TAKEN + 700;
    let log = log(&folder, size);
    assert_eq!(verified(&log).unwrap(), size);
    // The last bundles of the first and of the third share: the later one is read sooner.
    flip(&folder, 3 * TAKEN / 256 - 1);
    let late = verified(&log).unwrap_err();
    assert!(late.reason().contains("tile/entries/095"), "{}", late.reason());
    flip(&folder, TAKEN / 256 - 1);
    for _ in 0..20 {
        let early = verified(&log).unwrap_err();
        assert!(early.reason().contains("tile/entries/031"), "{}", early.reason());
    }
}

#[test]
fn an_empty_log_and_a_small_one_are_verified_too() {
    for size in [0, 1, 255, 256, 257] {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(verified(&log(&folder.path().join("log"), size)).unwrap(), size);
    }
}
