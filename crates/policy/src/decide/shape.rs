//! A request against the schema at a moment: the context that Cedar sees, and the event that history sees.

use std::collections::BTreeMap;

use cedar_policy_core::ast::{EntityUID, EntityUIDEntry, Request as CedarRequest};
use dogwood_language::{Event, TemporalBindings, Value as EventValue};

use super::form::{Asking, Fitting, extended};
use super::time::datetime;
use crate::bundle::Bundle;
use crate::engine::{Answer, Part};
use crate::facts::{Facts, Trust};
use crate::json::Json;
use crate::labels::Labels;
use crate::limits::{INPUT_BYTES_MAX, NAME_BYTES_MAX, PROPERTIES_BYTES_MAX};
use crate::request::Request;
use crate::typed::{Extension, Record, Type, Typed};

/// What a request turned out to be.
pub(crate) enum Form<'f> {
    /// It fits the schema.
    Ready(Box<Shaped<'f>>),
    /// It is well formed as far as can be told, but its action is not in the schema.
    UnknownAction,
    /// It does not fit, and why.
    Malformed(String),
}

/// A request that fits the schema.
pub(crate) struct Shaped<'f> {
    pub(super) fitting: &'f Fitting,
    /// The members of the context that the moment adds.
    pub(super) added: BTreeMap<String, Typed>,
    pub(super) asking: &'f Asking,
}

/// The facts that a context can carry.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    pub(crate) facts: Facts,
    pub(crate) trust: Trust,
    pub(crate) labels: Labels,
    pub(crate) resource_labels: Labels,
    /// What detectors found in the message itself.
    pub(crate) detected: Labels,
}

