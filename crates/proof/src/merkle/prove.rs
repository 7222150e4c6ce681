//! Proofs from the hashes of complete subtrees.
use super::{Error, HashReader, join};
use crate::digest::Digest;

/// The root of the tree of that size.
///
/// # Errors
/// When a hash can't be read.
pub fn root<R: HashReader>(reader: &R, size: u64) -> Result<Digest, R::Error> {
    Ok(join(&peaks(reader, 0, size)?))
}

/// The inclusion proof of the leaf at `index` in the tree of `size` leaves, from the leaf's sibling
/// up.
///
/// # Errors
/// When the tree has no such leaf, or a hash can't be read.
//= RFC 6962 section 2.1.1
pub fn inclusion_proof<R: HashReader>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Digest>, R::Error> {
    if index >= size {
        return Err(Error::OutOfRange { index, size }.into());
    }
    let (mut low, mut high) = (0, size);
    let mut proof = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            proof.push(range(reader, middle, high)?);
            high = middle;
        } else {
            proof.push(range(reader, low, middle)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The consistency proof between the trees of the first `old` and `new` leaves; empty where either
/// is trivial.
///
/// # Errors
/// When `old` is larger than `new`, or a hash can't be read.
//= RFC 6962 section 2.1.2
pub fn consistency_proof<R: HashReader>(
    reader: &R,
    old: u64,
    new: u64,
) -> Result<Vec<Digest>, R::Error> {
    if old > new {
        return Err(Error::OutOfRange { index: old, size: new }.into());
    }
    let mut proof = Vec::new();
    if old == 0 {
        return Ok(proof);
    }
    let (mut low, mut high) = (0, new);
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            proof.push(range(reader, middle, high)?);
            high = middle;
        } else {
            proof.push(range(reader, low, middle)?);
            low = middle;
        }
    }
    // The verifier knows the old root already where the old tree is one complete subtree.
    if low > 0 {
        proof.push(range(reader, low, high)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The largest power of two below `width`, which is at least 2.
const fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// The root over the leaves `low..high`, where `low` is a multiple of the power of two above the
/// range's width.
fn range<R: HashReader>(reader: &R, low: u64, high: u64) -> Result<Digest, R::Error> {
    Ok(join(&peaks(reader, low, high)?))
}

/// The complete subtrees that make up the leaves `low..high`, from the largest down.
pub(super) fn peaks<R: HashReader>(
    reader: &R,
    mut low: u64,
    high: u64,
) -> Result<Vec<Digest>, R::Error> {
    let mut peaks = Vec::new();
    while low < high {
        let height = (high - low).ilog2();
        // A height is below 64.
        peaks.push(reader.hash(u8::try_from(height).unwrap_or(u8::MAX), low >> height)?);
        low += 1 << height;
    }
    Ok(peaks)
}
