//! Counts and sums.

use std::collections::BTreeSet;

use dogwood_language::temporal_ast::{AggExpr, AggExprKind, Condition, ConditionKind};

use super::super::check::{Measure, Operand};
use super::super::scope::{NameScope, TermName, conjuncts, ticks, variables};
use super::{Compiler, filtered};

/// What a count or sum ranges over: the rows of the body, cut down to these variables, each
/// different row once.
struct AggregateDomain {
    names: BTreeSet<String>,
    sum: Option<String>,
}

impl Compiler {
    pub(super) fn aggregate(&mut self, aggregate: &AggExpr, scope: &NameScope) -> Option<Operand> {
        let (sum, for_vars, body) = match &aggregate.kind {
            AggExprKind::Count { for_vars, body } => (None, for_vars, body),
            AggExprKind::Sum { bound_var, for_vars, body } => {
                (Some(bound_var.name().to_owned()), for_vars, body)
            }
            AggExprKind::Call(_) => return None,
        };
        let mut scope = scope.with_binds(true);
        for binder in for_vars {
            scope.shed(binder.name());
        }
        let mut domain =
            AggregateDomain { names: for_vars.iter().map(|b| b.name().to_owned()).collect(), sum };
        let conditions = filtered(conjuncts(body), &scope);
        let (mut finder, mut rest, mut now) = (None, Vec::new(), BTreeSet::new());
        for condition in &conditions {
            match &condition.kind {
                ConditionKind::Tp { var } => {
                    now.insert(var.name().to_owned());
                }
                ConditionKind::Formerly { .. }
                    if finder.is_none() && !variables(condition).is_disjoint(&domain.names) =>
                {
                    finder = Some(condition);
                }
                _ => rest.push(condition.as_ref()),
            }
        }
        if now.iter().any(|name| scope.knows(name) || domain.sum.as_ref() == Some(name)) {
            return None;
        }
        // The place of the newest event is the same in every row.
        domain.names.retain(|name| !now.contains(name));
        let others = finder.map(|c| c.as_ref()).into_iter().chain(rest.iter().copied());
        if others.clone().any(|condition| !variables(condition).is_disjoint(&now)) {
            return None;
        }
        match finder {
            Some(finder) => self.over_past(finder, &rest, &domain, &scope),
            None => self.over_now(rest, &domain, &mut scope),
        }
    }

    /// Rows that a `formerly` finds, while the rest holds.
    fn over_past(
        &mut self,
        finder: &Condition,
        rest: &[&Condition],
        domain: &AggregateDomain,
        scope: &NameScope,
    ) -> Option<Operand> {
        let ConditionKind::Formerly { within, body } = &finder.kind else { return None };
        let window = ticks(within, self.ticks_per_second)?;
        let found = variables(finder);
        let stream_match = |condition: &&Condition| {
            variables(condition).iter().any(|name| found.contains(name) && !scope.knows(name))
        };
        if rest.iter().any(stream_match) {
            return None;
        }
        let guard = self.all(rest.to_vec(), &mut scope.clone())?;
        let events = self.events(body, scope)?;
        let sum = match &domain.sum {
            None => None,
            Some(name) => Some(events.fields.get(name)?.clone()),
        };
        let mut by = Vec::new();
        let mut every = false;
        for name in &domain.names {
            match events.fields.get(name) {
                Some(field) => by.push(field.clone()),
                None if events.timepoints.contains(name) => every = true,
                None => return None,
            }
        }
        let measure = if every { Measure::Every { sum } } else { Measure::Distinct { by, sum } };
        let mut past = self.keep(events, measure);
        past.guards.push(guard);
        Some(Operand::Total { past, window })
    }

    /// At most one row: what the newest event gives.
    fn over_now(
        &mut self,
        rest: Vec<&Condition>,
        domain: &AggregateDomain,
        scope: &mut NameScope,
    ) -> Option<Operand> {
        let check = self.all(rest, scope)?;
        if !domain.names.iter().all(|name| scope.knows(name)) {
            return None;
        }
        let value = match &domain.sum {
            None => None,
            Some(name) => Some(Box::new(scope.get(&TermName::Variable(name.clone()))?)),
        };
        Some(Operand::Once { checks: vec![check], value })
    }
}
