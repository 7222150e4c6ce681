//! The first half of a decision: the request against the bundle, whatever the moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy_core::ast::{Context, RequestSchema};
use cedar_policy_core::entities::Entities;
use cedar_policy_core::extensions::Extensions;
use cedar_policy_core::validator::ValidatorSchema;
use proof::digest::Digest;

use super::known::{Known, Laid, known, lay_over};
use super::shape::{Form, Moment, Shaped, added, sizes};
use crate::bundle::Bundle;
use crate::bundle::schema::Action;
use crate::engine::store;
use crate::facts::{Assurance, Facts, Trust};
use crate::history::frame_digest;
use crate::json::Json;
use crate::labels::Labels;
use crate::limits::AT_MS_MAX;
use crate::protocol::{looks_at_input, says_more};
use crate::request::{Entity, Request};
use crate::typed::{At, Record, Typed, Undeclared};
use crate::web;

/// A request, read against a bundle: typed, validated, with the policies whose scopes match. It depends on nothing
/// else, so it can be made in parallel and ahead; [`crate::decide_formed`] does the rest.
pub struct Formed {
    bundle: Arc<Bundle>,
    request: Arc<Request>,
    /// Tells what its event has in common with others.
    frame: Digest,
    read: Read,
}

enum Read {
    Malformed(String),
    UnknownAction,
    Fitting(Box<Fitting>),
}

/// A request whose action is known and whose arguments have its types.
pub(super) struct Fitting {
    pub(super) action: Arc<Action>,
    pub(super) principal: Known,
    pub(super) resource: Known,
    /// The members of the context that do not depend on the moment, by name: `input` and `isOutput`.
    pub(super) context: BTreeMap<String, Typed>,
    /// The same for Cedar.
    pub(super) cedar: Context,
    /// Why Cedar's own validation of the request refuses it, if it does.
    refused: Option<&'static str>,
    /// What policies may read, or why principal and resource do not fit.
    known: Result<Asking, String>,
}

/// What the policies are asked about, and which of them.
pub(super) struct Asking {
    pub(super) candidates: Vec<usize>,
    pub(super) entities: Entities,
}

impl std::fmt::Debug for Formed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Formed({} under {:?})", self.request.action, self.bundle)
    }
}

/// Reads a request against a bundle. It takes no more than the two, and costs most of what a decision costs.
#[must_use]
pub fn form(bundle: &Arc<Bundle>, request: &Request) -> Formed {
    form_shared(bundle, &Arc::new(request.clone()))
}

/// [`form()`] of a request that is shared already.
#[must_use]
pub fn form_shared(bundle: &Arc<Bundle>, request: &Arc<Request>) -> Formed {
    Formed::of(bundle, Arc::clone(request), Asked::Now)
}

/// A request of the past that ended, read for the event that its end is: for [`Formed::at`] without a moment only.
pub(crate) fn ended(bundle: &Arc<Bundle>, request: &Request) -> Formed {
    Formed::of(bundle, Arc::new(request.clone()), Asked::Before)
}

/// When a request is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Now,
    /// Nothing is decided any more, so that no moment and no policy counts.
    Before,
}

impl Formed {
    fn of(bundle: &Arc<Bundle>, request: Arc<Request>, asked: Asked) -> Formed {
        let read = read(bundle, &request, asked);
        Formed { bundle: Arc::clone(bundle), frame: frame_digest(&request), request, read }
    }

