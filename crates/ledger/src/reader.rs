//! Reading a log without taking it: published entries and the write-ahead tail after them.
//!
//! A reader holds no lock and may run beside the process that writes. It shows batches that are
//! written, which the writer may be about to sync; it verifies nothing but that files have their
//! shape and batches their checksums: `proof::log` verifies.
mod entries;

use crate::blob::Blobs;
use crate::completed::Completed;
use crate::disk::{Disk, FileDisk};
use crate::error::Error;
use crate::limits::CHECKPOINT_BYTES_MAX;
use crate::paths::{VKEY_PATH, log_id};
use crate::wal::segments::Segments;
pub(crate) use entries::parse_checkpoint;
use entries::{Entries, read_checkpoint};
use proof::digest::Digest;
use proof::log::{CHECKPOINT_PATH, LogFiles, ReadError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// An entry as a reader finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEntry {
    /// Its index in the log.
    pub index: u64,
    /// The record.
    pub record: Vec<u8>,
    /// The sealed part; `None` where only the public log was copied.
    pub sealed: Option<Vec<u8>>,
}

/// A read-only view of one log's folder.
pub struct Reader<D: Disk = FileDisk> {
    pub(crate) disk: Arc<D>,
    /// The write-ahead segments as they were when a file was missing last.
    segments: Mutex<Option<Segments<D>>>,
}

impl Reader<FileDisk> {
    /// The log in the folder at `path`.
    ///
    /// # Errors
    /// [`Error::NotThere`] when there is no checkpoint, else what the system reports.
    pub fn open(path: &Path) -> Result<Reader<FileDisk>, Error> {
        Reader::over(FileDisk::open_read_only(path)?)
    }
}

impl<D: Disk> Reader<D> {
    /// The log on this disk.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn over(disk: D) -> Result<Reader<D>, Error> {
        let reader = Reader { disk: Arc::new(disk), segments: Mutex::default() };
        reader.checkpoint()?;
        Ok(reader)
    }

    /// The signed checkpoint, as it is now.
    ///
    /// # Errors
    /// [`Error::NotThere`] when there is none.
    pub fn checkpoint(&self) -> Result<String, Error> {
        self.text(CHECKPOINT_PATH)
    }

    /// The log's public key: one `vkey` line.
    ///
    /// # Errors
    /// [`Error::NotThere`] when there is none.
    pub fn vkey(&self) -> Result<String, Error> {
        Ok(self.text(VKEY_PATH)?.trim_end().to_owned())
    }

    /// Entries from index `first` to the end of what is written, in order. An error ends them.
    ///
    /// # Errors
    /// When the checkpoint can't be read.
    pub fn entries(&self, first: u64) -> Result<Entries<'_, D>, Error> {
        Entries::from(&*self.disk, first)
    }

    /// As [`Reader::entries`], for who looks at records alone: sealed parts that are published are
    /// not read, and are `None`.
    ///
    /// # Errors
    /// When the checkpoint can't be read.
    pub fn records(&self, first: u64) -> Result<Entries<'_, D>, Error> {
        Entries::from(&*self.disk, first).map(Entries::without_sealed_parts)
    }

    /// The blob with this digest, its content checked.
    ///
    /// # Errors
    /// As [`Blobs::get`].
    pub fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        Blobs::new(Arc::clone(&self.disk)).get(digest)
    }

    /// A file that is not in the folder, from the write-ahead files.
    fn completed(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut held = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(segments) = &*held
            && let Some(bytes) = (Completed { disk: &*self.disk, segments }).read(path)?
        {
            return Ok(Some(bytes));
        }
        let log = log_id(&read_checkpoint(&*self.disk)?.origin);
        // A folder without them, or with others', is read as it is.
        let segments = Segments::open(&*self.disk, log).unwrap_or_else(|_| Segments::none());
        let segments = held.insert(segments);
        Completed { disk: &*self.disk, segments }.read(path)
    }

    fn text(&self, path: &str) -> Result<String, Error> {
        let missing = || Error::NotThere { path: path.to_owned() };
        let bytes = self.disk.read(path, CHECKPOINT_BYTES_MAX)?.ok_or_else(missing)?;
        String::from_utf8(bytes).map_err(|_| Error::Damaged { path: path.to_owned() })
    }
}

/// So that `proof::log` verifies the folder. What a copy of a running log lacks comes from its
/// write-ahead files.
impl<D: Disk> LogFiles for Reader<D> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let failed = |error: &dyn std::fmt::Display| ReadError::new(&error.to_string());
        let read = self.disk.read(path, proof::limits::FILE_BYTES_MAX);
        match read.map_err(|error| failed(&error))? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.completed(path).map_err(|error| failed(&error)),
        }
    }
}

#[cfg(test)]
mod tests;
