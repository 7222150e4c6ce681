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

/// Adds the one text for these bytes, in quotes, to a canonical text.
pub(crate) fn write(bytes: &[u8], text: &mut String) {
    text.push('"');
    URL_SAFE_NO_PAD.encode_string(bytes, text);
    text.push('"');
}

/// Makes something of the one text for these 32 bytes, which takes no memory of its own.
pub(crate) fn encode_32<T>(bytes: &[u8; 32], make: impl FnOnce(&str) -> T) -> T {
    let mut text = [0; TEXT_BYTES_OF_32];
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).unwrap_or_default();
    // Its alphabet is ASCII.
    make(text.get(..written).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default())
}

/// The 32 bytes of this text; none where it has others, or [`decode`] refuses it.
pub(crate) fn decode_32(text: &str) -> Option<[u8; 32]> {
    // A few more than 32, as the decoder wants room for whole groups.
    let mut bytes = [0; 36];
    if text.len() != TEXT_BYTES_OF_32 {
        return None;
    }
    let written = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    bytes.get(..written)?.try_into().ok()
}

/// Six bits to a character.
const TEXT_BYTES_OF_32: usize = (32 * 8_usize).div_ceil(6);

/// The bytes of this text.
///
/// # Errors
/// When the text has padding, a character outside of the alphabet, an impossible length, or bits
/// set in its last character that encode nothing: so each byte string has one text.
pub fn decode(text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(Error)
}

#[cfg(test)]
mod tests;
