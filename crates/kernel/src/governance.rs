//! What governs a domain: signed changes, and their fold.
//!
//! A governance log is a sequence of records, each one change proposed and signed by an officer.
//! [`Governance`] is its fold. Nobody's word counts but the officer's key, which the first record
//! (the genesis) names and whose digest nodes pin.

mod change;
mod fold;
mod position;
mod proposal;
mod subject;
#[cfg(test)]
mod tests;

pub use change::{Change, Workload};
pub use fold::{Governance, GovernanceError, SEMANTICS};
pub use position::Position;
pub use proposal::{Proposal, SignedProposal};
pub use subject::Subject;
