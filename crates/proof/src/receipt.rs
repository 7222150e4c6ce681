//! Receipts (C2SP `tlog-proof`): a record's place in a log, checked offline with the log's public
//! key alone.
//!
//! The `extra` line of Interlock's receipts holds the record's bytes, so that a receipt is one
//! file. It is not signed, and needs no trust: it is the record only if it hashes to the leaf that
//! the proof leads from.
use crate::checkpoint::{self, Checkpoint};
use crate::digest::Digest;
use crate::limits::{PROOF_HASHES_MAX, RECEIPT_BYTES_MAX, RECORD_BYTES_MAX};
use crate::merkle::{self, HashReader};
use crate::note::VerifierKey;
use crate::placed::{self, MalformedPlaced, Placed};
use crate::record;

/// The first line of every receipt.
pub const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A record's place in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The record's bytes, where the receipt holds them.
    pub record: Option<Vec<u8>>,
    /// The record's index in the log.
    pub index: u64,
    /// The inclusion proof, from the record's sibling up (RFC 6962 section 2.1.1).
    pub proof: Vec<Digest>,
    /// The signed checkpoint of the tree that the proof leads to, verbatim.
    pub checkpoint: String,
}

/// Why a text is no receipt, or proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Over [`RECEIPT_BYTES_MAX`].
    #[error("a receipt longer than {RECEIPT_BYTES_MAX} bytes")]
    TooLong,
    /// Another first line.
    #[error("not a receipt: its first line must be `{HEADER}`")]
    Header,
    /// A malformed `extra` line.
    #[error("the `extra` line is not base64 of at most {RECORD_BYTES_MAX} bytes")]
    Extra,
    /// A malformed `index` line.
    #[error("a line `index N` is needed, N a decimal number without leading zeroes")]
    Index,
    /// A malformed hash.
    #[error(
        "a line of the proof is not 32 bytes in base64, or there are more than {PROOF_HASHES_MAX}"
    )]
    Hash,
    /// No empty line before the checkpoint.
    #[error("no empty line between the proof and the checkpoint")]
    NoCheckpoint,
    /// The checkpoint is malformed, of another log or not signed by the key.
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Error),
    /// The record is not where the receipt says.
    #[error("the receipt does not prove this record: {0}")]
    Proof(#[from] merkle::Error),
    /// What the receipt proves is no record.
    #[error("the entry is in the log and is no record: {0}")]
    NotRecord(#[from] record::Error),
    /// The receipt holds no record.
    #[error("the receipt holds no record: give the record's file too")]
    NoRecord,
}

impl From<MalformedPlaced> for Error {
    fn from(why: MalformedPlaced) -> Self {
        match why {
            MalformedPlaced::TooLong => Self::TooLong,
            MalformedPlaced::Header => Self::Header,
            MalformedPlaced::Extra => Self::Extra,
            MalformedPlaced::Index => Self::Index,
            MalformedPlaced::Hash => Self::Hash,
            MalformedPlaced::NoNote => Self::NoCheckpoint,
        }
    }
}

impl Receipt {
    /// The receipt of the record at `index`, in the tree of the signed checkpoint.
    ///
    /// # Errors
    /// When the tree has no such record, or its hashes can't be read.
    pub fn build<R: HashReader>(
        reader: &R,
        index: u64,
        size: u64,
        signed_checkpoint: &str,
        record: Option<&[u8]>,
    ) -> Result<Self, R::Error> {
        Ok(Self {
            record: record.map(<[u8]>::to_vec),
            index,
            proof: merkle::inclusion_proof(reader, index, size)?,
            checkpoint: signed_checkpoint.to_owned(),
        })
    }

    /// The receipt's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let record = self.record.as_deref();
        placed::text(HEADER, record, self.index, &self.proof, &self.checkpoint)
    }

    /// Reads a receipt. Nothing in it is to be believed before [`Receipt::verify`].
    ///
    /// # Errors
    /// When it is malformed or exceeds a limit. The checkpoint's own form is checked by
    /// [`Receipt::verify`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let Placed { record, index, proof, note } = Placed::parse(HEADER, text)?;
        Ok(Self { record, index, proof, checkpoint: note })
    }

    /// Checks that this record stands in the log of that key, whose origin is the key's name.
    ///
    /// # Errors
    /// When the checkpoint is not that log's or not signed by the key, the record is not where the
    /// receipt says, or it is no record.
    pub fn verify(&self, record: &[u8], key: &VerifierKey) -> Result<Checkpoint, Error> {
        let checkpoint = checkpoint::open(&self.checkpoint, key, key.name())?;
        let leaf = merkle::leaf_hash(record);
        let (size, root) = (checkpoint.size, &checkpoint.root);
        merkle::verify_inclusion(&leaf, self.index, size, &self.proof, root)?;
        record::check(record)?;
        Ok(checkpoint)
    }

    /// Checks the record that the receipt itself holds, and gives its bytes.
    ///
    /// # Errors
    /// When it holds none; otherwise as [`Receipt::verify`].
    pub fn verify_own(&self, key: &VerifierKey) -> Result<(&[u8], Checkpoint), Error> {
        let record = self.record.as_deref().ok_or(Error::NoRecord)?;
        Ok((record, self.verify(record, key)?))
    }
}

#[cfg(test)]
mod tests;
