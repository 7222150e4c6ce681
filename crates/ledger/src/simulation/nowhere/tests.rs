use super::NowhereDisk;
use crate::disk::{Disk, DiskError, DiskFile};
use crate::limits::{BLOCK_BYTES, NOWHERE_BYTES_MAX};
use crate::testing::{SMALL, entries, signer};
use crate::{GroupCommit, Ledger, Sizes};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

const ORIGIN: &str = crate::testing::ORIGIN;

/// The head that the same entries have over a disk that keeps everything.
fn head_elsewhere(size: u64) -> crate::Head {
    let device = crate::simulation::MemoryDevice::new();
    let mut ledger = crate::testing::create(&device).unwrap();
    crate::testing::commit_all(&mut ledger, 0..size);
    ledger.publish().unwrap()
}

#[test]
fn a_ledger_over_it_signs_the_head_that_it_signs_elsewhere() {
    let mut ledger = Ledger::create_with(NowhereDisk::new(), signer(), ORIGIN, SMALL).unwrap();
    let mut published = None;
    for first in (0..1_000).step_by(20) {
        ledger.commit(&entries(first..first + 20)).unwrap();
        if first % 140 == 0 {
            published = Some(ledger.publish().unwrap());
        }
    }
    assert!(published.unwrap().size > 900);
    assert_eq!(ledger.close().unwrap(), head_elsewhere(1_000));
}

#[test]
fn memory_does_not_grow_with_the_log() {
    let sizes = Sizes { segment_bytes: 4 * 1024 * 1024, ..Sizes::default() };
    let ledger = Ledger::create_with(NowhereDisk::new(), signer(), ORIGIN, sizes).unwrap();
    let publisher = ledger.publisher();
    let disk = Arc::clone(&publisher.lock().unwrap().disk);
    let log =
        GroupCommit::start(ledger, Duration::from_secs(3_600), |why| panic!("{why}")).unwrap();
    let mut most = 0;
    let mut written = 0;
    for first in (0..20_000).step_by(200) {
        let batch = entries(first..first + 200);
        written += batch.iter().map(|entry| entry.record.len() + entry.sealed.len()).sum::<usize>();
        log.append_and_wait(batch).unwrap();
        log.publish().unwrap();
        most = most.max(disk.kept_bytes());
    }
    // A segment's unforgotten bytes, the growing bundle's sealed parts, and small files.
    assert!(written > 15_000_000 && most < 4_000_000, "{most} of {written}");
    assert_eq!(log.close().unwrap().size, 20_000);
}

#[test]
fn forgotten_bytes_are_an_error_and_never_zeros() {
    let disk = NowhereDisk::new();
    let log = disk.create("tmp/segment", 8 * 1024 * 1024).unwrap();
    log.write_at(0, &[1; BLOCK_BYTES]).unwrap();
    let megabytes = vec![2; 2 * 1024 * 1024];
    log.write_at(BLOCK_BYTES as u64, &megabytes).unwrap();
    disk.rename("tmp/segment", "wal/0").unwrap();
    let log = disk.open("wal/0", false).unwrap().unwrap();
    let mut block = [9; BLOCK_BYTES];
    assert_eq!(log.read_at(BLOCK_BYTES as u64, &mut block).unwrap(), BLOCK_BYTES);
    assert_eq!(block, [2; BLOCK_BYTES]);
    assert_eq!(log.read_at(4 * 1024 * 1024, &mut block).unwrap(), BLOCK_BYTES);
    assert_eq!(block, [0; BLOCK_BYTES], "what was never written is zeros, as in any new file");
    let gone = |error| matches!(error, DiskError::Io { source, .. } if source.kind() == ErrorKind::Unsupported);
    assert!(gone(log.read_at(BLOCK_BYTES as u64, &mut block).unwrap_err()));
    assert!(gone(log.write_at(BLOCK_BYTES as u64, b"again").unwrap_err()));
    assert_eq!(log.read_at(0, &mut block).unwrap(), BLOCK_BYTES);
    assert_eq!(block, [1; BLOCK_BYTES], "a segment's header is kept");

    let tile = disk.create("tmp/tile", 0).unwrap();
    tile.write_at(0, &[3; 2 * BLOCK_BYTES]).unwrap();
    assert_eq!(tile.read_at(BLOCK_BYTES as u64, &mut block).unwrap(), BLOCK_BYTES);
    disk.rename("tmp/tile", "tile/0/000").unwrap();
    assert!(gone(disk.read("tile/0/000", 1024 * 1024).unwrap_err()));
    assert_eq!(tile.len_bytes().unwrap(), 2 * BLOCK_BYTES as u64);
}

#[test]
fn too_much_unread_fills_the_disk() {
    let disk = NowhereDisk::new();
    let file = disk.create("tmp/large", 0).unwrap();
    let half = vec![0; NOWHERE_BYTES_MAX / 2];
    file.write_at(0, &half).unwrap();
    file.write_at(half.len() as u64, &half).unwrap();
    assert_eq!(disk.kept_bytes(), NOWHERE_BYTES_MAX);
    assert!(matches!(file.write_at(0, b"x"), Err(DiskError::Full { .. })));
    disk.remove("tmp/large").unwrap();
    drop(file);
    assert_eq!(disk.kept_bytes(), 0);
    disk.create("tmp/small", 0).unwrap().write_at(0, b"x").unwrap();
}
