//! What a condition looks back at: the events of which it speaks, and what tells them apart.

use std::collections::{BTreeMap, BTreeSet};

use dogwood_language::temporal_ast::{CmpOp, Condition, ConditionKind, Predicate, Term};

use super::super::check::{
    EventPattern, FieldTest, Measure, MonitorCheck, Operand, PastEvents, Path, StreamSpec,
};
use super::super::scope::{NameScope, TermName, conjuncts, literal, variables};
use super::{Compiler, filtered, has_aggregate, pattern, unbound};

/// A body that is about single events, taken apart.
#[derive(Default)]
pub(super) struct StreamEvents {
    patterns: Vec<EventPattern>,
    checks: Vec<MonitorCheck>,
    /// Fields, and what they have to be equal to when the past is asked.
    key: Vec<(Path, Operand)>,
    guards: Vec<MonitorCheck>,
    /// The variables that the event gives values to, by its fields.
    pub(super) fields: BTreeMap<String, Path>,
    /// The variables that stand for the event's place in the history.
    pub(super) timepoints: BTreeSet<String>,
}

impl Compiler {
    /// The last event of which a body holds.
    pub(super) fn past(&mut self, body: &Condition, scope: &NameScope) -> Option<PastEvents> {
        let events = self.events(body, scope)?;
        Some(self.keep(events, Measure::Latest))
    }

    /// Keeps what is measured of a body's events.
    pub(super) fn keep(&mut self, events: StreamEvents, measure: Measure) -> PastEvents {
        let (fields, key) = events.key.into_iter().unzip();
        let spec =
            StreamSpec { patterns: events.patterns, checks: events.checks, key: fields, measure };
        PastEvents { stream: self.intern(spec), key, guards: events.guards }
    }

    /// Takes a body apart. Nothing, unless it is about an event and whatever else it says can be
    /// told at that event.
    pub(super) fn events(&mut self, body: &Condition, scope: &NameScope) -> Option<StreamEvents> {
        let conditions = filtered(conjuncts(body), scope);
        let mut inner = NameScope::at_event(scope);
        let mut events = StreamEvents::default();
        let mut later = Vec::new();
        for condition in &conditions {
            match &condition.kind {
                ConditionKind::Predicate(predicate) => {
                    events.predicate(predicate, scope, &mut inner)?;
                }
                ConditionKind::Tp { var } if scope.binds && !scope.knows(var.name()) => {
                    events.timepoints.insert(var.name().to_owned());
                }
                ConditionKind::Tp { .. } => return None,
                _ => later.push((events.fields.len(), condition)),
            }
        }
        // A variable that stands for an event's place can't be one of its values too.
        if events.patterns.is_empty()
            || events.timepoints.iter().any(|name| events.fields.contains_key(name))
        {
            return None;
        }
        let known = events.fields.len();
        let later = later.into_iter().map(|(bound, condition)| {
            // What is said before a variable has its value is not what is said after.
            let early = bound < known && !variables(condition).is_empty();
            (!early).then_some(condition)
        });
        let later: Vec<_> = later.collect::<Option<_>>()?;
        let rest: Vec<_> =
            later.into_iter().filter(|c| !events.correlate(c, scope, &mut inner)).collect();
        let mut found: BTreeSet<String> = events.timepoints.clone();
        for condition in rest {
            let mut free = variables(condition);
            free.retain(|name| !inner.knows(name) && !scope.knows(name));
            if !found.is_disjoint(&free) {
                return None;
            }
            found.extend(free);
            if events.is_about_now(condition) {
                events.guards.push(self.condition(condition, scope)?);
            } else {
                events.checks.push(self.condition(condition, &inner)?);
            }
        }
        Some(events)
    }
}

impl StreamEvents {
    fn predicate(
        &mut self,
        predicate: &Predicate,
        scope: &NameScope,
        inner: &mut NameScope,
    ) -> Option<()> {
        let mut tests = Vec::new();
        for arg in &predicate.args {
            let field = arg.field_path();
            let is = match (&arg.value, literal(&arg.value)) {
                (Term::Wildcard, _) => None,
                (_, Some(value)) => Some(Operand::Literal(value)),
                (term, None) => self.name(TermName::of(term)?, &field, scope, inner)?,
            };
            tests.push(FieldTest { field, is });
        }
        self.patterns.push(pattern(predicate, tests));
        Some(())
    }

    /// A field that is named: equal to what is known by that name, or else what is known by it from
    /// now on.
    fn name(
        &mut self,
        name: TermName,
        field: &Path,
        scope: &NameScope,
        inner: &mut NameScope,
    ) -> Option<Option<Operand>> {
        if let Some(operand) = inner.get(&name) {
            return Some(Some(operand));
        }
        match &name {
            TermName::Variable(variable) if !scope.knows(variable) => {
                if !scope.binds {
                    return None;
                }
                self.fields.insert(variable.clone(), field.clone());
            }
            _ => self.key.push((field.clone(), scope.get(&name)?)),
        }
        inner.set(name, Operand::Field(field.clone()));
        Some(None)
    }

    /// An equality of a variable of the event and something of the request that is decided is a
    /// part of the key.
    fn correlate(
        &mut self,
        condition: &Condition,
        scope: &NameScope,
        inner: &mut NameScope,
    ) -> bool {
        let ConditionKind::Comparison { op: CmpOp::Eq, left, right } = &condition.kind else {
            return false;
        };
        for (variable, other) in [(left, right), (right, left)] {
            let field = unbound(variable, scope).and_then(|name| self.fields.get(name));
            let (Some(field), Some(name)) = (field, TermName::of(other)) else { continue };
            let Some(operand) = scope.get(&name) else { continue };
            if inner.get(&name).is_none() {
                self.key.push((field.clone(), operand));
                inner.set(name, Operand::Field(field.clone()));
                return true;
            }
        }
        false
    }

    /// Whether a conjunct says the same whatever the event.
    fn is_about_now(&self, condition: &Condition) -> bool {
        match &condition.kind {
            ConditionKind::Not { inner } => self.is_about_now(inner),
            ConditionKind::Comparison { left, right, .. } => {
                !has_aggregate(left)
                    && !has_aggregate(right)
                    && !variables(condition).iter().any(|name| self.fields.contains_key(name))
            }
            _ => false,
        }
    }
}
