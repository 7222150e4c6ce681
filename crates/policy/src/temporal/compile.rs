//! Conditions to checks. Whatever has a shape that is not provided for gives nothing: the local
//! engine has it.
//!
//! A condition is read as Dogwood's interpreter reads it. Within `exists` and aggregates it stands
//! for rows of values: what is found binds variables, from left to right. Elsewhere it only holds
//! or does not.

mod aggregate;
mod stream;

use std::borrow::Cow;
use std::collections::BTreeSet;

use dogwood_language::temporal_ast::{CmpOp, Condition, ConditionKind, Predicate, Term};

use super::check::{
    EventPattern, FieldTest, MonitorCheck, Operand, SinceBody, StreamId, StreamSpec,
};
use super::scope::{NameScope, TermName, conjuncts, literal, ticks, variables};

pub(super) struct Compiler {
    pub(super) streams: Vec<StreamSpec>,
    ticks_per_second: i64,
}

impl Compiler {
    pub(super) fn new(ticks_per_second: i64) -> Compiler {
        Compiler { streams: Vec::new(), ticks_per_second }
    }

    /// A whole condition.
    pub(super) fn leaf(&mut self, condition: &Condition) -> Option<MonitorCheck> {
        self.condition(condition, &NameScope::deciding())
    }

    fn condition(&mut self, condition: &Condition, scope: &NameScope) -> Option<MonitorCheck> {
        match &condition.kind {
            ConditionKind::And { .. } | ConditionKind::Predicate(_) | ConditionKind::Tp { .. } => {
                self.all(conjuncts(condition), &mut scope.clone())
            }
            ConditionKind::Or { left, right } => {
                let scope = scope.with_binds(false);
                Some(MonitorCheck::Any(vec![
                    self.condition(left, &scope)?,
                    self.condition(right, &scope)?,
                ]))
            }
            ConditionKind::Not { inner } => {
                let inner = self.condition(inner, &scope.with_binds(false))?;
                Some(MonitorCheck::Not(Box::new(inner)))
            }
            ConditionKind::Exists { var, body } => {
                let mut scope = scope.with_binds(true);
                scope.shed(var.name());
                self.all(conjuncts(body), &mut scope)
            }
            ConditionKind::Comparison { op, left, right } => {
                let (left, right) = (self.operand(left, scope)?, self.operand(right, scope)?);
                Some(MonitorCheck::Compare(*op, left, right))
            }
            ConditionKind::Formerly { within, body } => {
                let window = ticks(within, self.ticks_per_second)?;
                Some(MonitorCheck::Formerly { past: self.past(body, scope)?, window })
            }
            ConditionKind::Previous { within, body } => {
                let window = ticks(within, self.ticks_per_second)?;
                Some(MonitorCheck::Previous { past: self.past(body, scope)?, window })
            }
            ConditionKind::Since { left, within, right } => {
                let window = ticks(within, self.ticks_per_second)?;
                let past = self.past(right, scope)?;
                let left = Box::new(self.left(left, scope)?);
                Some(MonitorCheck::Since { left, past, window })
            }
            ConditionKind::Call(_)
            | ConditionKind::SigilRef { .. }
            | ConditionKind::Refine { .. } => None,
        }
    }

    /// Conjuncts, from left to right. What binds a variable makes it known in the scope.
    fn all(&mut self, conditions: Vec<&Condition>, scope: &mut NameScope) -> Option<MonitorCheck> {
        let mut checks = Vec::new();
        // Variables that a conjunct finds values for by itself. Another that uses them would have
        // to be joined.
        let mut found: BTreeSet<String> = BTreeSet::new();
        for condition in filtered(conditions, scope) {
            let free: BTreeSet<String> =
                variables(&condition).into_iter().filter(|name| !scope.knows(name)).collect();
            if !found.is_disjoint(&free) {
                return None;
            }
            match &condition.kind {
                ConditionKind::Predicate(predicate) => {
                    checks.push(MonitorCheck::Here(here(predicate, scope)?));
                }
                ConditionKind::Tp { .. } if scope.binds && !free.is_empty() => found.extend(free),
                ConditionKind::Tp { .. } => return None,
                ConditionKind::Comparison { op: CmpOp::Eq, left, right } if scope.binds => {
                    checks.push(match (unbound(left, scope), unbound(right, scope)) {
                        (Some(name), None) => self.bind(name, right, scope)?,
                        (None, Some(name)) => self.bind(name, left, scope)?,
                        _ => self.condition(&condition, scope)?,
                    });
                }
                _ => {
                    checks.push(self.condition(&condition, scope)?);
                    found.extend(free);
                }
            }
        }
        Some(MonitorCheck::All(checks))
    }

