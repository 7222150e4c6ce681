//! The schema in the form that requests are read by: actions with the types of their arguments,
//! entity types with the types of their attributes.

mod alike;
mod extent;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy_core::ast::EntityUID;
use cedar_policy_core::validator::ValidatorSchema;
use serde_json::Value;

pub(crate) use extent::Extent;

use crate::limits::TYPE_DEPTH_MAX;
use crate::typed::{CedarError, EntityKind, Extension, MemberType, RecordType, Type};

/// What this crate does not understand of a schema that Cedar accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SchemaError {
    #[error("the schema is not an object")]
    NoObject,
    #[error("a record was expected, not {found}")]
    NoRecord { found: String },
    #[error("types are nested more than {TYPE_DEPTH_MAX} deep")]
    TooDeep,
    #[error("a type has no name")]
    UnnamedType,
    #[error("a reference has no name")]
    UnnamedReference,
    #[error("a set has no element type")]
    NoElement,
    #[error("the type `{name}` is not known")]
    UnknownType { name: String },
    #[error(transparent)]
    TypeName(#[from] CedarError),
}

/// Actions and entity types by the names that requests use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shapes {
    actions: BTreeMap<String, Arc<ActionShape>>,
    entities: BTreeMap<String, EntityType>,
    action_aliases: BTreeMap<String, String>,
    entity_aliases: BTreeMap<String, String>,
}

/// An action that can be asked for.
#[derive(Debug, Clone)]
pub(crate) struct ActionShape {
    /// The path of its type, such as `["Drupe", "ActionShape"]`.
    pub(crate) path: Vec<String>,
    /// Its id.
    pub(crate) id: String,
    /// Its name for Cedar.
    pub(crate) uid: EntityUID,
    pub(crate) principals: BTreeSet<String>,
    pub(crate) resources: BTreeSet<String>,
    /// The members of its context, by name.
    pub(crate) context: RecordType,
    /// Cedar accepts whatever is read by these types.
    pub(crate) is_alike: bool,
}

impl ActionShape {
    /// The types of its arguments, where it has any.
    pub(crate) fn input(&self) -> Option<&RecordType> {
        match &self.context.members.get("input")?.ty {
            Type::Record(record) => Some(record),
            _ => None,
        }
    }

    /// The types of its result, where policies may look back at it.
    pub(crate) fn output(&self) -> Option<&RecordType> {
        match &self.context.members.get("output")?.ty {
            Type::Record(record) => Some(record),
            _ => None,
        }
    }
}

/// An entity type.
#[derive(Debug, Clone)]
pub(crate) struct EntityType {
    pub(crate) kind: EntityKind,
    pub(crate) attributes: RecordType,
    /// The type of its tags, where it may have any.
    pub(crate) tags: Option<Type>,
    /// It must have an attribute `id`, a string: what is not stated otherwise is its own id.
    pub(crate) names_itself: bool,
    /// The types of its direct parents.
    pub(crate) parents: BTreeSet<String>,
    /// The only ids it has, where the schema lists them.
    pub(crate) ids: Option<BTreeSet<String>>,
}

impl Shapes {
    /// Reads Cedar's JSON form of a schema with resolved types. Cedar has checked the schema
    /// before; an error says what this crate does not understand of it.
    pub(crate) fn read(schema: &Value) -> Result<Shapes, SchemaError> {
        let namespaces = schema.as_object().ok_or(SchemaError::NoObject)?;
        let common = common_types(namespaces);
        let mut shapes = Shapes::default();
        for (namespace, body) in namespaces {
            for (name, body) in members(body, "entityTypes") {
                let name = qualified(namespace, name);
                let shape = read_entity_type(&name, body, &common)?;
                shapes.entities.insert(name, shape);
            }
            for (id, body) in members(body, "actions") {
                if let Some(action) = read_action(namespace, id, body, &common)? {
                    shapes.actions.insert(full_action(namespace, id), Arc::new(action));
                }
            }
        }
        shapes.action_aliases =
            aliases(shapes.actions.iter().map(|(name, a)| (a.id.clone(), name.clone())));
        shapes.entity_aliases =
            aliases(shapes.entities.keys().map(|name| {
                (name.rsplit("::").next().unwrap_or_default().to_owned(), name.clone())
            }));
        Ok(shapes)
    }

    /// Takes away what says who an entity is beside its attributes, which the decider knows from
    /// its fourth version on.
    pub(crate) fn forget_claims(&mut self) {
        for shape in self.entities.values_mut() {
            (shape.tags, shape.names_itself) = (None, false);
        }
    }

    /// Notes which actions Cedar's own schema has the same types for.
    pub(crate) fn compare(mut self, schema: &ValidatorSchema) -> Shapes {
        let is_alike = |action: &Arc<ActionShape>| alike::is_alike(action, &self, schema);
        let alike: Vec<bool> = self.actions.values().map(is_alike).collect();
        for (action, is_alike) in self.actions.values_mut().zip(alike) {
            Arc::make_mut(action).is_alike = is_alike;
        }
        self
    }

    /// The action of that name: its full name, or its id where only one action bears it.
    pub(crate) fn action(&self, name: &str) -> Option<&Arc<ActionShape>> {
        let full = self.action_aliases.get(name).map_or(name, String::as_str);
        self.actions.get(full)
    }

