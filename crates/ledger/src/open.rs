//! Opening a log: the published part is checked at its edge, the write-ahead part in full.
use crate::completed::{Completed, complete};
use crate::disk::Disk;
use crate::entry::Entry;
use crate::error::Error;
use crate::files::{remove_unfinished, replace};
use crate::head::Head;
use crate::limits::CHECKPOINT_BYTES_MAX;
use crate::paths::{PLACE_PATH, WAL_FOLDER, bundle_boundary, log_id};
use crate::wal::cursor::{Cursor, ReadBatch};
use crate::wal::recover::{check_end, seek, settle, walk};
use crate::wal::segments::Segments;
use proof::digest::Digest;
use proof::log::{CHECKPOINT_PATH, LogFiles, LogReader};
use proof::merkle::{Frontier, leaf_hash};
use proof::note::VerifierKey;

/// What opening a log found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// How many records are durable.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Digest,
    /// How many of them the checkpoint on disk covers.
    pub published: u64,
    /// Whether a last batch that was not wholly written was dropped. It was never acknowledged.
    pub dropped_batch: bool,
}

pub(crate) struct Recovered<D: Disk> {
    pub(crate) end: Cursor<D>,
    pub(crate) frontier: Frontier,
    pub(crate) published: Head,
}

/// Check and recover. Nothing is changed on disk before everything has been checked.
pub(crate) fn recover<D: Disk>(
    disk: &D,
    key: &VerifierKey,
    origin: &str,
) -> Result<(Recovered<D>, Recovery), Error> {
    if disk.open(CHECKPOINT_PATH, false)?.is_none() {
        return Err(Error::NotThere { path: CHECKPOINT_PATH.to_owned() });
    }
    // Its signature, its origin, and that the tiles at the right edge have its root.
    // What is wrong with the segments is told when they are walked.
    let segments = Segments::open(disk, log_id(origin)).unwrap_or_else(|_| Segments::none());
    let files = Completed { disk, segments: &segments };
    let log = LogReader::open(&files, key, origin)?;
    let published = Head { size: log.size(), root: log.checkpoint().root };
    let mut tail = Tail::new(&log)?;
    let walked = walk(disk, seek(disk, log_id(origin), tail.next)?, |batch| tail.take(&batch))?;
    let place = disk.place(WAL_FOLDER)?;
    if !is_copy(disk, place.as_deref())? {
        check_end(&walked)?;
    }
    if tail.next < published.size {
        let (checkpoint, held) = (published.size, tail.next);
        return Err(Error::CheckpointAhead { checkpoint, held });
    }
    remove_unfinished(disk)?;
    complete(&log, &files)?;
    let dropped_batch = settle(disk, &walked)?;
    if let Some(place) = place {
        remember_place(disk, &place)?;
    }
    let frontier = tail.frontier;
    let (size, root) = (frontier.size(), frontier.root());
    let recovery = Recovery { size, root, published: published.size, dropped_batch };
    Ok((Recovered { end: walked.end, frontier, published }, recovery))
}

/// Whether the folder is a copy of the one that was opened last. What copies a segment while
/// batches are written to it may read a place before a batch came there, and the places after it
/// later: where the copy ends, good batches may follow. In the folder itself that is damage.
fn is_copy<D: Disk>(disk: &D, place: Option<&str>) -> Result<bool, Error> {
    let before = disk.read(PLACE_PATH, CHECKPOINT_BYTES_MAX)?;
    Ok(place.zip(before).is_some_and(|(place, before)| place.as_bytes() != before))
}

fn remember_place<D: Disk>(disk: &D, place: &str) -> Result<(), Error> {
    if disk.read(PLACE_PATH, CHECKPOINT_BYTES_MAX)?.as_deref() != Some(place.as_bytes()) {
        replace(disk, PLACE_PATH, place.as_bytes())?;
        disk.sync_folder("")?;
    }
    Ok(())
}

/// The fold of the write-ahead files over the published tree.
struct Tail {
    frontier: Frontier,
    /// Records of the published, growing bundle: the write-ahead files have them too.
    known: Vec<Vec<u8>>,
    boundary: u64,
    /// Index of the next entry to be taken.
    next: u64,
}

impl Tail {
    fn new<F: LogFiles>(log: &LogReader<F>) -> Result<Tail, Error> {
        let boundary = bundle_boundary(log.size());
        let known = log.entries(boundary..log.size()).map(|entry| Ok(entry?.1));
        let known = known.collect::<Result<Vec<_>, proof::log::Error>>()?;
        let frontier = Frontier::load(log, log.size())?;
        Ok(Tail { frontier, known, boundary, next: boundary })
    }

    fn take(&mut self, batch: &ReadBatch) -> Result<(), Error> {
        for (index, entry) in (batch.first..).zip(&batch.entries) {
            if index >= self.boundary {
                self.append(index, entry)?;
                self.next = index + 1;
            }
        }
        Ok(())
    }

    fn append(&mut self, index: u64, entry: &Entry) -> Result<(), Error> {
        if index == self.frontier.size() {
            self.frontier.push(leaf_hash(&entry.record));
            return Ok(());
        }
        let place = usize::try_from(index - self.boundary).unwrap_or(usize::MAX);
        if self.known.get(place) == Some(&entry.record) {
            Ok(())
        } else {
            Err(Error::Mismatch { index })
        }
    }
}

#[cfg(test)]
mod tests;
