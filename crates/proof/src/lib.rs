//! What anybody needs to check an Interlock log, and what Interlock needs to write one.
//!
//! Everything here is a pure function of its arguments: no clock, no randomness, no files, no
//! sockets. It builds for `wasm32-unknown-unknown`, and the formats are those of C2SP
//! (`tlog-tiles`, `signed-note`, `tlog-checkpoint`, `tlog-proof`) and RFC 6962, so that tools of
//! other people read the same bytes. `spec/` has them in words.
//!
//! ```text
//!  json ── record ─────────────┐          values, and the envelope that every record has
//!  base64url · digest · commitment        bytes in text, SHA-256, salted commitments
//!  merkle ── tile ─────────────┤          RFC 6962 tree, and its files
//!  note ── checkpoint ─────────┤          signatures, and the signed head of a log
//!                              ├─ receipt a record's proof, offline
//!                              ├─ promise a durable batch's signature, before its checkpoint
//!                              └─ log     a whole log: read, verify, extend
//!  shown                                  text from outside, safe to look at
//!  limits                                 every bound, named
//! ```
//!
//! Nothing here trusts a server: [`log::LogReader`] compares each tile with the signed root before
//! it uses it, and each entry with its tile.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use proof::json::Object;
//! use proof::log::{Builder, LogReader};
//! use proof::note::{Ed25519Signer, Signer as _};
//! use proof::record::Record;
//!
//! // 32 fresh random bytes, in earnest.
//! let signer = Ed25519Signer::from_seed("acme.example/governance", &[7; 32])?;
//! let mut log = Builder::new();
//! log.push(Record::new("domain.created", Object::new())?.bytes())?;
//! let mut files: BTreeMap<String, Vec<u8>> =
//!     log.take_files()?.into_iter().map(|file| (file.path, file.bytes)).collect();
//! files.insert("checkpoint".to_owned(), log.checkpoint(&signer)?.into_bytes());
//!
//! // The files and the public key are enough to verify all of it, and to make receipts.
//! let reader = LogReader::open(&files, &signer.verifier(), "acme.example/governance")?;
//! assert_eq!(reader.verify_all(&mut |_| {})?.records, 1);
//! let receipt = reader.receipt(0)?;
//! assert!(receipt.verify_own(&signer.verifier()).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
mod placed;
pub mod promise;
pub mod receipt;
pub mod record;
pub mod shown;
pub mod tile;
