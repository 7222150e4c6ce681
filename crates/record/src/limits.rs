//! Every limit of this crate, with what happens when it is reached.

/// Longest name of a domain, node, zone, workload, server, method or tool, in bytes. A longer one
/// is malformed (`refused.input` on a session, an error in a proposal).
pub const NAME_BYTES_MAX: usize = 128;

/// Most officers' signatures of one proposal: two quorums at their largest. One more is refused.
pub const SIGNATURES_MAX: usize = 64;

/// Most roles of a domain. A record with more is malformed.
pub const ROLES_MAX: usize = 64;

/// Most officers of one role. A record with more is malformed.
pub const ROLE_KEYS_MAX: usize = 32;

/// Actions that one grant lists; a longer list is no grant, and a request for it is malformed.
pub const GRANT_ACTIONS_MAX: usize = 1_000;

/// Longest name of an action that a grant lists, in bytes. A longer one is no grant.
pub const ACTION_BYTES_MAX: usize = 4_096;
