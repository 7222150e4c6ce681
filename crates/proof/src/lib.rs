//! Canonical JSON, digests, Merkle tree, tiles, notes, checkpoints and receipts: encode, decode, verify.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]
