//! A log as it is at one moment, file by file, while it goes on.
//!
//! The moment is that of its checkpoint and of its write-ahead segments, which are held open. All
//! else that belongs to them is on the disk by then, and stays: full tiles and bundles are never
//! changed, and what is partial is made from them or from the segments. No lock is taken.
use crate::blob;
use crate::completed::Completed;
use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::head::Head;
use crate::limits::READ_ATTEMPTS_MAX;
use crate::paths::{VKEY_PATH, bundle_boundary, log_id, sealed_path};
use crate::reader::{Reader, parse_checkpoint};
use crate::snapshots;
use crate::wal::cursor::Cursor;
use crate::wal::segments::Segments;
use proof::log::CHECKPOINT_PATH;
use proof::tile::{EntryBundle, bundles_for_size, tiles_for_size};
use std::io::{self, Read};
use std::sync::Arc;

/// Takes one file: its path in the log's folder, its length in bytes, and its content.
pub trait BackupSink: FnMut(&str, u64, &mut dyn Read) -> io::Result<()> {}

impl<F: FnMut(&str, u64, &mut dyn Read) -> io::Result<()>> BackupSink for F {}

/// Why a log could not be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// It could not be read.
    #[error(transparent)]
    Log(#[from] Error),
    /// The copy could not be written.
    #[error("the copy could not be written: {0}")]
    Written(#[from] io::Error),
}

/// A log at one moment.
pub struct Backup<D: Disk> {
    disk: Arc<D>,
    checkpoint: String,
    head: Head,
    segments: Segments<D>,
    /// Entries that are written: those after the checkpoint too.
    written: u64,
    /// Where the last segment's last batch ends, in bytes.
    end: u64,
}

impl<D: Disk> Reader<D> {
    /// The log as it is now.
    ///
    /// # Errors
    /// [`Error::Moving`] where it moved on each time it was read, else what is wrong with its
    /// files.
    pub fn backup(&self) -> Result<Backup<D>, Error> {
        let mut index = 0;
        for _ in 0..READ_ATTEMPTS_MAX {
            let text = self.checkpoint()?;
            let checkpoint = parse_checkpoint(&text)?;
            let head = Head { size: checkpoint.size, root: checkpoint.root };
            index = bundle_boundary(head.size);
            let segments = Segments::open(&*self.disk, log_id(&checkpoint.origin))?;
            let Some(segments) = segments.from(index) else { continue };
            let end = segments.end()?.filter(|end| end.size >= head.size);
            let Some(end) = end else { continue };
            let (disk, written, end) = (Arc::clone(&self.disk), end.size, end.offset);
            return Ok(Backup { disk, checkpoint: text, head, segments, written, end });
        }
        Err(Error::Moving { index, attempts: READ_ATTEMPTS_MAX })
    }
}

impl<D: Disk> Backup<D> {
    /// The signed head.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// How many entries there are: those after the signed head too.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Hands on every file of the log but blobs, snapshots and keys.
    ///
    /// # Errors
    /// [`BackupError::Log`] where a file is missing or can't be read, [`BackupError::Written`].
    pub fn copy(&self, take: &mut dyn BackupSink) -> Result<(), BackupError> {
        let head = self.checkpoint.as_bytes();
        whole(CHECKPOINT_PATH, head, take)?;
        self.file(VKEY_PATH, take)?;
        let files = Completed { disk: &*self.disk, segments: &self.segments };
        let missing = |path: &str| Error::Damaged { path: path.to_owned() };
        let tiles = tiles_for_size(self.head.size).map(|tile| tile.path());
        for path in tiles.chain(bundles_for_size(self.head.size).map(|bundle| bundle.path())) {
            let bytes = files.read(&path)?.ok_or_else(|| missing(&path))?;
            whole(&path, &bytes, take)?;
        }
        for bundle in bundles_for_size(self.head.size).filter(EntryBundle::is_full) {
            let path = sealed_path(&bundle);
            if !self.file(&path, take)? {
                let bytes = files.sealed(bundle)?.ok_or_else(|| missing(&path))?;
                whole(&path, &bytes, take)?;
            }
        }
        let starts = self.segments.starts();
        for (place, start) in starts.iter().enumerate() {
            let end = if place + 1 == starts.len() { self.end } else { start.header.segment_bytes };
            segment(start, end, take)?;
        }
        Ok(())
    }

    /// Hands on the blobs that are there by now.
    ///
    /// # Errors
    /// As [`Backup::copy`].
    pub fn copy_blobs(&self, take: &mut dyn BackupSink) -> Result<(), BackupError> {
        for name in self.disk.list(blob::FOLDER).map_err(Error::from)? {
            self.file(&format!("{}/{name}", blob::FOLDER), take)?;
        }
        Ok(())
    }

    /// Hands on the snapshots of the log as far as it goes. One whose pieces go meanwhile is not
    /// used by a start.
    ///
    /// # Errors
    /// As [`Backup::copy`].
    pub fn copy_snapshots(&self, take: &mut dyn BackupSink) -> Result<(), BackupError> {
        let snapshots = snapshots::Snapshots::new(Arc::clone(&self.disk));
        for index in snapshots.newest_first()?.into_iter().filter(|index| *index < self.written) {
            self.file(&snapshots::list_path(index), take)?;
        }
        for name in self.disk.list(snapshots::PIECES).map_err(Error::from)? {
            self.file(&format!("{}/{name}", snapshots::PIECES), take)?;
        }
        Ok(())
    }

    fn file(&self, path: &str, take: &mut dyn BackupSink) -> Result<bool, BackupError> {
        copy_file(&*self.disk, path, take)
    }
}

/// Hands on a file of a folder. Whether it is there.
///
/// # Errors
/// As [`Backup::copy`].
pub fn copy_file<D: Disk>(
    disk: &D,
    path: &str,
    take: &mut dyn BackupSink,
) -> Result<bool, BackupError> {
    let Some(file) = disk.open(path, false).map_err(Error::from)? else { return Ok(false) };
    let len_bytes = file.len_bytes().map_err(Error::from)?;
    take(path, len_bytes, &mut Content { file: &file, offset: 0, end: len_bytes })?;
    Ok(true)
}

fn whole(path: &str, bytes: &[u8], take: &mut dyn BackupSink) -> io::Result<()> {
    take(path, bytes.len() as u64, &mut &*bytes)
}

/// Hands on a segment as it is up to `end`, and zeros after it: what is being written is not part
/// of it.
fn segment<D: Disk>(
    start: &Cursor<D>,
    end: u64,
    take: &mut dyn BackupSink,
) -> Result<(), BackupError> {
    let all = start.header.segment_bytes;
    let content = Content { file: &*start.file, offset: 0, end };
    take(&start.path(), all, &mut content.chain(io::repeat(0).take(all.saturating_sub(end))))?;
    Ok(())
}

/// The bytes of a file up to an end.
struct Content<'a, F> {
    file: &'a F,
    offset: u64,
    end: u64,
}

impl<F: DiskFile> Read for Content<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let buffer = buffer.get_mut(..wanted).unwrap_or_default();
        let read = self.file.read_at(self.offset, buffer).map_err(io::Error::other)?;
        self.offset += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
