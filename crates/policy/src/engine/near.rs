//! Permits that a request came close to: whose action is the request's, and which of their parts
//! does not hold.

use std::collections::BTreeSet;

use cedar_policy_core::ast::{BinaryOp, Expr, ExprKind, Literal, Request, Value, ValueKind};
use cedar_policy_core::entities::Entities;
use cedar_policy_core::evaluator::Evaluator;
use cedar_policy_core::extensions::Extensions;

use super::index::{Index, IndexedPolicy};

/// A part of a policy that does not hold, or could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PolicyPart {
    Principal(String),
    Resource(String),
    /// A condition, one of those that must all hold.
    Condition(String),
    /// A condition that its evaluation cannot decide here.
    Open(String),
}

impl Index {
    /// The permits whose action is the request's, by number, each with the parts that do not hold.
    /// A condition that reads one of these members of the context is left open.
    pub(crate) fn near(
        &self,
        request: Request,
        known: &Entities,
        unknown: &[String],
    ) -> Vec<(usize, Vec<PolicyPart>)> {
        let evaluator = Evaluator::new(request, known, Extensions::all_available());
        let holds = |rule: &IndexedPolicy, expr: &Expr| {
            evaluator.interpret(expr, rule.policy.env()).ok().and_then(|value| is_true(&value))
        };
        let permits = self.rules.iter().enumerate().filter(|(_, rule)| rule.permits);
        permits
            .filter(|(_, rule)| {
                holds(rule, &rule.policy.action_constraint().as_expr()) == Some(true)
            })
            .map(|(number, rule)| {
                let principal = rule.policy.principal_constraint().as_expr();
                let resource = rule.policy.resource_constraint().as_expr();
                let mut parts = Vec::new();
                if holds(rule, &principal) != Some(true) {
                    parts.push(PolicyPart::Principal(principal.to_string()));
                }
                if holds(rule, &resource) != Some(true) {
                    parts.push(PolicyPart::Resource(resource.to_string()));
                }
                for condition in rule.conditions.iter().flat_map(|all| conjuncts(all)) {
                    let text = condition.to_string();
                    match holds(rule, condition) {
                        _ if reads(condition, unknown) => parts.push(PolicyPart::Open(text)),
                        Some(true) => {}
                        Some(false) => parts.push(PolicyPart::Condition(text)),
                        None => parts.push(PolicyPart::Open(text)),
                    }
                }
                (number, parts)
            })
            .collect()
    }

    /// The strings that a policy looks for in a set of the context of that name, such as `labels`.
    pub(crate) fn looks_for(&self, number: usize, set: &str) -> BTreeSet<String> {
        let conditions = self.rules.get(number).and_then(|rule| rule.conditions.as_deref());
        let parts = conditions.into_iter().flat_map(Expr::subexpressions);
        let looked = parts.filter_map(|part| match part.expr_kind() {
            ExprKind::BinaryApp {
                op: BinaryOp::Contains | BinaryOp::ContainsAny | BinaryOp::ContainsAll,
                arg1,
                arg2,
            } if reads(arg1, &[set.to_owned()]) => Some(arg2),
            _ => None,
        });
        let strings = looked.flat_map(|arg| arg.subexpressions().filter_map(string));
        strings.collect()
    }
}

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    let (mut left_to_look_at, mut found) = (vec![expr], Vec::new());
    while let Some(expr) = left_to_look_at.pop() {
        match expr.expr_kind() {
            ExprKind::And { left, right } => left_to_look_at.extend([&**right, &**left]),
            _ => found.push(expr),
        }
    }
    found
}

/// Whether an expression reads one of these members, of the context or of what stands in it.
fn reads(expr: &Expr, members: &[String]) -> bool {
    expr.subexpressions().any(|part| match part.expr_kind() {
        ExprKind::GetAttr { attr, .. } | ExprKind::HasAttr { attr, .. } => {
            members.iter().any(|member| member.as_str() == attr.as_str())
        }
        _ => false,
    })
}

fn string(expr: &Expr) -> Option<String> {
    match expr.expr_kind() {
        ExprKind::Lit(Literal::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn is_true(value: &Value) -> Option<bool> {
    match value.value_kind() {
        ValueKind::Lit(Literal::Bool(holds)) => Some(*holds),
        _ => None,
    }
}
