//! Values with the types of a schema: read from JSON once, then handed to Cedar and to the temporal
//! engine alike.

mod error;
mod kind;
mod value;

use std::collections::BTreeMap;
use std::str::FromStr;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use dogwood_language::Value as EventValue;
use wire::json::fold;

use crate::event_string::event_string;
use crate::json::InputValue;
use crate::limits::QUOTED_CHARS_MAX;
use crate::nearest::nearest;
pub(crate) use error::{CedarError, Misfit};
pub(crate) use kind::EntityKind;

/// A type of the schema, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Long,
    String,
    /// Cedar's `decimal`, `datetime`, `duration` or `ipaddr`.
    Extension(Extension),
    /// An entity type.
    Entity(EntityKind),
    Set(Box<Type>),
    Record(RecordType),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extension {
    Decimal,
    Datetime,
    Duration,
    Ip,
}

/// A record type: its members by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RecordType {
    pub(crate) members: BTreeMap<String, MemberType>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberType {
    pub(crate) ty: Type,
    pub(crate) required: bool,
}

/// A value of a [`Type`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    Bool(bool),
    Long(i64),
    String(String),
    Extension(Extension, String),
    Entity { kind: EntityKind, id: String },
    Set(Vec<Typed>),
    Record(BTreeMap<String, Typed>),
}

/// What to do with members that a record type does not declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undeclared {
    Refuse,
    Ignore,
    /// In the records within it too.
    IgnoreAll,
}

/// Where in the input a value lies, for messages: member names only, never values.
#[derive(Clone, Copy)]
pub(crate) struct MemberPath<'a> {
    above: Option<&'a MemberPath<'a>>,
    name: &'a str,
}

impl<'a> MemberPath<'a> {
    pub(crate) fn root(name: &'a str) -> MemberPath<'a> {
        MemberPath { above: None, name }
    }

    pub(crate) fn member(&'a self, name: &'a str) -> MemberPath<'a> {
        MemberPath { above: Some(self), name }
    }
}

impl std::fmt::Display for MemberPath<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(above) = self.above {
            write!(f, "{above}.")?;
        }
        write!(f, "{}", quoted(self.name))
    }
}

