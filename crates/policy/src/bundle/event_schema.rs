//! What events are made of, by the version of the decider.

use dogwood_language::UNPINNED_EVENT_SCHEMA;

use crate::semantics::Semantics;

/// The event schema of a version. None pins events to a principal: an execution's history is its
/// own.
///
/// From the fourth version on, who asked and what was acted on have the names that AgentCore gives
/// them too, and the members that nothing supplies (`requestId`, `sessionId`) are not in it, so
/// that a policy over them does not load.
pub(super) fn of(semantics: Semantics) -> &'static str {
    if semantics >= Semantics::V4 { FOURTH } else { UNPINNED_EVENT_SCHEMA }
}

/// Names of members that events had before the fourth version, and that nothing ever supplied.
pub(super) const NEVER_SUPPLIED: [&str; 2] = ["requestId", "sessionId"];

const FOURTH: &str = "decision event <A>::request {
    ...inputs(A),
    callerPrincipal: principalType(A),
    callerResource: resourceType(A),
    eventPrincipal: principalType(A),
    eventResource: resourceType(A),
}
event <A>::response {
    ...inputs(A),
    ...outputs(A),
    callerPrincipal: principalType(A),
    callerResource: resourceType(A),
    eventPrincipal: principalType(A),
    eventResource: resourceType(A),
}
event <A>::error {
    ...inputs(A),
    callerPrincipal: principalType(A),
    callerResource: resourceType(A),
    eventPrincipal: principalType(A),
    eventResource: resourceType(A),
}
";
