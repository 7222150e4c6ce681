//! Entities: those that a bundle states in `entities.json`, and those that a request describes by
//! properties.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Entity as CedarEntity;
use cedar_policy_core::ast::{Entity, EntityUID};

use super::schema::{EntityType, Shapes};
use crate::json::{InputValue, JsonError};
use crate::nearest::{nearest, suggestion};
use crate::typed::{
    CedarError, MemberPath, Misfit, Typed, Undeclared, entity_reference, quoted, uid,
};

/// The member of properties that holds an entity's parents.
const PARENTS: &str = "parents";
/// The member that holds its tags.
const TAGS: &str = "tags";

/// The attributes, tags and parents of one entity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EntityData {
    pub(crate) attributes: BTreeMap<String, Typed>,
    /// What `hasTag` and `getTag` read, such as the claims of a token.
    pub(crate) tags: BTreeMap<String, Typed>,
    /// Direct parents by type and id.
    pub(crate) parents: BTreeSet<(String, String)>,
}

/// Entities by full type name and id.
pub(crate) type EntityMap = BTreeMap<(String, String), EntityData>;

/// Why an entity can't be read, or does not fit the schema. Names members and types, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntityError {
    #[error("is {found}, not an object")]
    NoObject { found: &'static str },
    #[error("`{name}` is not one of `uid`, `attrs`, `parents`, `tags`")]
    UnknownMember { name: String },
    #[error("`uid` is not {{type, id}}")]
    Uid,
    #[error("`attrs` is not an object")]
    Attributes,
    #[error("`{at}` {why}")]
    InputValue { at: String, why: JsonError },
    #[error("the type `{name}` is not in the schema{}", suggestion(nearest.as_deref()))]
    UnknownType { name: String, nearest: Option<String> },
    #[error("an id is not among those that the schema lists")]
    UnlistedId,
    #[error("`parents` is {found}, not an array")]
    ParentsNoArray { found: &'static str },
    #[error("`parents` holds other than {{type, id}}")]
    Parent,
    #[error("the schema allows no parent of type `{name}` here")]
    ParentType { name: String },
    #[error("`{at}` is {found}, not an object")]
    TagsNoObject { at: String, found: &'static str },
    #[error(
        "`{at}`: the type `{kind}` has no tags in the schema, or `bundle.toml` does not say `semantics = 4`"
    )]
    NoTags { at: String, kind: String },
    #[error("the request and the bundle disagree on `{name}`")]
    Disagreement { name: String },
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// Reads `entities.json`: Cedar's form, an array of `{"uid", "attrs", "parents"}`. All problems at
/// once.
pub(crate) fn read(text: &str, shapes: &Shapes) -> Result<EntityMap, Vec<String>> {
    let items = match InputValue::parse(text) {
        Ok(InputValue::Array(items)) => items,
        Ok(other) => return Err(vec![format!("the file holds {}, not an array", other.kind())]),
        Err(why) => return Err(vec![format!("the file {why}")]),
    };
    let mut entities = EntityMap::new();
    let mut errors = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match read_one(item, shapes) {
            Ok((key, data)) => match entities.entry(key) {
                Entry::Vacant(place) => drop(place.insert(data)),
                Entry::Occupied(_) => errors.push(format!("entity {index} is stated twice")),
            },
            Err(why) => errors.push(format!("entity {index}: {why}")),
        }
    }
    if errors.is_empty() { Ok(entities) } else { Err(errors) }
}

fn read_one(
    item: &InputValue,
    shapes: &Shapes,
) -> Result<((String, String), EntityData), EntityError> {
    let members = item.as_object().ok_or(EntityError::NoObject { found: item.kind() })?;
    if let Some(name) =
        members.keys().find(|name| !["uid", "attrs", PARENTS, TAGS].contains(&name.as_str()))
    {
        return Err(EntityError::UnknownMember { name: quoted(name) });
    }
    let (kind, id) = members.get("uid").and_then(entity_reference).ok_or(EntityError::Uid)?;
    let (kind, shape) = entity_type(kind, shapes)?;
    let empty = InputValue::Object(BTreeMap::new());
    let attributes = members.get("attrs").unwrap_or(&empty);
    let attributes = attributes.as_object().ok_or(EntityError::Attributes)?;
    let attributes =
        shape.attributes.read(attributes, MemberPath::root("attrs"), Undeclared::Refuse)?;
    let parents = members.get("parents").map(|list| read_parents(list, shape, shapes));
    let tags = members.get(TAGS).map(|tags| read_tags(tags, shape, MemberPath::root(TAGS)));
    let data = EntityData {
        attributes,
        tags: tags.transpose()?.unwrap_or_default(),
        parents: parents.transpose()?.unwrap_or_default(),
    };
    check_id(shape, id)?;
    Ok(((kind.to_owned(), id.to_owned()), data))
}

