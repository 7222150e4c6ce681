//! What a bundle's temporal conditions know of a history.

use std::collections::BTreeMap;
use std::sync::Arc;

use dogwood_language::{Event, EventSignature, TemporalBindings, TemporalEngine};
use dogwood_local_engine::{LocalTemporalEngine, TickRate};

use super::events::{Kind, Recorded};
use super::kept;
use crate::bundle::Bundle;
use crate::decide::form::form;
use crate::decide::shape::{Form, Moment, Shaped};
use crate::evaluation::DEFAULTS;
use crate::facts::Facts;
use crate::json::Json;
use crate::labels::Labels;
use crate::semantics::Semantics;
use crate::temporal::local;
use crate::temporal::plan::TICKS_PER_SECOND;
use crate::temporal::state::State;

pub(super) struct Live {
    state: State,
    /// For conditions without a monitor.
    rest: Option<LocalTemporalEngine>,
}

impl Live {
    pub(super) fn new(bundle: &Bundle) -> Result<Live, String> {
        let lowered = &bundle.lowered;
        let signatures: Vec<EventSignature> = lowered.event_signatures().collect();
        let rate = TickRate::per_second(TICKS_PER_SECOND);
        let rest = local(&bundle.temporal, lowered.cedar_schema(), &signatures, rate)
            .map_err(|error| error.to_string())?;
        Ok(Live { state: State::new(&bundle.temporal), rest })
    }

    /// As if the bundle had judged all these events.
    pub(super) fn of(bundle: &Arc<Bundle>, events: &[Recorded]) -> Result<Live, String> {
        let mut live = Live::new(bundle)?;
        live.follow(bundle, events);
        Ok(live)
    }

    /// As if the bundle had judged the events before these, of which the monitors' state says this, and these. None where the
    /// bytes are no such state, or where a condition has no monitor.
    pub(super) fn resume(bundle: &Arc<Bundle>, state: &[u8], events: &[Recorded]) -> Option<Live> {
        let state = State::decode(&bundle.temporal, state)?;
        let mut live = Live::new(bundle).ok().filter(|live| live.rest.is_none())?;
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
            let formed = form(bundle, &recorded.request());
            if let Form::Ready(shaped) = formed.at(moment(recorded).as_ref()) {
                self.take(bundle, &shaped, (recorded.time, &recorded.kind));
            }
        }
    }

    /// Whether no condition looks back at anything.
    pub(super) fn is_idle(&self, bundle: &Bundle) -> bool {
        bundle.leaves.is_empty()
    }

    /// Takes an event, at which nothing is asked. One that is of several kinds at once is one event in order.
    pub(super) fn take(
        &mut self,
        bundle: &Bundle,
        shaped: &Shaped<'_>,
        (time, kind): (i64, &Kind),
    ) {
        let plan = &bundle.temporal;
        let is_about = |name: &&&str| plan.is_about(shaped.action_id(), name);
        let output = match Kind::Unknown.names().iter().any(|name| is_about(&name)) {
            true => Output::of(bundle, shaped, kind),
            false => Output::None,
        };
        // What agents may take for something else counts as what nobody knows.
        let kind = if output == Output::Unreadable { &Kind::Unknown } else { kind };
        let names = kind.names().iter().filter(is_about);
        let events: Vec<Event> =
            names.map(|name| event(bundle, shaped, time, (name, &output))).collect();
        self.state.observe(plan, &events);
        if let Some(rest) = &mut self.rest {
            events.iter().for_each(|event| rest.observe(event));
        }
    }

    /// Takes a request, and evaluates conditions at it.
    pub(super) fn ask(
        &mut self,
        bundle: &Bundle,
        (shaped, time): (&Shaped<'_>, i64),
        leaves: Option<&[String]>,
    ) -> Result<TemporalBindings, String> {
        let plan = &bundle.temporal;
        if leaves.is_some_and(<[_]>::is_empty) && !plan.is_about(shaped.action_id(), REQUEST) {
            self.state.skip();
            return Ok(TemporalBindings::new());
        }
        let event = &event(bundle, shaped, time, (REQUEST, &Output::None));
        let seen = self.state.see(plan, event);
        let found = leaves.map(|leaves| self.state.holds(plan, event, &seen, leaves));
        self.state.take(plan, seen);
        if let Some(rest) = &mut self.rest {
            rest.observe(event);
        }
        let mut found = found.ok_or("not evaluated")?;
        if let Some(rest) = &mut self.rest {
            found.extend(rest.evaluate()?);
        }
        Ok(found)
    }

    /// Evaluates conditions at a request that is not taken, if all of them have monitors.
    pub(super) fn look(
        &self,
        bundle: &Bundle,
        (shaped, time): (&Shaped<'_>, i64),
        leaves: &[String],
    ) -> Option<TemporalBindings> {
        if self.rest.is_some() {
            return None;
        }
        if leaves.is_empty() {
            return Some(TemporalBindings::new());
        }
        let event = &event(bundle, shaped, time, (REQUEST, &Output::None));
        let seen = self.state.see(&bundle.temporal, event);
        Some(self.state.holds(&bundle.temporal, event, &seen, leaves))
    }
}

/// The moment of a request of the past. Whether a request is an event depends on its time and on no other fact: the
/// types of the others are checked when a bundle is loaded.
fn moment(recorded: &Recorded) -> Option<Moment> {
    let facts = Facts { at: recorded.at, ..DEFAULTS.0 };
    let trust = DEFAULTS.1.trust;
    let (labels, resource_labels, detected) = (Labels::NONE, Labels::NONE, Labels::NONE);
    let moment = Moment { facts, trust, labels, resource_labels, detected };
    matches!(recorded.kind, Kind::Request).then_some(moment)
}

/// What an event says of a result.
#[derive(Debug, PartialEq, Eq)]
enum Output {
    None,
    Members(BTreeMap<String, Json>),
    /// It can't be read, or agents may take it for something else: from the fourth version of the decider on.
    Unreadable,
}

impl Output {
    fn of(bundle: &Bundle, shaped: &Shaped<'_>, kind: &Kind) -> Output {
        let Kind::Response(Some(text)) = kind else { return Output::None };
        if bundle.semantics() < Semantics::V4 {
            return bundle.read_output(text).map_or(Output::None, Output::Members);
        }
        let Some(declared) = shaped.output() else { return Output::None };
        match bundle.read_output(text) {
            Ok(members) if !declared.is_doubtful(&members) => Output::Members(members),
            _ => Output::Unreadable,
        }
    }

    fn members(&self) -> Option<&BTreeMap<String, Json>> {
        match self {
            Output::Members(members) => Some(members),
            Output::None | Output::Unreadable => None,
        }
    }
}

/// The event that a request, or its end, is: as one of its kinds.
fn event(
    bundle: &Bundle,
    shaped: &Shaped<'_>,
    time: i64,
    (name, output): (&str, &Output),
) -> Event {
    shaped.event((name, time), output.members(), kept::replaces(bundle))
}

const REQUEST: &str = "request";