/// A name from outside, fit to be repeated in a message: bounded, and with control characters
/// escaped.
pub(crate) fn quoted(name: &str) -> String {
    let mut shown: String =
        name.chars().take(QUOTED_CHARS_MAX).flat_map(char::escape_debug).collect();
    if name.chars().nth(QUOTED_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

impl Type {
    /// Reads a JSON value as this type. The error names members and types, never values.
    pub(crate) fn read(&self, json: &InputValue, at: MemberPath<'_>) -> Result<Typed, Misfit> {
        self.read_within(json, at, Undeclared::Refuse)
    }

    fn read_within(
        &self,
        json: &InputValue,
        at: MemberPath<'_>,
        undeclared: Undeclared,
    ) -> Result<Typed, Misfit> {
        match (self, json) {
            (Type::Bool, InputValue::Bool(yes)) => Ok(Typed::Bool(*yes)),
            (Type::Long, InputValue::Integer(n) | InputValue::Whole(n)) => Ok(Typed::Long(*n)),
            (Type::String, InputValue::String(text)) => Ok(Typed::String(text.clone())),
            (Type::Extension(extension), json) => extension.read(json, at),
            (Type::Entity(kind), json) => read_entity(kind, json, at),
            (Type::Set(element), InputValue::Array(items)) => {
                let items =
                    items.iter().map(|item| element.read_within(item, at.member("[]"), undeclared));
                Ok(Typed::Set(items.collect::<Result<_, _>>()?))
            }
            (Type::Record(record), InputValue::Object(members)) => {
                record.read(members, at, undeclared).map(Typed::Record)
            }
            (expected, found) => Err(Misfit::Kind {
                at: at.to_string(),
                found: found.kind(),
                expected: expected.name(),
            }),
        }
    }

    /// Whether a value says more than this type declares.
    fn leaves_out(&self, json: &InputValue) -> bool {
        match (self, json) {
            (Type::Set(element), InputValue::Array(items)) => {
                items.iter().any(|item| element.leaves_out(item))
            }
            (Type::Record(record), InputValue::Object(members)) => {
                members.iter().any(|(name, json)| record.leaves_out(name, json))
            }
            _ => false,
        }
    }

    /// The type's name with its article.
    pub(crate) fn name(&self) -> String {
        match self {
            Type::Bool => "a boolean".into(),
            Type::Long => "an integer".into(),
            Type::String => "a string".into(),
            Type::Extension(Extension::Decimal) => "a decimal with at most four places".into(),
            Type::Extension(Extension::Datetime) => "a datetime".into(),
            Type::Extension(Extension::Duration) => "a duration".into(),
            Type::Extension(Extension::Ip) => "an IP address".into(),
            Type::Entity(kind) => format!("an entity of type `{kind}`"),
            Type::Set(_) => "an array".into(),
            Type::Record(_) => "an object".into(),
        }
    }
}

impl RecordType {
    /// Reads an object's members as this record type.
    pub(crate) fn read(
        &self,
        members: &BTreeMap<String, InputValue>,
        at: MemberPath<'_>,
        undeclared: Undeclared,
    ) -> Result<BTreeMap<String, Typed>, Misfit> {
        if undeclared == Undeclared::Refuse
            && let Some(name) = members.keys().find(|name| !self.members.contains_key(*name))
        {
            let nearest = nearest(name, self.members.keys().map(String::as_str));
            return Err(Misfit::Undeclared { at: at.member(name).to_string(), nearest });
        }
        let within = match undeclared {
            Undeclared::IgnoreAll => Undeclared::IgnoreAll,
            Undeclared::Refuse | Undeclared::Ignore => Undeclared::Refuse,
        };
        let mut typed = BTreeMap::new();
        for (name, member) in &self.members {
            match members.get(name).filter(|json| member.required || **json != InputValue::Absent) {
                Some(json) => {
                    let value = member.ty.read_within(json, at.member(name), within)?;
                    typed.insert(name.clone(), value);
                }
                None if member.required => {
                    return Err(Misfit::Missing { at: at.member(name).to_string() });
                }
                None => {}
            }
        }
        Ok(typed)
    }

    /// Whether a member says more than this record type declares, at any depth.
    pub(crate) fn leaves_out(&self, name: &str, json: &InputValue) -> bool {
        self.members.get(name).is_none_or(|member| member.ty.leaves_out(json))
    }

    /// The entity types that its values name.
    pub(crate) fn entity_names(&self) -> Vec<String> {
        fn collect(ty: &Type, found: &mut Vec<String>) {
            match ty {
                Type::Entity(kind) => found.push(kind.name().to_owned()),
                Type::Set(element) => collect(element, found),
                Type::Record(record) => found.extend(record.entity_names()),
                Type::Bool | Type::Long | Type::String | Type::Extension(_) => {}
            }
        }
        let mut found = Vec::new();
        self.members.values().for_each(|member| collect(&member.ty, &mut found));
        found
    }

    /// Whether an agent may take a member that this record type declares for something else than is
    /// read of it.
    pub(crate) fn is_doubtful(&self, members: &BTreeMap<String, InputValue>) -> bool {
        let names: Vec<String> = self.members.keys().map(|name| fold(name)).collect();
        let is_declared = |name: &str| self.members.contains_key(name);
        let is_double = |name: &str| {
            !is_declared(name)
                && names.iter().zip(self.members.keys()).any(|(folded, declared)| {
                    *folded == fold(name) && members.contains_key(declared)
                })
        };
        let mut members = members.iter();
        members.any(|(name, json)| (is_declared(name) && json.is_doubtful()) || is_double(name))
    }

    /// Reads those members that fit, each for itself; the rest is left out.
    pub(crate) fn read_what_fits(
        &self,
        members: &BTreeMap<String, InputValue>,
    ) -> BTreeMap<String, Typed> {
        let root = MemberPath::root("output");
        let fitting = self.members.iter().filter_map(|(name, member)| {
            let typed = member.ty.read(members.get(name)?, root.member(name)).ok()?;
            Some((name.clone(), typed))
        });
        fitting.collect()
    }
}

impl Extension {
    fn read(self, json: &InputValue, at: MemberPath<'_>) -> Result<Typed, Misfit> {
        let (function, text) = match (self, json) {
            (Extension::Decimal, InputValue::Integer(n) | InputValue::Whole(n)) => {
                (None, format!("{n}.0"))
            }
            (Extension::Decimal, InputValue::Fraction(text) | InputValue::Decimal(text)) => {
                (None, text.clone())
            }
            (_, InputValue::String(text)) => (None, text.clone()),
            (_, InputValue::Object(members)) => escaped_extension(members),
            _ => (None, String::new()),
        };
        let well_formed = function.is_none_or(|name| name == self.function());
        let value = Typed::Extension(self, text);
        // Cedar's own constructor is the judge of what is well formed.
        if well_formed && value.to_value().is_some() {
            return Ok(value);
        }
        let is_number = matches!(json, InputValue::Decimal(_) | InputValue::Beyond(_));
        if self == Extension::Decimal && is_number {
            let (at, found) = (at.to_string(), json.kind());
            return Err(Misfit::FineNumber { at, found, expected: Type::Extension(self).name() });
        }
        Err(Misfit::Extension { at: at.to_string(), expected: Type::Extension(self).name() })
    }

    fn function(self) -> &'static str {
        match self {
            Extension::Decimal => "decimal",
            Extension::Datetime => "datetime",
            Extension::Duration => "duration",
            Extension::Ip => "ip",
        }
    }
}

/// Cedar's escape `{"__extn": {"fn": .., "arg": ..}}`, as `entities.json` has it.
fn escaped_extension(members: &BTreeMap<String, InputValue>) -> (Option<&str>, String) {
    let call = members.get("__extn").and_then(InputValue::as_object);
    let call = call.filter(|call| members.len() == 1 && call.len() == 2);
    let part = |name: &str| call.and_then(|call| call.get(name)).and_then(InputValue::as_str);
    (Some(part("fn").unwrap_or_default()), part("arg").unwrap_or_default().to_owned())
}

/// An entity: its id alone, `{"type", "id"}`, or Cedar's escape `{"__entity": {"type", "id"}}`.
fn read_entity(kind: &EntityKind, json: &InputValue, at: MemberPath<'_>) -> Result<Typed, Misfit> {
    let wrong = || {
        let expected = format!("an entity of type `{kind}`");
        Misfit::Kind { at: at.to_string(), found: json.kind(), expected }
    };
    if let InputValue::String(id) = json {
        return Ok(Typed::Entity { kind: kind.clone(), id: id.clone() });
    }
    let (named, id) = entity_reference(json).ok_or_else(wrong)?;
    if named != kind.name() {
        return Err(Misfit::EntityType { at: at.to_string(), expected: kind.to_string() });
    }
    Ok(Typed::Entity { kind: kind.clone(), id: id.to_owned() })
}

/// The type and id in `{"type", "id"}` or `{"__entity": {"type", "id"}}`.
pub(crate) fn entity_reference(json: &InputValue) -> Option<(&str, &str)> {
    let members = json.as_object()?;
    let members = match members.get("__entity") {
        Some(inner) if members.len() == 1 => inner.as_object()?,
        _ => members,
    };
    if members.len() != 2 {
        return None;
    }
    Some((members.get("type")?.as_str()?, members.get("id")?.as_str()?))
}

impl Typed {
    /// The value for Cedar.
    pub(crate) fn to_cedar(&self) -> Result<RestrictedExpression, CedarError> {
        Ok(match self {
            Typed::Bool(yes) => RestrictedExpression::new_bool(*yes),
            Typed::Long(n) => RestrictedExpression::new_long(*n),
            Typed::String(text) => RestrictedExpression::new_string(text.clone()),
            Typed::Extension(Extension::Decimal, text) => RestrictedExpression::new_decimal(text),
            Typed::Extension(Extension::Datetime, text) => RestrictedExpression::new_datetime(text),
            Typed::Extension(Extension::Duration, text) => RestrictedExpression::new_duration(text),
            Typed::Extension(Extension::Ip, text) => RestrictedExpression::new_ip(text),
            Typed::Entity { kind, id } => {
                RestrictedExpression::new_entity_uid(uid(kind.name(), id)?)
            }
            Typed::Set(items) => {
                let items: Vec<_> = items.iter().map(Typed::to_cedar).collect::<Result<_, _>>()?;
                RestrictedExpression::new_set(items)
            }
            Typed::Record(members) => record_to_cedar(members)?,
        })
    }

    /// The value for the temporal engine. Like Dogwood, it knows datetimes, durations and addresses
    /// as text. With long strings replaced or not.
    pub(crate) fn to_event(&self, replaces: bool) -> EventValue {
        let string =
            |text: &str| if replaces { event_string(text).into_owned() } else { text.to_owned() };
        match self {
            Typed::Bool(yes) => EventValue::Bool(*yes),
            Typed::Long(n) => EventValue::Int(*n),
            Typed::Extension(Extension::Decimal, text) => EventValue::Decimal(text.clone()),
            Typed::String(text) | Typed::Extension(_, text) => EventValue::String(string(text)),
            Typed::Entity { kind, id } => {
                EventValue::Entity { ty: kind.name().to_owned(), id: string(id) }
            }
            Typed::Set(items) => {
                EventValue::Array(items.iter().map(|item| item.to_event(replaces)).collect())
            }
            Typed::Record(members) => {
                let members = members.iter();
                let members = members.map(|(name, value)| (name.clone(), value.to_event(replaces)));
                EventValue::Object(members.collect())
            }
        }
    }
}

/// A record for Cedar.
pub(crate) fn record_to_cedar(
    members: &BTreeMap<String, Typed>,
) -> Result<RestrictedExpression, CedarError> {
    let mut pairs = Vec::with_capacity(members.len());
    for (name, value) in members {
        pairs.push((name.clone(), value.to_cedar()?));
    }
    RestrictedExpression::new_record(pairs).map_err(|_| CedarError::RepeatedMember)
}

/// Cedar's name for an entity.
pub(crate) fn uid(kind: &str, id: &str) -> Result<EntityUid, CedarError> {
    let kind =
        EntityTypeName::from_str(kind).map_err(|_| CedarError::TypeName { name: quoted(kind) })?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

#[cfg(test)]
mod tests;
