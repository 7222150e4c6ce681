//! Key stores, and what is sealed with their keys. `spec/sealed.md` has the formats in words.
//!
//! Each execution has a data key of its own, wrapped under the node's sealing key and kept where it
//! can be destroyed. What the execution's records commit to is sealed under it; without it that is
//! noise.
//!
//! | module | what it is |
//! |---|---|
//! | [`KeyStore`] | the port: wrap, unwrap, destroy, list; also for hardware and remote stores |
//! | [`FileKeys`] | the store in a folder |
//! | [`plain`] | plain files, keys and others, read without waiting |
//! | [`Vault`] | seals and opens parts, each bound to its log, index and record |
//! | [`KeysAhead`] | makes keys before their executions begin, off the thread that decides |
//! | [`PieceSealer`] | seals pieces of snapshots on the thread that writes them |
//!
//! Architecture invariant: nothing here knows what a record says, and no key leaves but to its
//! vault.

mod aead;
mod error;
mod file;
mod key;
pub mod limits;
pub mod plain;
mod store;
mod vault;

pub use error::KeyError;
pub use file::FileKeys;
pub use key::DataKey;
pub use store::{KeyStore, Scope};
pub use vault::{KeyAhead, KeysAhead, OpenError, PieceSealer, Vault};
