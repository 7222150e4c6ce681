//! The first half of a decision: a request resolved against a bundle, whatever the moment.

pub(crate) mod bound;
mod entity;
pub(crate) mod frame;
mod malformed;
mod time;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cedar_policy_core::ast::{Context, RequestSchema};
use cedar_policy_core::entities::Entities;
use cedar_policy_core::extensions::Extensions;
use cedar_policy_core::validator::ValidatorSchema;
use proof::digest::Digest;
use record::{Assurance, Facts, Labels, Trust};

use crate::bundle::Bundle;
use crate::bundle::messages::looks_at_input;
use crate::bundle::schema::ActionShape;
use crate::engine::store;
use crate::json::InputValue;
use crate::kept::kept;
use crate::limits::AT_MS_MAX;
use crate::protocol::says_more;
use crate::request::Request;
use crate::typed::{MemberPath, RecordType, Typed, Undeclared};
use crate::web;
use bound::{BoundRequest, ContextFacts, Validity, added, check_sizes};
use entity::{EntitySlice, RequestEntity, overlay, request_entity};
use frame::frame_digest;
pub(crate) use malformed::Malformed;

/// A request resolved against a bundle: typed, validated, with the policies whose scopes match. It
/// depends on nothing else, so it can be made in parallel and ahead; [`crate::decide_resolved`]
/// does the rest.
pub struct ResolvedRequest {
    bundle: Arc<Bundle>,
    request: Arc<Request>,
    /// The request as a history of the bundle keeps it, once it was asked for.
    kept: OnceLock<Arc<Request>>,
    /// The digest of what its event has in common with others.
    frame: Digest,
    resolution: Resolution,
}

enum Resolution {
    Malformed(Malformed),
    UnknownAction,
    Typed(Box<TypedRequest>),
}

/// A request whose action is known and whose arguments have its types.
pub(crate) struct TypedRequest {
    pub(crate) action: Arc<ActionShape>,
    principal: RequestEntity,
    resource: RequestEntity,
    /// The members of the context that do not depend on the moment, by name: `input` and
    /// `isOutput`.
    pub(crate) context: BTreeMap<String, Typed>,
    /// The same for Cedar.
    pub(crate) cedar: Context,
    /// Why Cedar's own validation of the request refuses it, if it does.
    refused: Option<Malformed>,
    /// The policies to ask, or why principal and resource do not fit.
    candidates: Result<CandidateSet, Malformed>,
}

/// The policies whose scopes match, and the entities that they can read.
pub(crate) struct CandidateSet {
    /// By their numbers in the index.
    pub(crate) policies: Vec<usize>,
    pub(crate) entities: Entities,
}

impl std::fmt::Debug for ResolvedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResolvedRequest({} under {:?})", self.request.action, self.bundle)
    }
}

/// Resolves a request against a bundle. It takes no more than the two, and costs most of what a
/// decision costs.
#[must_use]
pub fn resolve(bundle: &Arc<Bundle>, request: &Request) -> ResolvedRequest {
    resolve_shared(bundle, &Arc::new(request.clone()))
}

/// [`resolve()`] of a request that is shared already.
#[must_use]
pub fn resolve_shared(bundle: &Arc<Bundle>, request: &Arc<Request>) -> ResolvedRequest {
    let resolved = ResolvedRequest::of(bundle, Arc::clone(request), ResolveFor::Decision);
    // Here and not where it is decided: it takes as long as the request is long.
    let _made = resolved.kept();
    resolved
}

/// Resolves a request of the past for the event that ends it: for [`ResolvedRequest::at`] without a
/// moment only.
pub(crate) fn ended(bundle: &Arc<Bundle>, request: &Request) -> ResolvedRequest {
    ResolvedRequest::of(bundle, Arc::new(request.clone()), ResolveFor::History)
}

/// What a request is resolved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResolveFor {
    Decision,
    /// Nothing is decided any more, so that no moment and no policy counts.
    History,
}

impl ResolvedRequest {
    fn of(bundle: &Arc<Bundle>, request: Arc<Request>, purpose: ResolveFor) -> ResolvedRequest {
        let resolution = resolution(bundle, &request, purpose);
        let frame = frame_digest(&request);
        let kept = OnceLock::new();
        ResolvedRequest { bundle: Arc::clone(bundle), request, kept, frame, resolution }
    }

