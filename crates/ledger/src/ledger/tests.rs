use crate::files::DiskFiles;
use crate::simulation::{Crash, MemoryDevice};
use crate::testing::{ORIGIN, commit_all, create, entries, entry, open, signer};
use crate::{CommitError, Committed, EntryError, Error, Reader};
use proof::log::LogReader;
use proof::merkle::{Frontier, leaf_hash};

/// Everything from the start is there, with its sealed part, through the reader.
fn assert_holds(device: &MemoryDevice, size: u64) {
    let reader = Reader::over(device.mount()).unwrap();
    let read: Vec<_> = reader.entries(0).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(read.len() as u64, size);
    for (index, found) in (0..).zip(read) {
        let wanted = entry(index);
        assert_eq!((found.index, found.record), (index, wanted.record));
        assert_eq!(found.sealed, Some(wanted.sealed), "sealed part of entry {index}");
    }
}

fn verify_published(device: &MemoryDevice) -> proof::log::Summary {
    let disk = device.mount();
    let log = LogReader::open(DiskFiles(&disk), &signer().verifier(), ORIGIN).unwrap();
    log.verify_all(&mut |_| {}).unwrap()
}

#[test]
fn committed_records_survive_a_power_loss() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    assert_eq!(ledger.commit(&entries(0..3)).unwrap(), Committed { first: 0, count: 3 });
    assert_eq!(ledger.commit(&entries(3..4)).unwrap(), Committed { first: 3, count: 1 });
    let root = ledger.root();
    device.crash(Crash::DropUnsynced);
    let (ledger, recovery) = open(&device).unwrap();
    assert_eq!((recovery.size, recovery.root, recovery.published), (4, root, 0));
    assert!(!recovery.dropped_batch);
    assert_eq!(ledger.root(), root);
    assert_holds(&device, 4);
}

#[test]
fn the_root_is_that_of_rfc_6962() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    let mut tree = Frontier::new();
    for index in 0..20 {
        ledger.commit(&[entry(index)]).unwrap();
        tree.push(leaf_hash(&entry(index).record));
        assert_eq!((ledger.size(), ledger.root()), (tree.size(), tree.root()));
    }
}

#[test]
fn published_folders_verify_at_every_size() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    let mut size = 0;
    for step in [1, 4, 250, 1, 1, 255, 300, 7, 500] {
        for index in size..size + step {
            ledger.commit(&[entry(index)]).unwrap();
        }
        size += step;
        ledger.publish().unwrap();
        let summary = verify_published(&device);
        assert_eq!((summary.size, summary.records, summary.root), (size, size, ledger.root()));
        assert_holds(&device, size);
    }
    let segments = device.paths().iter().filter(|path| path.starts_with("wal/")).count();
    assert!(segments < 12, "published segments are removed, {segments} are left");
    let partial = |path: &&String| path.starts_with("tile/entries/000.p/");
    assert_eq!(device.paths().iter().filter(partial).count(), 0, "superseded partial bundles");
    drop(ledger);
    let (mut ledger, recovery) = open(&device).unwrap();
    assert_eq!((recovery.size, recovery.published), (size, size));
    commit_all(&mut ledger, size..size + 300);
    ledger.publish().unwrap();
    assert_eq!(verify_published(&device).size, size + 300);
    assert_holds(&device, size + 300);
}

#[test]
fn a_closed_ledger_is_complete_without_its_write_ahead_files() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    commit_all(&mut ledger, 0..300);
    ledger.publish().unwrap();
    ledger.close().unwrap();
    for path in device.paths().iter().filter(|path| path.starts_with("wal/")) {
        device.tamper(path, None);
    }
    assert!(device.content("sealed/001.p/44").is_some());
    assert_holds(&device, 300);
}

#[test]
fn making_a_ledger_never_replaces_one() {
    let device = MemoryDevice::new();
    drop(create(&device).unwrap());
    assert!(matches!(create(&device), Err(Error::AlreadyThere { .. })));
    device.tamper("checkpoint", None);
    assert!(matches!(create(&device), Err(Error::AlreadyThere { .. })));
}

#[test]
fn a_folder_without_a_ledger_is_not_opened() {
    assert!(matches!(open(&MemoryDevice::new()), Err(Error::NotThere { .. })));
}

#[test]
fn two_processes_cannot_have_the_same_folder() {
    let device = MemoryDevice::new();
    let ledger = create(&device).unwrap();
    let refused = open(&device).err().unwrap();
    assert!(refused.to_string().contains("in use"), "{refused}");
    drop(ledger);
    open(&device).unwrap();
}

