//! Base64url without padding (RFC 4648 section 5): how bytes stand in canonical JSON.
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A text that is not the one encoding of any bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not base64url without padding: {0}")]
pub struct Error(base64::DecodeError);

/// The one text for these bytes.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of this text.
///
/// # Errors
/// When the text has padding, a character outside of the alphabet, an impossible length, or bits set in its last
/// character that encode nothing: so each byte string has one text.
pub fn decode(text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(Error)
}

#[cfg(test)]
mod tests;