    pub(crate) fn frame(&self) -> Digest {
        self.frame
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Arc<Request> {
        &self.request
    }

    /// The request as a history keeps it until it ends: long strings by their digest.
    pub fn kept(&self) -> &Arc<Request> {
        self.kept.get_or_init(|| kept(&self.bundle, &self.request))
    }

    /// The request as a history of this bundle keeps it, where it was resolved against the same.
    pub(crate) fn kept_under(&self, bundle: &Arc<Bundle>) -> Option<&Request> {
        Arc::ptr_eq(&self.bundle, bundle).then(|| &**self.kept())
    }

    /// The bundle that it was resolved against.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// How many policies have scopes that match, and are evaluated.
    #[must_use]
    pub fn candidates(&self) -> usize {
        match &self.resolution {
            Resolution::Typed(typed) => {
                typed.candidates.as_ref().map_or(0, |candidates| candidates.policies.len())
            }
            Resolution::Malformed(_) | Resolution::UnknownAction => 0,
        }
    }

    /// The request at a moment; for an event of the past without one, so that what needs one stays
    /// out of the context.
    pub(crate) fn at(&self, context_facts: Option<&ContextFacts>) -> Validity<'_> {
        if context_facts.is_some_and(|known| !(0..=AT_MS_MAX).contains(&known.facts.at)) {
            return Validity::Malformed(Malformed::Time);
        }
        match &self.resolution {
            Resolution::Malformed(why) => Validity::Malformed(why.clone()),
            Resolution::UnknownAction => Validity::UnknownAction,
            Resolution::Typed(typed) => match typed.at(context_facts) {
                Ok(bound) => Validity::Ready(Box::new(bound)),
                Err(why) => Validity::Malformed(why),
            },
        }
    }
}

impl TypedRequest {
    fn at(&self, context_facts: Option<&ContextFacts>) -> Result<BoundRequest<'_>, Malformed> {
        let added = added(&self.action.context, context_facts)?;
        if let Some(why) = self.refused.as_ref().filter(|_| context_facts.is_some()) {
            return Err(why.clone());
        }
        let candidates = self.candidates.as_ref().map_err(Clone::clone)?;
        Ok(BoundRequest { typed: self, added, candidates })
    }
}

fn resolution(bundle: &Bundle, request: &Request, purpose: ResolveFor) -> Resolution {
    let action = bundle.shapes.action(&request.action);
    let message = action.filter(|action| bundle.is_message(action));
    let input = match check_sizes(request).and_then(|()| read_input(bundle, request, message)) {
        Ok(input) => input,
        Err(why) => return Resolution::Malformed(why),
    };
    let Some(action) = action else { return Resolution::UnknownAction };
    let resolver = Resolver { bundle, action, request };
    match resolver.typed(&input, purpose) {
        Ok(typed) => Resolution::Typed(Box::new(typed)),
        Err(why) => Resolution::Malformed(why),
    }
}

/// The input's members. Those of a message that nothing looks at may be any JSON.
fn read_input(
    bundle: &Bundle,
    request: &Request,
    message: Option<&Arc<ActionShape>>,
) -> Result<BTreeMap<String, InputValue>, Malformed> {
    let read = match message {
        Some(action) if !looks_at_input(action) => Ok(BTreeMap::new()),
        _ => bundle.read_input(&request.input),
    };
    read.map_err(Malformed::Input)
}

/// A request with its action, resolved step by step.
struct Resolver<'a> {
    bundle: &'a Bundle,
    action: &'a Arc<ActionShape>,
    request: &'a Request,
}

