//! A request against the schema: read once, into values with types.

use std::collections::BTreeMap;

use cedar_policy::{Context, Entities, EntityUid, Request as CedarRequest, RestrictedExpression};
use dogwood_language::{Event, TemporalBindings, Value as EventValue};

use super::time::datetime;
use crate::bundle::Bundle;
use crate::bundle::entities::{EntityData, check_id, entity_type, read_properties};
use crate::bundle::schema::{Action, Shapes};
use crate::facts::{Facts, Trust};
use crate::json::Json;
use crate::limits::{AT_MS_MAX, INPUT_BYTES_MAX, NAME_BYTES_MAX, PROPERTIES_BYTES_MAX};
use crate::request::{Entity, Request};
use crate::typed::{At, Extension, Record, Type, Typed, Undeclared, uid};

/// What a request turned out to be.
pub(crate) enum Form<'b> {
    /// It fits the schema.
    Ready(Box<Shaped<'b>>),
    /// It is well formed as far as can be told, but its action is not in the schema.
    UnknownAction,
    /// It does not fit, and why.
    Malformed(String),
}

/// A request that fits the schema.
pub(crate) struct Shaped<'b> {
    action: &'b Action,
    principal: Known,
    resource: Known,
    /// The members of the context that exist before history is looked at.
    context: BTreeMap<String, Typed>,
    uids: [EntityUid; 3],
    cedar_context: Context,
    /// What is known of entities, those of the request included.
    pub(crate) entities: Entities,
}

/// An entity of the request.
struct Known {
    kind: String,
    id: String,
    data: EntityData,
}

/// The facts that a context can carry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) facts: Facts,
    pub(crate) trust: Trust,
}

/// Reads a request. Without a moment, for an event of the past, what needs one stays out of the context.
pub(crate) fn form<'b>(bundle: &'b Bundle, moment: Option<Moment>, request: &Request) -> Form<'b> {
    let input = sizes(moment, request)
        .and_then(|()| Json::parse_object(&request.input).map_err(|why| format!("`input` {why}")));
    let input = match input {
        Ok(input) => input,
        Err(why) => return Form::Malformed(why),
    };
    let Some(action) = bundle.shapes.action(&request.action) else { return Form::UnknownAction };
    match shaped(bundle, action, moment, request, &input) {
        Ok(shaped) => Form::Ready(Box::new(shaped)),
        Err(why) => Form::Malformed(why),
    }
}

/// The bounds of a request, before anything is read.
fn sizes(moment: Option<Moment>, request: &Request) -> Result<(), String> {
    let Request { principal, action, resource, input } = request;
    if moment.is_some_and(|moment| !(0..=AT_MS_MAX).contains(&moment.facts.at)) {
        return Err("the time lies outside 0 to 2^53 - 1 milliseconds".to_owned());
    }
    let names = [&principal.kind, &principal.id, action, &resource.kind, &resource.id];
    if names.iter().any(|name| name.len() > NAME_BYTES_MAX) {
        return Err(format!("a name is longer than {NAME_BYTES_MAX} bytes"));
    }
    if names.iter().any(|name| name.is_empty()) {
        return Err("the action, or a type or id of principal or resource, is empty".to_owned());
    }
    if input.len() > INPUT_BYTES_MAX {
        return Err(format!("`input` is longer than {INPUT_BYTES_MAX} bytes"));
    }
    if principal.properties.len().max(resource.properties.len()) > PROPERTIES_BYTES_MAX {
        return Err(format!("`properties` are longer than {PROPERTIES_BYTES_MAX} bytes"));
    }
    Ok(())
}

