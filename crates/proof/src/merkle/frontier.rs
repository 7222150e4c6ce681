use super::{HashReader, join, node_hash, prove};
use crate::digest::Digest;

/// The right edge of an append-only tree: enough to append and to know the root, in at most 64
/// hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    // INVARIANT: one root for each bit that is set in `size`, from the highest bit down.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// The edge of the tree of that size, from its hashes.
    ///
    /// # Errors
    /// When a hash can't be read.
    pub fn load<R: HashReader>(reader: &R, size: u64) -> Result<Self, R::Error> {
        Ok(Self { size, peaks: prove::peaks(reader, 0, size)? })
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        join(&self.peaks)
    }
}
