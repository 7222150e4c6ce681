//! SHA-256 digests: 32 bytes in memory, 43 characters of base64url in records.
use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::base64url;
use crate::json::{Text, Value};

/// A SHA-256 digest (FIPS 180-4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A digest in the making, of bytes that come one after the other.
#[derive(Debug, Clone, Default)]
pub struct DigestBuilder(Sha256);

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no digest: it takes 43 characters of base64url, or 32 bytes", .text.escape_debug())]
pub struct Error {
    text: String,
}

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of these parts, one after the other, without copying them together.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut builder = DigestBuilder::default();
        parts.iter().for_each(|part| builder.update(part));
        builder.finish()
    }

    /// The digest that has these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits: the file name of a blob.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// Adds its base64url, in quotes, to a canonical text.
    pub fn write(&self, text: &mut String) {
        text.push('"');
        base64url::encode_32(&self.0, |encoded| text.push_str(encoded));
        text.push('"');
    }

    /// Base64url without padding.
    #[must_use]
    pub fn to_text(&self) -> Text {
        base64url::encode_32(&self.0, |text| Text::new(text))
    }

    /// Base64url without padding, as a JSON string.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::String(self.to_text())
    }
}

impl DigestBuilder {
    /// Adds bytes behind those that came before.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        base64url::encode_32(&self.0, |text| f.write_str(text))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error { text: text.chars().take(64).collect() };
        base64url::decode_32(text).map(Self).ok_or_else(refused)
    }
}

impl TryFrom<&[u8]> for Digest {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        let refused = |_| Error { text: format!("{} bytes", bytes.len()) };
        Ok(Self(bytes.try_into().map_err(refused)?))
    }
}

impl From<Digest> for Value {
    fn from(digest: Digest) -> Self {
        digest.to_value()
    }
}

#[cfg(test)]
mod tests;
