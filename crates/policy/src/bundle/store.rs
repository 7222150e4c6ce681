//! What a bundle states of entities, ready to lay the entities of a request over it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::Entities;
use cedar_policy_core::ast::{Entity, EntityType, EntityUID};

use super::entities::{EntityData, EntityMap};
use crate::engine::{Index, ScopeKeys};

/// Every entity that a bundle or its schema states.
pub(crate) struct Store {
    stated: BTreeMap<EntityUID, Stated>,
    /// Entities that a stated one has as an ancestor.
    above: BTreeSet<EntityUID>,
    /// The same for Cedar, whole.
    whole: Entities,
}

/// One entity that is stated.
pub(crate) struct Stated {
    pub(crate) data: Arc<EntityData>,
    /// With all of its ancestors.
    pub(crate) entity: Arc<Entity>,
    /// How the scopes of policies see it.
    pub(crate) scope_keys: ScopeKeys,
    /// The entities that its attributes name.
    pub(crate) names: Vec<EntityUID>,
}

impl Store {
    /// The entities of `whole`, which are those of `stated` and the schema's actions.
    pub(crate) fn new(stated: &EntityMap, whole: Entities, index: &Index) -> Store {
        let described = stated;
        let inner: &cedar_policy_core::entities::Entities = whole.as_ref();
        let (mut stated, mut above) = (BTreeMap::new(), BTreeSet::new());
        for entity in inner.iter() {
            let uid = entity.uid();
            let id: &str = uid.eid().as_ref();
            let key = (uid.entity_type().to_string(), id.to_owned());
            let data = Arc::new(described.get(&key).cloned().unwrap_or_default());
            let mut names = Vec::new();
            data.attributes.values().for_each(|value| value.entities(&mut names));
            above.extend(entity.ancestors().cloned());
            let scope_keys = index.scope_keys_of(entity);
            let entry = Stated { data, entity: Arc::new(entity.clone()), scope_keys, names };
            stated.insert(uid.clone(), entry);
        }
        Store { stated, above, whole }
    }

    pub(crate) fn get(&self, uid: &EntityUID) -> Option<&Stated> {
        self.stated.get(uid)
    }

    /// The entities of a type that are stated.
    pub(crate) fn of_type<'s>(
        &'s self,
        kind: &EntityType,
    ) -> impl Iterator<Item = &'s EntityUID> + use<'s> {
        let kind = kind.clone();
        self.stated.keys().filter(move |uid| *uid.entity_type() == kind)
    }

    /// Whether a stated entity has this one as an ancestor: then new parents of this one are
    /// ancestors of that too.
    pub(crate) fn is_above(&self, uid: &EntityUID) -> bool {
        self.above.contains(uid)
    }

    /// All of them, for Cedar.
    pub(crate) fn whole(&self) -> &Entities {
        &self.whole
    }
}
