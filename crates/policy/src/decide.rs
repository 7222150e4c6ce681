//! The decision: a pure function of a history, a state, facts and a request.

mod approvals;
mod charges;
mod checks;

use std::sync::Arc;

use dogwood_language::TemporalBindings;
use record::{Facts, LabelChange};

use crate::bundle::Bundle;
use crate::decision::{Decision, DeterminingPolicy, EvaluationError, Verdict};
use crate::engine::{PolicyAnswer, has_stack, no_stack};
use crate::facts::DecisionState;
use crate::history::{History, TemporalError};
use crate::limits::DETERMINING_BYTES_MAX;
use crate::request::Request;
use crate::resolve::bound::{ContextFacts, Validity};
use crate::resolve::{Malformed, ResolvedRequest, resolve, resolve_shared};

/// Decides one request by the history's bundle, and records it in the history, whatever the
/// decision.
///
/// Every check whose inputs exist runs, also after one has failed; the first failure in the fixed
/// order gives the code. Needs [`crate::limits::DECIDE_STACK_BYTES`] of stack: with less than the
/// floor left it denies, with `policy.error`. It is [`resolve()`] and [`decide_resolved`] in one.
pub fn decide(
    history: &mut History,
    state: &DecisionState,
    facts: &Facts,
    request: &Request,
) -> Decision {
    let resolved = resolve(history.bundle(), request);
    decide_resolved(history, state, facts, &resolved)
}

/// Decides a request that [`resolve()`] has resolved. One that was resolved against another bundle
/// than the history's is resolved again.
pub fn decide_resolved(
    history: &mut History,
    state: &DecisionState,
    facts: &Facts,
    resolved: &ResolvedRequest,
) -> Decision {
    if !Arc::ptr_eq(resolved.bundle(), history.bundle()) {
        let again = resolve_shared(history.bundle(), resolved.request());
        return decide_and_record(history, state, facts, &again);
    }
    decide_and_record(history, state, facts, resolved)
}

/// The decision that [`decide_resolved`] would make now, with nothing recorded. It still holds
/// while [`History::version`], state and facts are the same. None where a temporal condition has no
/// monitor, so that only recording can tell.
#[must_use]
pub fn decide_dry_run(
    history: &History,
    state: &DecisionState,
    facts: &Facts,
    resolved: &ResolvedRequest,
) -> Option<Decision> {
    let again;
    let resolved = if Arc::ptr_eq(resolved.bundle(), history.bundle()) {
        resolved
    } else {
        again = resolve_shared(history.bundle(), resolved.request());
        &again
    };
    let (context_facts, change) = context_facts(resolved, state, facts);
    let validity = resolved.at(Some(&context_facts));
    let has_stack = has_stack(resolved.bundle().depth);
    let temporal = match &validity {
        Validity::Ready(_) if has_stack => history.evaluate_dry_run(&context_facts, &validity)?,
        _ => Err(TemporalError::NotEvaluated),
    };
    let evaluation = ResolvedInputs { resolved, state, facts, validity: &validity };
    let answer = evaluation.answer(has_stack, temporal);
    Some(evaluation.decision(answer).with_labels(change))
}

fn decide_and_record(
    history: &mut History,
    state: &DecisionState,
    facts: &Facts,
    resolved: &ResolvedRequest,
) -> Decision {
    let (context_facts, change) = context_facts(resolved, state, facts);
    let validity = resolved.at(Some(&context_facts));
    let has_stack = has_stack(resolved.bundle().depth);
    let temporal = history.record_request(&context_facts, resolved, &validity, has_stack);
    let evaluation = ResolvedInputs { resolved, state, facts, validity: &validity };
    let answer = evaluation.answer(has_stack, temporal);
    let decision = evaluation.decision(answer).with_labels(change);
    if decision.verdict() == Verdict::Deny {
        history.deny(facts.at, resolved);
    }
    decision
}

/// Makes a request an event of the past, without a word on how it was decided.
pub(crate) fn record_only(
    history: &mut History,
    state: &DecisionState,
    facts: &Facts,
    request: &Request,
) {
    let resolved = resolve(history.bundle(), request);
    let (context_facts, _) = context_facts(&resolved, state, facts);
    let validity = resolved.at(Some(&context_facts));
    let has_stack = has_stack(resolved.bundle().depth);
    let _recorded = history.record_request(&context_facts, &resolved, &validity, has_stack);
}

