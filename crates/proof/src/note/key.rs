use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};

use super::Error;
use crate::base64std;
use crate::digest::{Digest, hex};

/// What signs a note. More will come: ML-DSA-44 is 0x06.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 over the text (RFC 8032), type 0x01.
    Ed25519,
}

impl Algorithm {
    /// Its type identifier in C2SP `signed-note`.
    #[must_use]
    pub const fn identifier(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
        }
    }
}

/// A public key with its name: the `vkey` line `NAME+HASH+BASE64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_id: [u8; 4],
    key: VerifyingKey,
}

impl VerifierKey {
    /// The Ed25519 key of that name.
    ///
    /// # Errors
    /// When the name has spaces or a `+`, or the bytes are no sound public key.
    pub fn ed25519(name: &str, public_key: &[u8; 32]) -> Result<Self, Error> {
        check_name(name)?;
        let unsound = || Error::PublicKey { name: name.to_owned() };
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| unsound())?;
        if key.is_weak() {
            return Err(unsound());
        }
        Ok(Self {
            name: name.to_owned(),
            key_id: key_id(name, Algorithm::Ed25519, public_key),
            key,
        })
    }

    /// Reads a `vkey` line, without a newline.
    ///
    /// # Errors
    /// When it is malformed, its hash is not that of name and key, or its algorithm is not known.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (name, rest) = text.split_once('+').ok_or(Error::VerifierKey)?;
        check_name(name)?;
        let (hash, encoded) = rest.split_once('+').ok_or(Error::VerifierKey)?;
        let bytes = base64std::decode(encoded).ok_or(Error::VerifierKey)?;
        let (kind, key) = bytes.split_first().ok_or(Error::VerifierKey)?;
        if *kind != Algorithm::Ed25519.identifier() {
            return Err(Error::Algorithm { name: name.to_owned(), kind: *kind });
        }
        let parsed = Self::ed25519(name, key.try_into().map_err(|_| Error::VerifierKey)?)?;
        if hash.len() != 8 || hex(&parsed.key_id) != hash {
            return Err(Error::KeyHash { name: parsed.name });
        }
        Ok(parsed)
    }

    /// Its name; for a log's key, the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of the hash of name and key.
    #[must_use]
    pub const fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// What it verifies.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    /// Its 32 bytes (RFC 8032 section 5.1.5).
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Checks a signature over bytes.
    ///
    /// # Errors
    /// When it does not fit. Weak points and signatures that others could alter are refused too.
    //= RFC 8032 section 5.1.7
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let refused = || Error::Signature { name: self.name.clone() };
        let signature = Signature::from_slice(signature).map_err(|_| refused())?;
        self.key.verify_strict(message, &signature).map_err(|_| refused())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[self.algorithm().identifier()], self.public_key().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.key_id), base64std::encode(&typed))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

//= C2SP signed-note, section Signatures
pub(super) fn key_id(name: &str, algorithm: Algorithm, public_key: &[u8]) -> [u8; 4] {
    let digest = Digest::of_parts(&[name.as_bytes(), b"\n", &[algorithm.identifier()], public_key]);
    let [first, second, third, fourth, ..] = *digest.as_bytes();
    [first, second, third, fourth]
}

pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let bad =
        |character: char| character.is_whitespace() || character.is_control() || character == '+';
    if name.is_empty() || name.contains(bad) {
        return Err(Error::Name { name: name.chars().take(100).collect() });
    }
    Ok(())
}
