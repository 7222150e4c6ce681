//! The name of an entity type, parsed once.

use std::str::FromStr;
use std::sync::Arc;

use cedar_policy_core::ast::{Eid, EntityType, EntityUID};

use super::quoted;

/// An entity type by its full name: as text, and as Cedar has it, so that no request parses it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    name: Arc<str>,
    cedar: EntityType,
}

impl Kind {
    /// The type of that full name.
    pub(crate) fn parse(name: &str) -> Result<Kind, String> {
        let cedar = EntityType::from_str(name)
            .map_err(|_| format!("`{}` is not the name of an entity type", quoted(name)))?;
        Ok(Kind { name: Arc::from(name), cedar })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Cedar's name for the entity of this type with that id.
    pub(crate) fn uid(&self, id: &str) -> EntityUID {
        EntityUID::from_components(self.cedar.clone(), Eid::new(id), None)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)
    }
}
