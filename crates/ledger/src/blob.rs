//! Large values beside the log, named by their SHA-256.
use crate::disk::Disk;
use crate::error::Error;
use crate::files::{replace, sync_again};
use crate::limits::BLOB_BYTES_MAX;
use proof::digest::Digest;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) const FOLDER: &str = "blobs";

/// The blobs of one ledger. Clones share them.
#[derive(Debug)]
pub struct Blobs<D: Disk> {
    disk: Arc<D>,
    writing: Arc<Mutex<()>>,
}

impl<D: Disk> Clone for Blobs<D> {
    fn clone(&self) -> Self {
        Blobs { disk: Arc::clone(&self.disk), writing: Arc::clone(&self.writing) }
    }
}

impl<D: Disk> Blobs<D> {
    pub(crate) fn new(disk: Arc<D>) -> Blobs<D> {
        Blobs { disk, writing: Arc::default() }
    }

    /// Keep `bytes`; durable when this returns, so that a record may name them.
    ///
    /// # Errors
    /// [`Error::BlobTooLarge`], or what the disk reports: see [`Error::is_full`] and
    /// [`Error::is_fatal`].
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, Error> {
        if bytes.len() > BLOB_BYTES_MAX {
            return Err(Error::BlobTooLarge { bytes: bytes.len() });
        }
        let digest = Digest::of(bytes);
        let name = digest.to_hex();
        let path = format!("{FOLDER}/{name}");
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let present = self.disk.read(&path, BLOB_BYTES_MAX)?;
        if present.is_some_and(|present| present == bytes) {
            // It may have been written by a process that died before it synced.
            sync_again(&*self.disk, &path)?;
        } else {
            replace(&*self.disk, &path, bytes)?;
        }
        self.disk.sync_folder(FOLDER)?;
        Ok(digest)
    }

    /// The blob with this digest. `None`: it is not here.
    ///
    /// # Errors
    /// [`Error::BlobDamaged`] when the file has other content, else what the disk reports.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let path = format!("{FOLDER}/{}", digest.to_hex());
        let Some(bytes) = self.disk.read(&path, BLOB_BYTES_MAX)? else { return Ok(None) };
        if Digest::of(&bytes) != *digest {
            return Err(Error::BlobDamaged { path });
        }
        Ok(Some(bytes))
    }
}
