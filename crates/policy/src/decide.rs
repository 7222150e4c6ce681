//! The decision: a pure function of a history, a standing, facts and a request.

pub(crate) mod shape;
mod time;

use std::sync::Arc;

use crate::bundle::Bundle;
use crate::decision::{CHECKS, Check, Decision, Determining, EvaluationError};
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
    assemble(&bundle, standing, &form, answer)
}

/// The denial of a request that does not even have the form of one.
pub(crate) fn malformed(bundle: &Bundle, standing: &Standing, why: String) -> Decision {
    assemble(bundle, standing, &Form::Malformed(why), None)
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
    standing: &Standing,
    form: &Form<'_>,
    answer: Option<Answer>,
) -> Decision {
    let mut checks = vec![form_check(form)];
    checks.extend(standing_checks(bundle, standing));
    checks.push(match form {
        Form::UnknownAction => {
            Check::fail("tool.unknown", "the bundle knows no such tool or action")
        }
        Form::Malformed(_) => Check::not_evaluated("tool.unknown", "the request is malformed"),
        Form::Ready(_) => Check::pass("tool.unknown"),
    });
    let answer = answer.as_ref();
    checks.extend(policy_checks(bundle, answer));
    debug_assert!(checks.iter().map(|check| check.name).eq(CHECKS));

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
    Decision { checks, policies, errors, bundle: bundle.digest(), engine_limit }
}

fn form_check(form: &Form<'_>) -> Check {
    let name = "request.malformed";
    match form {
        Form::Ready(_) => Check::pass(name),
        Form::Malformed(why) => Check::fail(name, why.as_str()),
        Form::UnknownAction => Check::not_evaluated(
            name,
            "the action is not in the schema, so its arguments have no types",
        ),
    }
}

fn standing_checks(bundle: &Bundle, standing: &Standing) -> [Check; 5] {
    let least = bundle.trust_minimum();
    let trust = format!(
        "trust is `{}`, the bundle asks for `{}` or better",
        standing.trust.as_str(),
        least.as_str()
    );
    [
        Check::of(
            "governance.unverified",
            standing.governance_verified,
            "the governance log did not verify",
        ),
        Check::of("identity.unregistered", standing.registered, "the workload is not registered"),
        Check::of("trust.insufficient", standing.trust <= least, &trust),
        Check::of("execution.halted", !standing.halted, "an officer ordered a halt"),
        Check::of("lineage.broken", standing.lineage_intact, "the execution's records have a gap"),
    ]
}

fn policy_checks(bundle: &Bundle, answer: Option<&Answer>) -> [Check; 2] {
    let (error, denied) = ("policy.error", "policy.denied");
    let Some(answer) = answer else {
        let why = "the request could not be put to the policies";
        return [Check::not_evaluated(error, why), Check::not_evaluated(denied, why)];
    };
    if !answer.errors.is_empty() {
        let named = |cedar_id: &String| bundle.ids.get(cedar_id).map(|id| format!("`{id}`"));
        let mut names: Vec<String> = answer.errors.iter().filter_map(|(id, _)| named(id)).collect();
        names.sort();
        names.dedup();
        let why = match (names.is_empty(), answer.errors.first()) {
            (true, Some((_, why))) => why.clone(),
            _ => format!("evaluation failed of {}", names.join(", ")),
        };
        let unknown = "an evaluation failed, so what the policies say is not known";
        return [Check::fail(error, why), Check::not_evaluated(denied, unknown)];
    }
    if answer.allow {
        return [Check::pass(error), Check::pass(denied)];
    }
    let mut ids: Vec<String> = answer
        .reasons
        .iter()
        .filter_map(|cedar_id| bundle.ids.get(cedar_id))
        .map(|id| format!("`{id}`"))
        .collect();
    ids.sort();
    let why = if ids.is_empty() {
        "no policy permits it".to_owned()
    } else {
        format!("forbidden by {}", ids.join(", "))
    };
    [Check::pass(error), Check::fail(denied, why)]
}

#[cfg(test)]
mod tests;
