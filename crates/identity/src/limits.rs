//! Every limit of this crate, with what happens when it is reached.

/// Bytes that sealing adds to a part: the version, the nonce and the tag. The ledger's bound for
/// sealed parts counts them.
pub const SEALED_OVERHEAD_BYTES: usize = 1 + 24 + 16;

/// Longest id of an execution that can have a key, in bytes: its file is named after it. A longer
/// one, or one with other characters than base64url has, is refused.
pub const EXECUTION_ID_BYTES_MAX: usize = 128;

/// Bytes of a key file that are read, at most. A longer one is damaged.
pub const KEY_FILE_BYTES_MAX: u64 = 4096;
