//! The labels of executions: a fold of the public changes on decision records.
//!
//! The permit's record adds a label, and so does the record that ends the transition: the message
//! may have been requested before a declassification and come after it. The end of a permitted
//! declassification removes a label, if nothing added it since its permit. The record of a
//! transition's end adds the labels that detectors find in the message.
//!
//! Messages between an execution and its descendants do not pass the node. So a label that one adds
//! is added to all its ancestors; a child begins with its parent's labels, and is decided with all
//! that its ancestors carry by then, since they may have passed it on at any moment. A writer
//! leaves the labels of its decision on the resource at the permit, and at the end.

mod snapshot;

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::{Bundle, Passing, Semantics};
use record::{LabelChange, Labels};

use super::{NodeState, TransitionRef};
use crate::limits::MESSAGE_BYTES_MAX;

/// The labels of one execution.
#[derive(Debug, Clone, Default)]
pub(super) struct ExecutionLabels {
    /// Each label with the execution's `seq` at which it was last added.
    held: BTreeMap<String, u64>,
    /// The labels that open transitions add and remove, by the `seq` of their decision.
    open: BTreeMap<u64, LabelChange>,
}

impl ExecutionLabels {
    /// Of a child: the parent's labels, as of its first record.
    pub(super) fn inherited(&self) -> ExecutionLabels {
        let held = self.held.keys().map(|label| (label.clone(), 0)).collect();
        ExecutionLabels { held, open: BTreeMap::new() }
    }

    pub(super) fn labels(&self) -> Labels {
        self.held.keys().cloned().collect()
    }

    fn add(&mut self, labels: &Labels, seq: u64) {
        self.held.extend(labels.iter().map(|label| (label.to_owned(), seq)));
    }

    fn remove(&mut self, labels: &Labels, asked: u64) {
        self.held.retain(|label, added| !labels.contains(label) || *added >= asked);
    }

    pub(super) fn withhold(&mut self, seq: u64) {
        self.open.remove(&seq);
    }
}

/// The labels that the detectors of a bundle found, with that bundle.
pub(crate) type DetectedLabels = (Arc<Bundle>, Labels);

/// The labels that a bundle's detectors find in a message. From [`Semantics::V4`] on, a message
/// that is too large to be sealed is searched when it passes; before, and where the message is not
/// here any more, it brings every label that they could find.
pub(crate) fn detect_labels(bundle: &Bundle, passing: Passing, message: Option<&[u8]>) -> Labels {
    let looks =
        |message: &[u8]| message.len() <= MESSAGE_BYTES_MAX || bundle.semantics() >= Semantics::V4;
    match message {
        Some([]) => Labels::NONE,
        Some(message) if looks(message) => bundle.detected(passing, message),
        _ => bundle.undetected(passing),
    }
}

impl NodeState {
    /// The labels with which an execution is decided: its own, and from the fourth version of the
    /// decider on those of all its ancestors.
    pub(crate) fn carried(&self, id: &str) -> Labels {
        let is_shared = self.bundle.semantics() >= Semantics::V4;
        let mut carried = Labels::NONE;
        let reach = if is_shared { usize::MAX } else { 1 };
        self.line(id).take(reach).for_each(|(_, one)| carried.union(&one.labels()));
        carried
    }

    /// A permit is on record, as the record `seq` of its execution.
    pub(super) fn begin_labels(&mut self, id: &str, seq: u64, change: &LabelChange) {
        if change.is_empty() {
            return;
        }
        self.add_labels(id, Some(seq), &change.adds);
        self.taint(id, &change.leaves);
        if let Some(execution) = self.executions.get_mut(id) {
            execution.touched.open.insert(seq, change.clone());
        }
    }

    /// The labels that detectors find in the message that ends an open transition: see
    /// [`detect_labels`]. `ahead` are those found in it as a result, if it was searched ahead.
    pub(crate) fn detected(
        &self,
        transition: TransitionRef<'_>,
        message: Option<&[u8]>,
        ahead: Option<DetectedLabels>,
    ) -> Labels {
        let execution = self.executions.get(transition.execution);
        let direction = execution.and_then(|one| one.answered(transition.seq));
        let Some(passing) = direction.map(crate::lineage::passing) else { return Labels::NONE };
        let ahead = ahead
            .filter(|(bundle, _)| passing == Passing::Results && Arc::ptr_eq(bundle, &self.bundle));
        ahead.map_or_else(|| detect_labels(&self.bundle, passing, message), |(_, labels)| labels)
    }

    /// Whether a result of an open transition takes labels away, which later decisions look at.
    pub(crate) fn takes_labels_away(&self, id: &str, seq: u64) -> bool {
        let change = self.executions.get(id).and_then(|one| one.touched.open.get(&seq));
        change.is_some_and(|change| !change.removes.is_empty())
    }

    /// The transition of that decision ended, with a message in which detectors found these labels.
    pub(super) fn end_labels(&mut self, id: &str, seq: u64, is_result: bool, detected: &Labels) {
        let Some(execution) = self.executions.get_mut(id) else { return };
        let change = execution.touched.open.remove(&seq).unwrap_or_default();
        if is_result {
            execution.touched.remove(&change.removes, seq);
        }
        let mut adds = change.adds;
        adds.union(detected);
        self.add_labels(id, None, &adds);
        self.taint(id, &change.leaves);
    }

    /// Adds labels as of the given record of the execution, or else as of its last one; and to all
    /// its ancestors as of their last ones.
    fn add_labels(&mut self, own: &str, at: Option<u64>, labels: &Labels) {
        let line: Vec<String> = self.line(own).map(|(id, _)| id.to_owned()).collect();
        for id in line.iter().filter(|_| !labels.is_empty()) {
            if let Some(execution) = self.executions.get_mut(id) {
                let last = execution.seq().saturating_sub(1);
                let seq = at.filter(|_| id == own).unwrap_or(last);
                execution.touched.add(labels, seq);
            }
        }
    }
}

#[cfg(test)]
mod tests;
