//! The errors of making, opening, publishing and reading a ledger.
use crate::disk::DiskError;
use crate::entry::EntryError;
use crate::wal::WalError;
use proof::{checkpoint, log, tile};

/// Why a ledger could not be made, opened, published or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A write-ahead file is not what it should be.
    #[error(transparent)]
    Wal(#[from] WalError),
    /// There is a ledger already, or the remains of one.
    #[error("there is a ledger already (`{path}` exists): use it, or choose an empty folder")]
    AlreadyThere {
        /// The file that shows it.
        path: String,
    },
    /// There is no ledger.
    #[error(
        "there is no ledger here (`{path}` is missing): make one with `interlock init`, or restore this folder"
    )]
    NotThere {
        /// The file that is missing.
        path: String,
    },
    /// Segments of such sizes can't work.
    #[error(
        "write-ahead files of {segment_bytes} bytes with a reserve of {reserve_bytes} are not possible: use whole blocks of 4,096 bytes, 16,384 to 1 GiB, and a reserve of at most half"
    )]
    Sizes {
        /// The segment size asked for.
        segment_bytes: u64,
        /// The reserve asked for.
        reserve_bytes: u64,
    },
    /// The folder was made for another key.
    #[error(
        "`vkey` is for the key `{found}`, but the signing key is `{expected}`: use the key that this log was made with"
    )]
    OtherKey {
        /// The folder's key.
        found: String,
        /// The signer's.
        expected: String,
    },
    /// The checkpoint is not this log's, or not signed by its key.
    #[error(
        "`checkpoint` cannot be used ({0}): it is damaged or another log's; restore the whole folder from a backup"
    )]
    Checkpoint(#[from] checkpoint::Error),
    /// A published file does not verify.
    #[error("{0}: restore the whole folder from a backup")]
    Published(log::Error),
    /// The checkpoint covers more than there is.
    #[error(
        "`checkpoint` covers {checkpoint} records, but the write-ahead files end at {held}: acknowledged records were cut off; restore the whole folder from a backup"
    )]
    CheckpointAhead {
        /// Its size.
        checkpoint: u64,
        /// Where the records end.
        held: u64,
    },
    /// A tile, bundle or sealed file is missing or malformed.
    #[error("`{path}` is missing or damaged: restore the whole folder from a backup")]
    Damaged {
        /// The file.
        path: String,
    },
    /// Published log and write-ahead files tell different stories.
    #[error(
        "entry {index} differs between the published log and the write-ahead files: one of them was edited, or an older checkpoint was put back; restore the whole folder from a backup"
    )]
    Mismatch {
        /// The first entry that differs.
        index: u64,
    },
    /// What would be signed is not what was acknowledged.
    #[error(
        "the write-ahead files no longer hold the {size} records that were acknowledged: they were changed while in use, nothing was signed"
    )]
    NotAcknowledged {
        /// How many records were acknowledged.
        size: u64,
    },
    /// The key did not sign.
    #[error("the checkpoint could not be signed: {why}")]
    Signer {
        /// The signer's own words.
        why: String,
    },
    /// A blob above the limit.
    #[error("a blob of {bytes} bytes cannot be kept: it takes at most 64 MiB")]
    BlobTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// A piece of a snapshot above the limit.
    #[error("a piece of {bytes} bytes cannot be kept: it takes at most 64 MiB")]
    PieceTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// A snapshot of more pieces than the limit.
    #[error("a snapshot of {pieces} pieces cannot be kept: it has at most 1,000,000")]
    TooManyPieces {
        /// How many.
        pieces: usize,
    },
    /// A blob whose content is not what its name says.
    #[error("`{path}` does not have the content that its name promises: restore it from a backup")]
    BlobDamaged {
        /// The file.
        path: String,
    },
    /// The system gave no thread.
    #[error("no thread for the ledger: {source}")]
    Thread {
        /// The system's own words.
        source: std::io::Error,
    },
    /// There was no more time to publish. Nothing is lost: the next opening of the ledger publishes
    /// it.
    #[error("there was no more time to publish it")]
    OutOfTime,
    /// The ledger stopped after an earlier failure.
    #[error("the ledger has stopped: an earlier write or sync failed")]
    Stopped,
    /// The log moved on each time it was read.
    #[error("the log moved on {attempts} times while entry {index} was read: try again")]
    Moving {
        /// The entry.
        index: u64,
        /// How often it was tried.
        attempts: usize,
    },
}

impl From<log::Error> for Error {
    fn from(error: log::Error) -> Error {
        match error {
            log::Error::Checkpoint(error) => Error::Checkpoint(error),
            error => Error::Published(error),
        }
    }
}

impl From<tile::Error> for Error {
    fn from(error: tile::Error) -> Error {
        Error::Published(error.into())
    }
}

impl Error {
    /// Whether the disk had no space, or the process no descriptor: nothing is lost, and the ledger
    /// is usable.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.disk().is_some_and(DiskError::is_for_now)
    }

    /// Whether durable entries could not be published yet. The next opening of the ledger publishes
    /// them.
    #[must_use]
    pub fn is_unpublished(&self) -> bool {
        self.is_full() || matches!(self, Error::OutOfTime)
    }

    /// Whether what is durable is unknown, so that the process must end and start again from disk.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        let changed = matches!(self, Error::NotAcknowledged { .. } | Error::Wal(_));
        match self.disk() {
            Some(error) => matches!(error, DiskError::Sync { .. }),
            None => changed,
        }
    }

    /// Whether another process has the log: nothing was opened.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.disk(), Some(DiskError::Locked { .. }))
    }

    fn disk(&self) -> Option<&DiskError> {
        match self {
            Error::Disk(error) | Error::Wal(WalError::Disk(error)) => Some(error),
            _ => None,
        }
    }
}

/// Why a batch was not committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The entries are no batch. Nothing was written.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// No space. Nothing was written; the ledger is as usable as before (`refused.storage`).
    #[error("{0}")]
    Full(DiskError),
    /// Nobody knows what is durable: the process must end, and may release nothing more.
    #[error("the ledger must stop: {0}")]
    Fatal(DiskError),
    /// An earlier commit was fatal.
    #[error("the ledger has stopped: an earlier write or sync failed")]
    Stopped,
}
