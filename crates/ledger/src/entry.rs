//! Entries, and how a batch of them is laid out in a write-ahead payload.
use crate::limits::{BATCH_ENTRIES_MAX, RECORD_BYTES_MAX, SEALED_BYTES_MAX};

/// One record with the sealed part that lies beside the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Canonical JSON, 1 to 65,535 bytes: the leaf of the tree.
    pub record: Vec<u8>,
    /// The sealed part (salts and bytes that the record commits to), at most 8 MiB; may be empty.
    pub sealed: Vec<u8>,
}

impl Entry {
    /// Bytes that this entry takes in a batch.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        LENGTHS_BYTES + self.record.len() + self.sealed.len()
    }
}

/// Where a batch went: its entries have the indices `first .. first + count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Index of the batch's first entry.
    pub first: u64,
    /// How many entries it has.
    pub count: u64,
}

/// Why entries can't be a batch: nothing of them was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// A record is empty or too long.
    #[error("a record of {bytes} bytes cannot be logged: it takes 1 to {RECORD_BYTES_MAX}")]
    Record {
        /// Its length.
        bytes: usize,
    },
    /// A sealed part is too long.
    #[error("a sealed part of {bytes} bytes cannot be kept: it takes at most {SEALED_BYTES_MAX}")]
    Sealed {
        /// Its length.
        bytes: usize,
    },
    /// Too much for one batch, or nothing at all.
    #[error(
        "{entries} entries of {bytes} bytes are no batch: it takes 1 to {entries_max} entries of at most {bytes_max} bytes"
    )]
    Batch {
        /// How many entries.
        entries: usize,
        /// Their payload's length.
        bytes: usize,
        /// Entries of one batch, at most.
        entries_max: usize,
        /// Bytes of one batch, at most: smaller segments lower it.
        bytes_max: usize,
    },
}

const LENGTHS_BYTES: usize = 8;

/// Check that entries make one batch of at most `bytes_max` payload bytes; returns these.
pub(crate) fn check_entries(entries: &[Entry], bytes_max: usize) -> Result<usize, EntryError> {
    let bytes = entries.iter().map(Entry::payload_bytes).sum();
    for Entry { record, sealed } in entries {
        if record.is_empty() || record.len() > RECORD_BYTES_MAX {
            return Err(EntryError::Record { bytes: record.len() });
        }
        if sealed.len() > SEALED_BYTES_MAX {
            return Err(EntryError::Sealed { bytes: sealed.len() });
        }
    }
    let count = entries.len();
    if count == 0 || count > BATCH_ENTRIES_MAX || bytes > bytes_max {
        return Err(EntryError::Batch {
            entries: count,
            bytes,
            entries_max: BATCH_ENTRIES_MAX,
            bytes_max,
        });
    }
    Ok(bytes)
}

/// Lay checked entries out one after the other: record length, sealed length (big-endian `u32`),
/// record, sealed.
pub(crate) fn encode_payload(payload: &mut Vec<u8>, entries: &[Entry]) {
    for Entry { record, sealed } in entries {
        // Both are far below `u32::MAX` once checked.
        let record_bytes = u32::try_from(record.len()).unwrap_or(u32::MAX);
        let sealed_bytes = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
        payload.extend_from_slice(&record_bytes.to_be_bytes());
        payload.extend_from_slice(&sealed_bytes.to_be_bytes());
        payload.extend_from_slice(record);
        payload.extend_from_slice(sealed);
    }
}

/// The entries of a payload; `None` unless it holds exactly `count`.
pub(crate) fn decode_payload(payload: &[u8], count: u32) -> Option<Vec<Entry>> {
    let mut rest = payload;
    let mut entries = Vec::new();
    for _ in 0..count {
        let (record_bytes, after) = rest.split_first_chunk::<4>()?;
        let (sealed_bytes, after) = after.split_first_chunk::<4>()?;
        let record_bytes = usize::try_from(u32::from_be_bytes(*record_bytes)).ok()?;
        let sealed_bytes = usize::try_from(u32::from_be_bytes(*sealed_bytes)).ok()?;
        let (record, after) = after.split_at_checked(record_bytes)?;
        let (sealed, after) = after.split_at_checked(sealed_bytes)?;
        if record.is_empty() || record.len() > RECORD_BYTES_MAX || sealed.len() > SEALED_BYTES_MAX {
            return None;
        }
        entries.push(Entry { record: record.to_vec(), sealed: sealed.to_vec() });
        rest = after;
    }
    rest.is_empty().then_some(entries)
}

#[cfg(test)]
mod tests;
