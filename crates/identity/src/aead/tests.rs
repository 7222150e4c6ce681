use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::*;

const BOUND_TO: &[u8] = b"interlock.sealed.v1\nof a record";

fn key() -> DataKey {
    DataKey::from_slice(&[7; 32]).unwrap()
}

/// The same by another implementation.
fn other() -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key().bytes()).into())
}

#[test]
fn another_implementation_opens_what_is_sealed() {
    for bytes in [0, 1, 15, 16, 17, 63, 64, 65, 1_000, 70_000] {
        let plain = vec![b'x'; bytes];
        let part = seal(&key(), BOUND_TO, &plain).unwrap();
        assert_eq!(part.len(), bytes + SEALED_OVERHEAD_BYTES);
        let nonce: [u8; NONCE_BYTES] = part[1..HEAD_BYTES].try_into().unwrap();
        let payload = Payload { msg: &part[HEAD_BYTES..], aad: BOUND_TO };
        assert_eq!(other().decrypt(&XNonce::from(nonce), payload).unwrap(), plain);
    }
}

#[test]
fn bytes_sealed_by_another_implementation_open() {
    for bytes in [0, 1, 64, 70_000] {
        let plain = vec![b'y'; bytes];
        let payload = Payload { msg: &plain, aad: BOUND_TO };
        let sealed = other().encrypt(&XNonce::from([9; NONCE_BYTES]), payload).unwrap();
        let part = [&[VERSION], [9; NONCE_BYTES].as_slice(), &sealed].concat();
        assert_eq!(open(&key(), BOUND_TO, &part).unwrap(), plain);
    }
}

#[test]
fn every_changed_bit_is_noticed() {
    let part = seal(&key(), BOUND_TO, b"plain").unwrap();
    for bit in 0..part.len() * 8 {
        let mut changed = part.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&key(), BOUND_TO, &changed), None, "bit {bit}");
    }
    for length in 0..part.len() {
        assert_eq!(open(&key(), BOUND_TO, &part[..length]), None, "{length} bytes");
    }
    assert_eq!(open(&key(), b"another record", &part), None);
    let another = DataKey::from_slice(&[8; 32]).unwrap();
    assert_eq!(open(&another, BOUND_TO, &part), None);
}
