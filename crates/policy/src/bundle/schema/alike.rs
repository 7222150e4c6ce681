//! Whether this crate's reading of a schema is Cedar's.
//!
//! What a request says is read by [`super::Shapes`]. Cedar's own validation would read it a second
//! time, for each request: it need not where both have the same types, which is looked at once,
//! when the bundle is loaded.

use std::collections::BTreeSet;

use cedar_policy_core::validator::types::{BoolType, EntityKind, Type as CedarType};
use cedar_policy_core::validator::{ValidatorEntityTypeKind, ValidatorSchema};

use super::{ActionShape, Shapes};
use crate::typed::{Extension, RecordType, Type};

/// Whether every request for the action that its types read is one that Cedar accepts: Cedar has
/// the same types, and nothing in the context names an entity, whose id Cedar would look at too.
pub(super) fn is_alike(action: &ActionShape, shapes: &Shapes, schema: &ValidatorSchema) -> bool {
    let Some(theirs) = schema.get_action_id(&action.uid) else { return false };
    let principals: BTreeSet<String> = theirs.principals().map(ToString::to_string).collect();
    let resources: BTreeSet<String> = theirs.resources().map(ToString::to_string).collect();
    action.principals == principals
        && action.resources == resources
        && principals.iter().chain(&resources).all(|name| has_same_ids(name, shapes, schema))
        && is_same_record(&action.context, theirs.context_type())
        && !names_entities(&action.context)
}

fn has_same_ids(name: &str, shapes: &Shapes, schema: &ValidatorSchema) -> bool {
    let Some(ours) = shapes.entities.get(name) else { return false };
    let theirs = schema.entity_types().find(|theirs| theirs.name().to_string() == name);
    match theirs.map(|theirs| &theirs.kind) {
        Some(ValidatorEntityTypeKind::Standard(_)) => ours.ids.is_none(),
        Some(ValidatorEntityTypeKind::Enum(ids)) => {
            let theirs: BTreeSet<&str> = ids.iter().map(AsRef::as_ref).collect();
            ours.ids.as_ref().is_some_and(|ours| ours.iter().map(String::as_str).eq(theirs))
        }
        None => false,
    }
}

fn is_same_record(ours: &RecordType, theirs: &CedarType) -> bool {
    let CedarType::Record { attrs, open_attributes } = theirs else { return false };
    let theirs: Vec<_> = attrs.iter().collect();
    *open_attributes == Default::default()
        && ours.members.len() == theirs.len()
        && theirs.into_iter().all(|(name, theirs)| {
            ours.members.get(name.as_str()).is_some_and(|ours| {
                ours.required == theirs.is_required && is_same(&ours.ty, &theirs.attr_type)
            })
        })
}

fn is_same(ours: &Type, theirs: &CedarType) -> bool {
    match (ours, theirs) {
        (Type::Bool, CedarType::Bool(BoolType::AnyBool))
        | (Type::Long, CedarType::Long)
        | (Type::String, CedarType::String) => true,
        (Type::Extension(extension), CedarType::ExtensionType { name }) => {
            name.to_string() == type_name(*extension)
        }
        (Type::Entity(kind), CedarType::Entity(EntityKind::Entity(theirs))) => {
            theirs.get_single_entity().is_some_and(|name| name.to_string() == kind.name())
        }
        (Type::Set(ours), CedarType::Set { element_type: Some(theirs) }) => is_same(ours, theirs),
        (Type::Record(ours), theirs) => is_same_record(ours, theirs),
        _ => false,
    }
}

fn type_name(extension: Extension) -> &'static str {
    match extension {
        Extension::Decimal => "decimal",
        Extension::Datetime => "datetime",
        Extension::Duration => "duration",
        Extension::Ip => "ipaddr",
    }
}

fn names_entities(record: &RecordType) -> bool {
    fn names(ty: &Type) -> bool {
        match ty {
            Type::Entity(_) => true,
            Type::Set(element) => names(element),
            Type::Record(record) => names_entities(record),
            Type::Bool | Type::Long | Type::String | Type::Extension(_) => false,
        }
    }
    record.members.values().any(|member| names(&member.ty))
}

#[cfg(test)]
mod tests;
