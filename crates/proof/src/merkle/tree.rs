use super::{Error, HashReader, node_hash, prove};
use crate::digest::Digest;

/// A whole tree in memory: two hashes a leaf. For batches, tests and small logs; large logs are
/// read from tiles.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Hashes of the complete subtrees, by height.
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { levels: Vec::new() }
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for height in 0.. {
            if self.levels.len() == height {
                self.levels.push(Vec::new());
            }
            let Some(level) = self.levels.get_mut(height) else { return };
            level.push(hash);
            // A subtree with an odd index completes the one above it.
            match level.as_slice() {
                [.., left, right] if level.len().is_multiple_of(2) => hash = node_hash(left, right),
                _ => return,
            }
        }
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        prove::root(self, self.size()).unwrap_or_else(|_| super::empty_root())
    }

    /// The inclusion proof of the leaf at `index`.
    ///
    /// # Errors
    /// When the tree has no such leaf.
    pub fn inclusion_proof(&self, index: u64) -> Result<Vec<Digest>, Error> {
        prove::inclusion_proof(self, index, self.size())
    }
}

impl HashReader for Tree {
    type Error = Error;

    fn hash(&self, height: u8, index: u64) -> Result<Digest, Error> {
        let level = self.levels.get(usize::from(height));
        let hash = level.and_then(|level| level.get(usize::try_from(index).ok()?));
        hash.copied().ok_or(Error::OutOfRange { index, size: self.size() })
    }
}
