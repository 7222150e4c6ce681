//! Every parser that decides: strict JSON, JSON-RPC and the MCP revisions.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]
