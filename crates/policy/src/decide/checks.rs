//! The checks around the policies, each from its own input; the semantics version says which of
//! them count.

use record::{ApprovalRule, Facts};

use super::{approvals, charges};
use crate::bundle::Bundle;
use crate::check_id::CheckId;
use crate::decision::Check;
use crate::engine::PolicyAnswer;
use crate::facts::DecisionState;
use crate::meters::Charge;
use crate::resolve::bound::Validity;

/// The request that is checked, and the state and facts that it is checked against.
pub(super) struct CheckedRequest<'a, 'v> {
    pub(super) bundle: &'a Bundle,
    pub(super) state: &'a DecisionState,
    /// The action as the request names it.
    pub(super) action: &'a str,
    pub(super) facts: &'a Facts,
    pub(super) validity: &'a Validity<'v>,
}

/// The inputs of every check.
pub(super) struct Inputs<'a, 'v> {
    pub(super) subject: &'a CheckedRequest<'a, 'v>,
    pub(super) answer: Option<&'a PolicyAnswer>,
    /// What the request charges.
    pub(super) charged: &'a Result<Vec<Charge>, charges::ChargeError>,
    /// The approvals that the permit policies ask for.
    pub(super) approvals: &'a [ApprovalRule],
}

/// The checks of the bundle's semantics version, in its order.
pub(super) fn all(inputs: &Inputs<'_, '_>) -> Vec<Check> {
    let ids = inputs.subject.bundle.semantics().checks();
    ids.iter().map(|id| inputs.check(*id)).collect()
}

const NOT_ASKED: &str = "the request could not be put to the policies";

impl Inputs<'_, '_> {
    fn check(&self, id: CheckId) -> Check {
        let state = self.subject.state;
        match id {
            CheckId::RequestMalformed => self.request_malformed(),
            CheckId::GovernanceUnverified => {
                Check::of(id, state.governance_verified, "the governance log did not verify")
            }
            CheckId::IdentityUnregistered => {
                Check::of(id, state.registered, "the workload is not registered")
            }
            CheckId::TrustInsufficient => self.trust_insufficient(),
            CheckId::ExecutionHalted => Check::of(id, !state.halted, "an officer ordered a halt"),
            CheckId::LineageBroken => {
                Check::of(id, state.lineage_intact, "the execution's records have a gap")
            }
            CheckId::GrantExceeded => self.grant_exceeded(),
            CheckId::ToolUnknown => self.tool_unknown(),
            CheckId::ToolChanged => self.tool_changed(),
            CheckId::PolicyError => self.policy_error(),
            CheckId::PolicyDenied => self.policy_denied(),
            CheckId::MeterExhausted => self.meter_exhausted(),
            CheckId::ApprovalRequired => self.approval_required(),
        }
    }

    fn request_malformed(&self) -> Check {
        let id = CheckId::RequestMalformed;
        match self.subject.validity {
            Validity::Ready(_) => Check::pass(id),
            Validity::Malformed(why) => Check::fail(id, why.to_string()),
            Validity::UnknownAction => Check::not_evaluated(
                id,
                "the action is not in the schema, so its arguments have no types",
            ),
        }
    }

    fn trust_insufficient(&self) -> Check {
        let id = CheckId::TrustInsufficient;
        let (trust, least) = (self.subject.state.trust, self.subject.bundle.trust_minimum());
        if trust <= least {
            return Check::pass(id);
        }
        let (found, least) = (trust.as_str(), least.as_str());
        Check::fail(id, format!("trust is `{found}`, the bundle asks for `{least}` or better"))
    }

    /// The grants of the execution and of all its ancestors: no descendant may do what one of them
    /// may not.
    fn grant_exceeded(&self) -> Check {
        let (state, action, at) = (self.subject.state, self.subject.action, self.subject.facts.at);
        let exceeded = state.grants.iter().find_map(|held| held.exceeded_by(action, at));
        let wider = || {
            let child = state.delegates.as_ref()?;
            state.grants.iter().find_map(|held| held.widened_by(child))
        };
        let id = CheckId::GrantExceeded;
        exceeded.or_else(wider).map_or_else(|| Check::pass(id), |why| Check::fail(id, why))
    }

    fn tool_unknown(&self) -> Check {
        let id = CheckId::ToolUnknown;
        match self.subject.validity {
            Validity::UnknownAction => Check::fail(id, "the bundle knows no such tool or action"),
            Validity::Malformed(_) => Check::not_evaluated(id, "the request is malformed"),
            Validity::Ready(_) => Check::pass(id),
        }
    }

    /// A tool whose definition the bundle pins is called with no other.
    fn tool_changed(&self) -> Check {
        let id = CheckId::ToolChanged;
        let bundle = self.subject.bundle;
        let pinned = self.subject.state.tool.as_ref().and_then(|tool| bundle.pinned(tool));
        match (pinned, self.subject.facts.definition) {
            (None, _) => Check::pass(id),
            (Some(pinned), Some(listed)) if pinned == listed => Check::pass(id),
            (Some(_), Some(_)) => Check::fail(id, "its definition is not the one that is pinned"),
            (Some(_), None) => {
                Check::fail(id, "its definition is pinned, and the server has not listed it")
            }
        }
    }

    fn policy_error(&self) -> Check {
        let id = CheckId::PolicyError;
        let Some(answer) = self.answer else { return Check::not_evaluated(id, NOT_ASKED) };
        let Some(first) = answer.errors.first() else { return Check::pass(id) };
        let bundle = self.subject.bundle;
        let named = answer.errors.iter().filter_map(|failure| bundle.policy_id(failure));
        let mut names: Vec<String> = named.map(|id| format!("`{id}`")).collect();
        names.sort();
        names.dedup();
        let why = if names.is_empty() {
            first.why.clone().into_owned()
        } else {
            format!("evaluation failed of {}", names.join(", "))
        };
        Check::fail(id, why)
    }

    fn policy_denied(&self) -> Check {
        let id = CheckId::PolicyDenied;
        let Some(answer) = self.answer else { return Check::not_evaluated(id, NOT_ASKED) };
        if !answer.errors.is_empty() {
            let unknown = "an evaluation failed, so what the policies say is not known";
            return Check::not_evaluated(id, unknown);
        }
        if answer.allow {
            return Check::pass(id);
        }
        let bundle = self.subject.bundle;
        let named = answer.reasons.iter().filter_map(|number| bundle.numbered(*number));
        let mut ids: Vec<String> = named.map(|policy| format!("`{}`", policy.id)).collect();
        ids.sort();
        let why = if ids.is_empty() {
            "no policy permits it".to_owned()
        } else {
            format!("forbidden by {}", ids.join(", "))
        };
        Check::fail(id, why)
    }

    fn meter_exhausted(&self) -> Check {
        let subject = self.subject;
        match subject.validity {
            Validity::Ready(_) => {
                charges::check(subject.bundle, &subject.state.spent, self.charged)
            }
            Validity::Malformed(_) | Validity::UnknownAction => Check::not_evaluated(
                CheckId::MeterExhausted,
                "the request is malformed, or its action unknown",
            ),
        }
    }

    fn approval_required(&self) -> Check {
        if !self.answer.is_some_and(|answer| answer.errors.is_empty()) {
            let why = "what the policies ask for is not known";
            return Check::not_evaluated(CheckId::ApprovalRequired, why);
        }
        let retry = self.subject.state.retry.as_ref();
        approvals::check(self.approvals, retry, self.subject.facts.at)
    }
}
