//! The MCP revisions 2025-06-18 and 2025-11-25: which methods there are in each direction, and the bodies that
//! are decided on.
//!
//! | module | what it reads |
//! |---|---|
//! | `method` | methods by revision, sender and kind of message; all others are unknown |
//! | `body` | `initialize`, `tools/call`, cancellations, progress tokens |
//! | `tools` | the result of `tools/list`; writes it with some tools left out |
//! | `probe` | whether a client probes for a newer revision |

mod body;
mod method;
mod probe;
#[cfg(test)]
mod tests;
mod tools;

pub use body::{Cancelled, Initialize, InitializeResult, ToolCall, progress_token, request_token};
pub use method::{Kind, Method, Party, Revision};
pub use probe::{META_PROTOCOL_VERSION, probe};
pub use tools::{Tool, ToolList};
