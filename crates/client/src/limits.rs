//! Every limit of this crate, with what happens when it is reached.

/// Longest wait for a connection, and then for the whole reply, in milliseconds. Then the node is
/// silent.
pub const ANSWER_MS_MAX: u64 = 10_000;

/// Longest time until the node has said that an order is on record, in milliseconds, once it has
/// said that it acts on it.
pub const RECORDED_MS_MAX: u64 = 5_000;

/// Bytes of a reply; a longer one cannot be read.
pub const REPLY_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Bytes of the head of a reply that is read by itself; a longer one cannot be read.
pub const REPLY_HEAD_BYTES_MAX: usize = 8 * 1024;

/// Longest time that a client asks again where the node has no place for it, in milliseconds.
pub const ADMITTED_MS_MAX: u64 = 5_000;

/// How long a client waits before it asks again, in milliseconds.
pub const ADMITTED_AGAIN_MS: u64 = 100;

/// Bytes that are written to a node at once: the system waits once for so few.
pub const WRITTEN_AT_ONCE_BYTES: usize = 32 * 1024;
