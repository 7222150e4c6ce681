//! Every bound of this crate. Reaching one is an ordinary error that names it.

/// Largest absolute value of an integer in canonical JSON, 2^53 - 1: exact in a binary64, so every
/// reader agrees.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// Deepest nesting of arrays and objects in canonical JSON.
pub const JSON_DEPTH_MAX: usize = 32;

/// Largest canonical JSON text that is parsed, in bytes: a bundle's archive must fit.
pub const JSON_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most values (containers, strings, numbers, booleans) in one canonical JSON text: this bounds
/// memory, since a value of two bytes of text takes some hundred in memory.
pub const JSON_VALUES_MAX: usize = 262_144;

/// Largest record and log entry, in bytes: what the 16-bit length of an entry bundle can say (C2SP
/// `tlog-tiles`).
pub const RECORD_BYTES_MAX: usize = 65_535;

/// Longest record type, in bytes.
pub const RECORD_TYPE_BYTES_MAX: usize = 64;

/// Hashes in a full tile and entries in a full bundle (C2SP `tlog-tiles`).
pub const TILE_WIDTH: u16 = 256;

/// Highest tile level (C2SP `tlog-tiles`: between 0 and 63; above 7 no 64-bit tree size has one).
pub const TILE_LEVEL_MAX: u8 = 63;

/// Largest file a log can hold, in bytes: a full bundle of the largest entries. A
/// [`crate::log::LogFiles`] should refuse to read more.
pub const FILE_BYTES_MAX: usize = 256 * (2 + RECORD_BYTES_MAX);

/// Largest signed note, in bytes: room for 16 post-quantum signatures of 5 kB each, and more.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;

/// Most signature lines on a note (C2SP `signed-note` asks for at least 16).
pub const NOTE_SIGNATURES_MAX: usize = 64;

/// Most hashes in an inclusion or consistency proof: a tree of 64-bit size needs no more.
pub const PROOF_HASHES_MAX: usize = 65;

/// Largest receipt, in bytes: a checkpoint, a proof, and a record in base64.
pub const RECEIPT_BYTES_MAX: usize = NOTE_BYTES_MAX + 128 * 1024;

/// Most entries in one promised batch: what a verifier hashes to compare it with a log.
pub const PROMISE_ENTRIES_MAX: u64 = 65_536;
