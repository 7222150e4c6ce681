use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::key::{DataKey, fill};
use crate::{KeyError, limits::SEALED_OVERHEAD_BYTES};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): a version byte, a nonce, the sealed bytes with their tag.
/// The nonce is random, of 192 bits: none is met twice under one key, also where a copy of the node is
/// restored and goes on.
pub(crate) fn seal(key: &DataKey, bound_to: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut nonce = [0; NONCE_BYTES];
    fill(&mut nonce)?;
    let payload = Payload { msg: plain, aad: bound_to };
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| KeyError::other(&"the part is too long to be sealed"))?;
    let mut part = Vec::with_capacity(plain.len().saturating_add(SEALED_OVERHEAD_BYTES));
    part.push(VERSION);
    part.extend_from_slice(&nonce);
    part.extend_from_slice(&sealed);
    Ok(part)
}

/// The plain bytes; none unless every byte, the key and what it is bound to are those of the sealing.
pub(crate) fn open(key: &DataKey, bound_to: &[u8], part: &[u8]) -> Option<Vec<u8>> {
    let (version, rest) = part.split_first()?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
    if *version != VERSION {
        return None;
    }
    let payload = Payload { msg: sealed, aad: bound_to };
    cipher(key).decrypt(&XNonce::from(*nonce), payload).ok()
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.bytes()).into())
}
