//! The write-ahead segments as they are at one moment, held open: what is removed meanwhile can
//! still be read.
use super::cursor::{Cursor, Found};
use super::{WalError, segments};
use crate::disk::Disk;
use crate::entry::Entry;
use proof::digest::Digest;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Segments that follow each other, up to the newest.
pub(crate) struct Segments<D: Disk> {
    /// At the start of each.
    starts: Vec<Cursor<D>>,
    /// Before the last batch that was read: entries are mostly read in their order.
    recent: Mutex<Option<Cursor<D>>>,
}

/// Where the batches of some segments end.
pub(crate) struct SegmentsEnd {
    /// Entries before it.
    pub(crate) size: u64,
    /// Where the last segment's last batch ends, in bytes.
    pub(crate) offset: u64,
}

impl<D: Disk> Segments<D> {
    /// None at all.
    pub(crate) fn none() -> Self {
        Segments { starts: Vec::new(), recent: Mutex::default() }
    }

    /// Those of this log from the newest back to the first gap.
    pub(crate) fn open(disk: &D, log: Digest) -> Result<Self, WalError> {
        let mut starts = Vec::new();
        let mut later: Option<u64> = None;
        for number in segments(disk)?.into_iter().rev() {
            if later.is_some_and(|later| number + 1 != later) {
                break;
            }
            // Removed since it was listed, as are those before it.
            let Some(start) = Cursor::open(disk, log, number)? else { break };
            later = Some(number);
            starts.push(start);
        }
        starts.reverse();
        Ok(Segments { starts, recent: Mutex::default() })
    }

    /// Those that hold entry `index` and what comes after it. `None`: none of them reaches back to
    /// it.
    pub(crate) fn from(mut self, index: u64) -> Option<Self> {
        let first = self.starts.iter().rposition(|start| start.chain.index <= index)?;
        self.starts.drain(..first);
        Some(self)
    }

    /// At the start of each, in their order.
    pub(crate) fn starts(&self) -> &[Cursor<D>] {
        &self.starts
    }

    /// Index of the first entry that they hold.
    pub(crate) fn first(&self) -> Option<u64> {
        self.starts.first().map(|start| start.chain.index)
    }

    /// Where their batches end now: the last may be written meanwhile.
    pub(crate) fn end(&self) -> Result<Option<SegmentsEnd>, WalError> {
        let mut end: Option<Cursor<D>> = None;
        for start in &self.starts {
            let mut cursor = start.again();
            if let Some(before) = end.filter(|before| before.chain != cursor.chain) {
                let (path, found, expected) =
                    (cursor.path(), cursor.chain.batch, before.chain.batch);
                return Err(WalError::Chain { path, offset: 0, found, expected });
            }
            while let Found::Batch(_) = cursor.next()? {}
            end = Some(cursor);
        }
        Ok(end.map(|end| SegmentsEnd { size: end.chain.index, offset: end.offset }))
    }

    /// The entries of this range. `None` unless all of them are here.
    pub(crate) fn entries(&self, range: Range<u64>) -> Result<Option<Vec<Entry>>, WalError> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.starts.iter().rposition(|start| start.chain.index <= range.start);
        let Some(place) = place else { return Ok(None) };
        let later = self.starts.iter().skip(place).map(Cursor::again);
        // What was read last may lie further on in the very segment.
        let nearer = recent.take().filter(|one| {
            let start = self.starts.get(place).map(|start| start.header.number);
            one.chain.index <= range.start && Some(one.header.number) == start
        });
        let skipped = usize::from(nearer.is_some());
        let mut next = range.start;
        let mut found = Vec::new();
        for mut cursor in nearer.into_iter().chain(later.skip(skipped)) {
            loop {
                let before = cursor.again();
                let Found::Batch(batch) = cursor.next()? else { break };
                for (index, entry) in (batch.first..).zip(batch.entries) {
                    if index == next && next < range.end {
                        found.push(entry);
                        next += 1;
                    }
                }
                if next >= range.end {
                    *recent = Some(before);
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }
}
