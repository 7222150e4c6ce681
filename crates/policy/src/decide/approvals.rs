//! The check on approvals: what the permit policies ask officers for, and whether they gave it.

use std::collections::BTreeSet;

use record::ApprovalRule;

use crate::approval::{RetryEvidence, lacking};
use crate::bundle::Bundle;
use crate::check_id::CheckId;
use crate::decision::{Check, Decision, Verdict};
use crate::engine::PolicyAnswer;

/// The approvals that the policies which permit ask for, each once, sorted. None where the policies
/// do not permit.
pub(super) fn required(bundle: &Bundle, answer: Option<&PolicyAnswer>) -> Vec<ApprovalRule> {
    let permits = answer.filter(|answer| answer.allow && answer.errors.is_empty());
    let reasons = permits.map(|answer| answer.reasons.as_slice()).unwrap_or_default();
    let policies = reasons.iter().filter_map(|number| bundle.numbered(*number));
    let required: BTreeSet<&ApprovalRule> =
        policies.filter_map(|info| info.approval.as_ref()).collect();
    required.into_iter().cloned().collect()
}

/// Whether everything that is asked for was given.
pub(super) fn check(required: &[ApprovalRule], retry: Option<&RetryEvidence>, now: i64) -> Check {
    let id = CheckId::ApprovalRequired;
    if required.is_empty() {
        return Check::pass(id);
    }
    let Some(retry) = retry else {
        let each = required.iter().map(|one| format!("{} of `{}`", one.count, one.role));
        return Check::fail(id, format!("waits for {}", each.collect::<Vec<_>>().join(", ")));
    };
    if let Some(why) = retry.objection {
        return Check::fail(id, why);
    }
    let lacks = required.iter().find_map(|one| lacking(one, retry, now));
    lacks.map_or_else(|| Check::pass(id), |why| Check::fail(id, why))
}

impl Bundle {
    /// The `@advice` to the agent of the policies that determined a decision, where it was not
    /// permitted because of them.
    #[must_use]
    pub fn advice(&self, decision: &Decision) -> Vec<String> {
        let by_policies = [CheckId::PolicyDenied.as_str(), CheckId::ApprovalRequired.as_str()];
        if decision.verdict() == Verdict::Permit || !by_policies.contains(&decision.code()) {
            return Vec::new();
        }
        let policies = decision.policy_ids().filter_map(|id| self.policy(id));
        policies.filter_map(|info| info.annotations.get("advice").cloned()).collect()
    }
}
