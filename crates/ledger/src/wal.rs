//! The write-ahead files: preallocated segments of checksummed, chained batches.
//!
//! `spec/ledger.md` has the format in words. A batch is acknowledged once its bytes are synced, and
//! batch *k + 1* is written only after *k* is; so at most the last batch can be torn.
pub(crate) mod cursor;
pub(crate) mod format;
pub(crate) mod recover;
pub(crate) mod room;
pub(crate) mod segments;
pub(crate) mod writer;

use crate::disk::{Disk, DiskError};
use crate::paths::WAL_FOLDER;

/// What the place begins with where a segment is made before it gets its name. Emptied at start.
pub(crate) const SPARE_PATH: &str = "tmp/segment";

/// The file of the segment with this number.
pub(crate) fn segment_path(number: u64) -> String {
    format!("{WAL_FOLDER}/{number:016x}.wal")
}

/// Numbers of the segments that are there, ascending. Files with other names are not ours.
pub(crate) fn segments<D: Disk>(disk: &D) -> Result<Vec<u64>, DiskError> {
    let names = disk.list(WAL_FOLDER)?;
    let number = |name: &String| {
        let digits = name.strip_suffix(".wal").filter(|digits| digits.len() == 16)?;
        let number = u64::from_str_radix(digits, 16).ok()?;
        (segment_path(number) == format!("{WAL_FOLDER}/{name}")).then_some(number)
    };
    let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The fault of a write-ahead file. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalError {
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// No segment reaches back to where the tiles end.
    #[error(
        "the write-ahead file that holds entry {index} is missing from `{WAL_FOLDER}`: restore it, or restore the whole folder from a backup"
    )]
    Missing {
        /// The first entry that is nowhere.
        index: u64,
    },
    /// A segment between two others is gone.
    #[error(
        "`{path}` is missing, though a later one is there: restore it, or restore the whole folder from a backup"
    )]
    Gap {
        /// The missing file.
        path: String,
    },
    /// A segment is shorter than it was made.
    #[error(
        "`{path}` was truncated to {len_bytes} of {segment_bytes} bytes: restore the whole folder from a backup"
    )]
    Truncated {
        /// The file.
        path: String,
        /// Its length.
        len_bytes: u64,
        /// The length it was made with.
        segment_bytes: u64,
    },
    /// A segment does not begin with a header that checks out.
    #[error(
        "`{path}` does not begin with a valid header: it was edited or is no write-ahead file; restore the whole folder from a backup"
    )]
    Header {
        /// The file.
        path: String,
    },
    /// A segment of another log.
    #[error("`{path}` belongs to another log (its log id is {found}): put the right file back")]
    OtherLog {
        /// The file.
        path: String,
        /// The log id it carries, base64url.
        found: String,
    },
    /// Something written by an earlier incarnation follows something written by a later one.
    #[error(
        "`{path}` at byte {offset} has generation {found}, but generation {expected} came before it: an older copy was put back, or two processes wrote; restore the whole folder from one backup"
    )]
    OlderGeneration {
        /// The file.
        path: String,
        /// Where in it, in bytes.
        offset: u64,
        /// The generation found.
        found: u64,
        /// The least that may be there.
        expected: u64,
    },
    /// A batch or segment does not continue the one before it.
    #[error(
        "`{path}` at byte {offset} does not continue what precedes it (batch {found} follows where batch {expected} belongs): files of different copies were mixed; restore the whole folder from one backup"
    )]
    Chain {
        /// The file.
        path: String,
        /// Where in it, in bytes.
        offset: u64,
        /// The batch number found.
        found: u64,
        /// The batch number expected.
        expected: u64,
    },
    /// A damaged batch with good ones after it: that is no torn write.
    #[error(
        "`{path}` has a damaged batch at byte {offset} before a good one at byte {later} of `{later_path}`: acknowledged records are damaged, so nothing was changed; restore the whole folder from a backup"
    )]
    InvalidBeforeValid {
        /// The file with the damaged batch.
        path: String,
        /// Where the damaged batch begins, in bytes.
        offset: u64,
        /// The file with the good one.
        later_path: String,
        /// Where the good one begins, in bytes.
        later: u64,
    },
    /// The file no longer holds what was acknowledged.
    #[error(
        "`{path}` at byte {offset} no longer holds batch {expected}, which was acknowledged: the file was changed while in use"
    )]
    Changed {
        /// The file.
        path: String,
        /// Where in it, in bytes.
        offset: u64,
        /// The batch number expected.
        expected: u64,
    },
}
