//! Copies of a folder that are made file by file while the log goes on.
use crate::testing::{ORIGIN, SMALL, commit_all, entry, signer};
use crate::{Entry, Error, FileDisk, Ledger, Reader, WalError};
use proof::log::LogReader;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn create(folder: &Path) -> Ledger<FileDisk> {
    fs::create_dir(folder).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let disk = FileDisk::open(folder).unwrap();
    Ledger::create_with(disk, signer(), ORIGIN, SMALL).unwrap()
}

fn open(folder: &Path) -> Result<Ledger<FileDisk>, Error> {
    let disk = FileDisk::open(folder).unwrap();
    Ledger::open_with(disk, signer(), ORIGIN, SMALL).map(|(ledger, _)| ledger)
}

/// Copies these names of a folder, with what lies below them.
fn copy(from: &Path, to: &Path, names: &[&str]) {
    fs::create_dir_all(to).unwrap();
    for name in names {
        let mut cp = std::process::Command::new("cp");
        assert!(cp.arg("-a").arg(from.join(name)).arg(to).status().unwrap().success());
    }
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
}

/// It verifies before and after it is opened, holds all entries, and goes on.
fn check(folder: &Path, size: u64) {
    let key = signer().verifier();
    for is_opened in [false, true] {
        let reader = Reader::open(folder).unwrap();
        let log = LogReader::open(&reader, &key, ORIGIN).unwrap();
        log.verify_all(&mut |_| {}).unwrap();
        for index in 0..size {
            let found = reader.entries(index).unwrap().next().unwrap().unwrap();
            let Entry { record, sealed } = entry(index);
            assert_eq!((found.record, found.sealed), (record, Some(sealed)));
            if !is_opened && index > 3 {
                break;
            }
        }
        let read: Result<Vec<_>, _> = reader.entries(0).unwrap().collect();
        assert_eq!(read.unwrap().len() as u64, size);
        if !is_opened {
            let mut ledger = open(folder).unwrap();
            ledger.publish().unwrap();
            ledger.close().unwrap();
        }
    }
}

#[test]
fn a_copy_is_whole_whatever_came_while_it_was_made() {
    // In each step: what is copied, and what is committed and published after it.
    let (tiles, sealed, head) = (["tile"], ["sealed"], ["vkey", "checkpoint"]);
    for (orders, step) in [
        ([&tiles[..], &sealed[..], &head[..]], 40),
        ([&sealed[..], &head[..], &tiles[..]], 300),
        ([&head[..], &tiles[..], &sealed[..]], 300),
        ([&tiles[..], &head[..], &sealed[..]], 700),
    ] {
        let temporary = tempfile::tempdir().unwrap();
        let (folder, to) = (temporary.path().join("log"), temporary.path().join("copy"));
        let mut ledger = create(&folder);
        commit_all(&mut ledger, 0..300);
        ledger.publish().unwrap();
        let held = File::open(folder.join("wal")).unwrap();
        flock(&held, FlockOperation::LockShared).unwrap();
        for names in orders {
            copy(&folder, &to, names);
            let size = ledger.size();
            commit_all(&mut ledger, size..size + step);
            ledger.publish().unwrap();
        }
        copy(&folder, &to, &["wal", "place"]);
        check(&to, ledger.size());
    }
}

#[test]
fn segments_stay_while_somebody_holds_their_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("log");
    let mut ledger = create(&folder);
    let first = folder.join("wal/0000000000000000.wal");
    let held = File::open(folder.join("wal")).unwrap();
    flock(&held, FlockOperation::LockShared).unwrap();
    commit_all(&mut ledger, 0..600);
    ledger.publish().unwrap();
    assert!(first.exists());
    drop(held);
    commit_all(&mut ledger, 600..620);
    ledger.publish().unwrap();
    assert!(!first.exists());
}

#[test]
fn segments_that_are_held_have_a_limit() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("log");
    let mut ledger = create(&folder);
    let held = File::open(folder.join("wal")).unwrap();
    flock(&held, FlockOperation::LockShared).unwrap();
    // One batch fills most of a segment.
    let large = |index| Entry { sealed: vec![7; 40_000], ..entry(index) };
    for index in 0..crate::limits::SEGMENTS_HELD_MAX as u64 + 300 {
        ledger.commit(&[large(index)]).unwrap();
    }
    ledger.publish().unwrap();
    let kept = fs::read_dir(folder.join("wal")).unwrap().count();
    // Those since the last full bundle, one entry each.
    let growing = 300 - 256 + 2;
    assert!(kept <= crate::limits::SEGMENTS_HELD_MAX + growing, "{kept}");
    assert!(!folder.join("wal/0000000000000000.wal").exists());
}

/// A folder whose newest segment shows a place that was read before a batch came there, and batches
/// after it.
fn read_too_early(folder: &Path) {
    let mut ledger = create(folder);
    commit_all(&mut ledger, 0..20);
    ledger.publish().unwrap();
    let segment = folder.join("wal/0000000000000000.wal");
    let before = fs::read(&segment).unwrap();
    for index in 20..23 {
        ledger.commit(&[entry(index)]).unwrap();
    }
    let mut after = fs::read(&segment).unwrap();
    let place = before.iter().zip(&after).position(|(before, after)| before != after).unwrap();
    after[place..place + 4096].fill(0);
    fs::write(&segment, after).unwrap();
}

#[test]
fn a_torn_batch_ends_a_copy_and_is_damage_elsewhere() {
    let temporary = tempfile::tempdir().unwrap();
    let (folder, to) = (temporary.path().join("log"), temporary.path().join("copy"));
    read_too_early(&folder);
    copy(&folder, &to, &["tile", "vkey", "checkpoint", "wal", "place"]);
    assert!(matches!(open(&folder), Err(Error::Wal(WalError::InvalidBeforeValid { .. }))));
    assert_eq!(open(&to).unwrap().size(), 20);
    assert_eq!(open(&to).unwrap().size(), 20, "it is a folder of its own now");
}

#[test]
fn a_copy_whose_segments_end_before_its_checkpoint_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let (folder, to) = (temporary.path().join("log"), temporary.path().join("copy"));
    let mut ledger = create(&folder);
    commit_all(&mut ledger, 0..20);
    copy(&folder, &to, &["wal", "place"]);
    commit_all(&mut ledger, 20..40);
    ledger.publish().unwrap();
    copy(&folder, &to, &["tile", "vkey", "checkpoint"]);
    assert!(matches!(open(&to), Err(Error::CheckpointAhead { checkpoint: 40, held: 20 })));
}
