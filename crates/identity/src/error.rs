use std::fmt::Display;
use std::path::Path;

/// Why a key could not be made, read or destroyed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct KeyError {
    kind: Kind,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Store,
    Damaged,
}

impl KeyError {
    pub(crate) fn store(path: &Path, why: &dyn Display) -> Self {
        Self { kind: Kind::Store, message: format!("the key `{}`: {why}", path.display()) }
    }

    pub(crate) fn damaged(path: &Path, why: &dyn Display) -> Self {
        Self { kind: Kind::Damaged, message: format!("the key `{}`: {why}", path.display()) }
    }

    pub(crate) fn other(why: &dyn Display) -> Self {
        Self { kind: Kind::Store, message: why.to_string() }
    }

    /// Whether a key is there and is not what was written: changed, another's, or of another node key.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        self.kind == Kind::Damaged
    }
}
