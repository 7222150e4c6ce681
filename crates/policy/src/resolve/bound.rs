//! A request against the schema at a moment: the context that Cedar sees, and the event that
//! history sees.

use std::collections::BTreeMap;

use cedar_policy_core::ast::{EntityUID, EntityUIDEntry, Request as CedarRequest};
use dogwood_language::{Event, TemporalBindings, Value as EventValue};
use record::{Facts, Labels, Trust};

use super::time::datetime;
use super::{CandidateSet, Malformed, TypedRequest, extended};
use crate::bundle::Bundle;
use crate::engine::{PolicyAnswer, PolicyPart};
use crate::json::InputValue;
use crate::limits::{INPUT_BYTES_MAX, NAME_BYTES_MAX, PROPERTIES_BYTES_MAX};
use crate::request::Request;
use crate::typed::{Extension, RecordType, Type, Typed};

/// What a request turned out to be.
pub(crate) enum Validity<'f> {
    /// It fits the schema.
    Ready(Box<BoundRequest<'f>>),
    /// It is well formed as far as can be told, but its action is not in the schema.
    UnknownAction,
    /// It does not fit, and why.
    Malformed(Malformed),
}

/// A request that fits the schema.
pub(crate) struct BoundRequest<'f> {
    pub(crate) typed: &'f TypedRequest,
    /// The members of the context that the moment adds.
    pub(super) added: BTreeMap<String, Typed>,
    pub(super) candidates: &'f CandidateSet,
}

/// Why the policies can't be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum BindError {
    #[error("a temporal condition has no value")]
    NoValue,
    #[error("a temporal condition repeats")]
    Repeated,
    #[error("the request can't be put together")]
    Context,
}

/// The facts that a context can carry.
#[derive(Debug, Clone)]
pub(crate) struct ContextFacts {
    pub(crate) facts: Facts,
    pub(crate) trust: Trust,
    pub(crate) labels: Labels,
    pub(crate) resource_labels: Labels,
    /// What detectors found in the message itself.
    pub(crate) detected: Labels,
}

/// The bounds of a request, before anything is read.
pub(super) fn check_sizes(request: &Request) -> Result<(), Malformed> {
    let Request { principal, action, resource, input } = request;
    let names = [&principal.kind, &principal.id, action, &resource.kind, &resource.id];
    if names.iter().any(|name| name.len() > NAME_BYTES_MAX) {
        return Err(Malformed::LongName);
    }
    if names.iter().any(|name| name.is_empty()) {
        return Err(Malformed::EmptyName);
    }
    if input.len() > INPUT_BYTES_MAX {
        return Err(Malformed::LongInput);
    }
    if principal.properties.len().max(resource.properties.len()) > PROPERTIES_BYTES_MAX {
        return Err(Malformed::LongProperties);
    }
    Ok(())
}

