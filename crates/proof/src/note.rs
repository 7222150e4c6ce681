//! Signed notes (C2SP `signed-note`): text, and lines that sign it.
//!
//! Ed25519 (type 0x01) is read and written. Every other type of a *known* key is refused by name,
//! so ML-DSA-44 (0x06) can be added as one more [`Algorithm`]; signatures of unknown keys are
//! ignored, as the format asks.
use crate::base64std;
use crate::limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};

mod error;
mod key;
mod signer;

pub use error::Error;
pub use key::{Algorithm, VerifierKey};
pub use signer::{Ed25519Signer, SignError, Signer};

/// A note with its signatures, none of them verified: [`SignedNote::verify`] does that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: String,
    /// The key's id.
    pub key_id: [u8; 4],
    /// What the key's algorithm made over the text.
    pub bytes: Vec<u8>,
}

impl SignedNote {
    /// Signs a text, which ends in a newline.
    ///
    /// # Errors
    /// When the text is none that a note can hold, or the signer fails.
    pub fn sign(text: &str, signers: &[&dyn Signer]) -> Result<Self, Error> {
        check_text(text)?;
        let sign = |signer: &&dyn Signer| {
            let bytes = signer.sign(text.as_bytes())?;
            Ok(Signature { name: signer.name().to_owned(), key_id: signer.key_id(), bytes })
        };
        let signatures = signers.iter().map(sign).collect::<Result<Vec<_>, Error>>()?;
        // What is written is read again: a name that breaks the line fails here and not at the
        // verifier.
        Self::parse(&Self { text: text.to_owned(), signatures }.to_text())
    }

    /// Reads a note. Nothing in it is to be believed before [`SignedNote::verify`].
    ///
    /// # Errors
    /// When it is not exactly a text, a blank line and signature lines, or exceeds a limit.
    pub fn parse(note: &str) -> Result<Self, Error> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(Error::TooLong);
        }
        check_text(note)?;
        let (text, lines) = note.rsplit_once("\n\n").ok_or(Error::Unsigned)?;
        let lines = lines.strip_suffix('\n').ok_or(Error::Unsigned)?;
        if lines.split('\n').count() > NOTE_SIGNATURES_MAX {
            return Err(Error::TooManySignatures);
        }
        let signatures =
            lines.split('\n').map(parse_signature).collect::<Result<Vec<_>, Error>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The signed text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The whole note.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for signature in &self.signatures {
            let bytes = [signature.key_id.as_slice(), &signature.bytes].concat();
            note.push_str(&format!("— {} {}\n", signature.name, base64std::encode(&bytes)));
        }
        note
    }

    /// Checks that this key signed the text.
    ///
    /// # Errors
    /// When no line is of this key, or one that is does not verify.
    //= C2SP signed-note, section Signatures
    pub fn verify(&self, key: &VerifierKey) -> Result<(), Error> {
        let mut found = false;
        for signature in &self.signatures {
            if signature.name == key.name() && signature.key_id == key.key_id() {
                key.verify(self.text.as_bytes(), &signature.bytes)?;
                found = true;
            }
        }
        if found { Ok(()) } else { Err(self.not_signed_by(key)) }
    }

    fn not_signed_by(&self, key: &VerifierKey) -> Error {
        let same_name = self.signatures.iter().find(|signature| signature.name == key.name());
        match same_name {
            Some(other) => Error::OtherKey {
                name: key.name().to_owned(),
                wanted: crate::digest::hex(&key.key_id()),
                found: crate::digest::hex(&other.key_id),
            },
            None => Error::NotSigned { name: key.name().to_owned() },
        }
    }
}

fn check_text(text: &str) -> Result<(), Error> {
    if text.chars().any(|character| character < ' ' && character != '\n') {
        return Err(Error::Control);
    }
    if text.ends_with('\n') { Ok(()) } else { Err(Error::Unterminated) }
}

fn parse_signature(line: &str) -> Result<Signature, Error> {
    let (name, encoded) = line
        .strip_prefix("— ")
        .and_then(|rest| rest.split_once(' '))
        .ok_or(Error::SignatureLine)?;
    key::check_name(name)?;
    let bytes = base64std::decode(encoded).ok_or(Error::SignatureLine)?;
    let (key_id, bytes) = bytes.split_first_chunk::<4>().ok_or(Error::SignatureLine)?;
    if bytes.is_empty() {
        return Err(Error::SignatureLine);
    }
    Ok(Signature { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests;
