//! The evaluation of policies whose scopes match, by Cedar's own evaluator.

use std::borrow::Cow;

use cedar_policy_core::ast::{Entity, Literal, Request, Value, ValueKind};
use cedar_policy_core::entities::{Entities, TCComputation};
use cedar_policy_core::evaluator::{EvaluationError, Evaluator};
use cedar_policy_core::extensions::Extensions;
use cedar_policy_core::validator::CoreSchema;

use super::index::Index;
use super::{PolicyAnswer, PolicyFailure};
use std::sync::Arc;

impl Index {
    /// Evaluates the conditions of policies whose scopes match. The caller has looked at the stack.
    pub(crate) fn ask(
        &self,
        candidates: &[usize],
        request: Request,
        known: &Entities,
    ) -> PolicyAnswer {
        let evaluator = Evaluator::new(request, known, Extensions::all_available());
        let (mut permits, mut forbids) = (Vec::new(), Vec::new());
        let (mut errors, mut limit) = (Vec::new(), false);
        for (number, rule) in candidates.iter().filter_map(|n| Some((*n, self.rules.get(*n)?))) {
            let satisfied = match &rule.conditions {
                None => Ok(Some(true)),
                Some(conditions) => {
                    evaluator.interpret(conditions, rule.policy.env()).map(|value| holds(&value))
                }
            };
            let why = match satisfied {
                Ok(Some(true)) if rule.permits => {
                    permits.push(number);
                    continue;
                }
                Ok(Some(true)) => {
                    forbids.push(number);
                    continue;
                }
                Ok(Some(false)) => continue,
                Ok(None) => WRONG_TYPE,
                Err(error) => {
                    limit |= matches!(error, EvaluationError::RecursionLimit(_));
                    describe(&error)
                }
            };
            errors.push(PolicyFailure { policy: Some(number), why: Cow::Borrowed(why) });
        }
        let allow = forbids.is_empty() && !permits.is_empty() && errors.is_empty();
        let reasons = if forbids.is_empty() { permits } else { forbids };
        PolicyAnswer { allow, reasons, errors: self.listed(errors), limit }
    }

    /// The errors that are listed: the first by their policies' names within Cedar.
    fn listed(&self, mut errors: Vec<PolicyFailure>) -> Vec<PolicyFailure> {
        errors.sort_by(|a, b| (self.name(a.policy), &a.why).cmp(&(self.name(b.policy), &b.why)));
        errors.truncate(crate::limits::ERRORS_LISTED_MAX);
        errors
    }

    /// A policy's name within Cedar.
    pub(super) fn name(&self, policy: Option<usize>) -> &str {
        let rule = policy.and_then(|number| self.rules.get(number));
        rule.map(|rule| rule.policy.id().as_ref()).unwrap_or_default()
    }
}

/// A store of just these entities, whose ancestors are complete; none where two of them differ and
/// bear one name.
pub(crate) fn store(entities: Vec<Arc<Entity>>) -> Option<Entities> {
    Entities::new()
        .add_entities(
            entities,
            None::<&CoreSchema<'_>>,
            TCComputation::AssumeAlreadyComputed,
            Extensions::all_available(),
        )
        .ok()
}

fn holds(value: &Value) -> Option<bool> {
    match value.value_kind() {
        ValueKind::Lit(Literal::Bool(holds)) => Some(*holds),
        _ => None,
    }
}

const WRONG_TYPE: &str = "it uses a value of the wrong type";

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
        EvaluationError::TypeError(_) => WRONG_TYPE,
        EvaluationError::IntegerOverflow(_) => "an integer overflows",
        EvaluationError::FailedExtensionFunctionExecution(_) => {
            "a value can't be read as its extension type"
        }
        EvaluationError::RecursionLimit(_) => "it is nested deeper than the engine's stack bears",
        _ => "it can't be evaluated",
    }
}
