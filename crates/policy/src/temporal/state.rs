//! What the monitors of one history know of it.

use std::collections::BTreeMap;

use dogwood_language::{Event, TemporalBindings};

use super::check::{Measure, StreamId, StreamSpec};
use super::evaluate::{NewestEvent, StreamMatch};
use super::plan::Plan;
use super::series::{Series, SeriesEntry};

/// The monitors' state after some events. It grows with the events that its streams are about,
/// never with a window.
#[derive(Debug, Clone, Default)]
pub(crate) struct MonitorState {
    /// How many events it has taken.
    pub(super) events: usize,
    pub(super) streams: Vec<BTreeMap<Box<[u8]>, Series>>,
}

/// An event that the state has looked at and could take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventMatches {
    index: usize,
    joins: Vec<StreamMatch>,
}

impl MonitorState {
    pub(crate) fn new(plan: &Plan) -> MonitorState {
        MonitorState { events: 0, streams: vec![BTreeMap::new(); plan.streams.len()] }
    }

    pub(super) fn series(&self, stream: StreamId, key: &[u8]) -> Option<&Series> {
        self.streams.get(stream)?.get(key)
    }

    /// How an event would match each stream, were it the next one.
    pub(crate) fn matches_of(&self, plan: &Plan, event: &Event) -> EventMatches {
        let mut joins: Vec<StreamMatch> = Vec::new();
        for stream in plan.streams_of(event) {
            let Some(spec) = plan.streams.get(*stream) else { continue };
            let now = NewestEvent { event, index: self.events, state: self, joins: &joins };
            joins.extend(stream_match(&now, *stream, spec));
        }
        EventMatches { index: self.events, joins }
    }

    /// Whether each of these conditions holds at an event that it has matches, were that the next
    /// one. A condition that the plan does not serve is left out.
    pub(crate) fn holds<'i>(
        &self,
        plan: &Plan,
        event: &Event,
        matches: &EventMatches,
        ids: impl IntoIterator<Item = &'i String>,
    ) -> TemporalBindings {
        let now = NewestEvent { event, index: matches.index, state: self, joins: &matches.joins };
        let held = |id: &String| Some((id.clone(), now.holds(plan.leaves.get(id)?)));
        ids.into_iter().filter_map(held).collect()
    }

    /// Takes what came as one event, as each of the kinds that conditions are about; as none of
    /// them, it only counts in order.
    pub(crate) fn observe(&mut self, plan: &Plan, kinds: &[Event]) {
        let matches: Vec<EventMatches> =
            kinds.iter().map(|event| self.matches_of(plan, event)).collect();
        matches.into_iter().for_each(|matches| self.join(plan, matches));
        self.skip();
    }

    /// Takes an event that no condition is about ([`Plan::is_about`]).
    pub(crate) fn skip(&mut self) {
        self.events = self.events.saturating_add(1);
    }

    /// Takes an event that it has matches, and nothing since.
    pub(crate) fn take(&mut self, plan: &Plan, matches: EventMatches) {
        self.join(plan, matches);
        self.skip();
    }

    fn join(&mut self, plan: &Plan, matches: EventMatches) {
        for join in matches.joins {
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
fn stream_match(now: &NewestEvent<'_>, stream: StreamId, spec: &StreamSpec) -> Option<StreamMatch> {
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
    let entry = SeriesEntry {
        index: now.index,
        time: now.event.timestamp(),
        weight,
        value: now.fields(by)?,
    };
    Some(StreamMatch { stream, key, entry })
}
