//! What policies' conditions name and nothing has, or read and nothing supplies.

use std::collections::BTreeSet;

use cedar_policy_core::ast::{
    BinaryOp, EntityUID, Expr, ExprKind, Literal, Pattern, PatternElem, Policy, Var,
};

use super::{Reachability, meant};
use crate::bundle::PolicyInfo;
use crate::error::{Warning, WarningCode};

/// The labels that policies look at.
#[derive(Debug, Default)]
pub(super) struct LabelsRead {
    pub(super) labels: BTreeSet<String>,
    /// Somewhere they are looked at as a whole.
    pub(super) all: bool,
}

impl Reachability<'_> {
    pub(super) fn conditions(&self, info: &PolicyInfo, policy: &Policy) -> Vec<Warning> {
        let Some(conditions) = policy.non_scope_constraints() else { return Vec::new() };
        let mut found = Vec::new();
        for part in conditions.subexpressions() {
            match part.expr_kind() {
                ExprKind::Lit(Literal::EntityUID(uid)) => {
                    found.extend(self.unknown_entity(info, uid));
                }
                ExprKind::HasAttr { expr, attr } | ExprKind::GetAttr { expr, attr } => {
                    found.extend(self.never_supplied(info, expr, attr));
                }
                ExprKind::Like { expr, pattern } => {
                    let part = literal(pattern);
                    found.extend(self.never_spelt(info, policy, expr, &part));
                }
                ExprKind::BinaryApp { op: BinaryOp::Eq, arg1, arg2 } => {
                    for (of, name) in [(arg1, arg2), (arg2, arg1)] {
                        if let ExprKind::Lit(Literal::String(name)) = name.expr_kind() {
                            found.extend(self.never_spelt(info, policy, of, name));
                        }
                    }
                }
                _ => {}
            }
        }
        let mut read = LabelsRead::default();
        read.add(conditions);
        let declared = self.bundle.labels.names();
        for label in read.labels.iter().filter(|label| !declared.contains(label)) {
            let why = format!(
                "looks for the label `{label}`, which `labels.toml` does not declare{}",
                meant(label, declared.iter())
            );
            found.push(self.about(info, WarningCode::LabelUnknown, &why));
        }
        found
    }

    /// An entity that nothing has: not stated, no caller, and on which no request acts.
    fn unknown_entity(&self, info: &PolicyInfo, uid: &EntityUID) -> Option<Warning> {
        let kind = uid.entity_type();
        let id: &str = uid.eid().as_ref();
        let name = kind.to_string();
        if let Some(never) = self.never_named(info, uid) {
            return Some(never);
        }
        // Actions are no entity type of the schema, and are checked with it.
        let is_open =
            self.bundle.shapes.entity(&name).is_some_and(|(_, shape)| shape.ids.is_none());
        let is_known = !is_open || self.bundle.store.get(uid).is_some() || self.comes_in(uid);
        if is_known {
            return None;
        }
        if *kind == self.caller {
            let why = self.why_not(uid)?;
            return Some(self.about(
                info,
                WarningCode::EntityUnknown,
                &format!("names `{uid}`: {why}"),
            ));
        }
        let why = format!("names `{uid}`, which nothing has{}", meant(id, self.stated(kind)));
        Some(self.about(info, WarningCode::EntityUnknown, &why))
    }

    /// Whether a request can name it, as what it acts on or among its arguments.
    fn comes_in(&self, uid: &EntityUID) -> bool {
        let id: &str = uid.eid().as_ref();
        let kind = uid.entity_type();
        let mut sources = self.sources.values().flatten();
        let name = kind.to_string();
        let mut inputs = self.bundle.shapes.actions().filter_map(|(_, action)| action.input());
        sources.any(|source| {
            source.kind == *kind && source.id.as_deref().is_none_or(|only| only == id)
        }) || inputs.any(|input| input.entity_names().contains(&name))
    }

    /// An entity whose id no request spells so.
    pub(super) fn never_named(&self, info: &PolicyInfo, uid: &EntityUID) -> Option<Warning> {
        let kind = uid.entity_type().to_string();
        let why = self.bundle.names.why_in_none(Some(&kind), uid.eid().as_ref())?;
        let why = format!("names `{uid}`, which no request can: it {why}");
        Some(self.about(info, WarningCode::NameSpelling, &why))
    }

    /// A text that is looked for in an argument that names a resource, and that no name in its one
    /// spelling has.
    fn never_spelt(
        &self,
        info: &PolicyInfo,
        policy: &Policy,
        of: &Expr,
        part: &str,
    ) -> Option<Warning> {
        let ExprKind::GetAttr { expr, attr } = of.expr_kind() else { return None };
        let ExprKind::GetAttr { expr: context, attr: input } = expr.expr_kind() else {
            return None;
        };
        let is_argument =
            matches!(context.expr_kind(), ExprKind::Var(Var::Context)) && input == "input";
        if !is_argument {
            return None;
        }
        let scoped = self.bundle.shapes.actions().map(|(_, action)| action);
        let scoped =
            scoped.filter(|action| self.is_in_scope(policy.action_constraint(), &action.uid));
        let why = self.bundle.names.why_in_no_argument(scoped, attr, part)?;
        let why = format!(
            "looks for `{}` in `context.input.{attr}`, which can never be there: it {why}",
            part.escape_debug()
        );
        Some(self.about(info, WarningCode::NameSpelling, &why))
    }

    /// A member of the context that no decision has.
    fn never_supplied(&self, info: &PolicyInfo, of: &Expr, member: &str) -> Option<Warning> {
        if !matches!(of.expr_kind(), ExprKind::Var(Var::Context)) {
            return None;
        }
        let why = match member {
            "output" => {
                "reads `context.output`, which no decision has: a result is there for `temporal` conditions, as `::response{ output.NAME: .. }`"
            }
            "isOutput" => {
                "reads `context.isOutput`, which is always false here: results are looked at by detectors"
            }
            _ => return None,
        };
        Some(self.about(info, WarningCode::ConditionNever, why))
    }
}

