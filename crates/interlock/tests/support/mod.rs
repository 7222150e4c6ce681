//! What end-to-end tests share: a domain in a temporary folder, the node's process, a client that
//! speaks raw lines.

mod client;
mod domain;
mod log;
mod node;
mod queued;
mod run;

pub(crate) use self::client::{Client, is_overload, joined};
pub(crate) use domain::Domain;
pub(crate) use log::{Decision, End, Ends, Event, Records, decisions, refusals};
pub(crate) use node::Node;
pub(crate) use queued::Took;
pub(crate) use run::{Ended, run, until};

/// The built program.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_interlock");
