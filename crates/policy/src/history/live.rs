//! The fold of a history's events that a bundle's temporal conditions need.

use std::collections::BTreeMap;
use std::sync::Arc;

use dogwood_language::{Event, EventSignature, TemporalBindings, TemporalEngine};
use dogwood_local_engine::{LocalTemporalEngine, TickRate};
use record::{Facts, Labels};

use super::events::{EventKind, Recorded};
use super::kept;
use super::temporal_error::TemporalError;
use crate::bundle::Bundle;
use crate::facts::DecisionState;
use crate::json::InputValue;
use crate::resolve::bound::{BoundRequest, ContextFacts, Validity};
use crate::resolve::resolve;
use crate::semantics::Semantics;
use crate::temporal::local;
use crate::temporal::plan::TICKS_PER_SECOND;
use crate::temporal::state::MonitorState;

pub(super) struct Monitors {
    state: MonitorState,
    /// For conditions without a monitor.
    rest: Option<LocalTemporalEngine>,
}

impl Monitors {
    pub(super) fn new(bundle: &Bundle) -> Result<Monitors, TemporalError> {
        let lowered = &bundle.lowered;
        let signatures: Vec<EventSignature> = lowered.event_signatures().collect();
        let rate = TickRate::per_second(TICKS_PER_SECOND);
        let rest = local(&bundle.temporal, lowered.cedar_schema(), &signatures, rate)
            .map_err(|error| TemporalError::Unprepared { why: error.to_string() })?;
        Ok(Monitors { state: MonitorState::new(&bundle.temporal), rest })
    }

    /// As if the bundle had judged all these events.
    pub(super) fn of(bundle: &Arc<Bundle>, events: &[Recorded]) -> Result<Monitors, TemporalError> {
        let mut live = Monitors::new(bundle)?;
        live.follow(bundle, events);
        Ok(live)
    }

    /// As if the bundle had judged the events before these, of which the monitors' state says this,
    /// and these. None where the bytes are no such state, or where a condition has no monitor.
    pub(super) fn resume(
        bundle: &Arc<Bundle>,
        state: &[u8],
        events: &[Recorded],
    ) -> Option<Monitors> {
        let state = MonitorState::decode(&bundle.temporal, state)?;
        let mut live = Monitors::new(bundle).ok().filter(|live| live.rest.is_none())?;
        live.state = state;
        live.follow(bundle, events);
        Some(live)
    }

