//! What one execution has done so far, as the policies' temporal conditions see it.
//!
//! Every request that is decided is an event, whatever the decision: `request`, and when it completes `response` or
//! `error`. From [`Semantics::V4`] on a denied request is an `error` at once, as AgentCore has it, and so is one whose permit
//! was withheld: nothing of it happened. A pending one has not ended, and is a `request` alone. An outcome that is unknown
//! may or may not have happened: from that version on it counts as the worst for every condition, as a response without a
//! result and as an error at once; before, it was neither. The history keeps the events as they came, but for long strings,
//! of which it keeps the digest ([`kept`]), so that a new bundle sees all of them: those that are well formed under its
//! schema.
//!
//! An execution has one history with all that descend from it, or one of its own, as the bundle says ([`HistoryOf`]). So
//! events are not matched by principal again (Dogwood's unpinned event schema): whatever happened in it counts, on
//! whoever's behalf.
//!
//! What the conditions need of it is a fold of the events ([`live`]) that is made when it is first asked for, and made
//! anew under another bundle.

mod events;
pub(crate) mod kept;
mod live;
mod monitors;
mod pages;

use std::cell::LazyCell;
use std::sync::{Arc, OnceLock};

use dogwood_language::TemporalBindings;

use crate::bundle::Bundle;
use crate::decide::form::{Formed, ended};
use crate::decide::shape::{Form, Moment, Shaped};
use crate::error::PrepareError;
use crate::limits::OUTPUT_BYTES_MAX;
use crate::request::Request;
use crate::semantics::Semantics;
pub(crate) use events::frame_digest;
use events::{Events, Kind, Share};
pub use kept::kept as kept_of_open;
use live::Live;
pub use pages::Page;

/// Whose events the conditions over history see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryOf {
    /// Those of an execution and of all that it descends from or that descend from it: delegating gives no fresh history.
    Line,
    /// Those of the execution alone.
    Execution,
}

