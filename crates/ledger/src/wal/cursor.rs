//! Reading batches one after the other: recovery, publication and readers all go through here.
use super::format::{BATCH_HEADER_BYTES, BatchHeader, Chain, SegmentHeader};
use super::{WalError, segment_path};
use crate::disk::{Disk, DiskFile};
use crate::entry::{Entry, decode_payload};
use crate::limits::{BATCH_BYTES_MAX, BLOCK_BYTES, SEGMENT_BYTES_MAX};
use proof::digest::Digest;
use std::sync::Arc;

/// A place in the write-ahead files, between two batches.
#[derive(Debug)]
pub(crate) struct Cursor<D: Disk> {
    pub(crate) file: Arc<D::File>,
    pub(crate) header: SegmentHeader,
    pub(crate) digest: Digest,
    /// Where the next batch begins, in bytes.
    pub(crate) offset: u64,
    pub(crate) chain: Chain,
    pub(crate) generation: u64,
}

/// A batch that was read and has the right checksums.
#[derive(Debug)]
pub(crate) struct ReadBatch {
    pub(crate) first: u64,
    pub(crate) entries: Vec<Entry>,
}

/// What stands at a cursor.
#[derive(Debug)]
pub(crate) enum Found {
    /// The next batch; the cursor moved past it.
    Batch(ReadBatch),
    /// No batch: unused space, or one that is damaged or not wholly written. `resume_at` is where
    /// another batch could begin.
    Nothing {
        /// Byte offset in the segment.
        resume_at: u64,
    },
}

impl<D: Disk> Cursor<D> {
    /// The start of the segment with this number. `None`: there is no such file.
    pub(crate) fn open(disk: &D, log: Digest, number: u64) -> Result<Option<Cursor<D>>, WalError> {
        let path = segment_path(number);
        let Some(file) = disk.open(&path, false)? else { return Ok(None) };
        let mut block = [0; BLOCK_BYTES];
        let read = file.read_at(0, &mut block)?;
        let decoded = block.get(..read).and_then(SegmentHeader::decode);
        let Some((header, digest)) = decoded else { return Err(WalError::Header { path }) };
        if header.log != log {
            return Err(WalError::OtherLog { path, found: header.log.to_string() });
        }
        if header.number != number || header.segment_bytes > SEGMENT_BYTES_MAX {
            return Err(WalError::Header { path });
        }
        let len_bytes = file.len_bytes()?;
        if len_bytes < header.segment_bytes {
            let segment_bytes = header.segment_bytes;
            return Err(WalError::Truncated { path, len_bytes, segment_bytes });
        }
        let (chain, generation) = (header.chain, header.generation);
        let offset = BLOCK_BYTES as u64;
        let file = Arc::new(file);
        Ok(Some(Cursor { file, header, digest, offset, chain, generation }))
    }

    /// Another cursor at the same place.
    pub(crate) fn again(&self) -> Cursor<D> {
        let Cursor { header, digest, offset, chain, generation, .. } = *self;
        Cursor { file: Arc::clone(&self.file), header, digest, offset, chain, generation }
    }

    /// The segment after this one, which must continue it. `None`: there is none yet.
    pub(crate) fn next_segment(&self, disk: &D) -> Result<Option<Cursor<D>>, WalError> {
        let number = self.header.number + 1;
        let Some(next) = Cursor::open(disk, self.header.log, number)? else { return Ok(None) };
        let path = segment_path(number);
        if next.generation < self.generation {
            let (found, expected) = (next.generation, self.generation);
            return Err(WalError::OlderGeneration { path, offset: 0, found, expected });
        }
        if next.chain == self.chain {
            return Ok(Some(next));
        }
        if next.chain.batch > self.chain.batch {
            // The later segment was begun after batches that this one no longer shows.
            return Err(WalError::InvalidBeforeValid {
                path: self.path(),
                offset: self.offset,
                later_path: path,
                later: 0,
            });
        }
        let (found, expected) = (next.chain.batch, self.chain.batch);
        Err(WalError::Chain { path, offset: 0, found, expected })
    }

    /// The file that the cursor is in.
    pub(crate) fn path(&self) -> String {
        segment_path(self.header.number)
    }

    /// Read the batch at the cursor and move past it.
    pub(crate) fn next(&mut self) -> Result<Found, WalError> {
        let (header, digest) = match self.header_at(self.offset)? {
            Some(found) => found,
            None => return Ok(Found::Nothing { resume_at: self.offset + BLOCK_BYTES as u64 }),
        };
        if header.generation < self.generation {
            let (found, expected) = (header.generation, self.generation);
            let (path, offset) = (self.path(), self.offset);
            return Err(WalError::OlderGeneration { path, offset, found, expected });
        }
        if header.chain != self.chain || header.log != self.header.log {
            return Err(WalError::Chain {
                path: self.path(),
                offset: self.offset,
                found: header.chain.batch,
                expected: self.chain.batch,
            });
        }
        let resume_at = self.offset + header.extent_bytes();
        let Some(payload) = self.payload_at(self.offset, &header)? else {
            return Ok(Found::Nothing { resume_at });
        };
        let Some(entries) = decode_payload(&payload, header.count) else {
            return Ok(Found::Nothing { resume_at });
        };
        self.offset = resume_at;
        self.chain = header.next(digest);
        self.generation = header.generation;
        Ok(Found::Batch(ReadBatch { first: header.chain.index, entries }))
    }

    /// The next whole batch at or after `offset` in this segment, whatever its number.
    pub(crate) fn any_batch_from(&self, mut offset: u64) -> Result<Option<u64>, WalError> {
        while offset < self.header.segment_bytes {
            if let Some((header, _)) = self.header_at(offset)?
                && self.payload_at(offset, &header)?.is_some()
            {
                return Ok(Some(offset));
            }
            offset += BLOCK_BYTES as u64;
        }
        Ok(None)
    }

    fn header_at(&self, offset: u64) -> Result<Option<(BatchHeader, Digest)>, WalError> {
        if offset + BLOCK_BYTES as u64 > self.header.segment_bytes {
            return Ok(None);
        }
        let mut bytes = [0; BATCH_HEADER_BYTES];
        self.file.read_at(offset, &mut bytes)?;
        Ok(BatchHeader::decode(&bytes, &self.digest))
    }

    fn payload_at(&self, offset: u64, header: &BatchHeader) -> Result<Option<Vec<u8>>, WalError> {
        let len = usize::try_from(header.payload_bytes).unwrap_or(usize::MAX);
        let fits = offset + header.extent_bytes() <= self.header.segment_bytes;
        if len > BATCH_BYTES_MAX || !fits {
            return Ok(None);
        }
        let mut payload = vec![0; len];
        self.file.read_at(offset + BATCH_HEADER_BYTES as u64, &mut payload)?;
        Ok((Digest::of(&payload) == header.payload).then_some(payload))
    }
}
