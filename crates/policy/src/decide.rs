//! The decision: a pure function of a history, a standing, facts and a request.

mod checks;
pub(crate) mod shape;
mod time;

use std::sync::Arc;

use crate::bundle::Bundle;
use crate::decision::{Decision, Determining, EvaluationError};
use crate::engine::{Answer, authorize, has_stack, no_stack};
use crate::facts::{Facts, Standing};
use crate::history::History;
use crate::request::Request;
use shape::{Form, Moment};

/// Decides one request by the history's bundle, and records it in the history, whatever the decision.
///
/// Every check whose inputs exist runs, also after one has failed; the first failure in the fixed order gives the
/// code. Needs [`crate::limits::DECIDE_STACK_BYTES`] of stack: with less than the floor left it denies, with
/// `policy.error`.
pub fn decide(
    history: &mut History,
    standing: &Standing,
    facts: &Facts,
    request: &Request,
) -> Decision {
    let bundle = Arc::clone(history.bundle());
    let moment = Moment { facts: *facts, trust: standing.trust };
    let form = shape::form(&bundle, Some(moment), request);
    let answer = ask(history, &bundle, moment, request, &form);
    assemble(&bundle, (standing, (&request.action, facts.at)), &form, answer)
}

/// The denial of a request that does not even have the form of one.
pub(crate) fn malformed(bundle: &Bundle, standing: &Standing, why: String) -> Decision {
    assemble(bundle, (standing, ("", 0)), &Form::Malformed(why), None)
}

/// What the policies say, if the request can be put to them.
fn ask(
    history: &mut History,
    bundle: &Bundle,
    moment: Moment,
    request: &Request,
    form: &Form<'_>,
) -> Option<Answer> {
    let stack = has_stack(bundle.depth);
    let temporal = history.ask(moment, request, form, stack);
    let Form::Ready(shaped) = form else { return None };
    if !stack {
        return Some(no_stack());
    }
    let answer = match temporal {
        Err(why) => Answer::failed(format!("temporal conditions: {why}"), false),
        Ok(bindings) => match shaped.cedar_request(bundle, &bindings) {
            Err(why) => Answer::failed(why, false),
            Ok(request) => authorize(bundle.lowered.as_cedar(), &request, &shaped.entities),
        },
    };
    Some(answer)
}

fn assemble(
    bundle: &Bundle,
    (standing, asked): (&Standing, (&str, i64)),
    form: &Form<'_>,
    answer: Option<Answer>,
) -> Decision {
    let answer = answer.as_ref();
    let checks = checks::all(&checks::Inputs { bundle, standing, asked, form, answer });

    let sound = answer.filter(|answer| answer.errors.is_empty());
    let reasons = sound.map(|answer| answer.reasons.as_slice()).unwrap_or_default();
    let mut policies: Vec<Determining> = reasons
        .iter()
        .filter_map(|cedar_id| bundle.policy(bundle.ids.get(cedar_id)?))
        .map(Determining::of)
        .collect();
    policies.sort();
    let errors = answer.map(|answer| answer.errors.as_slice()).unwrap_or_default();
    let mut errors: Vec<EvaluationError> = errors
        .iter()
        .map(|(cedar_id, why)| EvaluationError {
            policy: bundle.ids.get(cedar_id).cloned().unwrap_or_default(),
            why: why.clone(),
        })
        .collect();
    errors.sort();
    let engine_limit = answer.is_some_and(|answer| answer.limit);
    let semantics = bundle.semantics();
    Decision { semantics, checks, policies, errors, bundle: bundle.digest(), engine_limit }
}

#[cfg(test)]
mod tests;