    pub(crate) fn frame(&self) -> Digest {
        self.frame
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Arc<Request> {
        &self.request
    }

    /// The bundle that it was read against.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// How many policies have scopes that match, and are evaluated.
    #[must_use]
    pub fn candidates(&self) -> usize {
        match &self.read {
            Read::Fitting(fitting) => {
                fitting.known.as_ref().map_or(0, |asking| asking.candidates.len())
            }
            Read::Malformed(_) | Read::UnknownAction => 0,
        }
    }

    /// The request at a moment; for an event of the past without one, so that what needs one stays out of the context.
    pub(crate) fn at(&self, moment: Option<&Moment>) -> Form<'_> {
        if moment.is_some_and(|moment| !(0..=AT_MS_MAX).contains(&moment.facts.at)) {
            let why = "the time lies outside 0 to 2^53 - 1 milliseconds";
            return Form::Malformed(why.to_owned());
        }
        match &self.read {
            Read::Malformed(why) => Form::Malformed(why.clone()),
            Read::UnknownAction => Form::UnknownAction,
            Read::Fitting(fitting) => match fitting.at(moment) {
                Ok(shaped) => Form::Ready(Box::new(shaped)),
                Err(why) => Form::Malformed(why),
            },
        }
    }
}

impl Fitting {
    fn at(&self, moment: Option<&Moment>) -> Result<Shaped<'_>, String> {
        let added = added(&self.action.context, moment)?;
        if let Some(why) = self.refused.filter(|_| moment.is_some()) {
            return Err(why.to_owned());
        }
        let asking = self.known.as_ref().map_err(Clone::clone)?;
        Ok(Shaped { fitting: self, added, asking })
    }
}

fn read(bundle: &Bundle, request: &Request, asked: Asked) -> Read {
    let action = bundle.shapes.action(&request.action);
    let message = action.filter(|action| bundle.is_message(action));
    let input = match sizes(request).and_then(|()| read_input(bundle, request, message)) {
        Ok(input) => input,
        Err(why) => return Read::Malformed(why),
    };
    let Some(action) = action else { return Read::UnknownAction };
    match fitting(bundle, action, (request, asked), &input) {
        Ok(fitting) => Read::Fitting(Box::new(fitting)),
        Err(why) => Read::Malformed(why),
    }
}

/// The input's members. Those of a message that nothing looks at may be any JSON.
fn read_input(
    bundle: &Bundle,
    request: &Request,
    message: Option<&Arc<Action>>,
) -> Result<BTreeMap<String, Json>, String> {
    let read = match message {
        Some(action) if !looks_at_input(action) => Ok(BTreeMap::new()),
        _ => bundle.read_input(&request.input),
    };
    read.map_err(|why| format!("`input` {why}"))
}

fn fitting(
    bundle: &Bundle,
    action: &Arc<Action>,
    (request, asked): (&Request, Asked),
    input: &BTreeMap<String, Json>,
) -> Result<Fitting, String> {
    let principal = known(bundle, &request.principal, At::root("principal"))?;
    let resource = known(bundle, &request.resource, At::root("resource"))?;
    if !action.principals.contains(principal.kind.name()) {
        return Err(format!(
            "the action does not apply to principals of type `{}`",
            principal.kind
        ));
    }
    if !action.resources.contains(resource.kind.name()) {
        return Err(format!("the action does not apply to resources of type `{}`", resource.kind));
    }
    let context = context(bundle, action, (input, &request.resource))?;
    if let Some(why) = bundle.names.refused(resource.kind.name(), &request.resource) {
        return Err(why);
    }
    let cedar = extended(&Context::empty(), &context).ok_or("the arguments can't be evaluated")?;
    let refused = match asked {
        Asked::Now if action.is_alike => None,
        Asked::Now => refused(bundle, action, &cedar, [&principal, &resource]),
        Asked::Before => Some("what ended is not asked for again"),
    };
    let known = lay_over(bundle, &principal, &resource)
        .and_then(|laid| asking(bundle, action, &laid, [&principal, &resource], &context));
    let action = Arc::clone(action);
    Ok(Fitting { action, principal, resource, context, cedar, refused, known })
}