fn shaped<'b>(
    bundle: &'b Bundle,
    action: &'b Action,
    moment: Option<Moment>,
    request: &Request,
    input: &BTreeMap<String, Json>,
) -> Result<Shaped<'b>, String> {
    let shapes = &bundle.shapes;
    let principal = known(bundle, &request.principal, At::root("principal"))?;
    let resource = known(bundle, &request.resource, At::root("resource"))?;
    if !action.principals.contains(&principal.kind) {
        return Err(format!(
            "the action does not apply to principals of type `{}`",
            principal.kind
        ));
    }
    if !action.resources.contains(&resource.kind) {
        return Err(format!("the action does not apply to resources of type `{}`", resource.kind));
    }
    let context = context(bundle, action, moment, input)?;
    let mut pairs: Vec<(String, RestrictedExpression)> = Vec::with_capacity(context.len());
    for (name, value) in &context {
        pairs.push((name.clone(), value.to_cedar()?));
    }
    let cedar_context =
        Context::from_pairs(pairs).map_err(|_| "the arguments can't be evaluated")?;
    let uids = [
        uid(&principal.kind, &principal.id)?,
        uid(&action.path.join("::"), &action.id)?,
        uid(&resource.kind, &resource.id)?,
    ];
    if moment.is_some() {
        // What is read above is read again by Cedar's own validation: it has the last word.
        let [who, what, on] = uids.clone();
        CedarRequest::new(who, what, on, cedar_context.clone(), Some(&bundle.schema))
            .map_err(|_| "the request does not fit the schema")?;
    }
    let entities = entities(bundle, shapes, &principal, &resource)?;
    Ok(Shaped { action, principal, resource, context, uids, cedar_context, entities })
}

/// What the bundle and the request say of an entity, together.
fn known(bundle: &Bundle, entity: &Entity, at: At<'_>) -> Result<Known, String> {
    let shapes = &bundle.shapes;
    let (kind, shape) =
        entity_type(&entity.kind, shapes).map_err(|why| format!("`{at}`: {why}"))?;
    check_id(shape, &entity.id).map_err(|why| format!("`{at}`: {why}"))?;
    let stated = bundle.stated.get(&(kind.to_owned(), entity.id.clone()));
    let mut data = stated.cloned().unwrap_or_default();
    data.merge(read_properties(&entity.properties, shape, shapes, at)?)
        .map_err(|why| format!("`{at}`: {why}"))?;
    Ok(Known { kind: kind.to_owned(), id: entity.id.clone(), data })
}

/// The bundle's entities, with principal and resource as the request describes them. A required attribute that
/// nobody states is an error.
fn entities(
    bundle: &Bundle,
    shapes: &Shapes,
    principal: &Known,
    resource: &Known,
) -> Result<Entities, String> {
    for (name, entity) in [("principal", principal), ("resource", resource)] {
        let attributes = shapes.entity(&entity.kind).map(|(_, shape)| &shape.attributes);
        let missing = attributes
            .into_iter()
            .flat_map(|record| &record.members)
            .find(|(name, member)| member.required && !entity.data.attributes.contains_key(*name));
        if let Some((attribute, _)) = missing {
            return Err(format!("`{name}.{attribute}` is missing"));
        }
    }
    let same = (&principal.kind, &principal.id) == (&resource.kind, &resource.id);
    let mut data = principal.data.clone();
    let mut described = Vec::with_capacity(2);
    if same {
        data.merge(resource.data.clone())?;
    } else {
        described.push(resource.data.to_cedar(&resource.kind, &resource.id)?);
    }
    described.push(data.to_cedar(&principal.kind, &principal.id)?);
    bundle
        .entities
        .clone()
        .upsert_entities(described, Some(&bundle.schema))
        .map_err(|_| "principal and resource do not fit the schema's entities".to_owned())
}

