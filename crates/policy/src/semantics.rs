//! The version of the decider: the list of checks, their order, and what they look at. A binary
//! carries the current one and those that logs made before may name.

use crate::check_id::CheckId;

/// A version of the decider. A bundle names the one that it is written for; a domain's governance
/// says which is the newest that its bundles may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Semantics {
    /// The first: form, standing and policies.
    V1,
    /// With grants, changed tools, labels, meters and approvals.
    V2,
    /// A stop, history and trust hold for the whole line of an execution; answers and the
    /// parameters of protocol messages are decided. No version has the number 3: the golden vectors
    /// fix it as one that no reader carries.
    V4,
}

impl Semantics {
    /// What new domains and bundles begin with.
    pub const CURRENT: Semantics = Semantics::V4;
    /// All that this program carries, oldest first.
    pub const ALL: [Semantics; 3] = [Semantics::V1, Semantics::V2, Semantics::V4];

    /// The number in records and manifests.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Semantics::V1 => 1,
            Semantics::V2 => 2,
            Semantics::V4 => 4,
        }
    }

    /// The version of that number, if this program carries it.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Semantics> {
        Semantics::ALL.into_iter().find(|version| version.number() == number)
    }

    /// Its checks, in the order in which the first failure gives the code.
    #[must_use]
    pub fn checks(self) -> &'static [CheckId] {
        match self {
            Semantics::V1 => &V1_CHECKS,
            Semantics::V2 | Semantics::V4 => &V2_CHECKS,
        }
    }
}

const V1_CHECKS: [CheckId; 9] = [
    CheckId::RequestMalformed,
    CheckId::GovernanceUnverified,
    CheckId::IdentityUnregistered,
    CheckId::TrustInsufficient,
    CheckId::ExecutionHalted,
    CheckId::LineageBroken,
    CheckId::ToolUnknown,
    CheckId::PolicyError,
    CheckId::PolicyDenied,
];

const V2_CHECKS: [CheckId; 13] = [
    CheckId::RequestMalformed,
    CheckId::GovernanceUnverified,
    CheckId::IdentityUnregistered,
    CheckId::TrustInsufficient,
    CheckId::ExecutionHalted,
    CheckId::LineageBroken,
    CheckId::GrantExceeded,
    CheckId::ToolUnknown,
    CheckId::ToolChanged,
    CheckId::PolicyError,
    CheckId::PolicyDenied,
    CheckId::MeterExhausted,
    CheckId::ApprovalRequired,
];

#[cfg(test)]
mod tests {
    use super::Semantics;

    #[test]
    fn a_later_version_keeps_the_order_of_the_checks_before_it() {
        for pair in Semantics::ALL.map(Semantics::checks).windows(2) {
            let kept: Vec<_> = pair[1].iter().filter(|name| pair[0].contains(name)).collect();
            assert!(kept.into_iter().eq(pair[0]));
        }
    }

    #[test]
    fn a_version_is_found_by_its_number_only() {
        for version in Semantics::ALL {
            assert_eq!(Semantics::from_number(version.number()), Some(version));
        }
        assert_eq!(Semantics::from_number(0), None);
        assert_eq!(Semantics::from_number(3), None, "the golden vectors say so");
        assert_eq!(Semantics::from_number(5), None);
    }
}
