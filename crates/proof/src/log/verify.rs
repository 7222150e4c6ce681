use std::ops::Range;

use super::{Error, LogFiles, LogReader};
use crate::digest::Digest;
use crate::limits::TILE_WIDTH;
use crate::{merkle, record};

/// How far a verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries verified.
    pub done: u64,
    /// Entries to verify.
    pub total: u64,
}

/// The log that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Which log.
    pub origin: String,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// Entries that were read, all of them records.
    pub records: u64,
}

impl<F: LogFiles> LogReader<F> {
    /// Reads the whole log: each tile against the signed root, each entry against its leaf and as a
    /// record. `progress` is called after each bundle of 256.
    ///
    /// # Errors
    /// The first file that is missing or altered, or entry that is no record.
    pub fn verify_all(&self, progress: &mut dyn FnMut(Progress)) -> Result<Summary, Error> {
        self.verify_range(0..self.size(), progress)
    }

    /// As [`LogReader::verify_all`], for entries of that range: so that drivers can share a log
    /// between threads.
    ///
    /// # Errors
    /// As [`LogReader::verify_all`]; also when the range reaches beyond the log.
    pub fn verify_range(
        &self,
        range: Range<u64>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Summary, Error> {
        let (size, width) = (self.size(), u64::from(TILE_WIDTH));
        let total = range.end.saturating_sub(range.start);
        if total > 0 && range.end > size {
            let index = range.start.max(size);
            return Err(merkle::Error::OutOfRange { index, size }.into());
        }
        let mut done = 0;
        let end = if total > 0 { range.end.div_ceil(width) } else { 0 };
        for bundle in range.start / width..end {
            self.bundle(bundle, |index, entry| {
                if range.contains(&index) {
                    record::check(entry).map_err(|error| Error::NotRecord { index, error })?;
                    done += 1;
                }
                Ok(())
            })?;
            progress(Progress { done, total });
        }
        let head = self.checkpoint();
        Ok(Summary { origin: head.origin.clone(), size: head.size, root: head.root, records: done })
    }
}