#[test]
fn an_invalid_batch_is_refused_and_changes_nothing() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    let before = device.operations();
    let with = |record: usize, sealed: usize| {
        vec![crate::Entry { record: vec![b'x'; record], sealed: vec![0; sealed] }]
    };
    let refusals = [vec![], with(0, 0), with(65_536, 0), with(1, 9 << 20), with(1, 60_000)];
    for entries in refusals {
        assert!(matches!(ledger.commit(&entries), Err(CommitError::Entry(_))));
    }
    assert_eq!(device.operations(), before);
    let refused = ledger.commit(&with(1, 60_000)).unwrap_err();
    let CommitError::Entry(EntryError::Batch { bytes_max, .. }) = refused else {
        panic!("{refused}")
    };
    assert_eq!(bytes_max, ledger.batch_bytes_max());
    ledger.commit(&with(1, bytes_max - 9)).unwrap();
}

#[test]
fn a_full_disk_is_a_refusal_and_stops_still_fit() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    device.set_capacity_bytes(Some(70 * 1024));
    let mut size = 0;
    let refused = loop {
        match ledger.commit(&[entry(1)]) {
            Ok(_) => size += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, CommitError::Full(_)), "{refused}");
    assert_eq!(ledger.size(), size);
    for _ in 0..2 {
        assert!(matches!(ledger.commit(&[entry(1)]), Err(CommitError::Full(_))));
        ledger.commit_reserved(&[entry(1)]).unwrap();
    }
    assert!(matches!(ledger.commit_reserved(&[entry(1)]), Err(CommitError::Full(_))));
    let root = ledger.root();
    device.crash(Crash::DropUnsynced);
    let (mut ledger, recovery) = open(&device).unwrap();
    assert_eq!((recovery.size, recovery.root), (size + 2, root));
    device.set_capacity_bytes(None);
    ledger.commit(&[entry(1)]).unwrap();
}

#[test]
fn a_full_disk_while_publishing_loses_nothing() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    commit_all(&mut ledger, 0..300);
    for spare_bytes in [0, 100, 5_000, 20_000, 40_000, 60_000, 200_000] {
        let used: usize =
            device.paths().iter().map(|path| device.content(path).unwrap().len()).sum();
        device.set_capacity_bytes(Some((used + spare_bytes) as u64));
        if let Err(error) = ledger.publish() {
            assert!(error.is_full() && !error.is_fatal(), "{error}");
        }
    }
    device.set_capacity_bytes(None);
    ledger.publish().unwrap();
    assert_eq!(verify_published(&device).size, 300);
    assert_holds(&device, 300);
}

#[test]
fn a_failed_sync_stops_the_ledger_for_good() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    ledger.commit(&entries(0..2)).unwrap();
    device.fail_sync_after(0);
    assert!(matches!(ledger.commit(&entries(2..3)), Err(CommitError::Fatal(_))));
    assert_eq!(ledger.size(), 2);
    assert!(matches!(ledger.commit(&entries(2..3)), Err(CommitError::Stopped)));
    assert!(matches!(ledger.commit_reserved(&entries(2..3)), Err(CommitError::Stopped)));
}

#[test]
fn an_unsynced_batch_is_synced_before_it_counts() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    ledger.commit(&entries(0..2)).unwrap();
    device.fail_sync_after(0);
    ledger.commit(&entries(2..3)).unwrap_err();
    device.crash(Crash::KeepUnsynced);
    let (mut ledger, recovery) = open(&device).unwrap();
    assert_eq!(recovery.size, 3);
    ledger.publish().unwrap();
    device.crash(Crash::DropUnsynced);
    assert_eq!(open(&device).unwrap().1.size, 3);
}

#[test]
fn blobs_are_durable_and_checked() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    let digest = ledger.put_blob(b"a bundle").unwrap();
    assert_eq!(ledger.put_blob(b"a bundle").unwrap(), digest);
    device.crash(Crash::DropUnsynced);
    let (ledger, _) = open(&device).unwrap();
    assert_eq!(ledger.blob(&digest).unwrap().unwrap(), b"a bundle");
    assert_eq!(ledger.blob(&proof::digest::Digest::of(b"another")).unwrap(), None);
    device.tamper(&format!("blobs/{}", digest.to_hex()), Some(b"A bundle".to_vec()));
    assert!(matches!(ledger.blob(&digest), Err(Error::BlobDamaged { .. })));
}
