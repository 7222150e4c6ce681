//! Every bound of this crate. Reaching one is an ordinary refusal with its own code.

/// Bytes of one JSON text. A result with an image in it fits.
pub const TEXT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Arrays and objects inside each other; the outermost counts as one. `serde_json` stops at 127.
pub const DEPTH_MAX: usize = 64;

/// Values in one text, whatever their kind. Bounds the tree at some 32 MiB, whatever the text.
pub const NODES_MAX: usize = 131_072;

/// Members of one object.
pub const MEMBERS_MAX: usize = 4_096;

/// Bytes of one string between its quotes, as written.
pub const STRING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of one member name between its quotes, as written.
pub const KEY_BYTES_MAX: usize = 1_024;

/// Bytes of one number as written. The largest binary64 value has 309 digits before its point.
pub const NUMBER_BYTES_MAX: usize = 1_024;

/// The largest integer that every reader holds exactly: 2^53 - 1.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// Bytes of one line of the stdio transport without its LF: the longest text.
pub const LINE_BYTES_MAX: usize = TEXT_BYTES_MAX;

/// Bytes of a string used as a request id or a progress token, unescaped.
pub const ID_BYTES_MAX: usize = 256;

/// Requests of a refused batch that are answered, each with its own error; a longer one ends the
/// session.
pub const BATCH_REQUESTS_MAX: usize = 64;

/// Bytes of a method name, unescaped.
pub const METHOD_BYTES_MAX: usize = 128;

/// Bytes of a tool's name, unescaped. MCP 2025-11-25 recommends at most 128 characters.
pub const TOOL_NAME_BYTES_MAX: usize = 256;

/// Tools in one `tools/list` result.
pub const TOOLS_MAX: usize = 4_096;

/// Bytes of a type, an id or an action name in an AuthZEN body, unescaped.
pub const AUTHZEN_NAME_BYTES_MAX: usize = 1_024;
