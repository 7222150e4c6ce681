//! The history that holds an execution's events: an execution that shares has one history with its
//! ancestors.
//!
//! Delegation gives no fresh history. Under a bundle with [`HistoryScope::Line`] a delegated
//! execution has no history of its own: its events stand in that of its nearest ancestor that has
//! one, its keeper. Once it shares, it shares for good. Where such a bundle is adopted, separate
//! histories are merged.

use std::collections::BTreeSet;

use policy::{HistoryScope, TransitionOutcome};
use proof::json::Value;

use super::{Execution, NodeState, RetainedRequest, TransitionRef, Unreadable};

/// How an execution shares its history with others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sharing {
    /// Its events stand in the history of its keeper.
    pub(super) is_kept_above: bool,
    /// Executions that ended and whose events stand in its history.
    pub(super) ended: BTreeSet<String>,
}

impl Sharing {
    /// In a snapshot: only what is there.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let ended = self.ended.iter().map(|id| Value::from(id.as_str()));
        let ended = (!self.ended.is_empty()).then(|| ("kept", Value::Array(ended.collect())));
        let shares = self.is_kept_above.then_some(("shares", Value::Bool(true)));
        ended.into_iter().chain(shares)
    }
}

impl NodeState {
    /// The execution in whose history the events of this one stand.
    pub(super) fn keeper_of(&self, id: &str) -> String {
        let keeper = self.line(id).find(|(_, one)| !one.sharing.is_kept_above);
        keeper.map_or(id, |(keeper, _)| keeper).to_owned()
    }

    /// About how many bytes of memory an execution holds: its own, and those of the keeper of its
    /// history.
    pub(crate) fn bytes_of(&self, id: &str) -> usize {
        let keeper = self.keeper_of(id);
        let holding = [Some(id), Some(keeper.as_str()).filter(|keeper| *keeper != id)];
        let holding = holding.into_iter().flatten().filter_map(|id| self.executions.get(id));
        holding.map(Execution::bytes).fold(0, usize::saturating_add)
    }

    /// The execution from which all in its line descend.
    pub(super) fn root_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.line(id).last().map_or(id, |(root, _)| root)
    }

    /// The OS user of the execution from which all in its line descend.
    pub(crate) fn root_user(&self, id: &str) -> Option<u32> {
        self.line(id).last().map(|(_, root)| root.os_user())
    }

    pub(super) fn keeper_mut(&mut self, id: &str) -> Option<&mut Execution> {
        let keeper = self.keeper_of(id);
        self.executions.get_mut(&keeper)
    }

    /// Whether the history that holds an execution's events could be followed without a gap.
    pub(crate) fn is_intact(&self, id: &str) -> bool {
        self.executions.get(&self.keeper_of(id)).is_some_and(Execution::has_history)
    }

    /// Why that history is not known, where it was lost, and by the events of which execution.
    pub(crate) fn lost(&self, id: &str) -> Option<(Unreadable, String)> {
        self.executions.get(&self.keeper_of(id))?.lost_with().cloned()
    }

    /// An execution's events can't be read: from here on the history that holds them is unknown.
    pub(super) fn lose_history(&mut self, id: &str, why: Unreadable) {
        if let Some(keeper) = self.keeper_mut(id) {
            keeper.lose_history(why, id);
        }
    }

    /// The transition ended; its outcome becomes part of the history. False where it was not open.
    pub(super) fn complete(
        &mut self,
        at: i64,
        transition: TransitionRef<'_>,
        outcome: &TransitionOutcome,
    ) -> bool {
        let TransitionRef { execution: id, seq } = transition;
        let closed = self.executions.get_mut(id).and_then(|execution| execution.close(seq));
        let Some(opened) = closed else { return false };
        let history = self.keeper_mut(id).and_then(Execution::history_mut);
        match (history, opened.asked) {
            (Some(history), Some(RetainedRequest::Formed(resolved))) => {
                history.complete_resolved(at, &resolved, outcome);
            }
            (Some(history), Some(RetainedRequest::Put(request))) => {
                history.complete(at, &request, outcome);
            }
            (None, _) | (_, None) => {}
        }
        true
    }

    /// The permit was not released: what it was for did not happen.
    pub(super) fn withhold(&mut self, at: i64, transition: TransitionRef<'_>) {
        let TransitionRef { execution: id, seq } = transition;
        let opened = self.executions.get_mut(id).and_then(|execution| execution.withhold(seq));
        let asked = opened.and_then(|opened| opened.asked);
        let history = self.keeper_mut(id).and_then(Execution::history_mut);
        if let (Some(history), Some(asked)) = (history, asked) {
            history.withhold(at, asked.request());
        }
    }

    /// Merges the histories of all descendants with those of their ancestors, where the bundle says
    /// so.
    pub(super) fn merge_histories(&mut self) {
        if self.bundle.history_of() != HistoryScope::Line {
            return;
        }
        let apart =
            |(_, one): &(&String, &Execution)| one.parent().is_some() && !one.sharing.is_kept_above;
        let apart = self.executions.iter().filter(apart);
        let mut apart: Vec<(usize, String)> =
            apart.map(|(id, _)| (self.line(id).count(), id.clone())).collect();
        apart.sort_by(|a, b| b.cmp(a));
        for (_, id) in apart {
            self.merge_into_keeper(&id);
        }
    }

    /// From here on the events of an execution stand in the history of its keeper, as if they came
    /// now.
    fn merge_into_keeper(&mut self, id: &str) {
        let Some(execution) = self.executions.get_mut(id) else { return };
        execution.sharing.is_kept_above = true;
        let ended = std::mem::take(&mut execution.sharing.ended);
        let (history, lost) = execution.take_history();
        let Some(keeper) = self.keeper_mut(id) else { return };
        keeper.sharing.ended.extend(ended);
        match (history, lost) {
            (Some(history), _) => keeper.absorb(history),
            (None, Some((why, of))) => keeper.lose_history(why, &of),
            (None, None) => keeper.lose_history(Unreadable::Damaged, id),
        }
    }

    /// An execution ends whose events stand in another's history: they stay there until that one
    /// ends too.
    pub(super) fn keep_ended(&mut self, id: &str) {
        let is_kept = self.executions.get(id).is_some_and(|one| one.sharing.is_kept_above);
        let keeper = if is_kept { self.keeper_mut(id) } else { None };
        if let Some(keeper) = keeper {
            keeper.sharing.ended.insert(id.to_owned());
        }
    }

    /// Executions that ended and whose events decide still for others.
    pub fn all_kept(&self) -> impl Iterator<Item = &str> {
        self.executions.iter().flat_map(|(_, one)| &one.sharing.ended).map(String::as_str)
    }

    /// Whether the events of an execution that ended decide still for others.
    pub(crate) fn is_kept(&self, id: &str) -> bool {
        self.executions.iter().any(|(_, one)| one.sharing.ended.contains(id))
    }
}
