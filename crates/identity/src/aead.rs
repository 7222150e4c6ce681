use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::key::{DataKey, fill};
use crate::{KeyError, limits::SEALED_OVERHEAD_BYTES};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 1 + NONCE_BYTES;

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): a version byte, a nonce, the sealed bytes with
/// their tag. The nonce is random, of 192 bits: none is met twice under one key, also where a copy
/// of the node is restored and goes on.
pub(crate) fn seal(key: &DataKey, bound_to: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut nonce = [0; NONCE_BYTES];
    fill(&mut nonce)?;
    let mut part = Vec::with_capacity(plain.len().saturating_add(SEALED_OVERHEAD_BYTES));
    part.push(VERSION);
    part.extend_from_slice(&nonce);
    part.extend_from_slice(plain);
    let sealed = part.get_mut(HEAD_BYTES..).unwrap_or_default();
    let tag = under(key, &nonce).and_then(|(key, nonce)| {
        key.seal_in_place_separate_tag(nonce, Aad::from(bound_to), sealed).ok()
    });
    let tag = tag.ok_or_else(|| KeyError::other(&"the part is too long to be sealed"))?;
    part.extend_from_slice(tag.as_ref());
    Ok(part)
}

/// The plain bytes; none unless every byte, the key and what it is bound to are those of the
/// sealing.
pub(crate) fn open(key: &DataKey, bound_to: &[u8], part: &[u8]) -> Option<Vec<u8>> {
    let (version, rest) = part.split_first()?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
    if *version != VERSION {
        return None;
    }
    let (key, nonce) = under(key, nonce)?;
    let mut opened = sealed.to_vec();
    let plain_bytes = key.open_in_place(nonce, Aad::from(bound_to), &mut opened).ok()?.len();
    opened.truncate(plain_bytes);
    Some(opened)
}

/// The key and the nonce of ChaCha20-Poly1305 (RFC 8439) that stand for these.
//= draft-irtf-cfrg-xchacha-03 section 2.3
fn under(key: &DataKey, nonce: &[u8; NONCE_BYTES]) -> Option<(LessSafeKey, Nonce)> {
    let (first, last) = nonce.split_first_chunk::<16>()?;
    let mut inner = [0; 12];
    inner.get_mut(4..)?.copy_from_slice(last);
    let subkey: Zeroizing<[u8; 32]> =
        Zeroizing::new(hchacha::<R20>(key.bytes().into(), first.into()).into());
    let key = UnboundKey::new(&CHACHA20_POLY1305, subkey.as_slice()).ok()?;
    Some((LessSafeKey::new(key), Nonce::assume_unique_for_key(inner)))
}

#[cfg(test)]
mod tests;
