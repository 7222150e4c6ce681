//! What the monitors of one history know of it.

use std::collections::BTreeMap;

use dogwood_language::{Event, TemporalBindings};

use super::check::{Measure, StreamId, StreamSpec};
use super::evaluate::{Join, Now};
use super::plan::Plan;
use super::series::{Entry, Series};

/// The monitors' state after some events. It grows with the events that its streams are about, never with a window.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// How many events it has taken.
    pub(super) events: usize,
    pub(super) streams: Vec<BTreeMap<Box<[u8]>, Series>>,
}

/// An event that the state has looked at and could take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    index: usize,
    joins: Vec<Join>,
}

impl State {
    pub(crate) fn new(plan: &Plan) -> State {
        State { events: 0, streams: vec![BTreeMap::new(); plan.streams.len()] }
    }

    pub(super) fn series(&self, stream: StreamId, key: &[u8]) -> Option<&Series> {
        self.streams.get(stream)?.get(key)
    }

    /// What an event would be to each stream, were it the next one.
    pub(crate) fn see(&self, plan: &Plan, event: &Event) -> Seen {
        let mut joins: Vec<Join> = Vec::new();
        for stream in plan.streams_of(event) {
            let Some(spec) = plan.streams.get(*stream) else { continue };
            let now = Now { event, index: self.events, state: self, joins: &joins };
            joins.extend(joined(&now, *stream, spec));
        }
        Seen { index: self.events, joins }
    }

    /// Whether each of these conditions holds at an event that it has seen, were that the next one. A condition that
    /// the plan does not serve is left out.
    pub(crate) fn holds<'i>(
        &self,
        plan: &Plan,
        event: &Event,
        seen: &Seen,
        ids: impl IntoIterator<Item = &'i String>,
    ) -> TemporalBindings {
        let now = Now { event, index: seen.index, state: self, joins: &seen.joins };
        let held = |id: &String| Some((id.clone(), now.holds(plan.leaves.get(id)?)));
        ids.into_iter().filter_map(held).collect()
    }

    /// Takes what came as one event, as each of the kinds that conditions are about; as none of them, it only counts in
    /// order.
    pub(crate) fn observe(&mut self, plan: &Plan, kinds: &[Event]) {
        let seen: Vec<Seen> = kinds.iter().map(|event| self.see(plan, event)).collect();
        seen.into_iter().for_each(|seen| self.join(plan, seen));
        self.skip();
    }

    /// Takes an event that no condition is about ([`Plan::is_about`]).
    pub(crate) fn skip(&mut self) {
        self.events = self.events.saturating_add(1);
    }

    /// Takes an event that it has seen, and nothing since.
    pub(crate) fn take(&mut self, plan: &Plan, seen: Seen) {
        self.join(plan, seen);
        self.skip();
    }

    fn join(&mut self, plan: &Plan, seen: Seen) {
        for join in seen.joins {
            let Some(spec) = plan.streams.get(join.stream) else { continue };
            let Some(stream) = self.streams.get_mut(join.stream) else { continue };
            match stream.get_mut(&join.key) {
                Some(series) => series.push(join.entry),
                None => {
                    let mut series = Series::new(&spec.measure);
                    series.push(join.entry);
                    stream.insert(join.key, series);
                }
            }
        }
    }
}

/// The newest event as a stream sees it, if it belongs to it.
fn joined(now: &Now<'_>, stream: StreamId, spec: &StreamSpec) -> Option<Join> {
    if !spec.patterns.iter().all(|pattern| now.matches(pattern)) || !now.all(&spec.checks) {
        return None;
    }
    let key = now.fields(&spec.key)?;
    let (by, sum) = match &spec.measure {
        Measure::Latest => (&[][..], &None),
        Measure::Every { sum } => (&[][..], sum),
        Measure::Distinct { by, sum } => (by.as_slice(), sum),
    };
    let weight = match sum {
        None => 1,
        Some(path) => now.event.field_path(path)?.as_int().unwrap_or(0),
    };
    let entry =
        Entry { index: now.index, time: now.event.timestamp(), weight, value: now.fields(by)? };
    Some(Join { stream, key, entry })
}