impl Resolver<'_> {
    fn typed(
        &self,
        input: &BTreeMap<String, InputValue>,
        purpose: ResolveFor,
    ) -> Result<TypedRequest, Malformed> {
        let Resolver { bundle, action, request } = *self;
        let principal = request_entity(bundle, &request.principal, MemberPath::root("principal"))?;
        let resource = request_entity(bundle, &request.resource, MemberPath::root("resource"))?;
        if !action.principals.contains(principal.kind.name()) {
            return Err(Malformed::PrincipalType { kind: principal.kind.to_string() });
        }
        if !action.resources.contains(resource.kind.name()) {
            return Err(Malformed::ResourceType { kind: resource.kind.to_string() });
        }
        let context = self.context(input)?;
        if let Some(why) = bundle.names.refused(resource.kind.name(), &request.resource) {
            return Err(why.into());
        }
        let cedar = extended(&Context::empty(), &context).ok_or(Malformed::Arguments)?;
        let entities = [&principal, &resource];
        let refused = match purpose {
            ResolveFor::Decision if action.is_alike => None,
            ResolveFor::Decision => self.refused(&cedar, entities),
            ResolveFor::History => Some(Malformed::Ended),
        };
        let candidates = overlay(bundle, &principal, &resource)
            .and_then(|slice| self.candidates(&slice, entities, &context));
        let action = Arc::clone(action);
        Ok(TypedRequest { action, principal, resource, context, cedar, refused, candidates })
    }

    /// The members of the context, as the action declares them, that do not depend on the moment.
    fn context(
        &self,
        input: &BTreeMap<String, InputValue>,
    ) -> Result<BTreeMap<String, Typed>, Malformed> {
        let Resolver { bundle, action, request } = *self;
        let undeclared = if bundle.is_message(action) {
            Undeclared::IgnoreAll
        } else if bundle.binds.contains(&action.uid) {
            Undeclared::Ignore
        } else {
            Undeclared::Refuse
        };
        let none = RecordType::default();
        let declared = action.input().unwrap_or(&none);
        let mut arguments = declared.read(input, MemberPath::root("input"), undeclared)?;
        bundle.names.spell(action, &mut arguments)?;
        let mut context = BTreeMap::new();
        if action.context.members.contains_key("host") {
            let host = web::host(&request.resource.id).map(Typed::String);
            context.extend(host.map(|host| ("host".to_owned(), host)));
        }
        if action.context.members.contains_key("undeclared") {
            let says_more = says_more(declared, input);
            context.insert("undeclared".to_owned(), Typed::Bool(says_more));
        }
        if action.context.members.contains_key("input") {
            context.insert("input".to_owned(), Typed::Record(arguments));
        }
        if action.context.members.contains_key("isOutput") {
            context.insert("isOutput".to_owned(), Typed::Bool(false));
        }
        Ok(context)
    }

    /// Cedar's own validation, where it could say otherwise than this crate's
    /// ([`ActionShape::is_alike`]): it has the last word. Loading has checked the types of what a
    /// moment adds, so any moment stands for all.
    fn refused(&self, context: &Context, entities: [&RequestEntity; 2]) -> Option<Malformed> {
        let any = ContextFacts {
            facts: Facts { at: 0, assurance: Assurance::Cooperative, definition: None },
            trust: Trust::Revoked,
            labels: Labels::NONE,
            resource_labels: Labels::NONE,
            detected: Labels::NONE,
        };
        let action = self.action;
        let added = added(&action.context, Some(&any)).ok();
        let whole = added.and_then(|added| extended(context, &added));
        let schema: &ValidatorSchema = self.bundle.schema.as_ref();
        let extensions = Extensions::all_available();
        let fits = whole.is_some_and(|context| {
            let [principal, resource] = entities;
            let [who, what, on] = [&principal.uid, &action.uid, &resource.uid].map(Some);
            schema.validate_scope_variables(who, what, on).is_ok()
                && schema.validate_context(&context, &action.uid, extensions).is_ok()
        });
        (!fits).then_some(Malformed::Schema)
    }

    /// The policies whose scopes match, and every entity that their conditions can come to read:
    /// an evaluation can only read an entity that it names, that the request names, or that an
    /// attribute of an entity it reads names.
    fn candidates(
        &self,
        slice: &EntitySlice,
        request: [&RequestEntity; 2],
        context: &BTreeMap<String, Typed>,
    ) -> Result<CandidateSet, Malformed> {
        let (bundle, action) = (self.bundle, self.action);
        let stated = bundle.store.get(&action.uid).ok_or(Malformed::Entities)?;
        let policies =
            bundle.index.candidates(&slice.principal, &stated.scope_keys, &slice.resource);
        if let Some(whole) = &slice.whole {
            return Ok(CandidateSet { policies, entities: whole.clone() });
        }
        let mut wanted = vec![action.uid.clone()];
        wanted.extend(bundle.index.names(&policies).cloned());
        context.values().for_each(|value| value.entities(&mut wanted));
        for entity in request {
            entity.data.attributes.values().for_each(|value| value.entities(&mut wanted));
        }
        let entities = slice.entities.iter();
        let mut found: BTreeMap<_, _> =
            entities.map(|entity| (entity.uid().clone(), Arc::clone(entity))).collect();
        while let Some(uid) = wanted.pop() {
            if found.contains_key(&uid) {
                continue;
            }
            if let Some(stated) = bundle.store.get(&uid) {
                wanted.extend(stated.names.iter().cloned());
                found.insert(uid, Arc::clone(&stated.entity));
            }
        }
        let entities = store(found.into_values().collect()).ok_or(Malformed::Entities)?;
        Ok(CandidateSet { policies, entities })
    }
}

/// The context with more members; none where one of them can't be evaluated.
pub(crate) fn extended(context: &Context, more: &BTreeMap<String, Typed>) -> Option<Context> {
    let Context::Value(members) = context else { return None };
    let mut members = Arc::clone(members);
    let inner = Arc::make_mut(&mut members);
    for (name, value) in more {
        inner.insert(name.as_str().into(), value.to_value()?);
    }
    Some(Context::Value(members))
}
