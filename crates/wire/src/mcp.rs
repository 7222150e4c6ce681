//! The MCP revisions 2024-11-05 to 2025-11-25: which methods there are in each direction, and the
//! bodies that are decided on.
//!
//! | module | what it reads |
//! |---|---|
//! | `method` | methods by revision, sender and kind of message; all others are unknown |
//! | `body` | `initialize`, `tools/call`, cancellations, progress tokens |
//! | `tools` | the result of `tools/list`; writes it with some tools left out |
//! | `retry` | what a tool call says of the pending decision that it stands on |
//! | `probe` | whether a client probes for a newer revision |

mod body;
mod method;
mod probe;
mod retry;
#[cfg(test)]
mod tests;
mod tools;

pub use body::{Cancelled, Initialize, InitializeResult, ToolCall, progress_token, request_token};
pub use method::{Kind, Method, Party, Revision};
pub use probe::{META_PROTOCOL_VERSION, probe};
pub use retry::META_PENDING;
pub use tools::{Tool, ToolList};
