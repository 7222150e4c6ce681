//! Writing batches: one write and one sync each, in preallocated space.
use super::cursor::Cursor;
use super::format::{BATCH_HEADER_BYTES, BatchHeader, Chain, SegmentHeader, extent_bytes};
use super::room::{Room, SpareSegments, make_first};
use crate::disk::{Disk, DiskError, DiskFile};
use crate::entry::{Entry, EntryError, check_entries, encode_payload};
use crate::head::{FreeSpace, SharedHead};
use crate::limits::{BATCH_BYTES_MAX, BLOCK_BYTES, RESERVE_BYTES, SEGMENT_BYTES, SPARE_SHARE};
use proof::digest::Digest;
use std::sync::Arc;

/// Sizes of the write-ahead files. They may change between starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of a new segment file: whole blocks of 4,096.
    pub segment_bytes: u64,
    /// Bytes at a segment's end that only stops may use while no further segment can be had.
    pub reserve_bytes: u64,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes { segment_bytes: SEGMENT_BYTES, reserve_bytes: RESERVE_BYTES }
    }
}

impl Sizes {
    /// Bytes that a batch may take in a segment without touching the reserve.
    pub(super) fn batch_bytes_max(&self) -> u64 {
        self.segment_bytes.saturating_sub(self.reserve_bytes + BLOCK_BYTES as u64)
    }
}

/// Who asks for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Anything that can be refused.
    Ordinary,
    /// A stop: may use the reserve.
    Stop,
}

/// Why a batch was not written.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// The entries are no batch.
    Entry(EntryError),
    /// No space, or no descriptor for a further segment; nothing was written.
    Full(DiskError),
    /// Nobody knows what is durable.
    Fatal(DiskError),
}

/// The end of the write-ahead files.
#[derive(Debug)]
pub(crate) struct Writer<D: Disk> {
    disk: Arc<D>,
    sizes: Sizes,
    log: Digest,
    generation: u64,
    chain: Chain,
    number: u64,
    digest: Digest,
    file: D::File,
    /// Where the next batch goes, in bytes.
    offset: u64,
    segment_bytes: u64,
    spare: Arc<SpareSegments<D>>,
    buffer: Vec<u8>,
}

impl<D: Disk> Writer<D> {
    /// Make the first segment of a new log.
    pub(crate) fn create(disk: &D, sizes: Sizes, log: Digest) -> Result<(), DiskError> {
        let chain = Chain::start(log);
        let segment_bytes = sizes.segment_bytes;
        let header = SegmentHeader { log, generation: 0, number: 0, segment_bytes, chain };
        make_first(disk, &header)
    }

    /// Go on where recovery ended.
    pub(crate) fn resume(disk: Arc<D>, sizes: Sizes, end: &Cursor<D>) -> Result<Self, DiskError> {
        let path = end.path();
        let missing =
            || DiskError::Io { path: path.clone(), source: std::io::ErrorKind::NotFound.into() };
        let file = disk.open(&path, true)?.ok_or_else(missing)?;
        Ok(Writer {
            disk,
            sizes,
            log: end.header.log,
            generation: end.generation + 1,
            chain: end.chain,
            number: end.header.number,
            digest: end.digest,
            file,
            offset: end.offset,
            segment_bytes: end.header.segment_bytes,
            spare: Arc::new(SpareSegments::new()),
            buffer: Vec::new(),
        })
    }

    /// The holder of the next segment, for the thread that prepares it.
    pub(crate) fn spare(&self) -> Arc<SpareSegments<D>> {
        Arc::clone(&self.spare)
    }

    /// Tells beforehand whether a batch will fit.
    pub(crate) fn room(&self, head: SharedHead) -> Room<D> {
        let (disk, sizes, spare) = (Arc::clone(&self.disk), self.sizes, self.spare());
        Room { disk, sizes, head, spare }
    }

    /// The free space of the segment.
    pub(crate) fn free_space(&self) -> FreeSpace {
        let usable = self.segment_bytes.saturating_sub(self.sizes.reserve_bytes);
        let bytes = usable.saturating_sub(self.offset);
        FreeSpace { bytes, wants_spare: self.offset > self.segment_bytes / SPARE_SHARE }
    }

    /// Payload bytes that a batch may have.
    pub(crate) fn batch_bytes_max(&self) -> usize {
        let space = self.sizes.batch_bytes_max().saturating_sub(BATCH_HEADER_BYTES as u64);
        usize::try_from(space).unwrap_or(usize::MAX).min(BATCH_BYTES_MAX)
    }

    /// Write and sync one batch. Durable when this returns.
    pub(crate) fn append(&mut self, entries: &[Entry], purpose: Purpose) -> Result<(), WriteError> {
        let (payload, count, payload_bytes) = self.encode(entries).map_err(WriteError::Entry)?;
        self.make_room(extent_bytes(u64::from(payload_bytes)), purpose)?;
        let (log, generation, chain) = (self.log, self.generation, self.chain);
        let header = BatchHeader { log, generation, chain, count, payload_bytes, payload };
        let (header_bytes, digest) = header.encode(&self.digest);
        for (to, from) in self.buffer.iter_mut().zip(header_bytes) {
            *to = from;
        }
        self.file.write_at(self.offset, &self.buffer).map_err(full_or_fatal)?;
        self.file.sync().map_err(WriteError::Fatal)?;
        self.offset += header.extent_bytes();
        self.chain = header.next(digest);
        Ok(())
    }

    /// Fill the buffer: room for the header, the payload, zeros up to a whole block.
    fn encode(&mut self, entries: &[Entry]) -> Result<(Digest, u32, u32), EntryError> {
        let bytes = check_entries(entries, self.batch_bytes_max())?;
        self.buffer.clear();
        self.buffer.reserve(BATCH_HEADER_BYTES + bytes + BLOCK_BYTES);
        self.buffer.resize(BATCH_HEADER_BYTES, 0);
        encode_payload(&mut self.buffer, entries);
        let digest = Digest::of(self.buffer.get(BATCH_HEADER_BYTES..).unwrap_or_default());
        let whole = self.buffer.len().next_multiple_of(BLOCK_BYTES);
        self.buffer.resize(whole, 0);
        // Neither saturates: both are checked against limits far below.
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        Ok((digest, count, u32::try_from(bytes).unwrap_or(u32::MAX)))
    }

    /// Make sure that `extent` bytes fit at `self.offset`, in a further segment if need be.
    fn make_room(&mut self, extent: u64, purpose: Purpose) -> Result<(), WriteError> {
        let end = self.offset + extent;
        if end + self.sizes.reserve_bytes <= self.segment_bytes {
            return Ok(());
        }
        match self.begin_segment() {
            Err(WriteError::Full(_)) if purpose == Purpose::Stop && end <= self.segment_bytes => {
                Ok(())
            }
            other => other,
        }
    }

    fn begin_segment(&mut self) -> Result<(), WriteError> {
        let segment_bytes = self.sizes.segment_bytes;
        let (log, generation, number) = (self.log, self.generation, self.number + 1);
        let header = SegmentHeader { log, generation, number, segment_bytes, chain: self.chain };
        let file = self.spare.begin(&self.disk, &header).map_err(full_or_fatal)?;
        self.digest = header.encode().1;
        self.number = number;
        self.file = file;
        self.offset = BLOCK_BYTES as u64;
        self.segment_bytes = segment_bytes;
        Ok(())
    }
}

fn full_or_fatal(error: DiskError) -> WriteError {
    match error.is_for_now() {
        true => WriteError::Full(error),
        false => WriteError::Fatal(error),
    }
}
