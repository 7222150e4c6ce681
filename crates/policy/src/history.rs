//! What one execution has done so far, as the policies' temporal conditions see it.
//!
//! Every request that is decided is an event, whatever the decision: `request`, and when it
//! completes `response` or `error`. From [`Semantics::V4`] on a denied request is an `error` at
//! once, as AgentCore has it, and so is one whose permit was withheld: nothing of it happened. A
//! pending one has not ended, and is a `request` alone. An outcome that is unknown may or may not
//! have happened: from that version on it counts as the worst for every condition, as a response
//! without a result and as an error at once; before, it was neither. The history keeps the events
//! as they came, but for long strings, of which it keeps the digest ([`kept`]), so that a new
//! bundle sees all of them: those that are well formed under its schema.
//!
//! An execution has one history with all that descend from it, or one of its own, as the bundle
//! says ([`HistoryScope`]). So events are not matched by principal again (Dogwood's unpinned event
//! schema): every event in it counts, for any principal.
//!
//! What the conditions need of it is a fold of the events ([`live`]) that is made when it is first
//! asked for, and made anew under another bundle.

mod events;
mod live;
mod monitors;
mod pages;

mod temporal_error;

use std::cell::LazyCell;
use std::sync::{Arc, OnceLock};

use dogwood_language::TemporalBindings;

use crate::bundle::Bundle;
use crate::error::PrepareError;
use crate::kept;
use crate::limits::OUTPUT_BYTES_MAX;
use crate::request::Request;
use crate::resolve::bound::{BoundRequest, ContextFacts, Validity};
use crate::resolve::frame::frame_digest;
use crate::resolve::{ResolvedRequest, ended};
use crate::semantics::Semantics;
use events::{EventKind, Events, NewEvent, Share};
use live::Monitors;
pub use pages::{HistoryPage, OpenPage};
pub(crate) use temporal_error::TemporalError;

/// How a permitted transition ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransitionOutcome {
    /// It returned, perhaps with a result: JSON in text. Members of an object that the schema
    /// declares under `output` and that have the declared type can be looked back at.
    Result(Option<String>),
    /// It failed.
    Error,
    /// It went one way: nothing comes back.
    Sent,
    /// Nobody knows.
    Unknown,
}

/// One execution's history, judged by one bundle.
pub struct History {
    bundle: Arc<Bundle>,
    events: Events,
    /// The fold of the events that the bundle's conditions need, once it has been asked for.
    live: OnceLock<Result<Monitors, TemporalError>>,
    version: u64,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "History({} events under {:?})", self.events.len(), self.bundle)
    }
}

impl History {
    /// The history of an execution that has done nothing yet.
    ///
    /// # Errors
    /// When the bundle's temporal conditions can't be prepared; [`Bundle::load`] has tried.
    pub fn new(bundle: &Arc<Bundle>) -> Result<History, PrepareError> {
        let live = Monitors::new(bundle).map_err(|why| PrepareError { why: why.to_string() })?;
        Ok(History {
            bundle: Arc::clone(bundle),
            events: Events::default(),
            live: OnceLock::from(Ok(live)),
            version: 0,
        })
    }

    /// Judges by another bundle from now on. It sees the whole recorded history, not only what
    /// follows.
    pub fn rebase(&mut self, bundle: &Arc<Bundle>) {
        self.changed();
        self.bundle = Arc::clone(bundle);
        self.live = OnceLock::new();
    }

    /// Records how a decided request ended, at `at` milliseconds since the epoch.
    pub fn complete(&mut self, at: i64, request: &Request, outcome: &TransitionOutcome) {
        self.end(at, Ending::of(request), outcome);
    }

    /// [`History::complete`] for a request as it was read when it was decided.
    pub fn complete_resolved(
        &mut self,
        at: i64,
        resolved: &ResolvedRequest,
        outcome: &TransitionOutcome,
    ) {
        self.end(at, Ending::of_resolved(resolved), outcome);
    }

    /// Records that a decided request was denied.
    pub(crate) fn deny(&mut self, at: i64, resolved: &ResolvedRequest) {
        if self.bundle.semantics() >= Semantics::V4 {
            self.end(at, Ending::of_resolved(resolved), &TransitionOutcome::Error);
        }
    }

    /// Records that the permit for a request was withheld, at `at` milliseconds since the epoch: it
    /// did not happen.
    pub fn withhold(&mut self, at: i64, request: &Request) {
        if self.bundle.semantics() >= Semantics::V4 {
            self.end(at, Ending::of(request), &TransitionOutcome::Error);
        }
    }

    fn end(&mut self, at: i64, ending: Ending<'_>, outcome: &TransitionOutcome) {
        let Ending { request, resolved } = ending;
        let is_fourth = self.bundle.semantics() >= Semantics::V4;
        let kind = match outcome {
            TransitionOutcome::Result(text) => {
                let text = text.as_deref().filter(|text| text.len() <= OUTPUT_BYTES_MAX);
                match text {
                    Some(text) if is_fourth && kept::is_forged(text) => EventKind::Unknown,
                    text => EventKind::Response(text.map(|text| kept::text(&self.bundle, text))),
                }
            }
            TransitionOutcome::Error => EventKind::Error,
            TransitionOutcome::Unknown if is_fourth => EventKind::Unknown,
            TransitionOutcome::Unknown | TransitionOutcome::Sent => return,
        };
        self.changed();
        let bundle = Arc::clone(&self.bundle);
        let again = LazyCell::new(|| ended(&bundle, request));
        let validity = LazyCell::new(|| {
            let same = resolved.filter(|resolved| Arc::ptr_eq(resolved.bundle(), &bundle));
            same.unwrap_or_else(|| &again).at(None)
        });
        let is_about =
            || matches!(&*validity, Validity::Ready(bound) if self.is_about(bound, &kind));
        if self.share(&request.action) == Share::OfServers && !is_about() {
            return;
        }
        let frame = resolved.map_or_else(|| frame_digest(request), ResolvedRequest::frame);
        let kept = resolved.and_then(|resolved| resolved.kept_under(&bundle));
        let event = NewEvent { at, request, kept, frame, kind: kind.clone() };
        let Some(time) = self.events.record(&bundle, event) else { return };
        let Some(Ok(live)) = self.live.get_mut() else { return };
        if live.is_idle(&bundle) {
            return;
        }
        if let Validity::Ready(bound) = &*validity {
            live.observe(&bundle, bound, time, &kind);
        }
    }

