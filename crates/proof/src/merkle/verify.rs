//! Checking proofs, as RFC 9162 spells it out for the trees of RFC 6962.
use super::{Error, empty_root, node_hash};
use crate::digest::Digest;

/// Checks that the leaf with that hash stands at `index` of the tree with `size` leaves and that
/// root.
///
/// # Errors
/// When it does not, or the proof has the wrong length.
//= RFC 9162 section 2.1.3.2
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), Error> {
    if index >= size {
        return Err(Error::OutOfRange { index, size });
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(Error::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            skip_levels_without_sibling(&mut node, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(Error::Length);
    }
    if hash == *root { Ok(()) } else { Err(Error::Inclusion) }
}

/// A tree as a checkpoint states it (RFC 9162 section 4.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves it has.
    pub size: u64,
    /// Its root hash.
    pub root: Digest,
}

/// Checks that the old tree is a prefix of the new one.
///
/// # Errors
/// When it is not, or the proof has the wrong length.
//= RFC 9162 section 2.1.4.2
pub fn verify_consistency(old: TreeHead, new: TreeHead, proof: &[Digest]) -> Result<(), Error> {
    let TreeHead { size: old, root: old_root } = old;
    let TreeHead { size: new, root: new_root } = new;
    if old > new {
        return Err(Error::OutOfRange { index: old, size: new });
    }
    if old == new || old == 0 {
        let known = if old == new { new_root } else { empty_root() };
        return match (proof, old_root == known) {
            ([], true) => Ok(()),
            ([], false) => Err(Error::Consistency),
            _ => Err(Error::Length),
        };
    }
    // The proof of an old tree that is one complete subtree leaves its root out.
    let (first, rest) = match proof {
        rest if old.is_power_of_two() => (&old_root, rest),
        [first, rest @ ..] => (first, rest),
        [] => return Err(Error::Length),
    };
    let (mut node, mut last) = (old - 1, new - 1);
    let odd = node.trailing_ones();
    node >>= odd;
    last >>= odd;
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(Error::Length);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            skip_levels_without_sibling(&mut node, &mut last);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(Error::Length);
    }
    let both = old_hash == old_root && new_hash == new_root;
    if both { Ok(()) } else { Err(Error::Consistency) }
}

fn skip_levels_without_sibling(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}
