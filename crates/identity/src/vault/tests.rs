use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::FileKeys;
use crate::limits::SEALED_OVERHEAD_BYTES;

const ORIGIN: &str = "example.test/lineage/node-1";
const PLAIN: &[u8] = b"{\"request\":1}";

fn vault(folder: &std::path::Path) -> Vault {
    let (sealing, keys) = (folder.join("sealing.key"), folder.join("keys"));
    let store = match sealing.exists() {
        true => FileKeys::open(&sealing, &keys, ORIGIN),
        false => FileKeys::create(&sealing, &keys, ORIGIN),
    };
    Vault::new(ORIGIN, store.unwrap())
}

fn of(id: &str) -> Scope {
    Scope::Execution(id.to_owned())
}

fn record() -> Digest {
    Digest::of(b"record")
}

#[test]
fn a_part_opens_at_its_own_place_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = vault(folder.path());
    vault.begin("x1").unwrap();
    vault.begin("x2").unwrap();
    let part = vault.seal(&of("x1"), 7, &record(), PLAIN).unwrap();
    assert_eq!(part.len(), PLAIN.len() + SEALED_OVERHEAD_BYTES);
    assert_eq!(vault.open(&of("x1"), 7, &record(), &part).unwrap(), PLAIN);
    for (scope, index, record) in
        [(of("x2"), 7, record()), (of("x1"), 8, record()), (of("x1"), 7, Digest::of(b"recorD"))]
    {
        assert_eq!(vault.open(&scope, index, &record, &part), Err(OpenError::Part));
    }
    let mut elsewhere = super::Vault::new("other.test/lineage/node-1", {
        let (sealing, keys) = (folder.path().join("sealing.key"), folder.path().join("keys"));
        FileKeys::open(&sealing, &keys, ORIGIN).unwrap()
    });
    assert_eq!(elsewhere.open(&of("x1"), 7, &record(), &part), Err(OpenError::Part));
    assert_eq!(vault.seal(&of("x1"), 8, &record(), b"").unwrap(), b"", "nothing stays nothing");
}

#[test]
fn a_changed_or_cut_part_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = vault(folder.path());
    vault.begin("x1").unwrap();
    let part = vault.seal(&of("x1"), 7, &record(), PLAIN).unwrap();
    for at in 0..part.len() {
        let mut changed = part.clone();
        changed[at] ^= 0x80;
        assert_eq!(vault.open(&of("x1"), 7, &record(), &changed), Err(OpenError::Part));
    }
    for length in 1..part.len() {
        assert_eq!(vault.open(&of("x1"), 7, &record(), &part[..length]), Err(OpenError::Part));
    }
}

#[test]
fn a_destroyed_key_opens_nothing_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = vault(folder.path());
    first.begin("x1").unwrap();
    let part = first.seal(&of("x1"), 7, &record(), PLAIN).unwrap();
    assert!(first.destroy("x1").unwrap());
    for vault in [&mut first, &mut vault(folder.path())] {
        assert_eq!(vault.open(&of("x1"), 7, &record(), &part), Err(OpenError::NoKey));
        assert!(vault.seal(&of("x1"), 8, &record(), PLAIN).is_err());
    }
}

#[test]
fn a_restored_copy_that_goes_on_meets_no_nonce_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = vault(folder.path());
    first.begin("x1").unwrap();
    // Both seal for the same places, as a node and a restored copy of it would.
    let mut copy = vault(folder.path());
    let mut nonces = BTreeSet::new();
    for index in 0..500 {
        for vault in [&mut first, &mut copy] {
            let part = vault.seal(&of("x1"), index, &record(), PLAIN).unwrap();
            nonces.insert(part[1..25].to_vec());
        }
    }
    assert_eq!(nonces.len(), 1_000);
}

#[test]
fn a_piece_opens_for_its_execution_and_name_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = vault(folder.path());
    vault.begin("x1").unwrap();
    vault.begin("x2").unwrap();
    let (name, other) = (Digest::of(PLAIN), Digest::of(b"other"));
    let piece = vault.piece_sealer("x1").unwrap().seal(&name, PLAIN).unwrap();
    assert_eq!(vault.open_piece("x1", &name, &piece).unwrap(), PLAIN);
    assert_eq!(vault.open_piece("x1", &other, &piece), Err(OpenError::Part));
    assert_eq!(vault.open_piece("x2", &name, &piece), Err(OpenError::Part));
    assert_eq!(vault.open_piece("x1", &name, &piece[1..]), Err(OpenError::Part));
    assert_eq!(vault.open_piece("x1", &name, &[]), Err(OpenError::Part));
    // Nor is it a part of a record, whatever the record.
    assert_eq!(vault.open(&of("x1"), 0, &name, &piece), Err(OpenError::Part));
    vault.destroy("x1").unwrap();
    assert_eq!(vault.open_piece("x1", &name, &piece), Err(OpenError::NoKey));
    assert!(vault.piece_sealer("x1").is_err());
}

#[test]
fn an_execution_begins_with_a_key_made_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = vault(folder.path());
    let ahead = vault.keys_ahead();
    let (made, removed) = (ahead.make("x1".to_owned()), ahead.make("x2".to_owned()));
    vault.begin_with(made.unwrap()).unwrap();
    fs::remove_file(folder.path().join("keys/ahead.execution.x2")).unwrap();
    vault.begin_with(removed.unwrap()).unwrap();
    for id in ["x1", "x2"] {
        let part = vault.seal(&of(id), 7, &record(), PLAIN).unwrap();
        let mut again = self::vault(folder.path());
        assert_eq!(again.open(&of(id), 7, &record(), &part).unwrap(), PLAIN);
    }
}
