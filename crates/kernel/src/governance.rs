//! The fold of what governs a domain.
//!
//! A governance log is a sequence of records, each one change that officers proposed and signed.
//! [`Governance`] is its fold. Only the roles count: the first record (the genesis) names them,
//! and nodes pin its digest. A change needs the threshold of one role, or one of its officers where
//! it only takes away. The records are `record::governance`'s.

mod ended;
mod fold;
mod giving_back;
mod replayed;
mod roles;
#[cfg(test)]
mod tests;

pub use ended::ended;
pub use fold::{Governance, GovernanceError, SEMANTICS, UNREPLAYED};
