//! Space for further batches: the rest of the segment, and the next one, made ahead of time.
use super::format::SegmentHeader;
use super::writer::Sizes;
use super::{SPARE_PATH, segment_path};
use crate::disk::{Disk, DiskError, DiskFile};
use crate::head::SharedHead;
use crate::limits::SPARES;
use crate::paths::WAL_FOLDER;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Answers whether further batches surely fit.
pub(crate) struct Room<D: Disk> {
    pub(crate) disk: Arc<D>,
    pub(crate) sizes: Sizes,
    pub(crate) head: SharedHead,
    pub(crate) spare: Arc<SpareSegments<D>>,
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
    fn make_spare(&self) -> Result<(), DiskError> {
        self.spare.prepare(&self.disk, self.sizes.segment_bytes)
    }

    /// Make as many further segments as should be ready.
    pub(crate) fn fill_spares(&self) -> Result<(), DiskError> {
        self.spare.fill(&self.disk, self.sizes.segment_bytes)
    }
}

/// The next segments, made ahead of time so that nobody who decides or commits waits for their
/// zeros: the one that is needed next, and while that is taken one more.
#[derive(Debug)]
pub(crate) struct SpareSegments<D: Disk> {
    ready: Mutex<VecDeque<SpareFile<D::File>>>,
    /// How many were made. Held by who makes one, and by nobody who only takes.
    making: Mutex<usize>,
}

/// A file of zeros that has no segment's name yet.
#[derive(Debug)]
struct SpareFile<F> {
    file: F,
    bytes: u64,
    path: String,
}

impl<D: Disk> SpareSegments<D> {
    pub(super) fn new() -> SpareSegments<D> {
        SpareSegments { ready: Mutex::default(), making: Mutex::new(0) }
    }

    fn ready(&self) -> MutexGuard<'_, VecDeque<SpareFile<D::File>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fewer are ready than should be.
    pub(crate) fn is_missing(&self) -> bool {
        self.ready().len() < SPARES
    }

    /// Make a spare unless one is there: the next batch needs it.
    pub(crate) fn prepare(&self, disk: &D, segment_bytes: u64) -> Result<(), DiskError> {
        self.make_up_to(1, disk, segment_bytes)
    }

    /// Make spares until there are as many as should be.
    pub(crate) fn fill(&self, disk: &D, segment_bytes: u64) -> Result<(), DiskError> {
        (1..=SPARES).try_for_each(|count| self.make_up_to(count, disk, segment_bytes))
    }

    fn make_up_to(&self, count: usize, disk: &D, segment_bytes: u64) -> Result<(), DiskError> {
        if self.ready().len() >= count {
            return Ok(());
        }
        let mut made_before = self.making();
        // A caller that waited for another to make one may need none any more.
        if self.ready().len() < count {
            let spare = make(disk, &mut made_before, segment_bytes)?;
            self.ready().push_back(spare);
        }
        Ok(())
    }

    /// How many were made, held while one is.
    fn making(&self) -> MutexGuard<'_, usize> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next that is ready and has this size; others are of no use any more.
    fn take(&self, bytes: u64) -> Option<SpareFile<D::File>> {
        self.ready().pop_front().filter(|spare| spare.bytes == bytes)
    }

    /// Turn a spare, or a new file, into the segment with this header.
    pub(super) fn begin(&self, disk: &D, header: &SegmentHeader) -> Result<D::File, DiskError> {
        let bytes = header.segment_bytes;
        let spare = match self.take(bytes) {
            Some(spare) => spare,
            None => {
                let mut made_before = self.making();
                // One that was being made is ready by now.
                match self.take(bytes) {
                    Some(spare) => spare,
                    None => make(disk, &mut made_before, bytes)?,
                }
            }
        };
        name_segment(disk, &spare, header)?;
        Ok(spare.file)
    }
}

/// Where a spare is made that so many were made before.
///
/// INVARIANT: the names come round once all that had them have their segments': at most one is
/// made, [`SPARES`] are ready and one gets its name at a time.
fn spare_path(made_before: usize) -> String {
    format!("{SPARE_PATH}-{}", made_before % (SPARES + 2))
}

/// A new file of zeros, synced. One that could not be made leaves its name for the next.
fn make<D: Disk>(
    disk: &D,
    made_before: &mut usize,
    bytes: u64,
) -> Result<SpareFile<D::File>, DiskError> {
    let path = spare_path(*made_before);
    let file = disk.create(&path, bytes)?;
    file.sync()?;
    *made_before = made_before.wrapping_add(1);
    Ok(SpareFile { file, bytes, path })
}

/// Make the first segment of a log.
pub(super) fn make_first<D: Disk>(disk: &D, header: &SegmentHeader) -> Result<(), DiskError> {
    name_segment(disk, &make(disk, &mut 0, header.segment_bytes)?, header)
}

/// Give a zeroed file its header and then its name.
fn name_segment<D: Disk>(
    disk: &D,
    spare: &SpareFile<D::File>,
    header: &SegmentHeader,
) -> Result<(), DiskError> {
    spare.file.write_at(0, &header.encode().0)?;
    spare.file.sync()?;
    disk.rename(&spare.path, &segment_path(header.number))?;
    disk.sync_folder(WAL_FOLDER)
}

#[cfg(test)]
mod tests;
