//! Every limit of this crate, with what happens when it is reached.

/// Least time between two notes on standard error that something waits for approval, in milliseconds.
pub const WAITING_NOTE_MS_MIN: i64 = 1_000;

/// What is remembered of the newest governance records beside `marks/`: so many changes.
pub const SEEN_CHANGES_MAX: usize = 1_000;

/// Most connections to the node's socket at one time. One more is closed at once.
pub const CONNECTIONS_MAX: usize = 256;

/// Longest first line of a connection, in bytes (a published bundle travels in it). A longer one closes
/// the connection.
pub const HELLO_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest time until the first line of a connection is there, in milliseconds.
pub const HELLO_MS_MAX: u64 = 5_000;

/// Longest time that a client waits for the node's answer to its first line, in milliseconds.
pub const ANSWER_MS_MAX: u64 = 10_000;

/// Lines for a person that wait to be read. Further ones are dropped and counted.
pub const NOTES_MAX: usize = 1_024;

/// Bytes of one line for a person; a longer one is cut.
pub const NOTE_BYTES_MAX: usize = 16 * 1024;

/// Milliseconds that a node which ends by itself waits for its last words to be written.
pub const HALT_NOTE_MS_MAX: u64 = 200;

/// Bytes of a signing key's file; no key is longer.
pub const KEY_BYTES_MAX: usize = 4 * 1024;

/// Records of a log up to which a start verifies all of it before anything is served; a longer one is verified beside.
pub const START_VERIFIED_RECORDS: u64 = 16_384;

/// Executions that one question erases, at most; who asks repeats it for more.
pub const ERASED_AT_ONCE_MAX: usize = 1_000;

/// Records after which a snapshot of the state is kept, by default: the fold of so many takes a small part of a second.
pub const SNAPSHOT_RECORDS: u64 = 10_000;

/// New records from which on an orderly stop keeps a snapshot of the state, so that the next start folds no tail.
pub const SNAPSHOT_STOP_RECORDS: u64 = 256;

/// New records after which pieces of the next snapshot are made ahead of it.
pub const PREPARE_RECORDS: u64 = 128;

/// Pieces that are made ahead at a time, at most: more would hold up a decision for too long.
pub const PREPARE_PIECES_MAX: usize = 4;

/// Bytes of pieces that wait to be written from which on none are made ahead and no snapshot is taken.
pub const PIECES_WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Longest commit, in microseconds, after which the next caller that is alone may wait for the disk on its own thread. After a longer
/// one the kernel's thread waits, until a commit is quick again.
pub const QUICK_COMMIT_US: u64 = 2_000;

/// Records that somebody waits for, and that wait for those of the commands behind, so that one sync does for all: at most so
/// many less one, and never longer than `ledger::limits::UNHURRIED_MS`.
pub const TOGETHER_MAX: usize = 8;

/// Records of a lineage log that a thread reads ahead at a time, at most.
pub const AHEAD_RECORDS: usize = 64;

/// Bytes of records and sealed parts after which no more are read ahead at a time.
pub const AHEAD_BYTES: usize = 1024 * 1024;

/// How many times so many records are read ahead for each thread.
pub const AHEAD_CHUNKS: usize = 4;

/// How often refusals are counted into a record and published checkpoints are refreshed, in
/// milliseconds.
pub const TICK_MS: u64 = 1_000;

/// How many times its bytes a message may take once it is sealed: as base64url, and its arguments once
/// more as an escaped string in base64url. So much space is asked for before it is decided; without it
/// the request is refused with `refused.storage`.
pub const SEALED_FACTOR: usize = 5;

/// Bytes on disk that are kept free for the end of each transition that is open: one where the result is not kept
/// takes a block of 4 KiB. Without them a request is refused with `refused.storage`.
pub const END_BYTES: usize = 8 * 1024;

/// How long a node waits before it brings again what the governance log could not take, in milliseconds: at first so long,
/// then twice as long each time.
pub const BRING_AGAIN_MS_MIN: u64 = 100;

/// How long it waits at most between two attempts, in milliseconds.
pub const BRING_AGAIN_MS_MAX: u64 = 5_000;
