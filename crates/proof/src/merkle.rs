//! The Merkle tree of RFC 6962 section 2.1 with SHA-256: hashes, roots, inclusion and consistency
//! proofs.
//!
//! A subtree is named by its height and index: `(h, i)` covers the leaves
//! `i * 2^h .. (i + 1) * 2^h`. A type that gives the hash of any complete subtree of a tree is a
//! [`HashReader`], and any proof is made from that.
use crate::digest::Digest;

mod frontier;
mod prove;
mod tree;
mod verify;

pub use frontier::Frontier;
pub use prove::{consistency_proof, inclusion_proof, root};
pub use tree::Tree;
pub use verify::{TreeHead, verify_consistency, verify_inclusion};

/// Why a proof could not be made, or proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A leaf or tree that the tree does not have.
    #[error("{index} is outside of a tree of size {size}")]
    OutOfRange {
        /// The leaf or size that was asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// A proof with too few or too many hashes.
    #[error("a proof of the wrong length")]
    Length,
    /// The leaf and path do not hash to the root.
    #[error(
        "the entry is not at this index of the tree: its hash and the proof do not lead to the root"
    )]
    Inclusion,
    /// The proof does not lead to both roots.
    #[error("the two trees are not one log: the proof does not lead to both roots")]
    Consistency,
}

/// Gives the hash of any complete subtree.
pub trait HashReader {
    /// What can go wrong.
    type Error: From<Error>;

    /// The Merkle tree hash of the complete subtree of 2^`height` leaves at `index`.
    ///
    /// # Errors
    /// When the tree does not have it, or it can't be read.
    fn hash(&self, height: u8, index: u64) -> Result<Digest, Self::Error>;
}

/// The hash of a leaf.
//= RFC 6962 section 2.1
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], entry])
}

/// The hash of an inner node.
//= RFC 6962 section 2.1
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The root of the tree without leaves.
//= RFC 6962 section 2.1
#[must_use]
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The root above hashes of complete subtrees of equal height: of a tile's hashes, of a batch's
/// leaves.
#[must_use]
pub fn root_of(hashes: &[Digest]) -> Digest {
    let mut frontier = Frontier::new();
    for hash in hashes {
        frontier.push(*hash);
    }
    frontier.root()
}

/// Joins the roots of ever smaller complete subtrees, left to right, into the root of the whole.
pub(crate) fn join(peaks: &[Digest]) -> Digest {
    let mut peaks = peaks.iter().rev();
    let Some(last) = peaks.next() else { return empty_root() };
    peaks.fold(*last, |right, left| node_hash(left, &right))
}

#[cfg(test)]
mod tests;
