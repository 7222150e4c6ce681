//! The decision: a pure function of a history, a standing, facts and a request.

mod checks;
pub(crate) mod form;
mod known;
pub(crate) mod shape;
mod time;

use std::sync::Arc;

use dogwood_language::TemporalBindings;

use crate::approval;
use crate::bundle::Bundle;
use crate::decision::{Decision, Determining, EvaluationError, Verdict};
use crate::engine::{Answer, has_stack, no_stack};
use crate::evaluation;
use crate::facts::{Facts, Standing};
use crate::history::History;
use crate::labels::LabelChange;
use crate::meters;
use crate::request::Request;
use form::{Formed, form, form_shared};
use shape::{Form, Moment};

/// Decides one request by the history's bundle, and records it in the history, whatever the decision.
///
/// Every check whose inputs exist runs, also after one has failed; the first failure in the fixed order gives the
/// code. Needs [`crate::limits::DECIDE_STACK_BYTES`] of stack: with less than the floor left it denies, with
/// `policy.error`. It is [`form()`] and [`decide_formed`] in one.
pub fn decide(
    history: &mut History,
    standing: &Standing,
    facts: &Facts,
    request: &Request,
) -> Decision {
    let formed = form(history.bundle(), request);
    decide_formed(history, standing, facts, &formed)
}

/// The second half of [`decide`], for a request that [`form()`] has read. One that was read against another bundle than
/// the history's is read again.
pub fn decide_formed(
    history: &mut History,
    standing: &Standing,
    facts: &Facts,
    formed: &Formed,
) -> Decision {
    if !Arc::ptr_eq(formed.bundle(), history.bundle()) {
        let again = form_shared(history.bundle(), formed.request());
        return decide_read(history, standing, facts, &again);
    }
    decide_read(history, standing, facts, formed)
}

/// What [`decide_formed`] would decide now, with nothing recorded: for preparing decisions in parallel. It still holds
/// while [`History::version`], standing and facts are the same. None where a temporal condition has no monitor, so
/// that only recording can tell.
#[must_use]
pub fn look(
    history: &History,
    standing: &Standing,
    facts: &Facts,
    formed: &Formed,
) -> Option<Decision> {
    let again;
    let formed = if Arc::ptr_eq(formed.bundle(), history.bundle()) {
        formed
    } else {
        again = form_shared(history.bundle(), formed.request());
        &again
    };
    let (moment, change) = moment(formed, standing, facts);
    let form = formed.at(Some(&moment));
    let stack = has_stack(formed.bundle().depth);
    let temporal = match &form {
        Form::Ready(_) if stack => history.look(&moment, &form)?,
        _ => Err("not evaluated".to_owned()),
    };
    let answer = answer(formed.bundle(), &form, stack, temporal);
    let asked = (formed.request().action.as_str(), facts);
    Some(assemble(formed.bundle(), (standing, asked), &form, answer).with_labels(change))
}

fn decide_read(
    history: &mut History,
    standing: &Standing,
    facts: &Facts,
    formed: &Formed,
) -> Decision {
    let (moment, change) = moment(formed, standing, facts);
    let form = formed.at(Some(&moment));
    let answer = ask(history, &moment, formed, &form);
    let asked = (formed.request().action.as_str(), facts);
    let decision = assemble(formed.bundle(), (standing, asked), &form, answer).with_labels(change);
    if decision.verdict() == Verdict::Deny {
        history.deny(facts.at, formed);
    }
    decision
}

/// Lets a request be an event of the past, with no word on how it was decided.
pub(crate) fn remember(
    history: &mut History,
    standing: &Standing,
    facts: &Facts,
    request: &Request,
) {
    let formed = form(history.bundle(), request);
    let (moment, _) = moment(&formed, standing, facts);
    ask(history, &moment, &formed, &formed.at(Some(&moment)));
}

/// What the context takes from the moment, and what a permit would do to labels.
fn moment(formed: &Formed, standing: &Standing, facts: &Facts) -> (Moment, LabelChange) {
    let (bundle, request) = (formed.bundle(), formed.request());
    let mut resource_labels = bundle.labels.stated(&bundle.shapes, request);
    resource_labels.union(&standing.resource_labels);
    let mut change =
        bundle.labels.change(&bundle.shapes, request, (standing.tool.as_ref(), &resource_labels));
    // What is in a request is touched when it is asked for, so that policy can keep it in.
    change.adds.union(&standing.detected);
    let (trust, mut labels) = (standing.trust, standing.labels.clone());
    labels.union(&standing.detected);
    let detected = standing.detected.clone();
    (Moment { facts: *facts, trust, labels, resource_labels, detected }, change)
}

/// The denial of a request that does not even have the form of one.
pub(crate) fn malformed(bundle: &Bundle, standing: &Standing, why: String) -> Decision {
    assemble(bundle, (standing, ("", &evaluation::DEFAULTS.0)), &Form::Malformed(why), None)
}

/// What the policies say, if the request can be put to them; with the request recorded.
fn ask(history: &mut History, moment: &Moment, formed: &Formed, form: &Form<'_>) -> Option<Answer> {
    let bundle = formed.bundle();
    let stack = has_stack(bundle.depth);
    let temporal = history.ask(moment, formed, form, stack);
    answer(bundle, form, stack, temporal)
}

fn answer(
    bundle: &Bundle,
    form: &Form<'_>,
    stack: bool,
    temporal: Result<TemporalBindings, String>,
) -> Option<Answer> {
    let Form::Ready(shaped) = form else { return None };
    if !stack {
        return Some(no_stack());
    }
    Some(match temporal {
        Err(why) => Answer::failed(format!("temporal conditions: {why}"), false),
        Ok(bindings) => shaped.ask(bundle, &bindings),
    })
}

fn assemble(
    bundle: &Bundle,
    (standing, asked): (&Standing, (&str, &Facts)),
    form: &Form<'_>,
    answer: Option<Answer>,
) -> Decision {
    let answer = answer.as_ref();
    let charges = meters::charges(bundle, form);
    let approvals = approval::asked(bundle, answer);
    let (charged, approved) = (&charges, approvals.as_slice());
    let inputs = checks::Inputs { bundle, standing, asked, form, answer, charged, approved };
    let checks = checks::all(&inputs);

    let sound = answer.filter(|answer| answer.errors.is_empty());
    let reasons = sound.map(|answer| answer.reasons.as_slice()).unwrap_or_default();
    let mut policies: Vec<Determining> =
        reasons.iter().filter_map(|number| bundle.numbered(*number)).map(Determining::of).collect();
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
    let awaits = if standing.retry.is_none() { approvals } else { Vec::new() };
    Decision { semantics, checks, policies, errors, bundle, engine_limit, labels, charges, awaits }
}

#[cfg(test)]
mod tests;
