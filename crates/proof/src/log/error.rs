use super::ReadError;
use crate::{checkpoint, merkle, record, tile};

/// Why a log can't be read, or is not what its key signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file that a log of this size has is not there.
    #[error("`{path}` is missing: the log is larger than its files")]
    Missing {
        /// The file.
        path: String,
    },
    /// The checkpoint is no text.
    #[error("`checkpoint` is not UTF-8")]
    NotText,
    /// The checkpoint is malformed, of another log, or not signed by the key.
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Error),
    /// A file of the wrong shape.
    #[error("`{path}`: {error}")]
    Shape {
        /// The file.
        path: String,
        /// Its fault.
        error: tile::Error,
    },
    /// The tiles at the right edge are not the tree of the checkpoint.
    #[error("a tile was altered, or is of another log: {} do not hash to the signed root", .paths.join(", "))]
    Edge {
        /// The tiles, one or more of which are wrong.
        paths: Vec<String>,
    },
    /// A tile that isn't of this tree.
    #[error("`{path}` was altered: the tile does not hash to what the tile above it says")]
    Tile {
        /// The file.
        path: String,
    },
    /// An entry that isn't of this tree.
    #[error("entry {index} in `{path}` was altered: it does not hash to its leaf in the tree")]
    Entry {
        /// The entry's index.
        index: u64,
        /// The file.
        path: String,
    },
    /// An entry that is no record.
    #[error("entry {index} is no record: {error}")]
    NotRecord {
        /// The entry's index.
        index: u64,
        /// Its fault.
        error: record::Error,
    },
    /// A proof can't be made.
    #[error(transparent)]
    Tree(#[from] merkle::Error),
    /// An older head is not of this log's past.
    #[error(
        "the log was rewritten: its first {size} entries are not those of the older checkpoint"
    )]
    Forked {
        /// The size in the older head.
        size: u64,
    },
    /// An older head is of another log.
    #[error("the older checkpoint is of `{}`, not of this log", .origin.escape_debug())]
    OtherLog {
        /// Its origin.
        origin: String,
    },
    /// A builder was asked to go on with a log that has other files.
    #[error(transparent)]
    Write(#[from] tile::Error),
}