    fn bind(&mut self, name: &str, term: &Term, scope: &mut NameScope) -> Option<MonitorCheck> {
        let operand = self.operand(term, scope)?;
        scope.set(TermName::Variable(name.to_owned()), operand.clone());
        Some(MonitorCheck::Known(operand))
    }

    fn operand(&mut self, term: &Term, scope: &NameScope) -> Option<Operand> {
        match term {
            Term::Agg(aggregate) => self.aggregate(aggregate, scope),
            term => match literal(term) {
                Some(value) => Some(Operand::Literal(value)),
                None => scope.get(&TermName::of(term)?),
            },
        }
    }

    /// The left side of `since`.
    fn left(&mut self, condition: &Condition, scope: &NameScope) -> Option<SinceBody> {
        let scope = scope.with_binds(false);
        match &condition.kind {
            ConditionKind::Not { inner } => Some(SinceBody::Unless(self.past(inner, &scope)?)),
            ConditionKind::Predicate(_) => Some(SinceBody::While(self.past(condition, &scope)?)),
            ConditionKind::Comparison { left, right, .. }
                if !has_aggregate(left) && !has_aggregate(right) =>
            {
                Some(SinceBody::If(self.condition(condition, &scope)?))
            }
            ConditionKind::And { left, right } => {
                if let Some(past) = self.past(condition, &scope) {
                    return Some(SinceBody::While(past));
                }
                Some(SinceBody::All(vec![self.left(left, &scope)?, self.left(right, &scope)?]))
            }
            _ => None,
        }
    }

    /// A stream's id; the same as that of an equal one.
    fn intern(&mut self, spec: StreamSpec) -> StreamId {
        if let Some(id) = self.streams.iter().position(|known| *known == spec) {
            return id;
        }
        self.streams.push(spec);
        self.streams.len().saturating_sub(1)
    }
}

/// The name of a term that is a variable without a value.
fn unbound<'t>(term: &'t Term, scope: &NameScope) -> Option<&'t str> {
    match term {
        Term::Var(name) if !scope.knows(name) => Some(name),
        _ => None,
    }
}

fn has_aggregate(term: &Term) -> bool {
    let mut found = false;
    term.for_each_operand_agg(&mut |_| found = true);
    found
}

/// What the newest event has to look like. Variables without a value get the event's.
fn here(predicate: &Predicate, scope: &mut NameScope) -> Option<EventPattern> {
    let mut tests = Vec::new();
    for arg in &predicate.args {
        let field = arg.field_path();
        let is = match &arg.value {
            Term::Wildcard => None,
            term => match (literal(term), unbound(term, scope)) {
                (Some(value), _) => Some(Operand::Literal(value)),
                (None, Some(name)) if scope.binds => {
                    scope.set(TermName::Variable(name.to_owned()), Operand::Field(field.clone()));
                    None
                }
                (None, _) => Some(scope.get(&TermName::of(term)?)?),
            },
        };
        tests.push(FieldTest { field, is });
    }
    Some(pattern(predicate, tests))
}

fn pattern(predicate: &Predicate, tests: Vec<FieldTest>) -> EventPattern {
    EventPattern {
        namespace: predicate.namespace.clone(),
        action: predicate.action.clone(),
        kind: predicate.kind.clone(),
        tests,
    }
}

/// The conjuncts, with each comparison that only filters what an earlier `formerly` finds drawn
/// into that.
fn filtered<'c>(conditions: Vec<&'c Condition>, scope: &NameScope) -> Vec<Cow<'c, Condition>> {
    let mut kept: Vec<Cow<'c, Condition>> = Vec::new();
    for condition in conditions {
        if !scope.binds || !draw_in(condition, &mut kept, scope) {
            kept.push(Cow::Borrowed(condition));
        }
    }
    kept
}

fn draw_in(filter: &Condition, kept: &mut [Cow<'_, Condition>], scope: &NameScope) -> bool {
    let ConditionKind::Comparison { left, right, .. } = &filter.kind else { return false };
    if has_aggregate(left) || has_aggregate(right) {
        return false;
    }
    let mut free = variables(filter);
    free.retain(|name| !scope.knows(name));
    if free.is_empty() {
        return false;
    }
    let finder = kept.iter_mut().find(|earlier| !variables(earlier).is_disjoint(&free));
    let Some(finder) = finder else { return false };
    let mut drawn = finder.clone().into_owned();
    let ConditionKind::Formerly { body, .. } = &mut drawn.kind else { return false };
    if !free.is_subset(&variables(body)) {
        return false;
    }
    let (span, left) = (body.span, body.clone());
    **body = Condition { span, kind: ConditionKind::And { left, right: Box::new(filter.clone()) } };
    *finder = Cow::Owned(drawn);
    true
}
