//! Every limit of the ledger, in one place. Reaching one is an ordinary outcome with its own error.

/// Bytes of one record, at most (C2SP `tlog-tiles`: an entry has a 16-bit length).
pub const RECORD_BYTES_MAX: usize = 65_535;

/// Bytes of one entry's sealed part, at most.
pub const SEALED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Entries in one batch, at most.
pub const BATCH_ENTRIES_MAX: usize = 65_536;

/// Bytes of one batch's payload, at most. Any single entry within its own limits fits.
pub const BATCH_BYTES_MAX: usize = 12 * 1024 * 1024;

/// Bytes after which group commit stops adding appends to a batch, so that one sync stays short.
pub const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Appends that may wait for the writer thread. More are refused as overload.
pub const QUEUE_APPENDS_MAX: usize = 16_384;

/// Bytes that may wait for the writer thread. More are refused as overload.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Milliseconds that an append which nobody waits for waits for company, at most.
pub const UNHURRIED_MS: u64 = 2;

/// Bytes of a write-ahead block. Batches start on block boundaries, so that no block that holds an
/// acknowledged batch is ever written again.
pub const BLOCK_BYTES: usize = 4096;

/// Bytes of one write-ahead segment file, by default.
pub const SEGMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Further segments are made, by a thread of its own, once one part in so many of the current one
/// is used.
pub const SPARE_SHARE: u64 = 4;

/// Further segments that are made ahead: while one of them is begun, the other is there for who
/// asks for space.
pub const SPARES: usize = 2;

/// Bytes of one write-ahead segment file, at least: its header, its reserve and one block.
pub const SEGMENT_BYTES_MIN: u64 = 4 * BLOCK_BYTES as u64;

/// Bytes of one write-ahead segment file, at most.
pub const SEGMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Bytes at the end of each segment that only stops may use while no further segment can be had:
/// when the disk is full, 64 halts of up to a block each can still be made durable.
pub const RESERVE_BYTES: u64 = 256 * 1024;

/// Write-ahead segments that are kept for who copies the folder and holds `wal`, at most. The
/// oldest go above.
pub const SEGMENTS_HELD_MAX: usize = 256;

/// Bytes of one blob, at most.
pub const BLOB_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of one piece of a snapshot as it is kept, at most. A state with a larger one has no
/// snapshot.
pub const PIECE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Pieces of one snapshot, at most. A state with more has no snapshot.
pub const PIECES_MAX: usize = 1_000_000;

/// Snapshots that are kept: the newest, and one more in case that it cannot be used.
pub const SNAPSHOTS_KEPT: usize = 2;

/// Bytes of a checkpoint file, at most.
pub const CHECKPOINT_BYTES_MAX: usize = 64 * 1024;

/// Bytes of an entry bundle, at most: 256 entries of full length, each with its 16-bit length.
pub const ENTRY_BUNDLE_BYTES_MAX: usize = 256 * (RECORD_BYTES_MAX + 2);

/// Bytes of a sealed bundle that are held at once when it is read, at most.
pub const SEALED_BUNDLE_BYTES_MAX: usize = 256 * (SEALED_BYTES_MAX + 4);

/// Bytes beyond what waits that must surely fit for a log to have space.
pub const SPACE_MARGIN_BYTES: usize = 1024 * 1024;

/// Milliseconds between two publications, by default.
pub const PUBLISH_INTERVAL_MS: u64 = 250;

/// Bytes of finished tiles and bundles after which publication writes them rather than hold more.
pub const PUBLISH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes that a writer beside the commit path leaves unsynced, at most: while a later sync writes
/// them all at once, no commit gets the disk.
pub const UNSYNCED_BYTES_MAX: usize = 512 * 1024;

/// Times a reader looks again when the log moved on under it.
pub const READ_ATTEMPTS_MAX: usize = 8;

/// Bytes that the disk which writes nothing keeps, at most: what publication has not read yet. It
/// is full above.
pub const NOWHERE_BYTES_MAX: usize = 256 * 1024 * 1024;