/// The facts that the context takes, and what a permit would do to labels.
fn context_facts(
    resolved: &ResolvedRequest,
    state: &DecisionState,
    facts: &Facts,
) -> (ContextFacts, LabelChange) {
    let (bundle, request) = (resolved.bundle(), resolved.request());
    let mut resource_labels = bundle.labels.stated(&bundle.shapes, request);
    resource_labels.union(&state.resource_labels);
    let mut change =
        bundle.labels.change(&bundle.shapes, request, state.tool.as_ref(), &resource_labels);
    // A label that a request itself carries counts when it is asked for, so that policy can keep
    // the request in.
    change.adds.union(&state.detected);
    let (trust, mut labels) = (state.trust, state.labels.clone());
    labels.union(&state.detected);
    let detected = state.detected.clone();
    (ContextFacts { facts: *facts, trust, labels, resource_labels, detected }, change)
}

/// The denial of an evaluation that does not even hold a request.
pub(crate) fn deny_malformed(bundle: &Bundle, state: &DecisionState, why: Malformed) -> Decision {
    let validity = Validity::Malformed(why);
    let subject = checks::CheckedRequest {
        bundle,
        state,
        action: "",
        facts: &Facts::DEFAULT,
        validity: &validity,
    };
    decision(&subject, None)
}

/// One request at one moment, with all that its decision depends on but the policies.
struct ResolvedInputs<'a, 'v> {
    resolved: &'a ResolvedRequest,
    state: &'a DecisionState,
    facts: &'a Facts,
    validity: &'a Validity<'v>,
}

impl ResolvedInputs<'_, '_> {
    /// The policies' answer, if the request can be put to them.
    fn answer(
        &self,
        has_stack: bool,
        temporal: Result<TemporalBindings, TemporalError>,
    ) -> Option<PolicyAnswer> {
        let Validity::Ready(bound) = self.validity else { return None };
        if !has_stack {
            return Some(no_stack());
        }
        Some(match temporal {
            Err(why) => PolicyAnswer::failed(format!("temporal conditions: {why}"), false),
            Ok(bindings) => bound.ask(self.resolved.bundle(), &bindings),
        })
    }

    fn decision(&self, answer: Option<PolicyAnswer>) -> Decision {
        let ResolvedInputs { resolved, state, facts, validity } = *self;
        let action = resolved.request().action.as_str();
        let bundle = resolved.bundle();
        let subject = checks::CheckedRequest { bundle, state, action, facts, validity };
        let made = decision(&subject, answer);
        match made.listed_bytes() <= DETERMINING_BYTES_MAX {
            true => made,
            // No record could hold it.
            false => {
                let why = "more policies determine the decision than a record can name";
                decision(&subject, Some(PolicyAnswer::failed(why, false)))
            }
        }
    }
}

fn decision(subject: &checks::CheckedRequest<'_, '_>, answer: Option<PolicyAnswer>) -> Decision {
    let (bundle, answer) = (subject.bundle, answer.as_ref());
    let charges = charges::charges(bundle, subject.validity);
    let approvals = approvals::required(bundle, answer);
    let inputs =
        checks::Inputs { subject, answer, charged: &charges, approvals: approvals.as_slice() };
    let checks = checks::all(&inputs);

    let sound = answer.filter(|answer| answer.errors.is_empty());
    let reasons = sound.map(|answer| answer.reasons.as_slice()).unwrap_or_default();
    let determining = reasons.iter().filter_map(|number| bundle.numbered(*number));
    let mut policies: Vec<DeterminingPolicy> = determining.map(DeterminingPolicy::of).collect();
    policies.sort();
    let errors = answer.map(|answer| answer.errors.as_slice()).unwrap_or_default();
    let mut errors: Vec<EvaluationError> = errors
        .iter()
        .map(|failure| EvaluationError {
            policy: bundle.policy_id(failure).unwrap_or_default().to_owned(),
            why: failure.why.clone().into_owned(),
        })
        .collect();
    errors.sort();
    let engine_limit = answer.is_some_and(|answer| answer.limit);
    let semantics = bundle.semantics();
    let (bundle, labels) = (bundle.digest(), LabelChange::default());
    let charges = charges.unwrap_or_default();
    let awaits = if subject.state.retry.is_none() { approvals } else { Vec::new() };
    Decision { semantics, checks, policies, errors, bundle, engine_limit, labels, charges, awaits }
}

#[cfg(test)]
mod tests;