/// The members of the context that a moment adds, as the action declares them. None of them names
/// an entity: those that policies can read are chosen before.
pub(super) fn added(
    declared: &RecordType,
    context_facts: Option<&ContextFacts>,
) -> Result<BTreeMap<String, Typed>, Malformed> {
    let mut added = BTreeMap::new();
    let Some(context_facts) = context_facts else { return Ok(added) };
    for (name, member) in &declared.members {
        let value = match (name.as_str(), &member.ty) {
            ("facts", Type::Record(record)) => facts(record, context_facts)?,
            ("labels", Type::Set(_)) => set(&context_facts.labels),
            ("resource_labels", Type::Set(_)) => set(&context_facts.resource_labels),
            ("detected", Type::Set(_)) => set(&context_facts.detected),
            ("system", _) => {
                let now = Typed::Extension(Extension::Datetime, written(context_facts.facts.at)?);
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

fn facts(record: &RecordType, context_facts: &ContextFacts) -> Result<Typed, Malformed> {
    let mut members = BTreeMap::new();
    for name in record.members.keys() {
        let value = match name.as_str() {
            "assurance" => Typed::String(context_facts.facts.assurance.as_str().to_owned()),
            "trust" => Typed::String(context_facts.trust.as_str().to_owned()),
            "at_ms" => Typed::Long(context_facts.facts.at),
            "at" => Typed::Extension(Extension::Datetime, written(context_facts.facts.at)?),
            _ => continue,
        };
        members.insert(name.clone(), value);
    }
    Ok(Typed::Record(members))
}

fn written(at_ms: i64) -> Result<String, Malformed> {
    datetime(at_ms).ok_or(Malformed::Datetime)
}

impl BoundRequest<'_> {
    /// Asks the policies, with the values of the temporal conditions that those of the action read.
    /// The caller has looked at the stack.
    pub(crate) fn ask(&self, bundle: &Bundle, bindings: &TemporalBindings) -> PolicyAnswer {
        match self.cedar_request(bundle, bindings) {
            Ok(request) => {
                bundle.index.ask(&self.candidates.policies, request, &self.candidates.entities)
            }
            Err(why) => PolicyAnswer::failed(why.to_string(), false),
        }
    }

    /// The permits that this request came close to. What temporal conditions and trust were is not
    /// known any more.
    pub(crate) fn near(&self, bundle: &Bundle) -> Vec<(usize, Vec<PolicyPart>)> {
        let leaves = self.leaves(bundle);
        let none = leaves.iter().map(|leaf| (leaf.clone(), false)).collect();
        let Ok(request) = self.cedar_request(bundle, &none) else { return Vec::new() };
        let unknown = [leaves, &["trust".to_owned()]].concat();
        bundle.index.near(request, &self.candidates.entities, &unknown)
    }

    fn cedar_request(
        &self,
        bundle: &Bundle,
        bindings: &TemporalBindings,
    ) -> Result<CedarRequest, BindError> {
        let TypedRequest { action, principal, resource, cedar, .. } = self.typed;
        let mut leaves = BTreeMap::new();
        for leaf in self.leaves(bundle) {
            let holds = bindings.get(leaf).ok_or(BindError::NoValue)?;
            if leaves.insert(leaf.clone(), Typed::Bool(*holds)).is_some() {
                return Err(BindError::Repeated);
            }
        }
        let context = extended(cedar, &self.added)
            .and_then(|context| extended(&context, &leaves))
            .ok_or(BindError::Context)?;
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
        bundle.leaves.get(&self.typed.action.uid).map(Vec::as_slice).unwrap_or_default()
    }

    /// The action's name for Cedar.
    pub(crate) fn action(&self) -> &EntityUID {
        &self.typed.action.uid
    }

    /// The action's id, as events have it.
    pub(crate) fn action_id(&self) -> &str {
        &self.typed.action.id
    }

    /// The arguments, a record.
    pub(crate) fn input(&self) -> Option<&Typed> {
        self.typed.context.get("input")
    }

    /// What the action declares of its result.
    pub(crate) fn output(&self) -> Option<&RecordType> {
        self.typed.action.output()
    }

    /// The event that this request, or its end, is for the temporal conditions: as a bundle of the
    /// fourth version of the decider sees it, with long strings replaced, or as one before.
    pub(crate) fn event(
        &self,
        kind: &str,
        time: i64,
        output: Option<&BTreeMap<String, InputValue>>,
        is_fourth: bool,
    ) -> Event {
        let TypedRequest { action, principal, resource, context, .. } = self.typed;
        let path: Vec<&str> = action.path.iter().map(String::as_str).collect();
        let mut event = Event::builder_for(&path, &action.id, kind)
            .timestamp(time)
            .principal_for(principal.kind.name(), &principal.id)
            .resource_for(resource.kind.name(), &resource.id);
        // Those two are `callerPrincipal` and `callerResource`; AgentCore has names of its own for
        // them, which only bundles of the fourth version may use.
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