    /// The entity type of that name, full or last part, and its full name.
    pub(crate) fn entity<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a EntityType)> {
        let full = self.entity_aliases.get(name).map_or(name, String::as_str);
        self.entities.get_key_value(full).map(|(name, shape)| (name.as_str(), shape))
    }

    pub(crate) fn actions(&self) -> impl Iterator<Item = (&str, &ActionShape)> {
        self.actions.iter().map(|(name, action)| (name.as_str(), &**action))
    }

    pub(crate) fn action_ids(&self) -> impl Iterator<Item = &str> {
        self.actions.values().map(|action| action.id.as_str())
    }

    /// The entity types that have tags.
    pub(crate) fn tagged(&self) -> impl Iterator<Item = cedar_policy_core::ast::EntityType> {
        let tagged = self.entities.values().filter(|shape| shape.tags.is_some());
        tagged.map(|shape| shape.kind.uid("").entity_type().clone())
    }

    /// The full names of the entity types.
    pub(crate) fn entity_types(&self) -> impl Iterator<Item = &str> {
        self.entities.keys().map(String::as_str)
    }

    pub(crate) fn entity_names(&self) -> impl Iterator<Item = &str> {
        self.entities.keys().chain(self.entity_aliases.keys()).map(String::as_str)
    }
}

/// Short names that only one full name has.
fn aliases(names: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (short, full) in names {
        all.entry(short).or_default().push(full);
    }
    all.into_iter()
        .filter(|(_, full)| full.len() == 1)
        .filter_map(|(short, full)| Some((short, full.into_iter().next()?)))
        .collect()
}

type CommonTypes<'a> = BTreeMap<String, &'a Value>;

fn common_types(namespaces: &serde_json::Map<String, Value>) -> CommonTypes<'_> {
    let mut common = BTreeMap::new();
    for (namespace, body) in namespaces {
        for (name, ty) in members(body, "commonTypes") {
            common.insert(qualified(namespace, name), ty);
        }
    }
    common
}

fn members<'a>(body: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    body.get(name).and_then(Value::as_object).into_iter().flatten()
}

fn qualified(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}::{name}") }
}

fn full_action(namespace: &str, id: &str) -> String {
    format!("{}::\"{}\"", qualified(namespace, "Action"), id.escape_debug())
}

fn read_entity_type(
    name: &str,
    body: &Value,
    common: &CommonTypes<'_>,
) -> Result<EntityType, SchemaError> {
    let attributes = match body.get("shape") {
        Some(shape) => as_record(read_type(shape, common, 0)?)?,
        None => RecordType::default(),
    };
    let ids = body.get("enum").map(strings);
    let parents = body.get("memberOfTypes").map(strings).unwrap_or_default();
    let tags = body.get("tags").map(|tags| read_type(tags, common, 0)).transpose()?;
    let names_itself = attributes
        .members
        .get("id")
        .is_some_and(|member| member.required && member.ty == Type::String);
    Ok(EntityType { kind: EntityKind::parse(name)?, attributes, tags, names_itself, parents, ids })
}

fn read_action(
    namespace: &str,
    id: &str,
    body: &Value,
    common: &CommonTypes<'_>,
) -> Result<Option<ActionShape>, SchemaError> {
    let Some(applies) = body.get("appliesTo") else { return Ok(None) };
    let principals = applies.get("principalTypes").map(strings).unwrap_or_default();
    let resources = applies.get("resourceTypes").map(strings).unwrap_or_default();
    if principals.is_empty() || resources.is_empty() {
        return Ok(None);
    }
    let context = match applies.get("context") {
        Some(context) => as_record(read_type(context, common, 0)?)?,
        None => RecordType::default(),
    };
    let kind = qualified(namespace, "Action");
    let uid = EntityKind::parse(&kind)?.uid(id);
    let path = kind.split("::").map(str::to_owned).collect();
    let (id, is_alike) = (id.to_owned(), false);
    Ok(Some(ActionShape { path, id, uid, principals, resources, context, is_alike }))
}

fn strings(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn as_record(ty: Type) -> Result<RecordType, SchemaError> {
    match ty {
        Type::Record(record) => Ok(record),
        other => Err(SchemaError::NoRecord { found: other.name() }),
    }
}

fn read_type(ty: &Value, common: &CommonTypes<'_>, depth: usize) -> Result<Type, SchemaError> {
    if depth > TYPE_DEPTH_MAX {
        return Err(SchemaError::TooDeep);
    }
    let name = ty.get("type").and_then(Value::as_str).ok_or(SchemaError::UnnamedType)?;
    if let Some(definition) = common.get(name) {
        return read_type(definition, common, depth + 1);
    }
    let reference = || ty.get("name").and_then(Value::as_str).ok_or(SchemaError::UnnamedReference);
    match name.strip_prefix("__cedar::").unwrap_or(name) {
        "Bool" | "Boolean" => Ok(Type::Bool),
        "Long" => Ok(Type::Long),
        "String" => Ok(Type::String),
        "decimal" => Ok(Type::Extension(Extension::Decimal)),
        "datetime" => Ok(Type::Extension(Extension::Datetime)),
        "duration" => Ok(Type::Extension(Extension::Duration)),
        "ipaddr" => Ok(Type::Extension(Extension::Ip)),
        "Extension" => read_type(&serde_json::json!({ "type": reference()? }), common, depth + 1),
        "Entity" => Ok(Type::Entity(EntityKind::parse(reference()?)?)),
        "Set" => {
            let element = ty.get("element").ok_or(SchemaError::NoElement)?;
            Ok(Type::Set(Box::new(read_type(element, common, depth + 1)?)))
        }
        "Record" => {
            let mut record = RecordType::default();
            for (name, member) in members(ty, "attributes") {
                let required = member.get("required").and_then(Value::as_bool).unwrap_or(true);
                let ty = read_type(member, common, depth + 1)?;
                record.members.insert(name.clone(), MemberType { ty, required });
            }
            Ok(Type::Record(record))
        }
        other => Err(SchemaError::UnknownType { name: other.to_owned() }),
    }
}

#[cfg(test)]
mod tests;
