use std::fmt::Display;
use std::path::Path;

/// Why a key could not be made, read or destroyed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct KeyError {
    kind: KeyFault,
    message: String,
}

/// The fault of a key or of its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyFault {
    Store,
    Damaged,
    Exhausted,
}

impl KeyError {
    pub(crate) fn store(path: &Path, why: &dyn Display) -> Self {
        Self { kind: KeyFault::Store, message: format!("the key `{}`: {why}", path.display()) }
    }

    /// What keeps the next key from having its file.
    pub(crate) fn room(path: &Path, why: &std::io::Error) -> Self {
        let short = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE, rustix::io::Errno::NOMEM];
        let is_short = short.iter().any(|one| why.raw_os_error() == Some(one.raw_os_error()));
        let kind = if is_short { KeyFault::Exhausted } else { KeyFault::Store };
        Self { kind, ..Self::store(path, why) }
    }

    pub(crate) fn damaged(path: &Path, why: &dyn Display) -> Self {
        Self { kind: KeyFault::Damaged, message: format!("the key `{}`: {why}", path.display()) }
    }

    pub(crate) fn other(why: &dyn Display) -> Self {
        Self { kind: KeyFault::Store, message: why.to_string() }
    }

    /// Whether the process has no file descriptor left, or no memory for one.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.kind == KeyFault::Exhausted
    }

    /// Whether a key is there and is not what was written: changed, another's, or of another node
    /// key.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        self.kind == KeyFault::Damaged
    }
}