    /// Takes over the events of another history, as if they came now: their times are not before
    /// the last event's.
    pub fn absorb(&mut self, other: History) {
        self.changed();
        let bundle = &self.bundle;
        self.events.absorb(other.events, |action| Share::in_force(bundle, action));
        self.live = OnceLock::new();
    }

    /// About how many bytes of memory its events take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.events.bytes()
    }

    /// How many events it holds.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events.len()
    }

    /// A number that changes with every event and with the bundle: what was looked up under it
    /// still holds while it is the same.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The bundle it is judged by.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// Records a request that is being decided, and evaluates the temporal conditions at it, if
    /// asked to.
    pub(crate) fn record_request(
        &mut self,
        context_facts: &ContextFacts,
        resolved: &ResolvedRequest,
        validity: &Validity<'_>,
        evaluate: bool,
    ) -> Result<TemporalBindings, TemporalError> {
        self.changed();
        self.live();
        let (request, frame) = (&**resolved.request(), resolved.frame());
        let share = self.share(&request.action);
        let is_about = || matches!(validity, Validity::Ready(bound) if self.is_about(bound, &EventKind::Request));
        if share == Share::OfServers && !is_about() {
            let found = self.evaluate_dry_run(context_facts, validity);
            let found = found.unwrap_or(Err(TemporalError::NoEvent));
            return if evaluate { found } else { Err(TemporalError::NotEvaluated) };
        }
        let at = context_facts.facts.at;
        let kept = resolved.kept_under(&self.bundle);
        let event = NewEvent { at, request, kept, frame, kind: EventKind::Request };
        let time = self.events.record(&self.bundle, event);
        if self.events.is_full() {
            return Err(TemporalError::Full);
        }
        if share == Share::OfServers && time.is_none() {
            return Err(TemporalError::FullOfServers);
        }
        let (Some(time), Validity::Ready(bound)) = (time, validity) else {
            return Err(TemporalError::NoEvent);
        };
        let Some(live) = self.live.get_mut() else { return Err(TemporalError::Lost) };
        let live = live.as_mut().map_err(|why| why.clone())?;
        if live.is_idle(&self.bundle) {
            return Ok(TemporalBindings::new());
        }
        let leaves = evaluate.then(|| bound.leaves(&self.bundle));
        live.observe_request(&self.bundle, bound, time, leaves)
    }

    /// What the temporal conditions would say of a request, were it the next event; nothing is
    /// recorded. None where a condition has no monitor: that can only be asked by recording.
    pub(crate) fn evaluate_dry_run(
        &self,
        context_facts: &ContextFacts,
        validity: &Validity<'_>,
    ) -> Option<Result<TemporalBindings, TemporalError>> {
        let Validity::Ready(bound) = validity else {
            let is_full = self.events.is_full();
            return Some(Err(if is_full { TemporalError::Full } else { TemporalError::NoEvent }));
        };
        let share = self.share(bound.action_id());
        // What nothing looks back at takes no room.
        let takes_none = share == Share::OfServers && !self.is_about(bound, &EventKind::Request);
        if self.events.is_full() || (!takes_none && self.events.would_be_full(share)) {
            let of_servers = share == Share::OfServers;
            let why = if of_servers { TemporalError::FullOfServers } else { TemporalError::Full };
            return Some(Err(why));
        }
        let live = match self.live() {
            Ok(live) => live,
            Err(why) => return Some(Err(why.clone())),
        };
        if live.is_idle(&self.bundle) {
            return Some(Ok(TemporalBindings::new()));
        }
        let time = self.events.time_of_next(context_facts.facts.at);
        live.evaluate_dry_run(&self.bundle, bound, time).map(Ok)
    }

    fn live(&self) -> &Result<Monitors, TemporalError> {
        self.live.get_or_init(|| Monitors::of(&self.bundle, &self.events.all))
    }

    fn share(&self, action: &str) -> Share {
        Share::in_force(&self.bundle, action)
    }

    /// Whether some condition looks back at such events.
    fn is_about(&self, bound: &BoundRequest<'_>, kind: &EventKind) -> bool {
        let plan = &self.bundle.temporal;
        kind.names().iter().any(|name| plan.is_about(bound.action_id(), name))
    }

    fn changed(&mut self) {
        self.version = self.version.wrapping_add(1);
    }
}

/// A request that ends, and how it was resolved when it was decided, where that is at hand.
#[derive(Clone, Copy)]
struct Ending<'a> {
    request: &'a Request,
    resolved: Option<&'a ResolvedRequest>,
}

impl<'a> Ending<'a> {
    fn of(request: &'a Request) -> Ending<'a> {
        Ending { request, resolved: None }
    }

    fn of_resolved(resolved: &'a ResolvedRequest) -> Ending<'a> {
        Ending { request: resolved.request(), resolved: Some(resolved) }
    }
}

#[cfg(test)]
mod tests;
