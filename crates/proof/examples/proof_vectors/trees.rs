use proof::digest::Digest;
use proof::json::{Value, object};
use proof::merkle::{self, Tree};
use proof::tile::{bundles_for_size, tiles_for_size};

use crate::Outcome;

const SIZES: [u64; 14] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 1000, 65_537];

/// Roots and proofs of trees whose entry *i* is *i* in ASCII decimal.
pub(crate) fn trees() -> Outcome<Vec<Value>> {
    let mut tree = Tree::new();
    (0..65_537_u64).for_each(|index| tree.push(merkle::leaf_hash(index.to_string().as_bytes())));
    let mut cases = Vec::new();
    for size in SIZES {
        let root = merkle::root(&tree, size)?;
        cases.push(object([("root", root.into()), ("size", size.try_into()?)]));
        let wanted = [0, 1, 2, size / 2, size.saturating_sub(2), size.saturating_sub(1)];
        let mut indexes: Vec<u64> = wanted.into_iter().filter(|index| *index < size).collect();
        indexes.sort_unstable();
        indexes.dedup();
        for index in indexes {
            let proof = merkle::inclusion_proof(&tree, index, size)?;
            cases.push(object([
                ("index", index.try_into()?),
                ("proof", hashes(&proof)),
                ("root", root.into()),
                ("size", size.try_into()?),
            ]));
        }
        for old in SIZES.into_iter().filter(|old| *old > 0 && *old <= size) {
            let proof = merkle::consistency_proof(&tree, old, size)?;
            cases.push(object([
                ("old_root", merkle::root(&tree, old)?.into()),
                ("old_size", old.try_into()?),
                ("proof", hashes(&proof)),
                ("root", root.into()),
                ("size", size.try_into()?),
            ]));
        }
    }
    Ok(cases)
}

fn hashes(proof: &[Digest]) -> Value {
    proof.iter().map(|hash| Value::from(*hash)).collect::<Vec<_>>().into()
}

/// The files of logs of some sizes.
pub(crate) fn paths() -> Outcome<Vec<Value>> {
    let mut cases = Vec::new();
    for size in [0, 1, 255, 256, 257, 70_000] {
        let tiles = tiles_for_size(size).map(|tile| tile.path().into()).collect::<Vec<Value>>();
        let bundles = bundles_for_size(size).map(|bundle| bundle.path().into());
        cases.push(object([
            ("bundles", bundles.collect::<Vec<Value>>().into()),
            ("size", size.try_into()?),
            ("tiles", tiles.into()),
        ]));
    }
    Ok(cases)
}
