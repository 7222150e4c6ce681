//! The checks of a decision, by the names that records have for them.

/// One check of a decision. Its name is the decision's code when it is the first to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckId {
    /// The request fits the bundle's schema.
    RequestMalformed,
    /// The governance log verified.
    GovernanceUnverified,
    /// The workload is registered.
    IdentityUnregistered,
    /// The trust state is as good as the bundle asks for.
    TrustInsufficient,
    /// No officer halted the execution.
    ExecutionHalted,
    /// The execution's records have no gap.
    LineageBroken,
    /// The execution's grant, and those of its ancestors, allow the request.
    GrantExceeded,
    /// The bundle knows the tool or action.
    ToolUnknown,
    /// The tool has the definition that the bundle pins.
    ToolChanged,
    /// Each policy could be evaluated.
    PolicyError,
    /// The policies permit the request.
    PolicyDenied,
    /// The charges fit under the limits of their meters.
    MeterExhausted,
    /// Officers gave every approval that the policies ask for.
    ApprovalRequired,
}

impl CheckId {
    /// The name in records, such as `request.malformed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CheckId::RequestMalformed => "request.malformed",
            CheckId::GovernanceUnverified => "governance.unverified",
            CheckId::IdentityUnregistered => "identity.unregistered",
            CheckId::TrustInsufficient => "trust.insufficient",
            CheckId::ExecutionHalted => "execution.halted",
            CheckId::LineageBroken => "lineage.broken",
            CheckId::GrantExceeded => "grant.exceeded",
            CheckId::ToolUnknown => "tool.unknown",
            CheckId::ToolChanged => "tool.changed",
            CheckId::PolicyError => "policy.error",
            CheckId::PolicyDenied => "policy.denied",
            CheckId::MeterExhausted => "meter.exhausted",
            CheckId::ApprovalRequired => "approval.required",
        }
    }
}
