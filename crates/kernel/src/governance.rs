//! The changes that govern a domain: signed, and folded.
//!
//! A governance log is a sequence of records, each one change that officers proposed and signed.
//! [`Governance`] is its fold. Only the [`Roles`] count: the first record (the genesis) names them,
//! and nodes pin its digest. A change needs the threshold of one role, or one of its officers where
//! it only takes away.

mod change;
mod ended;
mod fold;
mod giving_back;
mod position;
mod proposal;
mod replayed;
mod roles;
mod subject;
#[cfg(test)]
mod tests;

pub use change::{Change, Workload};
pub use ended::ended;
pub use fold::{Governance, GovernanceError, SEMANTICS, UNREPLAYED};
pub use position::Position;
pub use proposal::{Proposal, SignedProposal};
pub use replayed::{Replayed, Replays};
pub use roles::{POLICY, REGISTRAR, REQUIRED_ROLES, ROOT, Role, Roles, TRUST};
pub use subject::Subject;
