use super::*;
use crate::{FileKeys, Vault};

const PLAIN: &[u8] = b"what an execution did";

/// A vault with the key of one execution, and its folder.
fn vault() -> (tempfile::TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let (sealing, keys) = (folder.path().join("sealing.key"), folder.path().join("keys"));
    let mut vault = Vault::new("origin", FileKeys::create(&sealing, &keys, "origin").unwrap());
    vault.begin("x1").unwrap();
    (folder, vault)
}

fn name() -> Digest {
    Digest::of(PLAIN)
}

#[test]
fn a_piece_is_sealed_on_another_thread() {
    let (_folder, mut vault) = vault();
    let sealer = vault.piece_sealer("x1").unwrap();
    let sealed = std::thread::spawn(move || sealer.seal(&name(), PLAIN)).join().unwrap().unwrap();
    assert_eq!(vault.open_piece("x1", &name(), &sealed).unwrap(), PLAIN);
}

#[test]
fn a_sealer_seals_nothing_once_the_key_is_destroyed() {
    let (_folder, mut vault) = vault();
    let sealer = vault.piece_sealer("x1").unwrap();
    assert!(sealer.seal(&name(), PLAIN).is_ok());
    assert!(vault.destroy("x1").unwrap());
    let why = sealer.seal(&name(), PLAIN).unwrap_err();
    assert!(why.to_string().contains("its key is not there"), "{why}");
}

#[test]
fn a_sealer_keeps_no_key_from_being_wiped() {
    let (_folder, mut vault) = vault();
    let sealers = [vault.piece_sealer("x1").unwrap(), vault.piece_sealer("x1").unwrap()];
    assert!(sealers[0].seal(&name(), PLAIN).is_ok());
    assert_eq!(sealers[0].key.strong_count(), 1, "the vault's alone");
    vault.forget("x1");
    assert_eq!(sealers[1].key.strong_count(), 0);
}

#[test]
fn there_is_no_sealer_for_an_execution_without_a_key() {
    let (_folder, mut vault) = vault();
    assert!(vault.piece_sealer("x2").is_err());
}
