//! Snapshots of the fold: its state in pieces, named by their digests, and back.
//!
//! A snapshot has a public part, which every reader of the log can derive, whatever was erased, and
//! one private part for each execution, whose pieces are sealed under that execution's key. The
//! digests of both stand in the log ([`record::lineage::SnapshotMark`]). A piece is named by the
//! SHA-256 of its plain bytes. Private pieces contain a secret of their execution, so that their
//! digests reveal nothing once the key is gone.
//!
//! The state of the executions' monitors goes with a snapshot, and no record mentions it
//! ([`monitors`]).
//!
//! A snapshot is a projection: it can be deleted at any time, and is trusted only as far as the
//! digests in the record reach.

mod builder;
mod monitors;
mod page;
mod partial_page;
mod restore;
#[cfg(test)]
mod tests;

use proof::digest::Digest;

pub use crate::state::Unusable;
use crate::state::{Execution, Unreadable};

pub use builder::{Snapshot, SnapshotBuilder};
pub use restore::{OpenedPart, PrivatePart, PrivatePartRef, Restored, Restoring, restore};
#[cfg(test)]
pub(crate) use tests::check_prefixes;

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

/// The execution whose private part a piece is of.
#[derive(Debug, Clone, Copy)]
struct PieceOwner<'a> {
    id: &'a str,
    /// Stands in each of its pieces.
    secret: Option<Digest>,
}

impl<'a> PieceOwner<'a> {
    fn new(id: &'a str, execution: &Execution) -> Self {
        Self { id, secret: execution.secret() }
    }
}

/// The stored pieces. Implementations check nothing: the caller checks the digest.
pub trait Pieces {
    /// The plain bytes of a piece, opened with the key of its execution where it has one.
    ///
    /// # Errors
    /// [`Unreadable::NoKey`] where that key is not there.
    fn piece(&mut self, execution: Option<&str>, name: &Digest) -> Result<Vec<u8>, Unreadable>;
}
