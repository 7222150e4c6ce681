use std::time::Duration;

use identity::{FileKeys, Vault};
use ledger::Ledger;
use ledger::simulation::{MemoryDevice, MemoryDisk};
use proof::note::Ed25519Signer;

use super::*;

fn ledger(device: &MemoryDevice) -> Ledger<MemoryDisk> {
    let signer = Ed25519Signer::from_seed("example.test/lineage/node-1", &[7; 32]).unwrap();
    Ledger::create(device.mount(), Box::new(signer), "example.test/lineage/node-1").unwrap()
}

fn public(bytes: &[u8]) -> WaitingPiece {
    WaitingPiece { name: Digest::of(bytes), bytes: bytes.to_vec(), sealer: None }
}

fn hand_over(keeper: &Keeper, index: u64, pieces: &[&[u8]]) {
    let names = pieces.iter().map(|bytes| Digest::of(bytes)).collect();
    pieces.iter().for_each(|bytes| keeper.keep(public(bytes)));
    keeper.finish(index, names);
}

fn in_time() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

#[test]
fn a_late_piece_is_left_and_its_snapshot_is_not_finished() {
    let ledger = ledger(&MemoryDevice::new());
    let keeper = Keeper::start(ledger.snapshots()).unwrap();
    let _is_set = keeper.shared.until.set(Instant::now());
    hand_over(&keeper, 7, &[b"one", b"two"]);
    keeper.close(in_time());
    assert!(ledger.snapshots().newest_first().unwrap().is_empty());
    assert!(ledger.snapshots().piece(&Digest::of(b"one")).unwrap().is_none());
}

#[test]
fn each_piece_is_written_by_the_end() {
    let ledger = ledger(&MemoryDevice::new());
    let keeper = Keeper::start(ledger.snapshots()).unwrap();
    hand_over(&keeper, 7, &[b"one", b"two"]);
    keeper.close(in_time());
    assert_eq!(ledger.snapshots().newest_first().unwrap(), [7]);
    assert_eq!(ledger.snapshots().piece(&Digest::of(b"two")).unwrap().unwrap(), b"two");
}

/// A vault with the key of one execution, and its folder.
fn vault() -> (tempfile::TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let (sealing, keys) = (folder.path().join("sealing.key"), folder.path().join("keys"));
    let mut vault = Vault::new("origin", FileKeys::create(&sealing, &keys, "origin").unwrap());
    vault.begin("x1").unwrap();
    (folder, vault)
}

#[test]
fn a_piece_of_an_execution_is_written_sealed() {
    let ledger = ledger(&MemoryDevice::new());
    let (_folder, mut vault) = vault();
    let keeper = Keeper::start(ledger.snapshots()).unwrap();
    let sealer = Some(vault.piece_sealer("x1").unwrap());
    keeper.keep(WaitingPiece { sealer, ..public(b"one") });
    keeper.finish(7, [Digest::of(b"one")].into());
    keeper.close(in_time());
    let sealed = ledger.snapshots().piece(&Digest::of(b"one")).unwrap().unwrap();
    assert_ne!(sealed, b"one");
    assert_eq!(vault.open_piece("x1", &Digest::of(b"one"), &sealed).unwrap(), b"one");
}

#[test]
fn a_piece_whose_key_is_destroyed_as_it_waits_is_not_written() {
    let ledger = ledger(&MemoryDevice::new());
    let (_folder, mut vault) = vault();
    let keeper = Keeper::start(ledger.snapshots()).unwrap();
    let sealer = Some(vault.piece_sealer("x1").unwrap());
    vault.destroy("x1").unwrap();
    keeper.keep(WaitingPiece { sealer, ..public(b"one") });
    keeper.finish(7, [Digest::of(b"one")].into());
    hand_over(&keeper, 8, &[b"two"]);
    let shared = Arc::clone(&keeper.shared);
    keeper.close(in_time());
    assert!(shared.has_failed.load(Ordering::Relaxed));
    assert!(ledger.snapshots().piece(&Digest::of(b"one")).unwrap().is_none());
    assert!(ledger.snapshots().newest_first().unwrap().is_empty());
}

/// Once a piece is lost nothing that may need it is finished, until everything comes anew.
#[test]
fn a_full_disk_finishes_nothing_until_all_is_handed_over_anew() {
    let device = MemoryDevice::new();
    let ledger = ledger(&device);
    let keeper = Keeper::start(ledger.snapshots()).unwrap();
    let written = |keeper: Keeper| {
        keeper.close(in_time());
        Keeper::start(ledger.snapshots()).unwrap()
    };
    hand_over(&keeper, 7, &[b"one"]);
    let keeper = written(keeper);
    device.set_capacity_bytes(Some(0));
    keeper.keep(public(b"two"));
    while keeper.waiting_bytes() > 0 {
        std::thread::yield_now();
    }
    device.set_capacity_bytes(None);
    // The next snapshot has that piece too, and does not hand it over again.
    keeper.finish(8, [Digest::of(b"two")].into());
    hand_over(&keeper, 9, &[b"three"]);
    assert!(keeper.take_failure() && !keeper.take_failure());
    hand_over(&keeper, 10, &[b"two", b"three"]);
    keeper.close(in_time());
    assert_eq!(ledger.snapshots().newest_first().unwrap(), [10, 7]);
}
