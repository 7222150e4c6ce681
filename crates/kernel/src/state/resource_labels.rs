//! The labels that writers left on resources: by place, for all executions of the node. A fold of
//! public headers: the bundle names the places, and the labels survive the erasure of the writer.

use std::collections::BTreeMap;

use policy::{Bundle, Request, Semantics};
use proof::json::Value;
use record::Labels;

use super::NodeState;
use crate::limits::PLACES_LEFT_MAX;

/// Labels by the place's name.
#[derive(Debug, Clone, Default)]
pub(super) struct ResourceLabels(BTreeMap<String, Labels>);

/// The place that everything is in: no bundle knows its name.
const EVERYWHERE: &str = "";

impl ResourceLabels {
    fn add(&mut self, place: &str, labels: &Labels) {
        let has_room = self.0.len() < PLACES_LEFT_MAX || self.0.contains_key(place);
        let place = if has_room { place } else { EVERYWHERE };
        self.0.entry(place.to_owned()).or_default().union(labels);
    }

    /// The bundle that decides from here on does not count everything any more.
    pub(super) fn forget(&mut self, bundle: &Bundle) {
        self.0.retain(|place, _| !bundle.forgets_place(place));
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Value> {
        let item = |(place, labels): (&String, &Labels)| {
            Value::Array(vec![Value::from(place.as_str()), labels.to_value()])
        };
        self.0.iter().map(item)
    }

    /// Reads one of [`Self::items`].
    pub(super) fn restore(&mut self, item: &Value) -> Option<()> {
        let [place, labels] = item.as_array()? else { return None };
        let labels = Labels::from_value(labels).filter(|labels| !labels.is_empty())?;
        self.0.insert(place.as_str()?.to_owned(), labels);
        Some(())
    }
}

impl NodeState {
    /// The labels that writers have left on the resource of a request. Labels at a place that the
    /// bundle no longer knows may be on any resource.
    pub(super) fn resource_labels_of(&self, request: &Request) -> Labels {
        let mut labels = Labels::NONE;
        if self.resource_labels.0.is_empty() || self.bundle.semantics() < Semantics::V2 {
            return labels;
        }
        let places = self.bundle.places(request);
        for (place, left) in &self.resource_labels.0 {
            if places.contains(place) || !self.bundle.knows_place(place) {
                labels.union(left);
            }
        }
        labels
    }

    /// Leaves what an execution carries now at these places.
    pub(super) fn taint<'a>(&mut self, id: &str, places: impl IntoIterator<Item = &'a String>) {
        let mut places = places.into_iter().peekable();
        if places.peek().is_none() {
            return;
        }
        let carried = self.carried(id);
        if carried.is_empty() {
            return;
        }
        places.for_each(|place| self.resource_labels.add(place, &carried));
    }
}

#[cfg(test)]
mod tests;
