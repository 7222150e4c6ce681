//! Public keys as a user names them: the text itself, or a file that holds it.

use std::path::Path;

use node::plain;
use proof::note::VerifierKey;

use crate::exit::{Exit, Failure};
use crate::limits::KEY_BYTES_MAX;

#[cfg(test)]
mod tests;

/// The name in a public key's text.
pub(crate) fn name(vkey: &str) -> &str {
    vkey.split_once('+').map_or(vkey, |(name, _)| name)
}

/// Reads a public key (`vkey`), or the file that holds one.
pub(crate) fn read(text_or_file: &str) -> Result<VerifierKey, Failure> {
    if let Ok(key) = text_or_file.trim().parse::<VerifierKey>() {
        return Ok(key);
    }
    let path = Path::new(text_or_file);
    let text = plain::read_text(path, KEY_BYTES_MAX).map_err(|why| {
        Failure::io(
            format!("`{text_or_file}` is neither a public key nor a file that can be read"),
            &why,
        )
        .help("name the `vkey` file of a log, or write the key itself: NAME+HASH+BASE64")
    })?;
    text.trim_end().parse().map_err(|why| {
        Failure::new(Exit::Data, format!("`{text_or_file}` holds no public key"))
            .why(why)
            .help("a key is one line: NAME+HASH+BASE64")
    })
}
