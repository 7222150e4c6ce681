//! The records of both logs: their types, and the one codec that writes and reads each.
//!
//! Everything here is a pure function of its arguments. It is what a reader of logs must know, also
//! in a browser, without the rules by which records come about: `policy` and `kernel` have those.
//!
//! | module | contents |
//! |---|---|
//! | [`lineage`] | what happened on a node, and what is sealed beside its record |
//! | [`governance`] | what officers signed: proposals of changes |
//! | [`Position`], [`Grant`], [`Labels`], ... | values that stand in records and in other formats |
//! | [`members`] | reads the members of an object exactly, by their values |
//! | [`limits`] | every bound, named |
//!
//! ```
//! use proof::digest::Digest;
//! use record::Position;
//! use record::lineage::{Body, Header, LineageRecord};
//!
//! let root = Digest::of(b"the root of the governance log's tree");
//! let governance = Position { origin: "acme.example/governance".to_owned(), size: 3, root };
//! let (at, node) = (1_767_225_600_000, "node-1".to_owned());
//! let header = Header { at, node, governance, link: None };
//! let record = LineageRecord { header, body: Body::ClockStepped { by_ms: -1_200 } };
//!
//! // The bytes that are hashed, stored and proven, and what they say.
//! let bytes = record.to_bytes();
//! assert!(bytes.starts_with(br#"{"at":1767225600000,"by_ms":-1200,"governance":{"#));
//! assert_eq!(LineageRecord::parse(&bytes)?, record);
//!
//! // What nobody would write is not read: one meaning has one byte string.
//! let more = String::from_utf8(bytes)?.replace("\"by_ms\"", "\"by_hand\":true,\"by_ms\"");
//! assert!(LineageRecord::parse(more.as_bytes()).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod approval_rule;
mod facts;
pub mod governance;
mod grant;
mod labels;
pub mod limits;
pub mod lineage;
pub mod members;
mod per;
mod position;
mod reader;
mod trust;
mod writer;

pub use approval_rule::ApprovalRule;
pub use facts::{Assurance, Facts};
pub use grant::Grant;
pub use labels::{LabelChange, Labels};
pub use members::MalformedRecord;
pub use per::Per;
pub use position::Position;
pub use trust::Trust;
