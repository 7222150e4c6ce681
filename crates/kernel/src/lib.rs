//! Folds and state machines of governance and executions.
//!
//! Everything here is a pure function of recorded inputs: `step(now, input) -> effects`. The same
//! code runs in the server, in `replay` and in the simulator; clocks, disks, sockets and randomness
//! belong to the driver.
//!
//! | module | contents |
//! |---|---|
//! | [`governance`] | the fold of signed changes: officers, bundle, workloads, trust, halts |
//! | [`lineage`] | what goes into the records of a node: transitions, sealed requests, bodies |
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
mod prepared;
pub mod replay;
pub mod snapshot;
pub mod state;
pub mod step;

pub use prepared::Prepared;
