//! Checkpoints (C2SP `tlog-checkpoint`): the signed head of a log.
use crate::base64std;
use crate::digest::Digest;
use crate::note::{self, SignedNote, Signer, VerifierKey};

/// The head of a log: so many entries, with this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: `DOMAIN/governance`, `DOMAIN/lineage/NODE`.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root of the tree of that size (RFC 6962).
    pub root: Digest,
    /// Lines of other protocols. Interlock writes none.
    pub extensions: Vec<String>,
}

/// Why a text is no checkpoint, or not the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The note is malformed or not signed by the key.
    #[error("the checkpoint: {0}")]
    Note(#[from] note::Error),
    /// Another log's.
    #[error("a checkpoint of another log: of `{}`, and `{wanted}` was asked for", .found.escape_debug())]
    OtherLog {
        /// The origin that was asked for.
        wanted: String,
        /// The origin in the checkpoint; where the key did not sign it, only what the text claims.
        found: String,
    },
    /// Fewer than three lines, or an empty one.
    #[error("a checkpoint has three lines or more (origin, size, root), none of them empty")]
    Lines,
    /// A malformed size.
    #[error("the size in the checkpoint is not a decimal number without leading zeroes")]
    Size,
    /// A malformed root.
    #[error("the root in the checkpoint is not 32 bytes in base64")]
    Root,
}

impl Checkpoint {
    /// The text of a head: origin, size, root and extensions, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        let root = base64std::encode(self.root.as_bytes());
        let mut text = format!("{}\n{}\n{root}\n", self.origin, self.size);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads the text of a head, without signatures.
    ///
    /// # Errors
    /// When it is not exactly lines that [`Checkpoint::text`] writes.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = text.strip_suffix('\n').ok_or(Error::Lines)?.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty()).ok_or(Error::Lines);
        let (origin, size, root) = (line()?.to_owned(), line()?, line()?);
        let size = parse_decimal(size).ok_or(Error::Size)?;
        let root = base64std::decode(root).and_then(|bytes| bytes.as_slice().try_into().ok());
        let root = root.ok_or(Error::Root)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(Error::Lines);
        }
        Ok(Self { origin, size, root, extensions })
    }

    /// The signed checkpoint, as it lies in a log's folder.
    ///
    /// # Errors
    /// When the signer fails, or a line has a newline or control character in it.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, Error> {
        let text = self.text();
        if Self::parse(&text).as_ref() != Ok(self) {
            return Err(Error::Lines);
        }
        Ok(SignedNote::sign(&text, &[signer])?.to_text())
    }
}

/// Reads a signed checkpoint of that log, and checks that this key signed it.
///
/// # Errors
/// When it is malformed, of another log, or not signed by the key.
pub fn open(signed: &str, key: &VerifierKey, origin: &str) -> Result<Checkpoint, Error> {
    let note = SignedNote::parse(signed)?;
    // A text that the key did not sign only ever makes the refusal clearer.
    let claimed = note.text().split('\n').next().unwrap_or_default();
    if claimed != origin {
        let found = claimed.chars().take(200).collect();
        return Err(Error::OtherLog { wanted: origin.to_owned(), found });
    }
    note.verify(key)?;
    Checkpoint::parse(note.text())
}

/// ASCII decimal without leading zeroes.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
