//! The contract of `/v1`: what a client sends to a node, and what the node answers.
//!
//! | module | what it holds |
//! |---|---|
//! | [`route`] | every route: method, path, who may use it, what it takes and gives |
//! | [`openapi`] | the OpenAPI page, made of the routes and the types |
//! | [`problem`] | errors by RFC 9457, with a stable code and whether to try again |
//! | [`node`] | how the node stands, and whether it commits |
//! | [`execution`] | executions that go on: their tree, labels, meters and trust |
//! | [`delegation`] | executions that an agent begins and ends below its own |
//! | [`session`] | sessions of agents with upstream servers: upgraded connections |
//! | [`record`] | records of the lineage log, by filter and by page; one decision explained |
//! | [`governance`] | what governs, and changes that officers sign |
//! | [`approval`] | requests that wait for officers, and their votes |
//! | [`meter`] | what is used of the meters |
//! | [`record_json`] | a record's canonical JSON inside a request or a reply |
//! | [`limits`] | how much one page holds |
//!
//! Node and clients share these types, so that neither builds JSON by hand:
//!
//! ```
//! use api::problem::{Code, Problem, Retry};
//!
//! let problem = Problem::new(Code::Overload, "the node is at its limits");
//! let text = serde_json::to_string(&problem).unwrap();
//! let read: Problem = serde_json::from_str(&text).unwrap();
//! assert_eq!((read.status, read.retry), (429, Retry::Later));
//! ```
//!
//! Architecture invariant: nothing here reads or writes a socket, a file or a clock.

pub mod approval;
pub mod delegation;
pub mod execution;
pub mod governance;
pub mod limits;
pub mod meter;
pub mod node;
pub mod openapi;
pub mod problem;
pub mod record;
pub mod record_json;
pub mod route;
pub mod session;

pub use record_json::RecordJson;
