//! What governs a domain: signed changes, and their fold.
//!
//! A governance log is a sequence of records, each one change proposed by and signed by officers.
//! [`Governance`] is its fold. Nobody's word counts but that of the [`Roles`], which the first record
//! (the genesis) names and whose digest nodes pin: so many of a role's officers as it asks for, or one
//! of them where something is only taken away.

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
