//! Which policies can apply to a request, found by their scopes.
//!
//! Cedar evaluates a policy as
//! `principal scope && (action scope && (resource scope && conditions))`, from left to right. A
//! scope is `true`, or `==`, `in` or `is` between a variable of the request and literals: over
//! entities, none of these can fail, and the first that is false ends the evaluation. So a policy
//! whose scope does not match is not satisfied and has no error, whatever its conditions; and one
//! whose scope matches comes to what its conditions come to. The index decides the scopes by the
//! same three relations, and leaves the conditions to Cedar.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy_core::ast::{
    ActionConstraint, Effect, Entity, EntityReference, EntityType, EntityUID, Expr, ExprKind,
    Literal, Policy, PrincipalOrResourceConstraint,
};

/// A policy, ready to be evaluated.
pub(super) struct IndexedPolicy {
    pub(super) policy: Policy,
    /// Its `when` and `unless`; none where it has neither.
    pub(super) conditions: Option<Arc<Expr>>,
    pub(super) permits: bool,
    /// Entities that its conditions name.
    pub(super) names: Vec<EntityUID>,
}

/// One side of a scope, as something to look up. Numbers stand for entities and types that scopes
/// name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ScopeKey {
    Any,
    Is(usize),
    Equal(usize),
    In(usize),
}

/// What a scope with `is T in E` asks for besides `E`: the numbers of the types.
#[derive(Debug, Clone, Copy)]
struct ScopeEntry {
    rule: usize,
    principal_is: Option<usize>,
    resource_is: Option<usize>,
}

/// An entity of a request, as far as scopes can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScopeKeys {
    /// Every key that matches it, sorted.
    keys: Vec<ScopeKey>,
    is: Option<usize>,
}

type ByResource = BTreeMap<ScopeKey, Vec<ScopeEntry>>;
type ByPrincipal = BTreeMap<ScopeKey, ByResource>;

/// Policies by their scopes. Its size is linear in what the scopes name.
#[derive(Default)]
pub(crate) struct Index {
    pub(super) rules: Vec<IndexedPolicy>,
    by_action: BTreeMap<ScopeKey, ByPrincipal>,
    entities: BTreeMap<EntityUID, usize>,
    types: BTreeMap<EntityType, usize>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} policies)", self.rules.len())
    }
}

impl Index {
    /// The index of policies, which are numbered in the order in which they come.
    pub(crate) fn new<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> Index {
        let mut index = Index::default();
        for policy in policies {
            index.add(policy);
        }
        index
    }

    fn add(&mut self, policy: &Policy) {
        let rule = self.rules.len();
        let (principal, principal_is) = self.key(policy.principal_constraint().as_inner());
        let (resource, resource_is) = self.key(policy.resource_constraint().as_inner());
        let actions = match policy.action_constraint() {
            ActionConstraint::Any => vec![ScopeKey::Any],
            ActionConstraint::Eq(uid) => vec![ScopeKey::Equal(self.number(uid))],
            ActionConstraint::In(uids) => {
                uids.iter().map(|uid| ScopeKey::In(self.number(uid))).collect()
            }
        };
        for action in actions {
            let by_principal = self.by_action.entry(action).or_default();
            let places = by_principal.entry(principal).or_default().entry(resource).or_default();
            places.push(ScopeEntry { rule, principal_is, resource_is });
        }
        let conditions = policy.non_scope_constraints_arc().map(Arc::clone);
        self.rules.push(IndexedPolicy {
            policy: policy.clone(),
            names: conditions.as_deref().map(named).unwrap_or_default(),
            conditions,
            permits: policy.effect() == Effect::Permit,
        });
    }

