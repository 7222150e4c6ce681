//! Durable logs: batches, tiles, blobs, sealed parts, recovery.
mod blob;
pub mod disk;
mod entry;
mod error;
mod files;
mod group;
mod ledger;
pub mod limits;
mod open;
mod paths;
mod publish;
mod reader;
mod sealed;
pub mod simulation;
mod wal;

pub use blob::Blobs;
pub use disk::{Disk, DiskError, DiskFile, FileDisk};
pub use entry::{Committed, Entry, EntryError};
pub use error::{CommitError, Error};
pub use group::{AppendError, GroupCommit};
pub use ledger::Ledger;
pub use open::Recovery;
pub use publish::{Head, Publisher};
pub use reader::{ReadEntry, Reader};
pub use wal::WalError;
pub use wal::writer::Sizes;

#[cfg(test)]
mod testing;
