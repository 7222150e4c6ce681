//! A whole log: read it, verify it, extend it.
//!
//! [`LogReader`] trusts nothing but the public key: the tiles at the tree's right edge must hash to
//! the signed root, every full tile to its hash in the tile above, every entry to its hash in its
//! tile. Memory is bounded: one tile a level and one bundle at a time. [`Builder`] makes the files
//! of a log from its entries.
use std::collections::BTreeMap;

mod builder;
mod error;
mod reader;
mod verify;

pub use builder::{Builder, LogFile};
pub use error::Error;
pub use reader::{LogEntries, LogReader};
pub use verify::{Progress, Summary};

/// Where a log's signed head lies.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// A file that is there and can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("can't read the log: {why}")]
pub struct ReadError {
    why: String,
}

impl ReadError {
    /// With the reason, for people.
    #[must_use]
    pub fn new(why: &str) -> Self {
        Self { why: why.to_owned() }
    }
}

/// The files of a log, by their relative paths: a folder, a web server, a map.
pub trait LogFiles {
    /// The bytes of that file, or `None` where there is none. Files longer than
    /// [`crate::limits::FILE_BYTES_MAX`] should be an error rather than read.
    ///
    /// # Errors
    /// When the file may be there but can't be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError>;
}

impl<F: LogFiles + ?Sized> LogFiles for &F {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        (**self).read(path)
    }
}

impl LogFiles for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.get(path).cloned())
    }
}

#[cfg(test)]
mod tests;
