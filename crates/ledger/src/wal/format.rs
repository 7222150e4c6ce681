//! Headers of segments and batches, byte for byte. All integers are big-endian.
use crate::limits::BLOCK_BYTES;
use proof::digest::Digest;

const SEGMENT_MAGIC: &[u8; 8] = b"ILWAL001";
const BATCH_MAGIC: &[u8; 8] = b"ILBATCH1";

/// Bytes of a batch's header; its payload follows at once.
pub(crate) const BATCH_HEADER_BYTES: usize = 168;
const SEGMENT_HEADER_BYTES: usize = 144;

/// Where the log goes on: what the next batch must carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Number of the next batch.
    pub(crate) batch: u64,
    /// Digest of the batch before it; of the log id for the first.
    pub(crate) previous: Digest,
    /// Index of its first entry.
    pub(crate) index: u64,
}

impl Chain {
    /// The chain of a log that has no batch yet.
    pub(crate) fn start(log: Digest) -> Chain {
        Chain { batch: 0, previous: log, index: 0 }
    }
}

/// A segment's first block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) log: Digest,
    pub(crate) generation: u64,
    pub(crate) number: u64,
    pub(crate) segment_bytes: u64,
    pub(crate) chain: Chain,
}

impl SegmentHeader {
    /// The first block, and the digest that every batch of the segment is bound to.
    pub(crate) fn encode(&self) -> (Vec<u8>, Digest) {
        let mut bytes = Vec::with_capacity(BLOCK_BYTES);
        bytes.extend_from_slice(SEGMENT_MAGIC);
        bytes.extend_from_slice(self.log.as_bytes());
        for number in [self.generation, self.number, self.segment_bytes, self.chain.batch] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(self.chain.previous.as_bytes());
        bytes.extend_from_slice(&self.chain.index.to_be_bytes());
        let digest = Digest::of(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        bytes.resize(BLOCK_BYTES, 0);
        (bytes, digest)
    }

    /// The header in a segment's first block, if its checksum holds.
    pub(crate) fn decode(block: &[u8]) -> Option<(SegmentHeader, Digest)> {
        let mut fields = HeaderFields { rest: block };
        let magic = fields.take::<8>()?;
        let log = fields.digest()?;
        let generation = fields.number()?;
        let number = fields.number()?;
        let segment_bytes = fields.number()?;
        let batch = fields.number()?;
        let previous = fields.digest()?;
        let index = fields.number()?;
        let digest = fields.digest()?;
        let checked = block.get(..SEGMENT_HEADER_BYTES - 32)?;
        let valid = magic == SEGMENT_MAGIC && Digest::of(checked) == digest;
        let chain = Chain { batch, previous, index };
        let header = SegmentHeader { log, generation, number, segment_bytes, chain };
        valid.then_some((header, digest))
    }
}

/// A batch's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub(crate) log: Digest,
    pub(crate) generation: u64,
    pub(crate) chain: Chain,
    pub(crate) count: u32,
    pub(crate) payload_bytes: u32,
    pub(crate) payload: Digest,
}

impl BatchHeader {
    /// The header and the batch's digest, which covers the segment's digest and, by theirs, the
    /// payload.
    pub(crate) fn encode(&self, segment: &Digest) -> ([u8; BATCH_HEADER_BYTES], Digest) {
        let mut bytes = Vec::with_capacity(BATCH_HEADER_BYTES);
        bytes.extend_from_slice(BATCH_MAGIC);
        bytes.extend_from_slice(self.log.as_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.chain.batch.to_be_bytes());
        bytes.extend_from_slice(self.chain.previous.as_bytes());
        bytes.extend_from_slice(&self.chain.index.to_be_bytes());
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes.extend_from_slice(&self.payload_bytes.to_be_bytes());
        bytes.extend_from_slice(self.payload.as_bytes());
        let digest = Digest::of_parts(&[segment.as_bytes(), &bytes]);
        bytes.extend_from_slice(digest.as_bytes());
        let mut header = [0; BATCH_HEADER_BYTES];
        for (to, from) in header.iter_mut().zip(&bytes) {
            *to = *from;
        }
        (header, digest)
    }

    /// The header at the start of `block`, if its checksum holds within the segment with this
    /// digest.
    pub(crate) fn decode(block: &[u8], segment: &Digest) -> Option<(BatchHeader, Digest)> {
        let mut fields = HeaderFields { rest: block };
        let magic = fields.take::<8>()?;
        let log = fields.digest()?;
        let generation = fields.number()?;
        let batch = fields.number()?;
        let previous = fields.digest()?;
        let index = fields.number()?;
        let count = u32::from_be_bytes(*fields.take::<4>()?);
        let payload_bytes = u32::from_be_bytes(*fields.take::<4>()?);
        let payload = fields.digest()?;
        let digest = fields.digest()?;
        let checked = block.get(..BATCH_HEADER_BYTES - 32)?;
        if magic != BATCH_MAGIC || Digest::of_parts(&[segment.as_bytes(), checked]) != digest {
            return None;
        }
        let chain = Chain { batch, previous, index };
        Some((BatchHeader { log, generation, chain, count, payload_bytes, payload }, digest))
    }

    /// What the batch after this one must carry.
    pub(crate) fn next(&self, digest: Digest) -> Chain {
        Chain {
            batch: self.chain.batch + 1,
            previous: digest,
            index: self.chain.index + u64::from(self.count),
        }
    }

    /// Bytes that header and payload take in the file.
    pub(crate) fn extent_bytes(&self) -> u64 {
        extent_bytes(u64::from(self.payload_bytes))
    }
}

/// Bytes that a batch with such a payload takes in the file: whole blocks.
pub(crate) fn extent_bytes(payload_bytes: u64) -> u64 {
    let blocks = (BATCH_HEADER_BYTES as u64 + payload_bytes).div_ceil(BLOCK_BYTES as u64);
    blocks * BLOCK_BYTES as u64
}

/// Takes the fields of fixed width off the front of a header.
struct HeaderFields<'a> {
    rest: &'a [u8],
}

impl<'a> HeaderFields<'a> {
    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (field, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(field)
    }

    fn number(&mut self) -> Option<u64> {
        self.take::<8>().map(|bytes| u64::from_be_bytes(*bytes))
    }

    fn digest(&mut self) -> Option<Digest> {
        self.take::<32>().map(|bytes| Digest::from_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests;