    /// Where a constraint is looked up, and the type it asks for besides.
    fn key(&mut self, constraint: &PrincipalOrResourceConstraint) -> (ScopeKey, Option<usize>) {
        use PrincipalOrResourceConstraint as Constraint;
        match constraint {
            Constraint::Is(kind) => (ScopeKey::Is(self.number_of_type(kind)), None),
            Constraint::Eq(EntityReference::EUID(uid)) => (ScopeKey::Equal(self.number(uid)), None),
            Constraint::In(EntityReference::EUID(uid)) => (ScopeKey::In(self.number(uid)), None),
            Constraint::IsIn(kind, EntityReference::EUID(uid)) => {
                (ScopeKey::In(self.number(uid)), Some(self.number_of_type(kind)))
            }
            // A slot that is not filled does not occur in a policy, only in a template.
            Constraint::Any | Constraint::Eq(_) | Constraint::In(_) | Constraint::IsIn(..) => {
                (ScopeKey::Any, None)
            }
        }
    }

    fn number(&mut self, uid: &EntityUID) -> usize {
        let next = self.entities.len();
        *self.entities.entry(uid.clone()).or_insert(next)
    }

    fn number_of_type(&mut self, kind: &EntityType) -> usize {
        let next = self.types.len();
        *self.types.entry(kind.clone()).or_insert(next)
    }

    /// How scopes see the entity `uid` with those ancestors.
    pub(crate) fn scope_keys<'a>(
        &self,
        uid: &EntityUID,
        ancestors: impl Iterator<Item = &'a EntityUID>,
    ) -> ScopeKeys {
        let is = self.types.get(uid.entity_type()).copied();
        let mut keys = vec![ScopeKey::Any];
        keys.extend(is.map(ScopeKey::Is));
        if let Some(own) = self.entities.get(uid) {
            keys.extend([ScopeKey::Equal(*own), ScopeKey::In(*own)]);
        }
        keys.extend(ancestors.filter_map(|uid| self.entities.get(uid)).map(|n| ScopeKey::In(*n)));
        keys.sort_unstable();
        keys.dedup();
        ScopeKeys { keys, is }
    }

    /// How scopes see an entity with the ancestors that it has.
    pub(crate) fn scope_keys_of(&self, entity: &Entity) -> ScopeKeys {
        self.scope_keys(entity.uid(), entity.ancestors())
    }

    /// The policies whose scopes match, by number, sorted.
    pub(crate) fn candidates(
        &self,
        principal: &ScopeKeys,
        action: &ScopeKeys,
        resource: &ScopeKeys,
    ) -> Vec<usize> {
        let mut found = Vec::new();
        for by_principal in action.keys.iter().filter_map(|key| self.by_action.get(key)) {
            for by_resource in matching(by_principal, principal) {
                for places in matching(by_resource, resource) {
                    let fits = |place: &&ScopeEntry| {
                        place.principal_is.is_none_or(|is| principal.is == Some(is))
                            && place.resource_is.is_none_or(|is| resource.is == Some(is))
                    };
                    found.extend(places.iter().filter(fits).map(|place| place.rule));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The entities that the conditions of these policies name.
    pub(crate) fn names(&self, candidates: &[usize]) -> impl Iterator<Item = &EntityUID> {
        candidates.iter().filter_map(|rule| self.rules.get(*rule)).flat_map(|rule| &rule.names)
    }
}

/// The values whose keys match what is seen, by the shorter of both lists.
fn matching<'i, T>(
    map: &'i BTreeMap<ScopeKey, T>,
    seen: &'i ScopeKeys,
) -> impl Iterator<Item = &'i T> {
    let few = map.len() <= seen.keys.len();
    let by_entry = few.then(|| {
        map.iter().filter(|(key, _)| seen.keys.binary_search(key).is_ok()).map(|(_, value)| value)
    });
    let by_key = (!few).then(|| seen.keys.iter().filter_map(|key| map.get(key)));
    by_entry.into_iter().flatten().chain(by_key.into_iter().flatten())
}

/// The entities that an expression names.
fn named(expression: &Expr) -> Vec<EntityUID> {
    let literals = expression.subexpressions().filter_map(|part| match part.expr_kind() {
        ExprKind::Lit(Literal::EntityUID(uid)) => Some((**uid).clone()),
        _ => None,
    });
    let mut named: Vec<EntityUID> = literals.collect();
    named.sort_unstable();
    named.dedup();
    named
}
