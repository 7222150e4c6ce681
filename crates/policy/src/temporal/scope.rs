//! The names that a part of a condition can use, and what they stand for.

use std::collections::{BTreeMap, BTreeSet};

use dogwood_language::Value;
use dogwood_language::temporal_ast::{AggExprKind, Condition, ConditionKind, Term, WithinSpec};

use super::check::{Operand, Path};

/// A variable, or a term of the request that is decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TermName {
    Variable(String),
    Context(Path),
    Scope(Path),
}

impl TermName {
    /// The name that a term is, if it is one.
    pub(super) fn of(term: &Term) -> Option<TermName> {
        match term {
            Term::Var(name) => Some(TermName::Variable(name.clone())),
            Term::ContextField(path) => Some(TermName::Context(path.clone())),
            Term::ScopeField(path) => Some(TermName::Scope(path.clone())),
            _ => None,
        }
    }
}

/// What the names stand for, in terms of the newest event.
#[derive(Debug, Clone)]
pub(super) struct NameScope {
    names: BTreeMap<TermName, Operand>,
    /// The newest event is the one that is decided, so its request's terms stand for themselves.
    deciding: bool,
    /// Rows of values are looked for, not only whether something holds: what is found may bind a
    /// variable.
    pub(super) binds: bool,
}

impl NameScope {
    /// The scope of a whole condition.
    pub(super) fn deciding() -> NameScope {
        NameScope { names: BTreeMap::new(), deciding: true, binds: false }
    }

    /// The scope of what must hold at an event of a stream, in terms of that event alone. What is
    /// literal outside is literal inside.
    pub(super) fn at_event(outer: &NameScope) -> NameScope {
        let literal = outer.names.iter().filter(|(_, value)| matches!(value, Operand::Literal(_)));
        let names = literal.map(|(name, value)| (name.clone(), value.clone())).collect();
        NameScope { names, deciding: false, binds: outer.binds }
    }

    pub(super) fn with_binds(&self, binds: bool) -> NameScope {
        NameScope { binds, ..self.clone() }
    }

    pub(super) fn get(&self, name: &TermName) -> Option<Operand> {
        if let Some(operand) = self.names.get(name) {
            return Some(operand.clone());
        }
        match name {
            TermName::Context(path) if self.deciding => Some(Operand::Context(path.clone())),
            TermName::Scope(path) if self.deciding => {
                let (root, attributes) = path.split_first()?;
                Some(Operand::Scope(root.clone(), attributes.to_vec()))
            }
            _ => None,
        }
    }

    pub(super) fn knows(&self, variable: &str) -> bool {
        self.names.contains_key(&TermName::Variable(variable.to_owned()))
    }

    pub(super) fn set(&mut self, name: TermName, operand: Operand) {
        self.names.insert(name, operand);
    }

    /// Takes a variable out: a binder of that name begins.
    pub(super) fn shed(&mut self, variable: &str) {
        self.names.remove(&TermName::Variable(variable.to_owned()));
    }
}

/// A term that is a value as it stands.
pub(super) fn literal(term: &Term) -> Option<Value> {
    Some(match term {
        Term::Integer(n) => Value::Int(*n),
        Term::Decimal(text) => Value::Decimal(text.clone()),
        Term::String(text) => Value::String(text.clone()),
        Term::Bool(yes) => Value::Bool(*yes),
        Term::Entity { ty, id } => Value::Entity { ty: ty.clone(), id: id.clone() },
        Term::Array(items) => Value::Array(items.iter().map(literal).collect::<Option<_>>()?),
        _ => return None,
    })
}

/// A window in ticks. Saturated, it has no end.
pub(super) fn ticks(within: &WithinSpec, per_second: i64) -> Option<i64> {
    let WithinSpec::Concrete(interval) = within else { return None };
    let seconds = interval.seconds();
    (seconds >= 0).then(|| seconds.saturating_mul(per_second))
}

/// The conjuncts, in order.
pub(super) fn conjuncts(condition: &Condition) -> Vec<&Condition> {
    match &condition.kind {
        ConditionKind::And { left, right } => {
            let mut all = conjuncts(left);
            all.extend(conjuncts(right));
            all
        }
        _ => vec![condition],
    }
}

/// The variables that a condition uses or binds for others, timepoints included.
pub(super) fn variables(condition: &Condition) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(condition, &mut found);
    found
}

fn collect(condition: &Condition, found: &mut BTreeSet<String>) {
    match &condition.kind {
        ConditionKind::And { left, right }
        | ConditionKind::Or { left, right }
        | ConditionKind::Since { left, right, .. } => {
            collect(left, found);
            collect(right, found);
        }
        ConditionKind::Not { inner } => collect(inner, found),
        ConditionKind::Formerly { body, .. } | ConditionKind::Previous { body, .. } => {
            collect(body, found);
        }
        ConditionKind::Predicate(predicate) => {
            predicate.args.iter().for_each(|arg| in_term(&arg.value, found));
        }
        ConditionKind::Comparison { left, right, .. } => {
            in_term(left, found);
            in_term(right, found);
        }
        ConditionKind::Exists { var, body } => {
            let mut inner = variables(body);
            inner.remove(var.name());
            found.extend(inner);
        }
        ConditionKind::Tp { var } => {
            found.insert(var.name().to_owned());
        }
        ConditionKind::Call(_) | ConditionKind::SigilRef { .. } | ConditionKind::Refine { .. } => {}
    }
}

fn in_term(term: &Term, found: &mut BTreeSet<String>) {
    match term {
        Term::Var(name) => {
            found.insert(name.clone());
        }
        Term::Array(items) => items.iter().for_each(|item| in_term(item, found)),
        Term::Arith { left, right, .. } => {
            in_term(left, found);
            in_term(right, found);
        }
        Term::Agg(aggregate) => {
            let (AggExprKind::Sum { for_vars, body, .. } | AggExprKind::Count { for_vars, body }) =
                &aggregate.kind
            else {
                return;
            };
            let mut inner = variables(body);
            for binder in for_vars {
                inner.remove(binder.name());
            }
            found.extend(inner);
        }
        _ => {}
    }
}
