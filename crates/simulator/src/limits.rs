//! The bounds of a run.

/// Steps of one world; longer runs go through many worlds, each with a seed of its own drawn from
/// the one before.
pub const WORLD_STEPS: u64 = 500;
/// Bytes of one write-ahead segment: small, so that runs see many.
pub const SEGMENT_BYTES: u64 = 256 * 1024;
/// Bytes at the end of each segment that are kept for stops.
pub const RESERVE_BYTES: u64 = 32 * 1024;
/// Appends that wait for the disk before the loop commits them.
pub const WAITING_MAX: usize = 24;
/// Milliseconds around the edge of a temporal window in which the model does not say what is
/// decided: the log orders events within one millisecond, the model does not.
pub const EDGE_MS: i64 = 200;
