//! Snapshots of the fold: its state in pieces, by their digests, and back.
//!
//! A snapshot has a public part, which whoever reads the log can derive whatever was erased, and one private part for each
//! execution, whose pieces are sealed under that execution's key. The digests of both stand in the log ([`Mark`]); a
//! piece is named by the SHA-256 of its plain bytes. What is private carries a secret of its execution among those
//! bytes, so that its digest tells nothing once the key is gone.
//!
//! What the monitors of executions know goes with it, unspoken of by the record ([`monitors`]).
//!
//! A snapshot is a projection: it can be deleted at any time, and is believed only as far as the record's digests reach.

mod ahead;
mod maker;
mod monitors;
mod page;
mod restore;
#[cfg(test)]
mod tests;

use proof::digest::Digest;
use proof::json::{Object, Value, number, object};

use crate::members::{Malformed, members};
use crate::state::Lost;

pub use maker::{Maker, Taken};
pub use restore::{Listed, Opened, Private, Restored, Restoring, restore};
#[cfg(test)]
pub(crate) use tests::check_prefixes;

/// What a record says of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// How many records the state is a fold of: the record's own index.
    pub size: u64,
    /// Digest of the public part's index.
    pub public: Digest,
    /// Digest of the list of private parts.
    pub private: Digest,
}

/// A piece of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// SHA-256 of the bytes.
    pub name: Digest,
    /// The execution whose private part it is of; none where it is public.
    pub execution: Option<String>,
    /// Plain bytes.
    pub bytes: Vec<u8>,
}

/// Where pieces are found. Whoever implements it checks nothing: the digest is checked here.
pub trait Pieces {
    /// The plain bytes of a piece, opened with the key of its execution where it has one.
    ///
    /// # Errors
    /// [`Lost::NoKey`] where that key is not there.
    fn piece(&mut self, execution: Option<&str>, name: &Digest) -> Result<Vec<u8>, Lost>;
}

/// Why a snapshot cannot be gone on from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

impl Unusable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<Malformed> for Unusable {
    fn from(why: Malformed) -> Self {
        Self(why.to_string())
    }
}

impl From<proof::json::Error> for Unusable {
    fn from(why: proof::json::Error) -> Self {
        Self(why.to_string())
    }
}

impl From<proof::record::Error> for Unusable {
    fn from(why: proof::record::Error) -> Self {
        Self(why.to_string())
    }
}

impl Mark {
    const MEMBERS: [&'static str; 3] = ["private", "public", "size"];

    pub(crate) fn write(&self, into: &mut Object) {
        into.insert("private", self.private.to_value());
        into.insert("public", self.public.to_value());
        into.insert("size", number(self.size));
    }

    pub(crate) fn read(value: &Value) -> Result<Self, Malformed> {
        let members = members(value, &Self::MEMBERS)?;
        let (private, public) = (members.digest("private")?, members.digest("public")?);
        Ok(Self { size: members.count("size")?, public, private })
    }

    /// The digests, as a replay shows what it compared; without the private one where that cannot be derived.
    pub(crate) fn compared(public: Digest, private: Option<Digest>) -> Value {
        let shown = object([("public", public.to_value())]);
        match (shown, private) {
            (Value::Object(mut shown), Some(private)) => {
                shown.insert("private", private.to_value());
                Value::Object(shown)
            }
            (shown, _) => shown,
        }
    }
}