/// The bounds of a request, before anything is read.
pub(super) fn sizes(request: &Request) -> Result<(), String> {
    let Request { principal, action, resource, input } = request;
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

/// The members of the context that a moment adds, as the action declares them. None of them names an entity: those
/// that policies can read are chosen before.
pub(super) fn added(
    declared: &Record,
    moment: Option<&Moment>,
) -> Result<BTreeMap<String, Typed>, String> {
    let mut added = BTreeMap::new();
    let Some(moment) = moment else { return Ok(added) };
    for (name, member) in &declared.members {
        let value = match (name.as_str(), &member.ty) {
            ("facts", Type::Record(record)) => facts(record, moment)?,
            ("labels", Type::Set(_)) => set(&moment.labels),
            ("resource_labels", Type::Set(_)) => set(&moment.resource_labels),
            ("detected", Type::Set(_)) => set(&moment.detected),
            ("system", _) => {
                let now = Typed::Extension(Extension::Datetime, written(moment.facts.at)?);
                Typed::Record(BTreeMap::from([("now".to_owned(), now)]))
            }
            _ => continue,
        };
        added.insert(name.clone(), value);
    }
    Ok(added)
}

fn set(labels: &Labels) -> Typed {
    Typed::Set(labels.iter().map(|label| Typed::String(label.to_owned())).collect())
}

fn facts(record: &Record, moment: &Moment) -> Result<Typed, String> {
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
    /// Asks the policies, with the values of the temporal conditions that those of the action read. The caller has
    /// looked at the stack.
    pub(super) fn ask(&self, bundle: &Bundle, bindings: &TemporalBindings) -> Answer {
        match self.cedar_request(bundle, bindings) {
            Ok(request) => {
                bundle.index.ask(&self.asking.candidates, request, &self.asking.entities)
            }
            Err(why) => Answer::failed(why, false),
        }
    }

    /// The permits that this request came close to. What temporal conditions and trust were is not known any more.
    pub(crate) fn near(&self, bundle: &Bundle) -> Vec<(usize, Vec<Part>)> {
        let leaves = self.leaves(bundle);
        let none = leaves.iter().map(|leaf| (leaf.clone(), false)).collect();
        let Ok(request) = self.cedar_request(bundle, &none) else { return Vec::new() };
        let unknown = [leaves, &["trust".to_owned()]].concat();
        bundle.index.near(request, &self.asking.entities, &unknown)
    }

    fn cedar_request(
        &self,
        bundle: &Bundle,
        bindings: &TemporalBindings,
    ) -> Result<CedarRequest, &'static str> {
        let Fitting { action, principal, resource, cedar, .. } = self.fitting;
        let mut leaves = BTreeMap::new();
        for leaf in self.leaves(bundle) {
            let holds = bindings.get(leaf).ok_or("a temporal condition has no value")?;
            if leaves.insert(leaf.clone(), Typed::Bool(*holds)).is_some() {
                return Err("a temporal condition repeats");
            }
        }
        let context = extended(cedar, &self.added)
            .and_then(|context| extended(&context, &leaves))
            .ok_or("the request can't be put together")?;
        let entry =
            |uid: &cedar_policy_core::ast::EntityUID| EntityUIDEntry::known(uid.clone(), None);
        Ok(CedarRequest::new_unchecked(
            entry(&principal.uid),
            entry(&action.uid),
            entry(&resource.uid),
            Some(context),
        ))
    }

    /// The temporal conditions that the policies of the action read.
    pub(crate) fn leaves<'b>(&self, bundle: &'b Bundle) -> &'b [String] {
        bundle.leaves.get(&self.fitting.action.uid).map(Vec::as_slice).unwrap_or_default()
    }

    /// The action's name for Cedar.
    pub(crate) fn action(&self) -> &EntityUID {
        &self.fitting.action.uid
    }

    /// The action's id, as events have it.
    pub(crate) fn action_id(&self) -> &str {
        &self.fitting.action.id
    }

    /// The arguments, a record.
    pub(crate) fn input(&self) -> Option<&Typed> {
        self.fitting.context.get("input")
    }

    /// What the action declares of its result.
    pub(crate) fn output(&self) -> Option<&Record> {
        self.fitting.action.output()
    }

    /// The event that this request, or its end, is for the temporal conditions: as a bundle of the fourth version of the
    /// decider sees it, with long strings replaced, or as one before.
    pub(crate) fn event(
        &self,
        (kind, time): (&str, i64),
        output: Option<&BTreeMap<String, Json>>,
        is_fourth: bool,
    ) -> Event {
        let Fitting { action, principal, resource, context, .. } = self.fitting;
        let path: Vec<&str> = action.path.iter().map(String::as_str).collect();
        let mut event = Event::builder_for(&path, &action.id, kind)
            .timestamp(time)
            .principal_for(principal.kind.name(), &principal.id)
            .resource_for(resource.kind.name(), &resource.id);
        // Those two are `callerPrincipal` and `callerResource`; AgentCore has names of its own for them, which only bundles
        // of the fourth version may use.
        let named = [("eventPrincipal", principal), ("eventResource", resource)];
        for (name, known) in named.into_iter().filter(|_| is_fourth) {
            let (ty, id) = (known.kind.name().to_owned(), known.id.clone());
            event = event.logged_field(name, EventValue::Entity { ty, id });
        }
        for (group, value) in context.iter().chain(&self.added) {
            let Typed::Record(members) = value else { continue };
            for (name, value) in members {
                event = event.request_context(group, name, value.to_event(is_fourth));
                if group == "input" {
                    event = event.field(group, name, value.to_event(is_fourth));
                }
            }
        }
        if let (Some(declared), Some(output)) = (action.output(), output) {
            for (name, value) in declared.read_what_fits(output) {
                event = event.field("output", &name, value.to_event(is_fourth));
            }
        }
        for known in [principal, resource] {
            let attributes: Vec<(&str, EventValue)> = known
                .data
                .attributes
                .iter()
                .map(|(name, value)| (name.as_str(), value.to_event(is_fourth)))
                .collect();
            event = event.entity_for(known.kind.name(), &known.id, attributes);
        }
        event.build()
    }
}

#[cfg(test)]
mod tests;
