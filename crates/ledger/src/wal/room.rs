//! Space for further batches: the rest of the segment, and the next one, made ahead of time.
use super::format::SegmentHeader;
use super::writer::Sizes;
use super::{SPARE_PATH, segment_path};
use crate::disk::{Disk, DiskError, DiskFile};
use crate::head::SharedHead;
use crate::paths::WAL_FOLDER;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// Answers whether further batches surely fit.
pub(crate) struct Room<D: Disk> {
    pub(crate) disk: Arc<D>,
    pub(crate) sizes: Sizes,
    pub(crate) head: SharedHead,
    pub(crate) spare: Arc<Spare<D>>,
}

impl<D: Disk> Room<D> {
    /// Whether batches that take `extent_bytes` in all fit, if need be after making the next
    /// segment.
    pub(crate) fn is_there(&self, extent_bytes: u64) -> bool {
        if extent_bytes <= self.head.free_space().bytes {
            return true;
        }
        // A batch that does not fit in the rest of a segment leaves it unused, so that only the
        // next counts.
        extent_bytes <= self.sizes.batch_bytes_max() && self.make_spare().is_ok()
    }

    /// Make the next segment unless it is there.
    pub(crate) fn make_spare(&self) -> Result<(), DiskError> {
        self.spare.prepare(&self.disk, self.sizes.segment_bytes)
    }
}

/// The next segment, made ahead of time so that the commit path need not wait for its zeros.
#[derive(Debug)]
pub(crate) struct Spare<D: Disk> {
    file: Mutex<Option<(D::File, u64)>>,
}

impl<D: Disk> Spare<D> {
    pub(super) fn new() -> Spare<D> {
        Spare { file: Mutex::new(None) }
    }

    fn held(&self) -> MutexGuard<'_, Option<(D::File, u64)>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Neither there nor being made.
    pub(crate) fn is_missing(&self) -> bool {
        match self.file.try_lock() {
            Ok(held) => held.is_none(),
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Poisoned(held)) => held.into_inner().is_none(),
        }
    }

    /// Make the spare unless it is there.
    pub(crate) fn prepare(&self, disk: &D, segment_bytes: u64) -> Result<(), DiskError> {
        let mut held = self.held();
        if held.is_none() {
            *held = Some((make(disk, segment_bytes)?, segment_bytes));
        }
        Ok(())
    }

    /// Turn the spare, or a new file, into the segment with this header.
    pub(super) fn begin(&self, disk: &D, header: &SegmentHeader) -> Result<D::File, DiskError> {
        // INVARIANT: held until the file has its new name, so that nobody makes another spare
        // under the old one meanwhile.
        let mut held = self.held();
        let file = match held.take() {
            Some((file, bytes)) if bytes == header.segment_bytes => file,
            _ => make(disk, header.segment_bytes)?,
        };
        name_segment(disk, &file, header)?;
        Ok(file)
    }
}

/// A new file of zeros, synced.
pub(super) fn make<D: Disk>(disk: &D, segment_bytes: u64) -> Result<D::File, DiskError> {
    let file = disk.create(SPARE_PATH, segment_bytes)?;
    file.sync()?;
    Ok(file)
}

/// Give a zeroed file its header and then its name.
pub(super) fn name_segment<D: Disk>(
    disk: &D,
    file: &D::File,
    header: &SegmentHeader,
) -> Result<(), DiskError> {
    file.write_at(0, &header.encode().0)?;
    file.sync()?;
    disk.rename(SPARE_PATH, &segment_path(header.number))?;
    disk.sync_folder(WAL_FOLDER)
}
