//! Salted commitments: what a record says of bytes it keeps private.
//!
//! The digest hides the bytes as long as the salt is secret, and binds its opener to them. A
//! salt is 32 fresh random bytes for each commitment; erasing it makes the commitment say nothing,
//! and breaks no proof.
use crate::base64url;
use crate::digest::Digest;
use crate::json::{self, ObjectWriter, Span, Value};
use crate::record::{self, Fields};

/// 32 fresh random bytes, made by the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// The salt of these bytes. They must be fresh and random for each commitment.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A salt in a log line would open the commitment to anybody who can guess the bytes.
        f.write_str("Salt(..)")
    }
}

/// SHA-256 over the salt and then the bytes. The salt's length is fixed, so no other pair has the
/// same input.
#[must_use]
pub fn commit(salt: &Salt, bytes: &[u8]) -> Digest {
    Digest::of_parts(&[salt.as_bytes(), bytes])
}

/// What opens a commitment: the sealed part of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The salt.
    pub salt: Salt,
    /// The bytes that were committed to.
    pub bytes: Vec<u8>,
}

impl Opening {
    /// The commitment that this opens.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        commit(&self.salt, &self.bytes)
    }

    /// Whether this opens that commitment.
    #[must_use]
    pub fn verify(&self, commitment: &Digest) -> bool {
        self.commitment() == *commitment
    }

    /// `{"bytes":"<base64url>","salt":"<base64url>"}`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json::object([
            ("bytes", base64url::encode(&self.bytes).into()),
            ("salt", base64url::encode(self.salt.as_bytes()).into()),
        ])
    }

    /// Adds the canonical text of [`Opening::to_value`] to a text.
    pub fn write(&self, text: &mut String) {
        let mut opening = ObjectWriter::begin(text);
        base64url::write(&self.bytes, opening.member("bytes"));
        base64url::write(self.salt.as_bytes(), opening.member("salt"));
        opening.end();
    }

    /// As [`Opening::from_value`], of a value where it stands. What is not one is `None`.
    #[must_use]
    pub fn of(span: Span<'_>) -> Option<Self> {
        let mut members = span.members()?;
        let bytes = base64url::decode(&members.next_if("bytes")?.string()?).ok()?;
        let salt = base64url::decode_32(&members.next_if("salt")?.string()?)?;
        members.is_empty().then_some(Self { salt: Salt(salt), bytes })
    }

    /// Reads what [`Opening::to_value`] wrote.
    ///
    /// # Errors
    /// When a member is missing, unknown, of another type or not base64url, or the salt is not 32
    /// bytes.
    pub fn from_value(value: &Value) -> Result<Self, record::Error> {
        let fields = Fields::of(value, "opening")?;
        fields.only(&["bytes", "salt"])?;
        let salt = fields.digest("salt")?;
        Ok(Self { salt: Salt(*salt.as_bytes()), bytes: fields.bytes("bytes")? })
    }
}

#[cfg(test)]
mod tests;
