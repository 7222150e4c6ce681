//! Every parser that decides: strict JSON, JSON-RPC 2.0, MCP, the stdio framing and AuthZEN bodies.
//!
//! What this crate accepts is what every parser downstream reads alike, so that what was authorised
//! is what is executed; everything else is refused with a stable code and an offset. Nothing here
//! reads a clock, a file or a socket, and nothing that is forwarded is re-encoded: each value keeps
//! the bytes that it was read from.
//!
//! | module | what it reads |
//! |---|---|
//! | [`frame`] | lines of the stdio transport: one final LF, no CR, bounded |
//! | [`json`] | one JSON text, as a tree whose nodes keep their bytes |
//! | [`jsonrpc`] | one JSON-RPC 2.0 message: request, notification or response; writes responses |
//! | [`mcp`] | the methods of the MCP revisions by direction, and the bodies that are decided |
//! | [`authzen`] | the body of an AuthZEN access evaluation request |
//! | [`limits`] | every bound, each tested at its limit and one past it |
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod authzen;
mod error;
pub mod frame;
pub mod json;
pub mod jsonrpc;
pub mod limits;
pub mod mcp;
mod shape;

pub use error::{Error, ErrorKind};
