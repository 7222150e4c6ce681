//! Durable logs: batches, tiles, blobs, sealed parts, recovery. `spec/ledger.md` has the formats in
//! words.
//!
//! A log is one folder with one writer. A batch is acknowledged once it is written and synced to a
//! preallocated write-ahead file; tiles, bundles and the signed checkpoint are made from these
//! files later, off that path.
//!
//! ```text
//!  group ──── ledger ──── wal::writer ─┐   commit: one write, one sync
//!    │          │                      ├── disk (a folder) or simulation (one that forgets)
//!    └────── publish ──── wal::cursor ─┤   read back, build tiles, sign
//!          promised                     │   the promise of a synced batch, where one is wanted
//!             open ────── wal::recover ┤   check everything, drop a torn end, change nothing else
//!             reader ──────────────────┘   look on, without a lock
//!           completed                      what a copy lacks, from the write-ahead files
//!             backup                       a log as it is at one moment, file by file
//!  blob · sealed · snapshots · files       what lies beside the log
//!  limits                                  every bound, named
//! ```
//!
//! Architecture invariant: nothing here knows what a record says. Architecture invariant: nothing
//! is signed that was not read back from the write-ahead files and found equal to what was
//! acknowledged.
mod backup;
mod blob;
mod completed;
pub mod disk;
mod entry;
mod error;
mod files;
mod group;
mod head;
mod ledger;
pub mod limits;
mod open;
mod paths;
mod promised;
mod publish;
mod reader;
mod sealed;
pub mod simulation;
mod snapshots;
mod wal;

pub use backup::{Backup, BackupError, BackupSink, copy_file};
pub use blob::Blobs;
pub use disk::{Disk, DiskError, DiskFile, FileDisk};
pub use entry::{Committed, Entry, EntryError};
pub use error::{CommitError, Error};
pub use group::{AppendError, GroupCommit};
pub use head::Head;
pub use ledger::Ledger;
pub use open::Recovery;
pub use promised::Promised;
pub use publish::Publisher;
pub use reader::{ReadEntry, Reader};
pub use snapshots::Snapshots;
pub use wal::WalError;
pub use wal::writer::Sizes;

#[cfg(test)]
mod testing;
