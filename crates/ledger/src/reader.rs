//! Reading a log without taking it: published entries and the write-ahead tail after them.
//!
//! A reader holds no lock and may run beside the process that writes. It shows batches that are written,
//! which the writer may be about to sync; it verifies nothing but that files have their shape and batches their
//! checksums: `proof::log` verifies.
mod entries;

use crate::blob::Blobs;
use crate::disk::{Disk, DiskError, FileDisk};
use crate::error::Error;
use crate::limits::CHECKPOINT_BYTES_MAX;
use crate::paths::VKEY_PATH;
use entries::Entries;
use proof::digest::Digest;
use proof::log::{CHECKPOINT_PATH, Files, ReadError};
use std::path::Path;
use std::sync::Arc;

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
    disk: Arc<D>,
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
        let reader = Reader { disk: Arc::new(disk) };
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

    /// The blob with this digest, its content checked.
    ///
    /// # Errors
    /// As [`Blobs::get`].
    pub fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        Blobs::new(Arc::clone(&self.disk)).get(digest)
    }

    fn text(&self, path: &str) -> Result<String, Error> {
        let missing = || Error::NotThere { path: path.to_owned() };
        let bytes = self.disk.read(path, CHECKPOINT_BYTES_MAX)?.ok_or_else(missing)?;
        String::from_utf8(bytes).map_err(|_| Error::Damaged { path: path.to_owned() })
    }
}

/// So that `proof::log` verifies the folder.
impl<D: Disk> Files for Reader<D> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let read = self.disk.read(path, proof::limits::FILE_BYTES_MAX);
        read.map_err(|error: DiskError| ReadError::new(&error.to_string()))
    }
}
