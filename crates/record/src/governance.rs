//! What officers sign: the records of a governance log.
//!
//! Each record is one [`Change`] that officers proposed and signed. Their fold, and which
//! signatures a change needs, are `kernel`'s.

mod change;
mod proposal;
mod replayed;
mod roles;
mod subject;

pub use change::{Change, Workload};
pub use proposal::{Proposal, SignedProposal};
pub use replayed::{Replayed, Replays};
pub use roles::{POLICY, REGISTRAR, REQUIRED_ROLES, ROOT, Role, Roles, TRUST};
pub use subject::Subject;
