//! The policy engine: Cedar, with a floor of stack, and with every evaluation error reported.
//!
//! Cedar skips a policy whose evaluation errors. For a `forbid` that turns a denial into a permit, so here any error
//! denies. Cedar's order of reasons varies between runs, so here they are sorted.

use cedar_policy::{
    AuthorizationError, Authorizer, Decision as CedarDecision, Entities, EvaluationError,
    PolicySet, Request, Schema,
};
use dogwood_language::{AuthorizationDecision, AuthorizationRequest, PolicyEngine};

use crate::limits::{ERRORS_LISTED_MAX, EXPRESSION_DEPTH_MAX, stack_needed};

/// What the policies say of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Allowed, and nothing went wrong on the way.
    pub(crate) allow: bool,
    /// The determining policies by their names within Cedar, sorted.
    pub(crate) reasons: Vec<String>,
    /// The policies whose evaluation failed, by their names within Cedar, and why; sorted.
    pub(crate) errors: Vec<(String, String)>,
    /// The recursion limit was met, or the stack was too small to begin.
    pub(crate) limit: bool,
}

impl Answer {
    /// A denial because something failed before any policy was evaluated.
    pub(crate) fn failed(why: impl Into<String>, limit: bool) -> Answer {
        let errors = vec![(String::new(), why.into())];
        Answer { allow: false, reasons: Vec::new(), errors, limit }
    }
}

/// Whether enough stack is left to load or decide by policies of this depth. Where nobody can tell, it is not.
pub(crate) fn has_stack(depth: usize) -> bool {
    stacker::remaining_stack().is_some_and(|left| left >= stack_needed(depth))
}

/// The answer when [`has_stack`] says no.
pub(crate) fn no_stack() -> Answer {
    Answer::failed("too little stack is left to evaluate policies", true)
}

/// Asks every policy. The caller has looked at the stack.
pub(crate) fn authorize(policies: &PolicySet, request: &Request, entities: &Entities) -> Answer {
    let response = Authorizer::new().is_authorized(request, policies, entities);
    let mut limit = false;
    let mut errors: Vec<(String, String)> = Vec::new();
    for error in response.diagnostics().errors() {
        let AuthorizationError::PolicyEvaluationError(error) = error;
        limit |= matches!(error.inner(), EvaluationError::RecursionLimit(_));
        errors.push((error.policy_id().to_string(), describe(error.inner()).to_owned()));
    }
    errors.sort();
    errors.truncate(ERRORS_LISTED_MAX);
    let mut reasons: Vec<String> =
        response.diagnostics().reason().map(ToString::to_string).collect();
    reasons.sort();
    let allow = response.decision() == CedarDecision::Allow && errors.is_empty();
    Answer { allow, reasons, errors, limit }
}

/// What went wrong, without the values it went wrong with.
fn describe(error: &EvaluationError) -> &'static str {
    match error {
        EvaluationError::EntityDoesNotExist(_) => "it reads an entity that is not known",
        EvaluationError::EntityAttrDoesNotExist(_) => {
            "it reads an attribute or tag that the entity does not have"
        }
        EvaluationError::RecordAttrDoesNotExist(_) => {
            "it reads a member that the record does not have"
        }
        EvaluationError::TypeError(_) => "it uses a value of the wrong type",
        EvaluationError::IntegerOverflow(_) => "an integer overflows",
        EvaluationError::FailedExtensionFunctionExecution(_) => {
            "a value can't be read as its extension type"
        }
        EvaluationError::RecursionLimit(_) => "it is nested deeper than the engine's stack bears",
        _ => "it can't be evaluated",
    }
}

/// The same engine behind Dogwood's seam: any error denies, and determining policies are sorted.
#[derive(Debug, Default)]
pub struct Engine {
    policies: PolicySet,
}

impl PolicyEngine for Engine {
    fn prepare(&mut self, policies: &PolicySet, _: &Schema) -> Result<(), dogwood_language::Error> {
        self.policies = policies.clone();
        Ok(())
    }

    fn is_authorized(&self, asked: AuthorizationRequest<'_>) -> AuthorizationDecision {
        let answer = if has_stack(EXPRESSION_DEPTH_MAX) {
            authorize(&self.policies, asked.request, asked.entities)
        } else {
            no_stack()
        };
        AuthorizationDecision {
            decision: if answer.allow { CedarDecision::Allow } else { CedarDecision::Deny },
            determining_policy_ids: answer.reasons,
            errors: answer
                .errors
                .into_iter()
                .map(|(policy, why)| format!("{policy}: {why}"))
                .collect(),
        }
    }
}
