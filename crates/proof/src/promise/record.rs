use super::{Error, Promise};
use crate::digest::Digest;
use crate::merkle;
use crate::note::VerifierKey;
use crate::placed::{self, Placed};
use crate::receipt::Receipt;
use crate::record;

/// The first line of a promised record's file.
pub const HEADER: &str = "interlock/promise-proof@v1";

/// A record with its path to a signed promise, as one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromisedRecord {
    /// The record's bytes, where the file holds them.
    pub record: Option<Vec<u8>>,
    /// The record's index in the log.
    pub index: u64,
    /// The inclusion proof within the batch, from the record's sibling up (RFC 6962 section 2.1.1).
    pub proof: Vec<Digest>,
    /// The signed promise, verbatim.
    pub promise: String,
}

/// Two entries for one index, both under the log's key: proof that the holder of the key forked the
/// log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// The index in the log.
    pub index: u64,
    /// The leaf that was promised there.
    pub promised: Digest,
    /// The leaf that the published log has there.
    pub published: Digest,
}

impl PromisedRecord {
    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let record = self.record.as_deref();
        placed::text(HEADER, record, self.index, &self.proof, &self.promise)
    }

    /// Reads a file. Nothing in it is to be believed before [`PromisedRecord::verify`].
    ///
    /// # Errors
    /// When it is malformed or exceeds a limit. The signed promise's own form is checked by
    /// [`PromisedRecord::verify`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let Placed { record, index, proof, note } = Placed::parse(HEADER, text)?;
        Ok(Self { record, index, proof, promise: note })
    }

    /// Checks that the log of that key, whose origin is the key's name, promised this record its
    /// place.
    ///
    /// # Errors
    /// When the promise is not that log's or not signed by the key, is not of this record, or it is
    /// no record.
    pub fn verify(&self, record: &[u8], key: &VerifierKey) -> Result<Promise, Error> {
        let promise = Promise::open(&self.promise, key)?;
        let outside = merkle::Error::OutOfRange { index: self.index, size: promise.count };
        let place = self.index.checked_sub(promise.first).ok_or(outside)?;
        let leaf = merkle::leaf_hash(record);
        merkle::verify_inclusion(&leaf, place, promise.count, &self.proof, &promise.root)?;
        record::check(record)?;
        Ok(promise)
    }

    /// Checks the record that the file itself holds, and gives its bytes.
    ///
    /// # Errors
    /// When it holds none; otherwise as [`PromisedRecord::verify`].
    pub fn verify_own(&self, key: &VerifierKey) -> Result<(&[u8], Promise), Error> {
        let record = self.record.as_deref().ok_or(Error::NoRecord)?;
        Ok((record, self.verify(record, key)?))
    }

    /// Whether a receipt of the same log proves another entry at this index. Both files hold their
    /// records; `None` says that they do not contradict each other.
    ///
    /// # Errors
    /// When either does not verify under the key: what nobody signed convicts nobody.
    pub fn contradicted_by(
        &self,
        receipt: &Receipt,
        key: &VerifierKey,
    ) -> Result<Option<Contradiction>, Error> {
        let (promised, _) = self.verify_own(key)?;
        let (published, _) = receipt.verify_own(key)?;
        let (promised, published) = (merkle::leaf_hash(promised), merkle::leaf_hash(published));
        let is_contradiction = receipt.index == self.index && promised != published;
        let index = self.index;
        Ok(is_contradiction.then_some(Contradiction { index, promised, published }))
    }
}
