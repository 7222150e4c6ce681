//! The checks around the policies, each from its own input; the semantics version says which of them count.

use super::shape::Form;
use crate::approval::{self, Approval};
use crate::bundle::Bundle;
use crate::decision::Check;
use crate::engine::Answer;
use crate::facts::{Facts, Standing};
use crate::meters::{self, Charge};

/// What every check is made from.
pub(super) struct Inputs<'a, 'b> {
    pub(super) bundle: &'a Bundle,
    pub(super) standing: &'a Standing,
    /// The action as the request names it, and the facts.
    pub(super) asked: (&'a str, &'a Facts),
    pub(super) form: &'a Form<'b>,
    pub(super) answer: Option<&'a Answer>,
    /// What the request charges.
    pub(super) charged: &'a Result<Vec<Charge>, String>,
    /// What the policies that permit ask people for.
    pub(super) approved: &'a [Approval],
}

/// The checks of the bundle's semantics version, in its order.
pub(super) fn all(inputs: &Inputs<'_, '_>) -> Vec<Check> {
    let names = inputs.bundle.semantics().checks();
    names.iter().map(|name| one(name, inputs)).collect()
}

fn one(name: &'static str, inputs: &Inputs<'_, '_>) -> Check {
    let Inputs { bundle, standing, form, answer, .. } = *inputs;
    match name {
        "request.malformed" => malformed(name, form),
        "governance.unverified" => {
            Check::of(name, standing.governance_verified, "the governance log did not verify")
        }
        "identity.unregistered" => {
            Check::of(name, standing.registered, "the workload is not registered")
        }
        "trust.insufficient" => trust(name, bundle, standing),
        "execution.halted" => Check::of(name, !standing.halted, "an officer ordered a halt"),
        "lineage.broken" => {
            Check::of(name, standing.lineage_intact, "the execution's records have a gap")
        }
        "tool.unknown" => unknown(name, form),
        "policy.error" => error(name, bundle, answer),
        "policy.denied" => denied(name, bundle, answer),
        "grant.exceeded" => granted(name, inputs),
        "meter.exhausted" => match form {
            Form::Ready(_) => meters::check(name, bundle, &standing.spent, inputs.charged),
            _ => Check::not_evaluated(name, "the request is malformed, or its action unknown"),
        },
        approval::CHECK => approved(name, inputs),
        "tool.changed" => changed(name, inputs),
        _ => Check::fail(name, "this program does not know the check"),
    }
}

fn approved(name: &'static str, inputs: &Inputs<'_, '_>) -> Check {
    let Inputs { standing, answer, approved, asked: (_, facts), .. } = *inputs;
    if !answer.is_some_and(|answer| answer.errors.is_empty()) {
        return Check::not_evaluated(name, "what the policies ask for is not known");
    }
    approval::check(name, approved, (standing.retry.as_ref(), facts.at))
}

fn malformed(name: &'static str, form: &Form<'_>) -> Check {
    match form {
        Form::Ready(_) => Check::pass(name),
        Form::Malformed(why) => Check::fail(name, why.as_str()),
        Form::UnknownAction => Check::not_evaluated(
            name,
            "the action is not in the schema, so its arguments have no types",
        ),
    }
}

fn trust(name: &'static str, bundle: &Bundle, standing: &Standing) -> Check {
    let least = bundle.trust_minimum();
    if standing.trust <= least {
        return Check::pass(name);
    }
    let (found, least) = (standing.trust.as_str(), least.as_str());
    Check::fail(name, format!("trust is `{found}`, the bundle asks for `{least}` or better"))
}

/// Its own grant, and those of all whom it descends from: what one of them does not have, none below it has.
fn granted(name: &'static str, inputs: &Inputs<'_, '_>) -> Check {
    let Inputs { standing, asked: (action, facts), .. } = *inputs;
    let exceeded = standing.grants.iter().find_map(|held| held.exceeded_by(action, facts.at));
    let wider = || {
        let child = standing.hands_on.as_ref()?;
        standing.grants.iter().find_map(|held| held.grant.exceeded_by(child, held.calls))
    };
    exceeded.or_else(wider).map_or_else(|| Check::pass(name), |why| Check::fail(name, why))
}

fn unknown(name: &'static str, form: &Form<'_>) -> Check {
    match form {
        Form::UnknownAction => Check::fail(name, "the bundle knows no such tool or action"),
        Form::Malformed(_) => Check::not_evaluated(name, "the request is malformed"),
        Form::Ready(_) => Check::pass(name),
    }
}

/// A tool whose definition the bundle pins is called with no other.
fn changed(name: &'static str, inputs: &Inputs<'_, '_>) -> Check {
    let Inputs { bundle, standing, asked: (_, facts), .. } = *inputs;
    let pinned = standing.tool.as_ref().and_then(|tool| bundle.pinned(tool));
    match (pinned, facts.definition) {
        (None, _) => Check::pass(name),
        (Some(pinned), Some(listed)) if pinned == listed => Check::pass(name),
        (Some(_), Some(_)) => Check::fail(name, "its definition is not the one that is pinned"),
        (Some(_), None) => {
            Check::fail(name, "its definition is pinned, and the server has not listed it")
        }
    }
}

const NOT_ASKED: &str = "the request could not be put to the policies";

fn error(name: &'static str, bundle: &Bundle, answer: Option<&Answer>) -> Check {
    let Some(answer) = answer else { return Check::not_evaluated(name, NOT_ASKED) };
    let Some(first) = answer.errors.first() else { return Check::pass(name) };
    let named = answer.errors.iter().filter_map(|failure| bundle.policy_id(failure));
    let mut names: Vec<String> = named.map(|id| format!("`{id}`")).collect();
    names.sort();
    names.dedup();
    let why = if names.is_empty() {
        first.why.clone().into_owned()
    } else {
        format!("evaluation failed of {}", names.join(", "))
    };
    Check::fail(name, why)
}

fn denied(name: &'static str, bundle: &Bundle, answer: Option<&Answer>) -> Check {
    let Some(answer) = answer else { return Check::not_evaluated(name, NOT_ASKED) };
    if !answer.errors.is_empty() {
        let unknown = "an evaluation failed, so what the policies say is not known";
        return Check::not_evaluated(name, unknown);
    }
    if answer.allow {
        return Check::pass(name);
    }
    let named = answer.reasons.iter().filter_map(|number| bundle.numbered(*number));
    let mut ids: Vec<String> = named.map(|policy| format!("`{}`", policy.id)).collect();
    ids.sort();
    let why = if ids.is_empty() {
        "no policy permits it".to_owned()
    } else {
        format!("forbidden by {}", ids.join(", "))
    };
    Check::fail(name, why)
}