impl LabelsRead {
    /// Adds what an expression looks for among labels.
    pub(super) fn add(&mut self, expression: &Expr) {
        let mut looked_for = 0_usize;
        let mut read = 0_usize;
        for part in expression.subexpressions() {
            match part.expr_kind() {
                ExprKind::BinaryApp {
                    op: BinaryOp::Contains | BinaryOp::ContainsAll | BinaryOp::ContainsAny,
                    arg1,
                    arg2,
                } if is_labels(arg1) => {
                    looked_for = looked_for.saturating_add(usize::from(self.take(arg2)));
                }
                ExprKind::GetAttr { .. } if is_labels(part) => read = read.saturating_add(1),
                _ => {}
            }
        }
        self.all |= read > looked_for;
    }

    /// Takes the words of a literal; whether it is one.
    fn take(&mut self, words: &Expr) -> bool {
        match words.expr_kind() {
            ExprKind::Lit(Literal::String(word)) => {
                self.labels.insert(word.to_string());
                true
            }
            ExprKind::Set(items) => items.iter().all(|item| self.take(item)),
            _ => false,
        }
    }
}

/// The text of a pattern, with `*` for what stands for anything.
fn literal(pattern: &Pattern) -> String {
    let letter = |one: &PatternElem| match one {
        PatternElem::Char(letter) => *letter,
        PatternElem::Wildcard => '*',
    };
    pattern.iter().map(letter).collect()
}

fn is_labels(expression: &Expr) -> bool {
    let ExprKind::GetAttr { expr, attr } = expression.expr_kind() else { return false };
    matches!(expr.expr_kind(), ExprKind::Var(Var::Context))
        && matches!(attr.as_str(), "labels" | "resource_labels")
}
