//! How far publication got: the tree, and the bundle that is growing.
use crate::disk::Disk;
use crate::entry::Entry;
use crate::error::Error;
use crate::files::{DiskFiles, folder_of, replace};
use crate::head::Head;
use crate::limits::PUBLISH_BYTES_MAX;
use crate::paths::{WIDTH, bundle_boundary, bundle_of, partial_width, sealed_path};
use crate::sealed::SealedFile;
use crate::wal::WalError;
use crate::wal::cursor::{Cursor, Found, ReadBatch};
use crate::wal::recover::seek;
use proof::digest::Digest;
use proof::log::{Builder, LogReader};
use std::collections::BTreeSet;

/// The fold of the write-ahead files that publication has made.
///
/// INVARIANT: the write-ahead files keep every entry since the last multiple of 256, so that all of
/// this can be made again from the disk.
pub(crate) struct PublicationFold<D: Disk> {
    cursor: Cursor<D>,
    builder: Builder,
    /// Bytes of the files that the builder holds, at least.
    held_bytes: usize,
    sealed: SealedFile<D>,
    /// The segment that holds the growing bundle's first entry.
    first_segment: u64,
    /// Folders to be synced before a checkpoint may speak of their files.
    folders: BTreeSet<String>,
}

impl<D: Disk> PublicationFold<D> {
    /// Begin where the published log ends; its growing bundle is read again for its sealed parts.
    pub(super) fn load(
        disk: &D,
        log: Digest,
        published: &LogReader<DiskFiles<'_, D>>,
    ) -> Result<PublicationFold<D>, Error> {
        let builder = Builder::resume(published)?;
        let boundary = bundle_boundary(published.size());
        let cursor = seek(disk, log, boundary)?;
        let first_segment = cursor.header.number;
        let sealed = SealedFile::create(disk, boundary)?;
        let folders = BTreeSet::new();
        Ok(PublicationFold { cursor, builder, held_bytes: 0, sealed, first_segment, folders })
    }

    pub(super) fn head(&self) -> Head {
        Head { size: self.builder.size(), root: self.builder.root() }
    }

    /// The first segment that is still needed.
    pub(super) fn first_segment(&self) -> u64 {
        self.first_segment
    }

    /// Read batches until there are `size` records, writing each bundle and tile that gets full.
    pub(super) fn follow(
        &mut self,
        disk: &D,
        size: u64,
        is_out_of_time: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        while self.cursor.chain.index < size {
            if is_out_of_time() {
                return Err(Error::OutOfTime);
            }
            match self.cursor.next()? {
                Found::Batch(batch) => self.take(disk, &batch)?,
                Found::Nothing { .. } => match self.cursor.next_segment(disk)? {
                    Some(next) => self.cursor = next,
                    None => return Err(self.changed().into()),
                },
            }
        }
        Ok(())
    }

    /// Write what is not written yet, and make all names durable.
    pub(super) fn settle(&mut self, disk: &D, partial_sealed: bool) -> Result<(), Error> {
        self.write_files(disk)?;
        if partial_sealed {
            self.write_partial_sealed(disk)?;
        }
        for folder in std::mem::take(&mut self.folders) {
            disk.sync_folder(&folder)?;
        }
        Ok(())
    }

    fn changed(&self) -> WalError {
        let (path, offset) = (self.cursor.path(), self.cursor.offset);
        WalError::Changed { path, offset, expected: self.cursor.chain.batch }
    }

    fn take(&mut self, disk: &D, batch: &ReadBatch) -> Result<(), Error> {
        for (index, entry) in (batch.first..).zip(&batch.entries) {
            self.append(disk, index, entry)?;
        }
        Ok(())
    }

    /// Take over one entry. The one before may be known to the tree, to the sealed file, or to
    /// both.
    fn append(&mut self, disk: &D, index: u64, entry: &Entry) -> Result<(), Error> {
        if index == self.builder.size() {
            self.builder.push(&entry.record)?;
            self.held_bytes += entry.record.len();
        }
        if index < self.sealed.next {
            return Ok(());
        }
        self.sealed.append(&entry.sealed)?;
        if self.sealed.next.is_multiple_of(WIDTH) {
            self.finish_bundle(disk)?;
        }
        Ok(())
    }

    fn finish_bundle(&mut self, disk: &D) -> Result<(), Error> {
        let end = self.sealed.next;
        let path = sealed_path(&bundle_of(end - WIDTH, end)?);
        self.sealed.finish(disk, &path)?;
        self.folders.insert(folder_of(&path).to_owned());
        self.sealed = SealedFile::create(disk, end)?;
        // The batch that was just read may hold the next bundle's first entries.
        self.first_segment = self.cursor.header.number;
        if self.held_bytes > PUBLISH_BYTES_MAX {
            self.write_files(disk)?;
        }
        Ok(())
    }

    fn write_files(&mut self, disk: &D) -> Result<(), Error> {
        for file in self.builder.take_files()? {
            replace(disk, &file.path, &file.bytes)?;
            self.folders.insert(folder_of(&file.path).to_owned());
        }
        self.held_bytes = 0;
        Ok(())
    }

    fn write_partial_sealed(&mut self, disk: &D) -> Result<(), Error> {
        let size = self.builder.size();
        if partial_width(size) == 0 {
            return Ok(());
        }
        let path = sealed_path(&bundle_of(size, size)?);
        self.sealed.copy_to(disk, &path)?;
        self.folders.insert(folder_of(&path).to_owned());
        Ok(())
    }
}