/// The members of the context, as the action declares them, that do not depend on the moment.
fn context(
    bundle: &Bundle,
    action: &Action,
    (input, resource): (&BTreeMap<String, Json>, &Entity),
) -> Result<BTreeMap<String, Typed>, String> {
    let undeclared = if bundle.is_message(action) {
        Undeclared::IgnoreAll
    } else if bundle.binds.contains(&action.uid) {
        Undeclared::Ignore
    } else {
        Undeclared::Refuse
    };
    let none = Record::default();
    let declared = action.input().unwrap_or(&none);
    let mut arguments = declared.read(input, At::root("input"), undeclared)?;
    bundle.names.spell(action, &mut arguments)?;
    let mut context = BTreeMap::new();
    if action.context.members.contains_key("host") {
        let host = web::host(&resource.id).map(Typed::String);
        context.extend(host.map(|host| ("host".to_owned(), host)));
    }
    if action.context.members.contains_key("undeclared") {
        context.insert("undeclared".to_owned(), Typed::Bool(says_more(declared, input)));
    }
    if action.context.members.contains_key("input") {
        context.insert("input".to_owned(), Typed::Record(arguments));
    }
    if action.context.members.contains_key("isOutput") {
        context.insert("isOutput".to_owned(), Typed::Bool(false));
    }
    Ok(context)
}

/// The context with more members; none where one of them can't be evaluated.
pub(super) fn extended(context: &Context, more: &BTreeMap<String, Typed>) -> Option<Context> {
    let Context::Value(members) = context else { return None };
    let mut members = Arc::clone(members);
    let inner = Arc::make_mut(&mut members);
    for (name, value) in more {
        inner.insert(name.as_str().into(), value.to_value()?);
    }
    Some(Context::Value(members))
}

/// What is read above is read again by Cedar's own validation, which has the last word where it could say otherwise
/// ([`Action::is_alike`]). What a moment adds has types that loading has checked, so any moment stands for all.
fn refused(
    bundle: &Bundle,
    action: &Action,
    context: &Context,
    [principal, resource]: [&Known; 2],
) -> Option<&'static str> {
    let any = Moment {
        facts: Facts { at: 0, assurance: Assurance::Cooperative, definition: None },
        trust: Trust::Revoked,
        labels: Labels::NONE,
        resource_labels: Labels::NONE,
        detected: Labels::NONE,
    };
    let whole = added(&action.context, Some(&any)).ok().and_then(|added| extended(context, &added));
    let schema: &ValidatorSchema = bundle.schema.as_ref();
    let extensions = Extensions::all_available();
    let fits = whole.is_some_and(|context| {
        let [who, what, on] = [&principal.uid, &action.uid, &resource.uid].map(Some);
        schema.validate_scope_variables(who, what, on).is_ok()
            && schema.validate_context(&context, &action.uid, extensions).is_ok()
    });
    (!fits).then_some("the request does not fit the schema")
}

/// The policies whose scopes match, and every entity that their conditions can come to read: an evaluation can only
/// read an entity that it names, that the request names, or that an attribute of an entity it reads names.
fn asking(
    bundle: &Bundle,
    action: &Action,
    laid: &Laid,
    request: [&Known; 2],
    context: &BTreeMap<String, Typed>,
) -> Result<Asking, String> {
    let none = || "principal and resource do not fit the schema's entities".to_owned();
    let stated = bundle.store.get(&action.uid).ok_or_else(none)?;
    let candidates = bundle.index.candidates(&laid.principal, &stated.seen, &laid.resource);
    if let Some(whole) = &laid.whole {
        return Ok(Asking { candidates, entities: whole.clone() });
    }
    let mut wanted = vec![action.uid.clone()];
    wanted.extend(bundle.index.names(&candidates).cloned());
    context.values().for_each(|value| value.entities(&mut wanted));
    for known in request {
        known.data.attributes.values().for_each(|value| value.entities(&mut wanted));
    }
    let mut found: BTreeMap<_, _> =
        laid.entities.iter().map(|entity| (entity.uid().clone(), Arc::clone(entity))).collect();
    while let Some(uid) = wanted.pop() {
        if found.contains_key(&uid) {
            continue;
        }
        if let Some(stated) = bundle.store.get(&uid) {
            wanted.extend(stated.names.iter().cloned());
            found.insert(uid, Arc::clone(&stated.entity));
        }
    }
    let entities = store(found.into_values().collect()).ok_or_else(none)?;
    Ok(Asking { candidates, entities })
}