/// The properties of an entity of a request: declared attributes and `parents`. Required attributes
/// may be missing here, since the bundle may state them.
pub(crate) fn read_properties(
    text: &str,
    shape: &EntityType,
    shapes: &Shapes,
    at: MemberPath<'_>,
) -> Result<EntityData, EntityError> {
    if text == "{}" {
        return Ok(EntityData::default());
    }
    let mut members = InputValue::parse_object(text)
        .map_err(|why| EntityError::InputValue { at: at.to_string(), why })?;
    let parents = match members.remove(PARENTS) {
        Some(list) => read_parents(&list, shape, shapes)?,
        None => BTreeSet::new(),
    };
    // An attribute of that name comes first.
    let has_tags = shape.tags.is_some() && !shape.attributes.members.contains_key(TAGS);
    let tags = has_tags.then(|| members.remove(TAGS)).flatten();
    let tags = tags.map(|tags| read_tags(&tags, shape, at.member(TAGS))).transpose()?;
    let mut optional = shape.attributes.clone();
    optional.members.values_mut().for_each(|member| member.required = false);
    let attributes = optional.read(&members, at, Undeclared::Refuse)?;
    Ok(EntityData { attributes, tags: tags.unwrap_or_default(), parents })
}

/// The tags of an entity: any names, with values of the one type that its entity type gives them.
fn read_tags(
    json: &InputValue,
    shape: &EntityType,
    at: MemberPath<'_>,
) -> Result<BTreeMap<String, Typed>, EntityError> {
    let members = json
        .as_object()
        .ok_or_else(|| EntityError::TagsNoObject { at: at.to_string(), found: json.kind() })?;
    let Some(ty) = &shape.tags else {
        return match members.is_empty() {
            true => Ok(BTreeMap::new()),
            false => Err(EntityError::NoTags { at: at.to_string(), kind: shape.kind.to_string() }),
        };
    };
    members
        .iter()
        .map(|(name, value)| Ok((name.clone(), ty.read(value, at.member(name))?)))
        .collect()
}

/// The name of an entity type, in full, and what the schema says of it.
pub(crate) fn entity_type<'a>(
    kind: &'a str,
    shapes: &'a Shapes,
) -> Result<(&'a str, &'a EntityType), EntityError> {
    shapes.entity(kind).ok_or_else(|| {
        let nearest = nearest(kind, shapes.entity_names());
        EntityError::UnknownType { name: quoted(kind), nearest }
    })
}

/// Where the schema lists a type's ids, refuses any other.
pub(crate) fn check_id(shape: &EntityType, id: &str) -> Result<(), EntityError> {
    match &shape.ids {
        Some(ids) if !ids.contains(id) => Err(EntityError::UnlistedId),
        _ => Ok(()),
    }
}

fn read_parents(
    list: &InputValue,
    shape: &EntityType,
    shapes: &Shapes,
) -> Result<BTreeSet<(String, String)>, EntityError> {
    let InputValue::Array(items) = list else {
        return Err(EntityError::ParentsNoArray { found: list.kind() });
    };
    let mut parents = BTreeSet::new();
    for item in items {
        let (kind, id) = entity_reference(item).ok_or(EntityError::Parent)?;
        let (kind, _) = entity_type(kind, shapes)?;
        if !shape.parents.contains(kind) {
            return Err(EntityError::ParentType { name: quoted(kind) });
        }
        parents.insert((kind.to_owned(), id.to_owned()));
    }
    Ok(parents)
}

impl EntityData {
    /// Adds what another source says of the same entity. Where both state an attribute, they must
    /// agree.
    pub(crate) fn merge(&mut self, other: EntityData) -> Result<(), EntityError> {
        for (own, others) in
            [(&mut self.attributes, other.attributes), (&mut self.tags, other.tags)]
        {
            for (name, value) in others {
                match own.entry(name) {
                    Entry::Vacant(place) => drop(place.insert(value)),
                    Entry::Occupied(place) if *place.get() == value => {}
                    Entry::Occupied(place) => {
                        return Err(EntityError::Disagreement { name: place.key().clone() });
                    }
                }
            }
        }
        self.parents.extend(other.parents);
        Ok(())
    }

    /// The entity for Cedar's evaluator, whose ancestors are its parents so far; none where an
    /// attribute can't be evaluated.
    pub(crate) fn to_entity(&self, uid: EntityUID, shapes: &Shapes) -> Option<Entity> {
        let values = |values: &BTreeMap<String, Typed>| {
            let values = values.iter();
            let values =
                values.map(|(name, value)| Some((name.as_str().into(), value.to_value()?.into())));
            values.collect::<Option<Vec<_>>>()
        };
        let parents = self.parents.iter();
        let parents = parents.map(|(kind, id)| Some(shapes.entity(kind)?.1.kind.uid(id)));
        Some(Entity::new_with_attr_partial_value(
            uid,
            values(&self.attributes)?,
            std::iter::empty().collect(),
            parents.collect::<Option<Vec<_>>>()?.into_iter().collect(),
            values(&self.tags)?,
        ))
    }

    /// The entity for Cedar.
    pub(crate) fn to_cedar(&self, kind: &str, id: &str) -> Result<CedarEntity, CedarError> {
        let values = |values: &BTreeMap<String, Typed>| {
            values.iter().map(|(name, value)| Ok((name.clone(), value.to_cedar()?))).collect()
        };
        let attributes: Result<Vec<_>, CedarError> = values(&self.attributes);
        let tags: Result<Vec<_>, CedarError> = values(&self.tags);
        let parents = self.parents.iter().map(|(kind, id)| uid(kind, id));
        let parents = parents.collect::<Result<Vec<_>, _>>()?;
        CedarEntity::new_with_tags(
            uid(kind, id)?,
            attributes?,
            parents.into_iter().collect::<Vec<_>>(),
            tags?,
        )
        .map_err(|_| CedarError::Attribute)
    }
}
