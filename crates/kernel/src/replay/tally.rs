use std::collections::BTreeMap;

use super::ReplayOutcome;
use crate::state::{NodeState, Unreadable};

/// The outcomes of the decisions of a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Derived to the byte.
    pub identical: u64,
    /// Derived otherwise.
    pub different: u64,
    /// Not derivable: their execution was erased, and the log says so.
    pub erased: u64,
    /// Not derivable: a sealed part, or a key that was never erased, is not there.
    pub missing: u64,
    /// Not derivable: a sealed part or a key was changed, cut or swapped.
    pub damaged: u64,
}

impl Counts {
    /// Decisions that could not be derived.
    #[must_use]
    pub fn not_replayable(&self) -> u64 {
        self.erased.saturating_add(self.missing).saturating_add(self.damaged)
    }

    /// All decisions.
    #[must_use]
    pub fn decisions(&self) -> u64 {
        self.identical.saturating_add(self.different).saturating_add(self.not_replayable())
    }
}

/// Counts the outcomes of the decisions while a log is followed.
///
/// Whether a missing key was erased is known once the record of the erasure has come, which is
/// later in the log than the decisions: [`Tally::finish`] separates the two.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    counts: Counts,
    without_key: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts one record.
    pub fn add(&mut self, outcome: &ReplayOutcome) {
        let count = match outcome {
            ReplayOutcome::Followed
            | ReplayOutcome::NotReplayable { why: Unreadable::Ended, .. } => return,
            ReplayOutcome::Identical => &mut self.counts.identical,
            ReplayOutcome::Different { .. } => &mut self.counts.different,
            ReplayOutcome::NotReplayable { execution, why: Unreadable::NoKey } => {
                self.without_key.entry(execution.clone()).or_default()
            }
            ReplayOutcome::NotReplayable { why: Unreadable::Missing, .. } => {
                &mut self.counts.missing
            }
            ReplayOutcome::NotReplayable { why: Unreadable::Damaged, .. } => {
                &mut self.counts.damaged
            }
        };
        *count = count.saturating_add(1);
    }

    /// An execution whose key is missing although the log, whose fold is `state`, records no
    /// erasure of it: damage.
    #[must_use]
    pub fn without_reason(&self, state: &NodeState) -> Option<&str> {
        let mut without_key = self.without_key.keys();
        without_key.find(|execution| state.erased(execution).is_none()).map(String::as_str)
    }

    /// The counts at the log's end, whose fold is `state`.
    #[must_use]
    pub fn finish(self, state: &NodeState) -> Counts {
        let mut counts = self.counts;
        for (execution, decisions) in self.without_key {
            let of = if state.erased(&execution).is_some() {
                &mut counts.erased
            } else {
                &mut counts.missing
            };
            *of = of.saturating_add(decisions);
        }
        counts
    }
}
