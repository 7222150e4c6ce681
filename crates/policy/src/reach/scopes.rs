//! Policies whose scopes no request fits.

use cedar_policy_core::ast::{
    ActionConstraint, EntityReference, EntityType, EntityUID, Policy,
    PrincipalOrResourceConstraint as Constraint,
};

use super::{CALLER, Reachability, RequestSource, SERVER, meant};
use crate::bundle::PolicyInfo;
use crate::error::{Warning, WarningCode};

impl Reachability<'_> {
    /// The policy, if it can never apply.
    pub(super) fn scope(&self, info: &PolicyInfo, policy: &Policy) -> Option<Warning> {
        let code = match info.effect {
            "forbid" => WarningCode::ForbidNever,
            _ => WarningCode::PermitNever,
        };
        let misspelt = resource(policy).and_then(|uid| self.never_named(info, &uid));
        if misspelt.is_some() {
            return misspelt;
        }
        let why = self.why_never(policy)?;
        Some(self.about(info, code, &format!("can never apply: {why}")))
    }

    /// Why no request fits a policy's scope, if none does.
    pub(super) fn why_never(&self, policy: &Policy) -> Option<String> {
        let constraint = policy.action_constraint();
        let scoped = self.bundle.shapes.actions().map(|(_, action)| action);
        let scoped: Vec<_> =
            scoped.filter(|action| self.is_in_scope(constraint, &action.uid)).collect();
        let sources: Vec<&RequestSource> =
            scoped.iter().filter_map(|action| self.sources.get(&action.uid)).flatten().collect();
        if sources.is_empty() {
            return Some(match scoped.as_slice() {
                [] => "no action is in its scope".to_owned(),
                [one] => format!("no tool and no message stands for `{}`", one.id),
                [one, ..] => {
                    format!(
                        "no tool and no message stands for `{}` or any other of its actions",
                        one.id
                    )
                }
            });
        }
        self.why_nobody(policy.principal_constraint().as_inner())
            .or_else(|| self.why_on_nothing(policy.resource_constraint().as_inner(), &sources))
    }

    pub(super) fn is_in_scope(&self, constraint: &ActionConstraint, action: &EntityUID) -> bool {
        match constraint {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(uid) => **uid == *action,
            ActionConstraint::In(uids) => uids.iter().any(|uid| self.is_in(action, uid)),
        }
    }

    /// Whether an entity is this one, or the bundle states that it descends from it.
    fn is_in(&self, entity: &EntityUID, above: &EntityUID) -> bool {
        entity == above
            || self
                .bundle
                .store
                .get(entity)
                .is_some_and(|stated| stated.entity.is_descendant_of(above))
    }

    /// Why no caller fits, if none does.
    fn why_nobody(&self, constraint: &Constraint) -> Option<String> {
        match constraint {
            Constraint::Any => None,
            Constraint::Is(kind) => self.why_no_caller(kind),
            Constraint::Eq(reference) => self.why_not(named(reference)?),
            Constraint::In(reference) => self.why_nobody_in(named(reference)?),
            Constraint::IsIn(kind, reference) => {
                self.why_no_caller(kind).or_else(|| self.why_nobody_in(named(reference)?))
            }
        }
    }

    fn why_no_caller(&self, kind: &EntityType) -> Option<String> {
        (*kind != self.caller)
            .then(|| format!("callers are of type `{CALLER}`, none is a `{kind}`"))
    }

    /// Why this one entity never asks, as far as that can be told.
    pub(super) fn why_not(&self, uid: &EntityUID) -> Option<String> {
        self.why_no_caller(uid.entity_type()).or_else(|| {
            let id: &str = uid.eid().as_ref();
            if let Some(domain) = self.domain {
                let known = domain.workloads.iter().map(String::as_str);
                return (!domain.workloads.contains(id))
                    .then(|| format!("no workload `{id}` is registered{}", meant(id, known)));
            }
            // Without a domain, only a misspelt name can be told.
            let stated: Vec<&str> = self.stated(&self.caller).collect();
            let near = meant(id, stated.iter().copied());
            (!stated.contains(&id) && !near.is_empty())
                .then(|| format!("`entities.json` has no workload `{id}`{near}"))
        })
    }

    fn why_nobody_in(&self, above: &EntityUID) -> Option<String> {
        if *above.entity_type() == self.caller && self.why_not(above).is_none() {
            return None;
        }
        let members = self.bundle.store.of_type(&self.caller).filter(|uid| self.is_in(uid, above));
        let mut registered = members.filter(|uid| self.why_not(uid).is_none());
        if registered.next().is_some() {
            return None;
        }
        let near = meant(above.eid().as_ref(), self.stated(above.entity_type()));
        let known = self.bundle.store.get(above).is_some();
        let near = if known { String::new() } else { near };
        Some(format!(
            "no workload is in `{above}`{near} (a `{CALLER}` in `entities.json` with it among its `parents` is)"
        ))
    }

    /// Why the requests for a policy's actions never act on what it names, if none does.
    fn why_on_nothing(
        &self,
        constraint: &Constraint,
        sources: &[&RequestSource],
    ) -> Option<String> {
        if sources.iter().any(|source| self.acts_on(source, constraint)) {
            return None;
        }
        let mut on: Vec<String> = sources.iter().map(|source| source.to_string()).collect();
        on.sort();
        on.dedup();
        let asked = match constraint {
            Constraint::Eq(reference) | Constraint::In(reference) => named(reference),
            _ => None,
        };
        let near = asked.map(|uid| {
            let fixed = sources.iter().filter(|source| source.kind == *uid.entity_type());
            let fixed = fixed.filter_map(|source| source.id.as_deref());
            let known = fixed.chain(self.stated(uid.entity_type())).collect::<Vec<_>>();
            meant(uid.eid().as_ref(), known)
        });
        Some(format!("its actions act on {} only{}", on.join(", "), near.unwrap_or_default()))
    }

    fn acts_on(&self, source: &RequestSource, constraint: &Constraint) -> bool {
        match constraint {
            Constraint::Any => true,
            Constraint::Is(kind) => **kind == source.kind,
            Constraint::Eq(reference) => {
                named(reference).is_none_or(|uid| self.is_one(source, uid))
            }
            Constraint::In(reference) => {
                named(reference).is_none_or(|uid| self.lies_in(source, uid))
            }
            Constraint::IsIn(kind, reference) => {
                **kind == source.kind
                    && named(reference).is_none_or(|uid| self.lies_in(source, uid))
            }
        }
    }

    /// Whether requests can act on this very entity.
    fn is_one(&self, source: &RequestSource, uid: &EntityUID) -> bool {
        let id: &str = uid.eid().as_ref();
        let is_server =
            super::entity_type(self.bundle, SERVER).is_some_and(|kind| kind == *uid.entity_type());
        source.kind == *uid.entity_type()
            && source.id.as_deref().is_none_or(|only| only == id)
            && !(is_server && self.domain.is_some_and(|domain| !domain.servers.contains(id)))
    }

    fn lies_in(&self, source: &RequestSource, above: &EntityUID) -> bool {
        self.is_one(source, above)
            || self
                .bundle
                .store
                .of_type(&source.kind)
                .any(|uid| self.is_in(uid, above) && self.is_one(source, uid))
    }

    /// The ids of this type that `entities.json` states, or the tool table fixes.
    pub(super) fn stated(&self, kind: &EntityType) -> impl Iterator<Item = &str> {
        self.bundle.store.of_type(kind).map(|uid| uid.eid().as_ref())
    }
}

impl std::fmt::Display for RequestSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.id {
            Some(id) => write!(f, "`{}::\"{}\"`", self.kind, id.escape_debug()),
            None => write!(f, "`{}`", self.kind),
        }
    }
}

/// The one resource that a policy's scope names.
fn resource(policy: &Policy) -> Option<EntityUID> {
    match policy.resource_constraint().as_inner() {
        Constraint::Eq(reference) => named(reference).cloned(),
        _ => None,
    }
}

/// The entity that a scope names. A slot stands in templates only, which no bundle has.
fn named(reference: &EntityReference) -> Option<&EntityUID> {
    match reference {
        EntityReference::EUID(uid) => Some(uid),
        EntityReference::Slot(_) => None,
    }
}
