use super::{Error, Promise, PromisedRecord};
use crate::merkle::{self, Tree};
use crate::note::Signer;

/// The leaves of one durable batch, from which its promise and each entry's path are made.
///
/// Make one only of what is durable: a promise of entries that a crash took would convict an honest
/// log.
#[derive(Debug, Clone)]
pub struct Batch {
    first: u64,
    leaves: Tree,
}

impl Batch {
    /// The batch of these records, the first of them at that index of the log.
    #[must_use]
    pub fn new<'a>(first: u64, records: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut leaves = Tree::new();
        for record in records {
            leaves.push(merkle::leaf_hash(record));
        }
        Self { first, leaves }
    }

    /// What this batch's log promises; the signer's name is the log's origin.
    #[must_use]
    pub fn promise(&self, origin: &str) -> Promise {
        let (first, count, root) = (self.first, self.leaves.size(), self.leaves.root());
        Promise { origin: origin.to_owned(), first, count, root }
    }

    /// The signed promise of this batch.
    ///
    /// # Errors
    /// As [`Promise::sign`]; an empty or too large batch is none.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, Error> {
        self.promise(signer.name()).sign(signer)
    }

    /// One of the batch's records, with its path to the signed promise.
    ///
    /// # Errors
    /// When the batch has no entry at that index of the log.
    pub fn record(
        &self,
        index: u64,
        signed: &str,
        record: Option<&[u8]>,
    ) -> Result<PromisedRecord, Error> {
        let outside = merkle::Error::OutOfRange { index, size: self.leaves.size() };
        let place = index.checked_sub(self.first).ok_or(outside)?;
        Ok(PromisedRecord {
            record: record.map(<[u8]>::to_vec),
            index,
            proof: self.leaves.inclusion_proof(place)?,
            promise: signed.to_owned(),
        })
    }
}
