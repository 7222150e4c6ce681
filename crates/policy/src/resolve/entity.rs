//! Principal and resource: what the bundle and the request state of them together, among the
//! bundle's entities.

use std::sync::Arc;

use cedar_policy_core::ast::{Entity as CedarEntity, EntityUID};
use cedar_policy_core::entities::conformance::EntitySchemaConformanceChecker;
use cedar_policy_core::entities::{Dereference, Entities};
use cedar_policy_core::extensions::Extensions;
use cedar_policy_core::validator::{CoreSchema, ValidatorSchema};

use super::Malformed;
use crate::bundle::Bundle;
use crate::bundle::entities::{EntityData, check_id, entity_type, read_properties};
use crate::engine::ScopeKeys;
use crate::request::Entity;
use crate::typed::{CedarError, EntityKind, MemberPath, Typed};

/// An entity of the request.
pub(super) struct RequestEntity {
    pub(super) kind: EntityKind,
    pub(super) id: String,
    pub(super) uid: EntityUID,
    pub(super) data: Arc<EntityData>,
    /// The request says no more of it than its name.
    is_bare: bool,
}

/// Principal and resource among the entities of the bundle.
pub(super) struct EntitySlice {
    pub(super) principal: ScopeKeys,
    pub(super) resource: ScopeKeys,
    /// Both, or the one that is both, with all ancestors.
    pub(super) entities: Vec<Arc<CedarEntity>>,
    /// Where their parents change the ancestors of other entities: every entity, computed anew.
    pub(super) whole: Option<Entities>,
}

/// Joins what the bundle and the request state of an entity.
pub(super) fn request_entity(
    bundle: &Bundle,
    entity: &Entity,
    at: MemberPath<'_>,
) -> Result<RequestEntity, Malformed> {
    let shapes = &bundle.shapes;
    let wrong = |why| Malformed::Entity { at: at.to_string(), why };
    let (_, shape) = entity_type(&entity.kind, shapes).map_err(wrong)?;
    check_id(shape, &entity.id).map_err(wrong)?;
    let uid = shape.kind.uid(&entity.id);
    let mut data =
        bundle.store.get(&uid).map(|stated| Arc::clone(&stated.data)).unwrap_or_default();
    let said = read_properties(&entity.properties, shape, shapes, at)?;
    let is_bare = said == EntityData::default();
    if !is_bare {
        Arc::make_mut(&mut data).merge(said).map_err(wrong)?;
    }
    if shape.names_itself && !data.attributes.contains_key("id") {
        let own = Typed::String(entity.id.clone());
        Arc::make_mut(&mut data).attributes.insert("id".to_owned(), own);
    }
    Ok(RequestEntity { kind: shape.kind.clone(), id: entity.id.clone(), uid, data, is_bare })
}

/// Lays principal and resource over the bundle's entities. A required attribute that nobody states
/// is an error.
pub(super) fn overlay(
    bundle: &Bundle,
    principal: &RequestEntity,
    resource: &RequestEntity,
) -> Result<EntitySlice, Malformed> {
    for (name, entity) in [("principal", principal), ("resource", resource)] {
        let attributes =
            bundle.shapes.entity(entity.kind.name()).map(|(_, shape)| &shape.attributes);
        let missing = attributes
            .into_iter()
            .flat_map(|record| &record.members)
            .find(|(name, member)| member.required && !entity.data.attributes.contains_key(*name));
        if let Some((attribute, _)) = missing {
            return Err(Malformed::Attribute { entity: name, attribute: attribute.clone() });
        }
    }
    if principal.uid == resource.uid {
        let mut data = (*principal.data).clone();
        data.merge((*resource.data).clone())?;
        let is_bare = principal.is_bare && resource.is_bare;
        let both = RequestEntity {
            kind: principal.kind.clone(),
            id: principal.id.clone(),
            uid: principal.uid.clone(),
            data: Arc::new(data),
            is_bare,
        };
        return overlay_all(bundle, &[&both]);
    }
    overlay_all(bundle, &[principal, resource])
}

