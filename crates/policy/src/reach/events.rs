//! Conditions over history that look back at what never happens.

use std::collections::BTreeSet;

use cedar_policy_core::ast::{ExprKind, Policy};
use dogwood_language::temporal_ast::{AggExprKind, Condition, ConditionKind, Term};

use super::Reachability;
use crate::error::{Warning, WarningCode};

impl Reachability<'_> {
    /// Actions that a condition looks back at, and that no request asks for.
    pub(super) fn events(&self) -> Vec<Warning> {
        let mut found = Vec::new();
        for field in self.bundle.lowered.temporal_fields() {
            let mut actions = BTreeSet::new();
            in_condition(&field.condition.condition, &mut actions);
            actions.retain(|action| !self.is_asked_for(action));
            let policies = self.policies().filter(|(_, policy)| reads(policy, &field.id));
            for (info, _) in policies {
                found.extend(actions.iter().map(|action| {
                    let why = format!(
                        "looks back at `{action}`, which no tool and no message stands for: it never happens"
                    );
                    self.about(info, WarningCode::EventNever, &why)
                }));
            }
        }
        found
    }
}

/// Whether a policy's conditions read that member of the context.
fn reads(policy: &Policy, member: &str) -> bool {
    policy.non_scope_constraints().is_some_and(|conditions| {
        conditions.subexpressions().any(|part| match part.expr_kind() {
            ExprKind::GetAttr { attr, .. } => attr == member,
            _ => false,
        })
    })
}

/// The actions whose events a condition names. Its depth is bounded, as that of any expression.
fn in_condition(condition: &Condition, found: &mut BTreeSet<String>) {
    match &condition.kind {
        ConditionKind::And { left, right }
        | ConditionKind::Or { left, right }
        | ConditionKind::Since { left, right, .. } => {
            in_condition(left, found);
            in_condition(right, found);
        }
        ConditionKind::Not { inner: body }
        | ConditionKind::Formerly { body, .. }
        | ConditionKind::Previous { body, .. }
        | ConditionKind::Exists { body, .. } => in_condition(body, found),
        ConditionKind::Predicate(predicate) => {
            found.insert(predicate.action.clone());
        }
        ConditionKind::Comparison { left, right, .. } => {
            in_term(left, found);
            in_term(right, found);
        }
        _ => {}
    }
}

fn in_term(term: &Term, found: &mut BTreeSet<String>) {
    match term {
        Term::Arith { left, right, .. } => {
            in_term(left, found);
            in_term(right, found);
        }
        Term::Agg(aggregate) => {
            if let AggExprKind::Sum { body, .. } | AggExprKind::Count { body, .. } = &aggregate.kind
            {
                in_condition(body, found);
            }
        }
        _ => {}
    }
}
