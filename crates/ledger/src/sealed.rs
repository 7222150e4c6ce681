//! Sealed parts beside the log: `sealed/<N>[.p/<W>]`, in the order of `tile/entries`.
//!
//! Each part stands after its length, a big-endian `u32`. A full bundle is written once; the
//! growing one is in the write-ahead files, and gets a partial file when a ledger is closed.
use crate::disk::{Disk, DiskError, DiskFile};
use crate::files::{unfinished_path, write_in_pieces};
use crate::limits::UNSYNCED_BYTES_MAX;

/// Parts are written together once they reach this many bytes.
const FLUSH_BYTES: usize = 256 * 1024;

/// The sealed parts of the growing bundle, in a file that has no name yet.
#[derive(Debug)]
pub(crate) struct SealedFile<D: Disk> {
    file: D::File,
    path: String,
    len_bytes: u64,
    /// Bytes of the file that are not known to be durable, at most.
    unsynced_bytes: usize,
    unwritten: Vec<u8>,
    /// Index of the next entry whose sealed part is to be appended.
    pub(crate) next: u64,
}

impl<D: Disk> SealedFile<D> {
    pub(crate) fn create(disk: &D, next: u64) -> Result<SealedFile<D>, DiskError> {
        let path = unfinished_path("sealed");
        let file = disk.create(&path, 0)?;
        let (len_bytes, unsynced_bytes, unwritten) = (0, 0, Vec::new());
        Ok(SealedFile { file, path, len_bytes, unsynced_bytes, unwritten, next })
    }

    pub(crate) fn append(&mut self, sealed: &[u8]) -> Result<(), DiskError> {
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
        self.unwritten.extend_from_slice(&length.to_be_bytes());
        self.unwritten.extend_from_slice(sealed);
        self.next += 1;
        if self.unwritten.len() >= FLUSH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Make the bytes durable and give the file its name.
    pub(crate) fn finish(&mut self, disk: &D, path: &str) -> Result<(), DiskError> {
        self.flush()?;
        self.file.sync()?;
        disk.rename(&self.path, path)
    }

    /// Write a durable copy under this name; the file itself goes on growing.
    pub(crate) fn copy_to(&mut self, disk: &D, path: &str) -> Result<(), DiskError> {
        self.flush()?;
        let unfinished = unfinished_path(path);
        let copy = disk.create(&unfinished, 0)?;
        let mut piece = vec![0; UNSYNCED_BYTES_MAX];
        let mut offset = 0;
        while offset < self.len_bytes {
            let read = self.file.read_at(offset, &mut piece)?;
            copy.write_at(offset, piece.get(..read).unwrap_or_default())?;
            copy.sync()?;
            offset += read.max(1) as u64;
        }
        copy.sync()?;
        disk.rename(&unfinished, path)
    }

    fn flush(&mut self) -> Result<(), DiskError> {
        if self.unsynced_bytes + self.unwritten.len() > UNSYNCED_BYTES_MAX {
            self.file.sync()?;
            self.unsynced_bytes = 0;
        }
        write_in_pieces(&self.file, self.len_bytes, &self.unwritten)?;
        self.len_bytes += self.unwritten.len() as u64;
        self.unsynced_bytes += self.unwritten.len().min(UNSYNCED_BYTES_MAX);
        self.unwritten.clear();
        Ok(())
    }
}

/// The bytes of a file of these parts.
pub(crate) fn encode<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The sealed parts in a file; `None` unless it holds exactly `count`.
pub(crate) fn decode(bytes: &[u8], count: u16) -> Option<Vec<&[u8]>> {
    let mut rest = bytes;
    let mut parts = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (part, after) = after.split_at_checked(length)?;
        parts.push(part);
        rest = after;
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests;