/// How a permitted transition ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It returned, perhaps with a result: JSON in text. Members of an object that the schema declares under
    /// `output` and that have the declared type can be looked back at.
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
    /// What the bundle's conditions know of the events, once it has been asked for.
    live: OnceLock<Result<Live, String>>,
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
        let live = Live::new(bundle).map_err(|why| PrepareError { why })?;
        Ok(History {
            bundle: Arc::clone(bundle),
            events: Events::default(),
            live: OnceLock::from(Ok(live)),
            version: 0,
        })
    }

    /// Judges by another bundle from now on. It sees the whole recorded history, not only what follows.
    pub fn rebase(&mut self, bundle: &Arc<Bundle>) {
        self.changed();
        self.bundle = Arc::clone(bundle);
        self.live = OnceLock::new();
    }

    /// Records how a decided request ended, at `at` milliseconds since the epoch.
    pub fn complete(&mut self, at: i64, request: &Request, outcome: &Outcome) {
        self.end(at, (request, None), outcome);
    }

    /// [`History::complete`] for a request as it was read when it was decided.
    pub fn complete_formed(&mut self, at: i64, formed: &Formed, outcome: &Outcome) {
        self.end(at, (formed.request(), Some(formed)), outcome);
    }

    /// Records that a decided request was denied.
    pub(crate) fn deny(&mut self, at: i64, formed: &Formed) {
        if self.bundle.semantics() >= Semantics::V4 {
            self.end(at, (formed.request(), Some(formed)), &Outcome::Error);
        }
    }

    /// Records that the permit for a request was withheld, at `at` milliseconds since the epoch: it did not happen.
    pub fn withhold(&mut self, at: i64, request: &Request) {
        if self.bundle.semantics() >= Semantics::V4 {
            self.end(at, (request, None), &Outcome::Error);
        }
    }

    fn end(&mut self, at: i64, (request, formed): (&Request, Option<&Formed>), outcome: &Outcome) {
        let is_fourth = self.bundle.semantics() >= Semantics::V4;
        let kind = match outcome {
            Outcome::Result(text) => {
                let text = text.as_deref().filter(|text| text.len() <= OUTPUT_BYTES_MAX);
                match text {
                    Some(text) if is_fourth && kept::is_forged(text) => Kind::Unknown,
                    text => Kind::Response(text.map(|text| kept::text(&self.bundle, text))),
                }
            }
            Outcome::Error => Kind::Error,
            Outcome::Unknown if is_fourth => Kind::Unknown,
            Outcome::Unknown | Outcome::Sent => return,
        };
        self.changed();
        let bundle = Arc::clone(&self.bundle);
        let again = LazyCell::new(|| ended(&bundle, request));
        let form = LazyCell::new(|| {
            let same = formed.filter(|formed| Arc::ptr_eq(formed.bundle(), &bundle));
            same.unwrap_or_else(|| &again).at(None)
        });
        let is_about = || matches!(&*form, Form::Ready(shaped) if self.is_about(shaped, &kind));
        if self.share(&request.action) == Share::OfServers && !is_about() {
            return;
        }
        let frame = formed.map_or_else(|| frame_digest(request), Formed::frame);
        let Some(time) = self.events.record(at, (request, frame), (kind.clone(), &bundle)) else {
            return;
        };
        let Some(Ok(live)) = self.live.get_mut() else { return };
        if live.is_idle(&bundle) {
            return;
        }
        if let Form::Ready(shaped) = &*form {
            live.take(&bundle, shaped, (time, &kind));
        }
    }

    /// Takes over the events of another history, as if they came now: their times are not before the last event's.
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

    /// A number that changes with every event and with the bundle: what was looked up under it still holds while it is
    /// the same.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The bundle it is judged by.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// Records a request that is being decided, and evaluates the temporal conditions at it, if asked to.
    pub(crate) fn ask(
        &mut self,
        moment: &Moment,
        formed: &Formed,
        form: &Form<'_>,
        evaluate: bool,
    ) -> Result<TemporalBindings, String> {
        self.changed();
        self.live();
        let asked = (&**formed.request(), formed.frame());
        let share = self.share(&asked.0.action);
        let is_about =
            || matches!(form, Form::Ready(shaped) if self.is_about(shaped, &Kind::Request));
        if share == Share::OfServers && !is_about() {
            let found = self.look(moment, form).unwrap_or_else(|| Err(NO_EVENT.to_owned()));
            return if evaluate { found } else { Err("not evaluated".to_owned()) };
        }
        let time = self.events.record(moment.facts.at, asked, (Kind::Request, &self.bundle));
        if self.events.is_full() {
            return Err(FULL.to_owned());
        }
        if share == Share::OfServers && time.is_none() {
            return Err(FULL_OF_SERVERS.to_owned());
        }
        let (Some(time), Form::Ready(shaped)) = (time, form) else {
            return Err(NO_EVENT.to_owned());
        };
        let Some(live) = self.live.get_mut() else { return Err("the history is lost".to_owned()) };
        let live = live.as_mut().map_err(|why| why.clone())?;
        if live.is_idle(&self.bundle) {
            return Ok(TemporalBindings::new());
        }
        let leaves = evaluate.then(|| shaped.leaves(&self.bundle));
        live.ask(&self.bundle, (shaped, time), leaves)
    }

    /// What the temporal conditions would say of a request, were it the next event; nothing is recorded. None where a
    /// condition has no monitor: that can only be asked by recording.
    pub(crate) fn look(
        &self,
        moment: &Moment,
        form: &Form<'_>,
    ) -> Option<Result<TemporalBindings, String>> {
        let Form::Ready(shaped) = form else {
            let why = if self.events.is_full() { FULL } else { NO_EVENT };
            return Some(Err(why.to_owned()));
        };
        let share = self.share(shaped.action_id());
        // What nothing looks back at takes no room.
        let takes_none = share == Share::OfServers && !self.is_about(shaped, &Kind::Request);
        if self.events.is_full() || (!takes_none && self.events.would_be_full(share)) {
            let why = if share == Share::OfServers { FULL_OF_SERVERS } else { FULL };
            return Some(Err(why.to_owned()));
        }
        let live = match self.live() {
            Ok(live) => live,
            Err(why) => return Some(Err(why.clone())),
        };
        if live.is_idle(&self.bundle) {
            return Some(Ok(TemporalBindings::new()));
        }
        let time = self.events.time_of_next(moment.facts.at);
        live.look(&self.bundle, (shaped, time), shaped.leaves(&self.bundle)).map(Ok)
    }

    fn live(&self) -> &Result<Live, String> {
        self.live.get_or_init(|| Live::of(&self.bundle, &self.events.all))
    }

    fn share(&self, action: &str) -> Share {
        Share::in_force(&self.bundle, action)
    }

    /// Whether some condition looks back at such events.
    fn is_about(&self, shaped: &Shaped<'_>, kind: &Kind) -> bool {
        let plan = &self.bundle.temporal;
        kind.names().iter().any(|name| plan.is_about(shaped.action_id(), name))
    }

    fn changed(&mut self) {
        self.version = self.version.wrapping_add(1);
    }
}

const FULL: &str = "the execution's history is full";
const FULL_OF_SERVERS: &str = "the execution's history holds no more of what servers send";
const NO_EVENT: &str = "the request is not an event";

#[cfg(test)]
mod tests;