/// The members of the context, as the action declares them.
fn context(
    bundle: &Bundle,
    action: &Action,
    moment: Option<Moment>,
    input: &BTreeMap<String, Json>,
) -> Result<BTreeMap<String, Typed>, String> {
    let binds = bundle.binds.contains(&action.full_name());
    let undeclared = if binds { Undeclared::Ignore } else { Undeclared::Refuse };
    let none = Record::default();
    let arguments = action.input().unwrap_or(&none).read(input, At::root("input"), undeclared)?;
    let mut context = BTreeMap::new();
    for (name, member) in &action.context.members {
        let value = match (name.as_str(), &member.ty, moment) {
            ("input", _, _) => Some(Typed::Record(arguments.clone())),
            ("facts", Type::Record(record), Some(moment)) => Some(facts(record, moment)?),
            ("system", _, Some(moment)) => {
                let now = Typed::Extension(Extension::Datetime, written(moment.facts.at)?);
                Some(Typed::Record(BTreeMap::from([("now".to_owned(), now)])))
            }
            ("isOutput", _, _) => Some(Typed::Bool(false)),
            _ => None,
        };
        context.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(context)
}

fn facts(record: &Record, moment: Moment) -> Result<Typed, String> {
    let mut members = BTreeMap::new();
    for name in record.members.keys() {
        let value = match name.as_str() {
            "assurance" => Typed::String(moment.facts.assurance.as_str().to_owned()),
            "trust" => Typed::String(moment.trust.as_str().to_owned()),
            "at_ms" => Typed::Long(moment.facts.at),
            "at" => Typed::Extension(Extension::Datetime, written(moment.facts.at)?),
            _ => continue,
        };
        members.insert(name.clone(), value);
    }
    Ok(Typed::Record(members))
}

fn written(at_ms: i64) -> Result<String, String> {
    datetime(at_ms).ok_or_else(|| "the time can't be written as a datetime".to_owned())
}

impl Shaped<'_> {
    /// The request for Cedar, with the values of the temporal conditions that its action's policies read.
    pub(crate) fn cedar_request(
        &self,
        bundle: &Bundle,
        bindings: &TemporalBindings,
    ) -> Result<CedarRequest, String> {
        let key = (self.action.path.clone(), self.action.id.clone());
        let mut leaves = Vec::new();
        for leaf in bundle.leaves.get(&key).into_iter().flatten() {
            let holds = bindings.get(leaf).ok_or("a temporal condition has no value")?;
            leaves.push((leaf.clone(), RestrictedExpression::new_bool(*holds)));
        }
        let mut context = self.cedar_context.clone();
        if !leaves.is_empty() {
            let leaves = Context::from_pairs(leaves).map_err(|_| "a temporal condition repeats")?;
            context = context.merge(leaves).map_err(|_| "a temporal condition repeats")?;
        }
        let [principal, action, resource] = self.uids.clone();
        CedarRequest::new(principal, action, resource, context, None)
            .map_err(|_| "the request can't be put together".to_owned())
    }

    /// The event that this request, or its end, is for the temporal conditions.
    pub(crate) fn event(
        &self,
        kind: &str,
        time: i64,
        output: Option<&BTreeMap<String, Json>>,
    ) -> Event {
        let path: Vec<&str> = self.action.path.iter().map(String::as_str).collect();
        let mut event = Event::builder_for(&path, &self.action.id, kind)
            .timestamp(time)
            .principal_for(&self.principal.kind, &self.principal.id)
            .resource_for(&self.resource.kind, &self.resource.id);
        for (group, value) in &self.context {
            let Typed::Record(members) = value else { continue };
            for (name, value) in members {
                event = event.request_context(group, name, value.to_event());
                if group == "input" {
                    event = event.field(group, name, value.to_event());
                }
            }
        }
        if let (Some(declared), Some(output)) = (self.action.output(), output) {
            for (name, value) in declared.read_what_fits(output) {
                event = event.field("output", &name, value.to_event());
            }
        }
        for known in [&self.principal, &self.resource] {
            let attributes: Vec<(&str, EventValue)> = known
                .data
                .attributes
                .iter()
                .map(|(name, value)| (name.as_str(), value.to_event()))
                .collect();
            event = event.entity_for(&known.kind, &known.id, attributes);
        }
        event.build()
    }
}

#[cfg(test)]
mod tests;
