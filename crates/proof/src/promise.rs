//! Promises: a log's signed word that a batch of entries has its place, before any checkpoint
//! covers it.
//!
//! A batch is durable before its decisions are released, and published up to a second later. What
//! is released can carry a promise at once: a signed note over the batch's place and the Merkle
//! root of its leaves alone, so that one signature serves all of the batch. With a path from its
//! leaf, an entry is held against the log's own key: if the published log has something else at
//! that index, [`PromisedRecord::contradicted_by`] and [`Promise::kept_by`] show it.
//!
//! ```text
//!  batch ── promise ── record    leaves of a batch · what is signed · one entry's path to it
//! ```
use crate::base64std;
use crate::checkpoint::parse_decimal;
use crate::digest::Digest;
use crate::limits::PROMISE_ENTRIES_MAX;
use crate::log::{LogFiles, LogReader};
use crate::merkle::{Frontier, HashReader as _};
use crate::note::{SignedNote, Signer, VerifierKey};

mod batch;
mod error;
mod record;

pub use batch::Batch;
pub use error::Error;
pub use record::{Contradiction, HEADER, PromisedRecord};

/// The first line of what is signed. No checkpoint reads like this: its third line is a root, and
/// here it is a number.
pub const CONTEXT: &str = "interlock/promise@v1";

/// That these entries have these places: what a log's key signs for one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// Which log; the name of its key.
    pub origin: String,
    /// Index of the batch's first entry in the log.
    pub first: u64,
    /// How many entries it has, 1 to [`PROMISE_ENTRIES_MAX`].
    pub count: u64,
    /// Root of the tree over the batch's leaves alone (RFC 6962).
    pub root: Digest,
}

/// What a verified log says of a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The entries are where they were promised.
    Kept,
    /// The log's head does not reach to them yet.
    NotYet,
    /// The log has other entries there: its key signed both.
    Broken,
}

impl Promise {
    /// The text that is signed: context, origin, first index, count and root, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { origin, first, count, root } = self;
        let root = base64std::encode(root.as_bytes());
        format!("{CONTEXT}\n{origin}\n{first}\n{count}\n{root}\n")
    }

    /// Reads the text, without signatures.
    ///
    /// # Errors
    /// When it is not exactly the lines that [`Promise::text`] writes.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lines = text.strip_suffix('\n').ok_or(Error::Lines)?;
        let lines: Vec<&str> = lines.split('\n').collect();
        let [CONTEXT, origin, first, count, root] = lines.as_slice() else {
            return Err(Error::Lines);
        };
        let first = parse_decimal(first).ok_or(Error::Place)?;
        let count = parse_decimal(count).ok_or(Error::Place)?;
        if !(1..=PROMISE_ENTRIES_MAX).contains(&count) || first.checked_add(count).is_none() {
            return Err(Error::Place);
        }
        let root = base64std::decode(root).and_then(|bytes| bytes.as_slice().try_into().ok());
        Ok(Self { origin: (*origin).to_owned(), first, count, root: root.ok_or(Error::Root)? })
    }

    /// The signed promise.
    ///
    /// # Errors
    /// When the signer fails or is another log's, or the promise is none that is read again.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, Error> {
        let text = self.text();
        if signer.name() != self.origin || Self::parse(&text).as_ref() != Ok(self) {
            return Err(Error::OtherLog { found: self.origin.clone() });
        }
        Ok(SignedNote::sign(&text, &[signer])?.to_text())
    }

    /// Reads a signed promise of the log whose key this is, and checks that the key signed it.
    ///
    /// # Errors
    /// When it is malformed, of another log, or not signed by the key.
    pub fn open(signed: &str, key: &VerifierKey) -> Result<Self, Error> {
        let note = SignedNote::parse(signed)?;
        note.verify(key)?;
        let promise = Self::parse(note.text())?;
        if promise.origin != key.name() {
            return Err(Error::OtherLog { found: promise.origin });
        }
        Ok(promise)
    }

    /// Whether a log that was opened with the same key keeps this promise.
    ///
    /// # Errors
    /// When the log is another one, or a tile is missing or altered.
    pub fn kept_by<F: LogFiles>(&self, log: &LogReader<F>) -> Result<Kept, Error> {
        if log.checkpoint().origin != self.origin {
            return Err(Error::OtherLog { found: log.checkpoint().origin.clone() });
        }
        let end = self.first.saturating_add(self.count);
        if log.size() < end {
            return Ok(Kept::NotYet);
        }
        let mut leaves = Frontier::new();
        for index in self.first..end {
            leaves.push(log.hash(0, index)?);
        }
        Ok(if leaves.root() == self.root { Kept::Kept } else { Kept::Broken })
    }
}

#[cfg(test)]
mod tests;
