//! High-water marks: the newest head that was published of each log, remembered outside the log's own folder, so that a
//! folder that comes back from an older copy is not gone on from.

use std::path::PathBuf;

use ledger::{Disk, DiskFile, FileDisk, Reader};
use proof::checkpoint;
use proof::limits::FILE_BYTES_MAX;
use proof::log::LogReader;
use proof::note::VerifierKey;

use crate::{Error, Options};

/// What is remembered of one log: a copy of its signed checkpoint.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// `governance` or `lineage`: the log's folder, and the mark's file.
    log: &'static str,
    log_folder: PathBuf,
    folder: PathBuf,
}

impl Mark {
    pub(crate) fn governance(options: &Options) -> Self {
        Self::of("governance", options.governance_folder(), options)
    }

    pub(crate) fn lineage(options: &Options) -> Self {
        Self::of("lineage", options.lineage_folder(), options)
    }

    fn of(log: &'static str, log_folder: PathBuf, options: &Options) -> Self {
        Self { log, log_folder, folder: options.folder.join("marks") }
    }

    /// Makes the folder of marks of a new domain.
    pub(crate) fn create_folder(options: &Options) -> Result<(), Error> {
        let folder = options.folder.join("marks");
        FileDisk::create(&folder).map(drop).map_err(|why| Error::folder(&folder, &why))
    }

    /// Whether the log's published head goes on from the one that is remembered.
    ///
    /// # Errors
    /// `rollback` where it is older, or of another history, or nothing is remembered of it.
    pub(crate) fn check(&self, key: &VerifierKey, origin: &str) -> Result<(), Error> {
        let refused = |why: &dyn std::fmt::Display| Error::rollback(self.log, why);
        let disk = FileDisk::open(&self.folder).map_err(|why| self.unreadable(&why))?;
        let seen = disk.read(self.log, FILE_BYTES_MAX).map_err(|why| self.unreadable(&why))?;
        let seen = seen.ok_or_else(|| self.unreadable(&"it is missing"))?;
        let seen = String::from_utf8(seen).map_err(|why| self.unreadable(&why))?;
        let seen = checkpoint::open(&seen, key, origin).map_err(|why| self.unreadable(&why))?;
        let log = LogReader::open(self.reader()?, key, origin).map_err(|why| self.failed(&why))?;
        if log.size() < seen.size {
            let (size, known) = (log.size(), seen.size);
            return Err(refused(&format!("it has {size} records, and had {known} already")));
        }
        log.extends(&seen).map_err(|why| refused(&why))
    }

    /// Remembers the log's published head. Only who holds the log, and has checked it, may.
    pub(crate) fn remember(&self) -> Result<(), Error> {
        let head = self.reader()?.checkpoint().map_err(|why| self.failed(&why))?;
        self.replace(head.as_bytes()).map_err(|why| self.unreadable(&why))
    }

    /// Writes beside, syncs, renames: a crash leaves the old mark or the new one.
    fn replace(&self, head: &[u8]) -> Result<(), ledger::DiskError> {
        let disk = FileDisk::open(&self.folder)?;
        if disk.read(self.log, FILE_BYTES_MAX)?.as_deref() == Some(head) {
            return Ok(());
        }
        let unfinished = format!("{}.new", self.log);
        let file = disk.create(&unfinished, 0)?;
        file.write_at(0, head)?;
        file.sync()?;
        disk.rename(&unfinished, self.log)?;
        disk.sync_folder("")
    }

    fn reader(&self) -> Result<Reader<FileDisk>, Error> {
        Reader::open(&self.log_folder).map_err(|why| self.failed(&why))
    }

    fn unreadable(&self, why: &dyn std::fmt::Display) -> Error {
        let why = format!("what was seen of the log is not known: {why}; copy it back");
        Error::rollback(self.log, &format!("`{}/{}`: {why}", self.folder.display(), self.log))
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Error {
        Error::ledger(self.log, why)
    }
}

#[cfg(test)]
mod tests;
