//! What one execution has done so far, as the policies' temporal conditions see it.
//!
//! Every request that is decided is an event, whatever the decision: `request`, and when it completes `response` or
//! `error`. An outcome that is unknown is neither: it may or may not have happened, and the request itself already
//! counts. The history keeps the events as they came, so that a new bundle sees all of them: those that are well
//! formed under its schema.
//!
//! An execution's history is its own. So events are not matched by principal again (Dogwood's unpinned event schema):
//! whatever happened in an execution counts, on whoever's behalf.

use std::sync::Arc;

use cedar_policy::Schema;
use dogwood_language::{EventSignature, TemporalBindings, TemporalEngine, TemporalField};
use dogwood_local_engine::{LocalTemporalEngine, TickRate};

use crate::bundle::Bundle;
use crate::decide::form;
use crate::decide::shape::{Form, Moment, Shaped};
use crate::error::PrepareError;
use crate::json::Json;
use crate::limits::{HISTORY_EVENTS_MAX, INPUT_BYTES_MAX, OUTPUT_BYTES_MAX, PROPERTIES_BYTES_MAX};
use crate::request::Request;

/// How a permitted transition ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It returned, perhaps with a result: JSON in text. Members of an object that the schema declares under
    /// `output` and that have the declared type can be looked back at.
    Result(Option<String>),
    /// It failed.
    Error,
    /// Nobody knows.
    Unknown,
}

/// One execution's history, judged by one bundle.
pub struct History {
    bundle: Arc<Bundle>,
    engine: LocalTemporalEngine,
    events: Vec<Recorded>,
    /// The time of the last event, in microseconds.
    last: i64,
    /// Why no temporal condition can be evaluated any more.
    broken: Option<&'static str>,
}

/// An event as it came.
struct Recorded {
    time: i64,
    request: Arc<Request>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// With the moment at which it was decided: what was malformed then stays so.
    Request(Moment),
    Response(Option<String>),
    Error,
}

/// Ticks of the temporal engine in one second: microseconds, so that a thousand events fit into one millisecond
/// before the clock is pushed ahead.
const TICKS_PER_SECOND: i64 = 1_000_000;
const TICKS_PER_MS: i64 = 1_000;

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
        Ok(History {
            bundle: Arc::clone(bundle),
            engine: prepared(bundle)?,
            events: Vec::new(),
            last: i64::MIN,
            broken: None,
        })
    }

    /// Judges by another bundle from now on. It sees the whole recorded history, not only what follows.
    pub fn rebase(&mut self, bundle: &Arc<Bundle>) {
        self.bundle = Arc::clone(bundle);
        match prepared(bundle) {
            Ok(engine) => self.engine = engine,
            Err(_) => {
                self.broken = Some("the temporal conditions can't be prepared");
                return;
            }
        }
        for event in &self.events {
            let moment = match &event.kind {
                Kind::Request(moment) => Some(*moment),
                Kind::Response(_) | Kind::Error => None,
            };
            if bundle.leaves.is_empty() {
                continue;
            }
            if let Form::Ready(shaped) = form::shared(bundle, &event.request).at(moment) {
                observe(&mut self.engine, &shaped, event.time, &event.kind);
            }
        }
    }

    /// Records how a decided request ended, at `at` milliseconds since the epoch.
    pub fn complete(&mut self, at: i64, request: &Request, outcome: &Outcome) {
        let kind = match outcome {
            Outcome::Result(text) => {
                Kind::Response(text.clone().filter(|text| text.len() <= OUTPUT_BYTES_MAX))
            }
            Outcome::Error => Kind::Error,
            Outcome::Unknown => return,
        };
        let request = Arc::new(request.clone());
        let Some(time) = self.record(at, &request, kind.clone()) else { return };
        if self.bundle.leaves.is_empty() {
            return;
        }
        let formed = form::shared(&self.bundle, &request);
        if let Form::Ready(shaped) = formed.at(None) {
            observe(&mut self.engine, &shaped, time, &kind);
        }
    }

    /// How many events it holds.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events.len()
    }

    /// The bundle it is judged by.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// Records a request that is being decided, and evaluates the temporal conditions at it, if asked to.
    pub(crate) fn ask(
        &mut self,
        moment: Moment,
        request: &Arc<Request>,
        form: &Form<'_>,
        evaluate: bool,
    ) -> Result<TemporalBindings, String> {
        let kind = Kind::Request(moment);
        let time = self.record(moment.facts.at, request, kind.clone());
        if let Some(why) = self.broken {
            return Err(why.to_owned());
        }
        let (Some(time), Form::Ready(shaped)) = (time, form) else {
            return Err("the request is not an event".to_owned());
        };
        if self.bundle.leaves.is_empty() {
            return Ok(TemporalBindings::new());
        }
        observe(&mut self.engine, shaped, time, &kind);
        if evaluate { self.engine.evaluate() } else { Err("not evaluated".to_owned()) }
    }

    /// Keeps an event and gives it its time: the clock's, or just after the last event where the clock stood still
    /// or stepped back.
    fn record(&mut self, at: i64, request: &Arc<Request>, kind: Kind) -> Option<i64> {
        let bytes = request.principal.properties.len().max(request.resource.properties.len());
        if request.input.len() > INPUT_BYTES_MAX || bytes > PROPERTIES_BYTES_MAX {
            return None;
        }
        if self.events.len() >= HISTORY_EVENTS_MAX {
            self.broken = Some("the execution's history is full");
            return None;
        }
        let time = at.saturating_mul(TICKS_PER_MS).max(self.last.saturating_add(1));
        self.last = time;
        self.events.push(Recorded { time, request: Arc::clone(request), kind });
        Some(time)
    }
}

/// An engine with a bundle's temporal conditions and no events.
pub(crate) fn prepared(bundle: &Bundle) -> Result<LocalTemporalEngine, PrepareError> {
    let leaves: Vec<TemporalField> = bundle.lowered.temporal_fields().cloned().collect();
    let signatures: Vec<EventSignature> = bundle.lowered.event_signatures().collect();
    prepare(&leaves, bundle.lowered.cedar_schema(), &signatures)
}

pub(crate) fn prepare(
    leaves: &[TemporalField],
    schema: &Schema,
    signatures: &[EventSignature],
) -> Result<LocalTemporalEngine, PrepareError> {
    let mut engine =
        LocalTemporalEngine::new().with_tick_rate(TickRate::per_second(TICKS_PER_SECOND));
    engine
        .prepare(leaves, schema, signatures)
        .map_err(|error| PrepareError { why: error.to_string() })?;
    Ok(engine)
}

fn observe(engine: &mut LocalTemporalEngine, shaped: &Shaped<'_>, time: i64, kind: &Kind) {
    let event = match kind {
        Kind::Request(_) => shaped.event("request", time, None),
        Kind::Error => shaped.event("error", time, None),
        Kind::Response(text) => {
            let output = text.as_deref().and_then(|text| Json::parse_object(text).ok());
            shaped.event("response", time, output.as_ref())
        }
    };
    engine.observe(&event);
}

#[cfg(test)]
mod tests;
