//! The policy engine: Cedar behind an index of scopes, with a floor of stack, and with every error
//! reported.
//!
//! Cedar skips a policy whose evaluation errors. For a `forbid` that turns a denial into a permit,
//! so here any error denies. Cedar's order of reasons varies between runs, so here they are sorted.
//! Cedar asks every policy; here only those are asked whose scope matches, which gives the same
//! answer: see [`index`].

mod evaluate;
mod index;
mod near;

use std::borrow::Cow;

use cedar_policy::{Decision as CedarDecision, PolicySet, Schema};
use cedar_policy_core::ast::{EntityUID, EntityUIDEntry, Policy};
use cedar_policy_core::entities::{Dereference, Entities};
use dogwood_language::{AuthorizationDecision, AuthorizationRequest, PolicyEngine};

use crate::limits::{EXPRESSION_DEPTH_MAX, stack_needed};
pub(crate) use evaluate::store;
pub(crate) use index::{Index, ScopeKeys};
pub(crate) use near::PolicyPart;

/// What the policies say of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyAnswer {
    /// Allowed, and nothing went wrong on the way.
    pub(crate) allow: bool,
    /// The determining policies by their numbers in the index, sorted.
    pub(crate) reasons: Vec<usize>,
    /// What failed, by the policies' names within Cedar.
    pub(crate) errors: Vec<PolicyFailure>,
    /// The recursion limit was met, or the stack was too small to begin.
    pub(crate) limit: bool,
}

/// A policy whose evaluation failed, and why; no policy where it was none in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyFailure {
    pub(crate) policy: Option<usize>,
    pub(crate) why: Cow<'static, str>,
}

impl PolicyAnswer {
    /// A denial because something failed before any policy was evaluated.
    pub(crate) fn failed(why: impl Into<Cow<'static, str>>, limit: bool) -> PolicyAnswer {
        let errors = vec![PolicyFailure { policy: None, why: why.into() }];
        PolicyAnswer { allow: false, reasons: Vec::new(), errors, limit }
    }
}

/// Whether enough stack is left to load or decide by policies of this depth. Where nobody can tell,
/// it is not.
pub(crate) fn has_stack(depth: usize) -> bool {
    stacker::remaining_stack().is_some_and(|left| left >= stack_needed(depth))
}

/// Whether this thread has the stack that any request can be read with ahead of its decision
/// ([`crate::resolve()`]).
#[must_use]
pub fn can_read_here() -> bool {
    has_stack(EXPRESSION_DEPTH_MAX)
}

/// Whether this thread has the stack that any request can be decided with, however much the
/// caller's own calls take before: twice what the deepest policies need. A decision that finds too
/// little ends the process.
#[must_use]
pub fn can_decide_here() -> bool {
    has_stack(2 * EXPRESSION_DEPTH_MAX)
}

/// The answer when [`has_stack`] says no.
pub(crate) fn no_stack() -> PolicyAnswer {
    PolicyAnswer::failed("too little stack is left to evaluate policies", true)
}

/// The same engine behind Dogwood's seam: any error denies, and determining policies are sorted.
#[derive(Debug, Default)]
pub struct ScopedEngine {
    index: Index,
}

impl ScopedEngine {
    fn answer(&self, asked: &AuthorizationRequest<'_>) -> PolicyAnswer {
        let request: &cedar_policy_core::ast::Request = asked.request.as_ref();
        let known: &Entities = asked.entities.as_ref();
        let scope_keys =
            |entry: &EntityUIDEntry| entry.uid().map(|uid| self.scope_keys(uid, known));
        let seen = scope_keys(request.principal())
            .zip(scope_keys(request.action()))
            .zip(scope_keys(request.resource()));
        let Some(((principal, action), resource)) = seen else {
            return PolicyAnswer::failed("the request leaves open who, what or on what", false);
        };
        let candidates = self.index.candidates(&principal, &action, &resource);
        self.index.ask(&candidates, request.clone(), known)
    }

    fn scope_keys(&self, uid: &EntityUID, known: &Entities) -> ScopeKeys {
        match known.entity(uid) {
            Dereference::Data(entity) => self.index.scope_keys_of(entity),
            Dereference::NoSuchEntity | Dereference::Residual(_) => {
                self.index.scope_keys(uid, std::iter::empty())
            }
        }
    }
}

impl PolicyEngine for ScopedEngine {
    fn prepare(&mut self, policies: &PolicySet, _: &Schema) -> Result<(), dogwood_language::Error> {
        let policies: &cedar_policy_core::ast::PolicySet = policies.as_ref();
        let mut policies: Vec<&Policy> = policies.policies().collect();
        policies.sort_by(|a, b| a.id().cmp(b.id()));
        self.index = Index::new(policies);
        Ok(())
    }

    fn is_authorized(&self, asked: AuthorizationRequest<'_>) -> AuthorizationDecision {
        let answer = if has_stack(EXPRESSION_DEPTH_MAX) { self.answer(&asked) } else { no_stack() };
        let name = |policy: Option<usize>| self.index.name(policy).to_owned();
        AuthorizationDecision {
            decision: if answer.allow { CedarDecision::Allow } else { CedarDecision::Deny },
            determining_policy_ids: answer.reasons.iter().map(|n| name(Some(*n))).collect(),
            errors: answer
                .errors
                .iter()
                .map(|failure| format!("{}: {}", name(failure.policy), failure.why))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