fn overlay_all(bundle: &Bundle, all: &[&RequestEntity]) -> Result<EntitySlice, Malformed> {
    let entities =
        all.iter().map(|known| with_ancestors(bundle, known)).collect::<Result<Vec<_>, _>>()?;
    if all.iter().zip(&entities).any(|(known, entity)| reaches_others(bundle, all, known, entity)) {
        return recompute_all(bundle, all);
    }
    let keys = |entity: &Arc<CedarEntity>| bundle.index.scope_keys_of(entity);
    let (Some(first), Some(last)) = (entities.first(), entities.last()) else {
        return Err(Malformed::Entities);
    };
    Ok(EntitySlice { principal: keys(first), resource: keys(last), entities, whole: None })
}

/// One entity of the request, with all of its ancestors.
fn with_ancestors(bundle: &Bundle, known: &RequestEntity) -> Result<Arc<CedarEntity>, Malformed> {
    let stated = bundle.store.get(&known.uid);
    if let Some(stated) = stated.filter(|_| known.is_bare) {
        return Ok(Arc::clone(&stated.entity));
    }
    let mut entity =
        known.data.to_entity(known.uid.clone(), &bundle.shapes).ok_or(CedarError::Attribute)?;
    if !known.is_bare {
        let schema: &ValidatorSchema = bundle.schema.as_ref();
        let schema = CoreSchema::new(schema);
        EntitySchemaConformanceChecker::new(&schema, Extensions::all_available())
            .validate_entity(&entity)
            .map_err(|_| Malformed::Entities)?;
    }
    let parents: Vec<EntityUID> = entity.parents().cloned().collect();
    let above = parents.iter().filter_map(|parent| bundle.store.get(parent));
    for ancestor in above.flat_map(|stated| stated.entity.ancestors()) {
        entity.add_indirect_ancestor(ancestor.clone());
    }
    Ok(Arc::new(entity))
}

/// Whether the parents that the request names may change the ancestors of any other entity, or make
/// a circle.
fn reaches_others(
    bundle: &Bundle,
    all: &[&RequestEntity],
    known: &RequestEntity,
    entity: &CedarEntity,
) -> bool {
    let has_new_parents = |known: &RequestEntity| !known.is_bare && !known.data.parents.is_empty();
    let is_below = |other: &RequestEntity| entity.is_descendant_of(&other.uid);
    if has_new_parents(known) {
        return bundle.store.is_above(&known.uid) || all.iter().any(|other| is_below(other));
    }
    all.iter().filter(|other| has_new_parents(other)).any(|other| is_below(other))
}

/// All entities, with every ancestor computed by Cedar: for the rare request that needs it.
fn recompute_all(bundle: &Bundle, all: &[&RequestEntity]) -> Result<EntitySlice, Malformed> {
    let described = all.iter().rev().map(|known| known.data.to_cedar(known.kind.name(), &known.id));
    let described = described.collect::<Result<Vec<_>, CedarError>>()?;
    let whole = bundle
        .store
        .whole()
        .clone()
        .upsert_entities(described, Some(&bundle.schema))
        .map_err(|_| Malformed::Entities)?;
    let whole: &Entities = whole.as_ref();
    let keys = |known: &RequestEntity| match whole.entity(&known.uid) {
        Dereference::Data(entity) => Some(bundle.index.scope_keys_of(entity)),
        Dereference::NoSuchEntity | Dereference::Residual(_) => None,
    };
    let ends = all.first().zip(all.last());
    let ends = ends.and_then(|(first, last)| Some((keys(first)?, keys(last)?)));
    let (principal, resource) = ends.ok_or(Malformed::Entities)?;
    Ok(EntitySlice { principal, resource, entities: Vec::new(), whole: Some(whole.clone()) })
}
