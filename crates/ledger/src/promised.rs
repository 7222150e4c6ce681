//! The promise of a durable batch, signed once, when the first of its appends needs it.
use crate::entry::{Committed, Entry};
use proof::note::Signer;
use proof::promise::{Batch, Error, PromisedRecord};
use std::sync::{Arc, OnceLock};

/// Where an append went, and its batch, from which a promise can be made. The whole batch stays in
/// memory until all of its appends have dropped theirs.
#[derive(Debug, Clone)]
pub struct Promised {
    committed: Committed,
    batch: Arc<DurableBatch>,
}

/// A batch whose sync has returned.
// INVARIANT: one is made after the commit only: the key never promises what a crash may take.
#[derive(Debug)]
pub(crate) struct DurableBatch {
    first: u64,
    entries: Vec<Entry>,
    signed: OnceLock<Result<(Batch, String), Error>>,
}

impl DurableBatch {
    pub(crate) fn new(first: u64, entries: Vec<Entry>) -> Arc<Self> {
        Arc::new(Self { first, entries, signed: OnceLock::new() })
    }

    fn entry(&self, index: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(index.checked_sub(self.first)?).ok()?)
    }

    /// Later signers are not asked: of one log there is one key.
    fn signed(&self, signer: &dyn Signer) -> Result<&(Batch, String), Error> {
        let sign = || {
            let records = self.entries.iter().map(|entry| entry.record.as_slice());
            let batch = Batch::new(self.first, records);
            let signed = batch.sign(signer)?;
            Ok((batch, signed))
        };
        self.signed.get_or_init(sign).as_ref().map_err(Clone::clone)
    }
}

impl Promised {
    pub(crate) const fn new(committed: Committed, batch: Arc<DurableBatch>) -> Self {
        Self { committed, batch }
    }

    /// Where the append went.
    #[must_use]
    pub const fn committed(&self) -> Committed {
        self.committed
    }

    /// One of the append's records with its path to the batch's promise, which this log's key
    /// signs: the first call for a batch costs hashing it and one signature, on this thread.
    ///
    /// # Errors
    /// When the append has no record at that index of the log, or the signer fails.
    pub fn record(&self, index: u64, signer: &dyn Signer) -> Result<PromisedRecord, Error> {
        let Committed { first, count } = self.committed;
        let entry = self.batch.entry(index).filter(|_| (first..first + count).contains(&index));
        let outside = proof::merkle::Error::OutOfRange { index, size: first + count };
        let entry = entry.ok_or(outside)?;
        let (batch, signed) = self.batch.signed(signer)?;
        batch.record(index, signed, Some(&entry.record))
    }
}
