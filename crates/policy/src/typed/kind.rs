//! The name of an entity type, parsed once.

use std::str::FromStr;
use std::sync::Arc;

use cedar_policy_core::ast::{Eid, EntityType, EntityUID};

use super::{CedarError, quoted};

/// An entity type by its full name: as text, and as Cedar has it, so that no request parses it
/// again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityKind {
    name: Arc<str>,
    cedar: EntityType,
}

impl EntityKind {
    /// The type of that full name.
    pub(crate) fn parse(name: &str) -> Result<EntityKind, CedarError> {
        let cedar =
            EntityType::from_str(name).map_err(|_| CedarError::TypeName { name: quoted(name) })?;
        Ok(EntityKind { name: Arc::from(name), cedar })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Cedar's name for the entity of this type with that id.
    pub(crate) fn uid(&self, id: &str) -> EntityUID {
        EntityUID::from_components(self.cedar.clone(), Eid::new(id), None)
    }
}

impl std::fmt::Display for EntityKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)
    }
}
