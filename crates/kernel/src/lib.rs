//! Folds and state machines of governance and executions.
//!
//! Everything here is a pure function of recorded inputs: `step(now, input) -> effects`. The same
//! code runs in the server, in `replay` and in the simulator; clocks, disks, sockets and randomness
//! belong to the driver.
//!
//! | module | contents |
//! |---|---|
//! | [`governance`] | signed changes and their fold: officers, bundle, workloads, trust, halts |
//! | [`lineage`] | the records that a node writes: encode, decode, seal, open |
//! | [`state`] | the fold of both logs: the state that a decision sees |
//! | [`step`] | prepare, sequence, release, settle: the node's state machine |
//! | [`snapshot`] | the state in pieces, by their digests, and back |
//! | [`Prepared`] | a request that is read before its turn, on any thread |
//! | [`replay`] | re-derives every decision of a lineage log and compares bytes |
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

#[cfg(test)]
mod fixture;
pub mod governance;
pub mod limits;
pub mod lineage;
mod members;
mod prepared;
pub mod replay;
pub mod snapshot;
pub mod state;
pub mod step;

pub use members::MalformedRecord;
pub use prepared::Prepared;
