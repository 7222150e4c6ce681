//! What the tests of this crate share.
use crate::simulation::{MemoryDevice, MemoryDisk};
use crate::{Disk, Entry, Error, Ledger, Recovery, Sizes};
use proof::note::{Ed25519Signer, Signer};

pub(crate) const ORIGIN: &str = "example.org/lineage/node-1";

/// Small segments, so that tests see many: 16 blocks with a reserve of two.
pub(crate) const SMALL: Sizes = Sizes { segment_bytes: 64 * 1024, reserve_bytes: 8 * 1024 };

pub(crate) fn signer_of(origin: &str) -> Box<dyn Signer + Send> {
    Box::new(Ed25519Signer::from_seed(origin, &[7; 32]).unwrap())
}

pub(crate) fn signer() -> Box<dyn Signer + Send> {
    signer_of(ORIGIN)
}

pub(crate) fn create(device: &MemoryDevice) -> Result<Ledger<MemoryDisk>, Error> {
    Ledger::create_with(device.mount(), signer(), ORIGIN, SMALL)
}

pub(crate) fn open(device: &MemoryDevice) -> Result<(Ledger<MemoryDisk>, Recovery), Error> {
    Ledger::open_with(device.mount(), signer(), ORIGIN, SMALL)
}

/// The entry that belongs at `index` in every test: a record, and now and then a larger sealed
/// part.
pub(crate) fn entry(index: u64) -> Entry {
    let record = format!(r#"{{"n":{index},"type":"test.record","v":1}}"#).into_bytes();
    let sealed_bytes = if index.is_multiple_of(7) { 6_000 } else { index % 40 };
    let sealed = (0..sealed_bytes).map(|byte| (byte % 251) as u8).collect();
    Entry { record, sealed }
}

pub(crate) fn entries(range: std::ops::Range<u64>) -> Vec<Entry> {
    range.map(entry).collect()
}

/// Commit entries in batches of up to 20, which small segments can hold.
pub(crate) fn commit_all<D: Disk>(ledger: &mut Ledger<D>, range: std::ops::Range<u64>) {
    for first in range.clone().step_by(20) {
        ledger.commit(&entries(first..range.end.min(first + 20))).unwrap();
    }
}
