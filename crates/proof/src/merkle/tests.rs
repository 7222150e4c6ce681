use super::{
    Frontier, Tree, TreeHead, consistency_proof, inclusion_proof, leaf_hash, node_hash, root,
    verify_consistency, verify_inclusion,
};
use crate::digest::Digest;
use proptest::prelude::*;

/// MTH(D[n]), as RFC 6962 section 2.1 defines it.
fn naive_root(leaves: &[Vec<u8>]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => leaf_hash(leaf),
        _ => {
            let (left, right) = leaves.split_at(naive_split(leaves.len()));
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// PATH(m, D[n]), as RFC 6962 section 2.1.1 defines it.
fn naive_path(m: usize, leaves: &[Vec<u8>]) -> Vec<Digest> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let k = naive_split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if m < k {
        (naive_path(m, left), naive_root(right))
    } else {
        (naive_path(m - k, right), naive_root(left))
    };
    path.push(sibling);
    path
}

/// SUBPROOF(m, D[n], b), as RFC 6962 section 2.1.2 defines it.
fn naive_subproof(m: usize, leaves: &[Vec<u8>], whole: bool) -> Vec<Digest> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let k = naive_split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if m <= k {
        (naive_subproof(m, left, whole), naive_root(right))
    } else {
        (naive_subproof(m - k, right, false), naive_root(left))
    };
    proof.push(sibling);
    proof
}

fn naive_split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|leaf| leaf.to_string().into_bytes()).collect()
}

fn tree(leaves: &[Vec<u8>]) -> Tree {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
    tree
}

#[test]
fn every_tree_up_to_70_leaves_is_the_naive_one() {
    let all = leaves(70);
    let tree = tree(&all);
    let mut frontier = Frontier::new();
    for size in 0..=all.len() {
        let expected = naive_root(&all[..size]);
        assert_eq!(frontier.root(), expected);
        assert_eq!(frontier.size(), size as u64);
        assert_eq!(root(&tree, size as u64).unwrap(), expected);
        assert_eq!(Frontier::load(&tree, size as u64).unwrap(), frontier);
        if let Some(leaf) = all.get(size) {
            frontier.push(leaf_hash(leaf));
        }
    }
}

#[test]
fn inclusion_proofs_equal_the_naive_ones() {
    let all = leaves(40);
    let tree = tree(&all);
    for size in 1..=all.len() {
        let root = naive_root(&all[..size]);
        for index in 0..size {
            let proof = inclusion_proof(&tree, index as u64, size as u64).unwrap();
            assert_eq!(proof, naive_path(index, &all[..size]));
            let leaf = leaf_hash(&all[index]);
            let verify = |index: usize, size: usize, proof: &[Digest]| {
                verify_inclusion(&leaf, index as u64, size as u64, proof, &root)
            };
            assert_eq!(verify(index, size, &proof), Ok(()));
            for other in (0..size).filter(|other| *other != index) {
                assert!(verify(other, size, &proof).is_err());
            }
            let longer = [proof.as_slice(), &[root]].concat();
            assert!(verify(index, size, &longer).is_err());
            if let Some((_, shorter)) = proof.split_last() {
                assert!(verify(index, size, shorter).is_err());
            }
        }
    }
}

fn head(size: u64, root: &Digest) -> TreeHead {
    TreeHead { size, root: *root }
}

#[test]
fn consistency_proofs_equal_the_naive_ones() {
    let all = leaves(40);
    let tree = tree(&all);
    for new in 1..=all.len() {
        let new_root = naive_root(&all[..new]);
        for old in 1..=new {
            let old_root = naive_root(&all[..old]);
            let proof = consistency_proof(&tree, old as u64, new as u64).unwrap();
            assert_eq!(proof, naive_subproof(old, &all[..new], true));
            let verify = |old_root: &Digest, new_root: &Digest, proof: &[Digest]| {
                verify_consistency(head(old as u64, old_root), head(new as u64, new_root), proof)
            };
            assert_eq!(verify(&old_root, &new_root, &proof), Ok(()));
            assert!(verify(&old_root, &leaf_hash(b"?"), &proof).is_err());
            assert!(verify(&leaf_hash(b"?"), &new_root, &proof).is_err());
            assert!(verify(&old_root, &new_root, &[&proof[..], &[old_root]].concat()).is_err());
            if let Some((_, shorter)) = proof.split_last() {
                assert!(verify(&old_root, &new_root, shorter).is_err());
            }
        }
    }
}

#[test]
fn the_empty_tree_is_a_prefix_of_every_tree() {
    let tree = tree(&leaves(5));
    let empty = Digest::of(b"");
    assert_eq!(verify_consistency(head(0, &empty), head(5, &tree.root()), &[]), Ok(()));
    assert!(verify_consistency(head(0, &tree.root()), head(5, &tree.root()), &[]).is_err());
    assert!(verify_consistency(head(0, &empty), head(5, &tree.root()), &[empty]).is_err());
    assert!(verify_consistency(head(6, &empty), head(5, &tree.root()), &[]).is_err());
}

#[test]
fn a_proof_outside_the_tree_is_an_error() {
    let tree = tree(&leaves(5));
    assert!(tree.inclusion_proof(5).is_err());
    assert!(inclusion_proof(&tree, 2, 9).is_err());
    assert!(consistency_proof(&tree, 6, 5).is_err());
    assert!(root(&tree, 6).is_err());
}

proptest! {
    #[test]
    fn a_changed_proof_proves_nothing(
        size in 2_usize..300, index: prop::sample::Index, which: prop::sample::Index, byte in 0_usize..32, bit in 0_u8..8,
    ) {
        let all = leaves(size);
        let tree = tree(&all);
        let index = index.index(size);
        let mut proof = tree.inclusion_proof(index as u64).unwrap();
        prop_assert_eq!(&proof, &naive_path(index, &all));
        let which = which.index(proof.len());
        let mut bytes = *proof[which].as_bytes();
        bytes[byte] ^= 1 << bit;
        proof[which] = Digest::from_bytes(bytes);
        let leaf = leaf_hash(&all[index]);
        prop_assert!(verify_inclusion(&leaf, index as u64, size as u64, &proof, &tree.root()).is_err());
    }

    #[test]
    fn any_numbers_are_an_error_and_never_a_panic(
        index: u64, size: u64, old: u64, count in 0_usize..70,
    ) {
        let hash = Digest::of(b"x");
        let proof = vec![hash; count];
        prop_assert!(verify_inclusion(&hash, index, size, &proof, &Digest::of(b"y")).is_err());
        prop_assert!(verify_consistency(head(old, &hash), head(size, &Digest::of(b"y")), &proof).is_err());
    }
}
