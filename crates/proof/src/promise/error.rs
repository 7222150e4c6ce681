use crate::limits::{PROMISE_ENTRIES_MAX, PROOF_HASHES_MAX, RECEIPT_BYTES_MAX, RECORD_BYTES_MAX};
use crate::placed::MalformedPlaced;
use crate::{log, merkle, note, receipt, record};

/// Why a text is no promise, or promises nothing of what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Over [`RECEIPT_BYTES_MAX`].
    #[error("a promise longer than {RECEIPT_BYTES_MAX} bytes")]
    TooLong,
    /// Another first line.
    #[error("not a promise: its first line must be `{}`", super::HEADER)]
    Header,
    /// A malformed `extra` line.
    #[error("the `extra` line is not base64 of at most {RECORD_BYTES_MAX} bytes")]
    Extra,
    /// A malformed `index` line.
    #[error("a line `index N` is needed, N a decimal number without leading zeroes")]
    Index,
    /// A malformed hash.
    #[error(
        "a line of the path is not 32 bytes in base64, or there are more than {PROOF_HASHES_MAX}"
    )]
    Hash,
    /// No empty line before the signed promise.
    #[error("no empty line between the path and the signed promise")]
    NoPromise,
    /// Not five lines, or another context.
    #[error("a promise has five lines: `{}`, origin, first index, count, root", super::CONTEXT)]
    Lines,
    /// A malformed first index or count.
    #[error("a promise's place is a first index and a count of 1 to {PROMISE_ENTRIES_MAX}")]
    Place,
    /// A malformed root.
    #[error("the root in the promise is not 32 bytes in base64")]
    Root,
    /// Another log's.
    #[error("a promise of another log: of `{}`", .found.escape_debug())]
    OtherLog {
        /// The origin that was found.
        found: String,
    },
    /// The note is malformed or not signed by the key.
    #[error("the promise: {0}")]
    Note(#[from] note::Error),
    /// The record is not where the promise says.
    #[error("the promise is not of this record: {0}")]
    Proof(#[from] merkle::Error),
    /// The promised bytes are no record.
    #[error("what was promised is no record: {0}")]
    NotRecord(#[from] record::Error),
    /// The file holds no record.
    #[error("the promise holds no record: give the record's file too")]
    NoRecord,
    /// The receipt that was set against it proves nothing.
    #[error("the receipt: {0}")]
    Receipt(#[from] receipt::Error),
    /// The log that was set against it does not verify.
    #[error("the log: {0}")]
    Log(#[from] log::Error),
}

impl From<MalformedPlaced> for Error {
    fn from(why: MalformedPlaced) -> Self {
        match why {
            MalformedPlaced::TooLong => Self::TooLong,
            MalformedPlaced::Header => Self::Header,
            MalformedPlaced::Extra => Self::Extra,
            MalformedPlaced::Index => Self::Index,
            MalformedPlaced::Hash => Self::Hash,
            MalformedPlaced::NoNote => Self::NoPromise,
        }
    }
}
