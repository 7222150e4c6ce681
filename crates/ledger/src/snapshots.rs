//! Snapshots of a log's fold, so that a start need not read the whole log: pieces by their
//! names, and for each snapshot a list of those it consists of.
//!
//! Nothing here is believed. A list says where to look; a restore starts from
//! digests in a record, and a piece that is missing, torn or another's is found by them. So pieces
//! are written as they come and made durable together.
use crate::disk::{Disk, DiskError};
use crate::error::Error;
use crate::files::{replace, replace_unsynced};
use crate::limits::{PIECE_BYTES_MAX, PIECES_MAX, SNAPSHOTS_KEPT};
use proof::digest::Digest;
use std::collections::BTreeSet;
use std::sync::Arc;

const FOLDER: &str = "snapshots";
pub(crate) const PIECES: &str = "snapshots/pieces";

/// Digits of a list's name: the index of the record that names the snapshot's digests.
const DIGITS: usize = 20;

/// Digits of a piece's name: its SHA-256 in hex.
const NAME_DIGITS: usize = 64;

/// The snapshots of one log. Clones share them. One thread at a time writes them.
#[derive(Debug)]
pub struct Snapshots<D: Disk> {
    disk: Arc<D>,
}

impl<D: Disk> Clone for Snapshots<D> {
    fn clone(&self) -> Self {
        Self { disk: Arc::clone(&self.disk) }
    }
}

impl<D: Disk> Snapshots<D> {
    pub(crate) fn new(disk: Arc<D>) -> Self {
        Self { disk }
    }

    /// Keeps a piece; not durable before [`Snapshots::finish`].
    ///
    /// # Errors
    /// [`Error::PieceTooLarge`], or what the disk reports.
    pub fn keep(&self, name: &Digest, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > PIECE_BYTES_MAX {
            return Err(Error::PieceTooLarge { bytes: bytes.len() });
        }
        let path = piece_path(name);
        if self.disk.open(&path, false)?.is_some() {
            // A snapshot that is listed may have it: then it is not let go of before the new one is
            // durable.
            return Ok(replace(&*self.disk, &path, bytes)?);
        }
        Ok(replace_unsynced(&*self.disk, &path, bytes)?)
    }

    /// The snapshot whose record has this index consists of these pieces, which were kept: durable
    /// when this returns. Older ones than the last two go, and pieces that neither of these has.
    ///
    /// # Errors
    /// [`Error::TooManyPieces`], or what the disk reports. Older snapshots are as they were.
    pub fn finish(&self, index: u64, names: &BTreeSet<Digest>) -> Result<(), Error> {
        if names.len() > PIECES_MAX {
            return Err(Error::TooManyPieces { pieces: names.len() });
        }
        let list: String = names.iter().map(|name| name.to_hex() + "\n").collect();
        self.disk.sync_all()?;
        replace(&*self.disk, &list_path(index), list.as_bytes())?;
        self.disk.sync_folder(FOLDER)?;
        self.sweep()
    }

    /// Indices of the records that kept snapshots belong to, the newest first.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn newest_first(&self) -> Result<Vec<u64>, Error> {
        let names = self.disk.list(FOLDER)?;
        let indices = names.iter().filter(|name| name.len() == DIGITS);
        Ok(indices.rev().filter_map(|name| name.parse().ok()).collect())
    }

    /// A piece as it was kept. None where it is not here.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn piece(&self, name: &Digest) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.disk.read(&piece_path(name), PIECE_BYTES_MAX)?)
    }

    /// Lets a snapshot go that cannot be used: it would take the place of one that can.
    ///
    /// # Errors
    /// What the disk reports.
    pub fn discard(&self, index: u64) -> Result<(), Error> {
        self.disk.remove(&list_path(index))?;
        Ok(self.disk.sync_folder(FOLDER)?)
    }

    /// Removes what no snapshot that is kept consists of. A list that is damaged keeps nothing.
    fn sweep(&self) -> Result<(), Error> {
        let mut wanted = BTreeSet::new();
        for (place, index) in self.newest_first()?.into_iter().enumerate() {
            if place < SNAPSHOTS_KEPT {
                wanted.extend(self.names(index)?);
            } else {
                self.disk.remove(&list_path(index))?;
            }
        }
        let unwanted = |name: &String| name.len() == NAME_DIGITS && !wanted.contains(name);
        for name in self.disk.list(PIECES)?.into_iter().filter(unwanted) {
            self.disk.remove(&format!("{PIECES}/{name}"))?;
        }
        Ok(())
    }

    fn names(&self, index: u64) -> Result<Vec<String>, Error> {
        let list = match self.disk.read(&list_path(index), PIECES_MAX * (NAME_DIGITS + 1)) {
            Ok(list) => list.unwrap_or_default(),
            Err(DiskError::TooLarge { .. }) => Vec::new(),
            Err(why) => return Err(why.into()),
        };
        let list = String::from_utf8(list).unwrap_or_default();
        Ok(list.lines().map(str::to_owned).collect())
    }
}

pub(crate) fn list_path(index: u64) -> String {
    format!("{FOLDER}/{index:0width$}", width = DIGITS)
}

/// Whether this is where a list is kept.
pub(crate) fn is_list(path: &str) -> bool {
    path.strip_prefix(FOLDER).is_some_and(|name| name.len() == DIGITS + 1)
}

fn piece_path(name: &Digest) -> String {
    format!("{PIECES}/{}", name.to_hex())
}

#[cfg(test)]
mod tests;
