use ed25519_dalek::{Signer as _, SigningKey};

use super::key::{Algorithm, key_id};
use super::{Error, VerifierKey};
use crate::base64std;
use crate::digest::hex;

/// A signer that could not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signer failed: {why}")]
pub struct SignError {
    why: String,
}

impl SignError {
    /// With the reason, for people.
    #[must_use]
    pub fn new(why: &str) -> Self {
        Self { why: why.to_owned() }
    }
}

/// What signs notes: a key in memory, or one in a device.
pub trait Signer {
    /// The key's name; for a log's key, the log's origin.
    fn name(&self) -> &str;

    /// The key's id: the first four bytes of the hash of name and key.
    fn key_id(&self) -> [u8; 4];

    /// The signature over these bytes, without the key's id.
    ///
    /// # Errors
    /// When the key can't be reached or refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// The public half.
    fn verifier(&self) -> VerifierKey;
}

/// An Ed25519 key in memory, wiped when dropped. As text it is Go's `PRIVATE+KEY+NAME+HASH+BASE64`.
#[derive(Clone)]
pub struct Ed25519Signer {
    key: SigningKey,
    verifier: VerifierKey,
}

impl Ed25519Signer {
    /// The key of that name made from 32 random bytes of the caller's.
    ///
    /// # Errors
    /// When the name has spaces or a `+`.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::ed25519(name, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// Reads a key's text, without a newline.
    ///
    /// # Errors
    /// When it is malformed, its hash is not that of name and key, or its algorithm is not known.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or(Error::SigningKey)?;
        let (name, rest) = rest.split_once('+').ok_or(Error::SigningKey)?;
        let (hash, encoded) = rest.split_once('+').ok_or(Error::SigningKey)?;
        let bytes = base64std::decode(encoded).ok_or(Error::SigningKey)?;
        let (kind, seed) = bytes.split_first().ok_or(Error::SigningKey)?;
        if *kind != Algorithm::Ed25519.identifier() {
            return Err(Error::Algorithm { name: name.chars().take(100).collect(), kind: *kind });
        }
        let signer = Self::from_seed(name, seed.try_into().map_err(|_| Error::SigningKey)?)?;
        if hash != hex(&signer.key_id()) {
            return Err(Error::KeyHash { name: signer.name().to_owned() });
        }
        Ok(signer)
    }

    /// The key's text, to keep where only its owner reads.
    #[must_use]
    pub fn to_skey(&self) -> String {
        let typed = [&[Algorithm::Ed25519.identifier()], self.key.as_bytes().as_slice()].concat();
        let hash = hex(&self.key_id());
        format!("PRIVATE+KEY+{}+{hash}+{}", self.name(), base64std::encode(&typed))
    }
}

impl Signer for Ed25519Signer {
    fn name(&self) -> &str {
        self.verifier.name()
    }

    fn key_id(&self) -> [u8; 4] {
        key_id(self.name(), Algorithm::Ed25519, self.verifier.public_key())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.key.sign(message).to_bytes().to_vec())
    }

    fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }
}

impl std::fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ed25519Signer({}, ..)", self.name())
    }
}