    /// The monitors' state; none where a condition has no monitor.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        self.rest.is_none().then(|| self.state.encode())
    }

    /// Takes events of the past.
    fn follow(&mut self, bundle: &Arc<Bundle>, events: &[Recorded]) {
        if self.is_idle(bundle) {
            return;
        }
        for recorded in events {
            let resolved = resolve(bundle, &recorded.request());
            if let Validity::Ready(bound) = resolved.at(context_facts_of(recorded).as_ref()) {
                self.observe(bundle, &bound, recorded.time, &recorded.kind);
            }
        }
    }

    /// Whether no condition looks back at anything.
    pub(super) fn is_idle(&self, bundle: &Bundle) -> bool {
        bundle.leaves.is_empty()
    }

    /// Takes an event, at which nothing is asked. One that is of several kinds at once is one event
    /// in order.
    pub(super) fn observe(
        &mut self,
        bundle: &Bundle,
        bound: &BoundRequest<'_>,
        time: i64,
        kind: &EventKind,
    ) {
        let plan = &bundle.temporal;
        let is_about = |name: &&&str| plan.is_about(bound.action_id(), name);
        let output = match EventKind::Unknown.names().iter().any(|name| is_about(&name)) {
            true => ResultMembers::of(bundle, bound, kind),
            false => ResultMembers::None,
        };
        // What agents may take for something else counts as what nobody knows.
        let kind = if output == ResultMembers::Unreadable { &EventKind::Unknown } else { kind };
        let names = kind.names().iter().filter(is_about);
        let events: Vec<Event> =
            names.map(|name| event(bundle, bound, time, name, &output)).collect();
        self.state.observe(plan, &events);
        if let Some(rest) = &mut self.rest {
            events.iter().for_each(|event| rest.observe(event));
        }
    }

    /// Takes a request, and evaluates conditions at it.
    pub(super) fn observe_request(
        &mut self,
        bundle: &Bundle,
        bound: &BoundRequest<'_>,
        time: i64,
        leaves: Option<&[String]>,
    ) -> Result<TemporalBindings, TemporalError> {
        let plan = &bundle.temporal;
        if leaves.is_some_and(<[_]>::is_empty) && !plan.is_about(bound.action_id(), REQUEST) {
            self.state.skip();
            return Ok(TemporalBindings::new());
        }
        let event = &event(bundle, bound, time, REQUEST, &ResultMembers::None);
        let matches = self.state.matches_of(plan, event);
        let found = leaves.map(|leaves| self.state.holds(plan, event, &matches, leaves));
        self.state.take(plan, matches);
        if let Some(rest) = &mut self.rest {
            rest.observe(event);
        }
        let mut found = found.ok_or(TemporalError::NotEvaluated)?;
        if let Some(rest) = &mut self.rest {
            found.extend(rest.evaluate().map_err(|why| TemporalError::Engine { why })?);
        }
        Ok(found)
    }

    /// Evaluates conditions at a request that is not taken, if all of them have monitors.
    pub(super) fn evaluate_dry_run(
        &self,
        bundle: &Bundle,
        bound: &BoundRequest<'_>,
        time: i64,
    ) -> Option<TemporalBindings> {
        if self.rest.is_some() {
            return None;
        }
        let leaves = bound.leaves(bundle);
        if leaves.is_empty() {
            return Some(TemporalBindings::new());
        }
        let event = &event(bundle, bound, time, REQUEST, &ResultMembers::None);
        let matches = self.state.matches_of(&bundle.temporal, event);
        Some(self.state.holds(&bundle.temporal, event, &matches, leaves))
    }
}

/// The moment of a request of the past. Whether a request is an event depends on its time and on no
/// other fact: the types of the others are checked when a bundle is loaded.
fn context_facts_of(recorded: &Recorded) -> Option<ContextFacts> {
    let facts = Facts { at: recorded.at, ..Facts::DEFAULT };
    let trust = DecisionState::DEFAULT.trust;
    let (labels, resource_labels, detected) = (Labels::NONE, Labels::NONE, Labels::NONE);
    let context_facts = ContextFacts { facts, trust, labels, resource_labels, detected };
    matches!(recorded.kind, EventKind::Request).then_some(context_facts)
}

/// What an event says of a result.
#[derive(Debug, PartialEq, Eq)]
enum ResultMembers {
    None,
    Members(BTreeMap<String, InputValue>),
    /// It can't be read, or agents may take it for something else: from the fourth version of the
    /// decider on.
    Unreadable,
}

impl ResultMembers {
    fn of(bundle: &Bundle, bound: &BoundRequest<'_>, kind: &EventKind) -> ResultMembers {
        let EventKind::Response(Some(text)) = kind else { return ResultMembers::None };
        if bundle.semantics() < Semantics::V4 {
            return bundle.read_output(text).map_or(ResultMembers::None, ResultMembers::Members);
        }
        let Some(declared) = bound.output() else { return ResultMembers::None };
        match bundle.read_output(text) {
            Ok(members) if !declared.is_doubtful(&members) => ResultMembers::Members(members),
            _ => ResultMembers::Unreadable,
        }
    }

    fn members(&self) -> Option<&BTreeMap<String, InputValue>> {
        match self {
            ResultMembers::Members(members) => Some(members),
            ResultMembers::None | ResultMembers::Unreadable => None,
        }
    }
}

/// The event that a request, or its end, is: as one of its kinds.
fn event(
    bundle: &Bundle,
    bound: &BoundRequest<'_>,
    time: i64,
    name: &str,
    output: &ResultMembers,
) -> Event {
    bound.event(name, time, output.members(), kept::replaces(bundle))
}

const REQUEST: &str = "request";
