//! Pieces of snapshots, sealed where they are written.

use std::sync::{Arc, Weak};

use proof::digest::Digest;

use super::{OpenError, no_key};
use crate::{DataKey, KeyError, Scope, aead};

const CONTEXT: &[u8] = b"interlock.piece.v1\n";

/// Seals pieces of a snapshot that are of one execution, on another thread than the vault's.
///
/// It holds no key: the key is the vault's, and is borrowed while one piece is sealed. Once the
/// vault has destroyed the key, nothing more is sealed, however many pieces wait. A key that is
/// destroyed while a piece is sealed outlives its erasure by that piece, and is wiped then.
pub struct PieceSealer {
    scope: Scope,
    key: Weak<DataKey>,
    origin: Arc<str>,
}

impl PieceSealer {
    pub(super) fn new(scope: Scope, key: &Arc<DataKey>, origin: Arc<str>) -> Self {
        Self { scope, key: Arc::downgrade(key), origin }
    }

    /// Seals a piece for the name that it is known by.
    ///
    /// # Errors
    /// When the vault has the key no more.
    pub fn seal(&self, name: &Digest, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = self.key.upgrade().ok_or_else(|| no_key(&self.scope, &OpenError::NoKey))?;
        aead::seal(&key, &bound_to(name, &self.origin), plain)
    }
}

/// What a piece is bound to: the log and the digest of its plain bytes.
pub(super) fn bound_to(name: &Digest, origin: &str) -> Vec<u8> {
    [CONTEXT, name.as_bytes().as_slice(), origin.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
