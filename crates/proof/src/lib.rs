//! What anybody needs to check an Interlock log, and what Interlock needs to write one.
//!
//! Everything here is a pure function of its arguments: no clock, no randomness, no files, no sockets. It builds
//! for `wasm32-unknown-unknown`, and the formats are those of C2SP (`tlog-tiles`, `signed-note`, `tlog-checkpoint`,
//! `tlog-proof`) and RFC 6962, so that tools of other people read the same bytes. `spec/` has them in words.
//!
//! ```text
//!  json ── record ─────────────┐          values, and the envelope that every record has
//!  base64url · digest · commitment        bytes in text, SHA-256, salted commitments
//!  merkle ── tile ─────────────┤          RFC 6962 tree, and its files
//!  note ── checkpoint ─────────┤          signatures, and the signed head of a log
//!                              ├─ receipt a record's proof, offline
//!                              └─ log     a whole log: read, verify, extend
//!  limits                                 every bound, named
//! ```
//!
//! Nothing here trusts a server: [`log::LogReader`] compares each tile with the signed root before it uses it, and
//! each entry with its tile.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod base64std;
pub mod base64url;
pub mod checkpoint;
pub mod commitment;
pub mod digest;
pub mod json;
pub mod limits;
pub mod log;
pub mod merkle;
pub mod note;
pub mod receipt;
pub mod record;
pub mod tile;
