//! The delegation tree of executions.

use policy::{CheckId, Semantics};
use proof::digest::Digest;
use record::lineage::{Body, Charged, Delegation, MessageDirection};

use super::{Execution, NodeState, OpenTransition};
use crate::limits::GENERATIONS_MAX;

impl NodeState {
    /// An execution and all whom it descends from, itself first.
    pub(super) fn line<'a>(
        &'a self,
        id: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Execution)> {
        let first = self.executions.get_key_value(id);
        let next = |(_, execution): &(&String, &'a Execution)| {
            self.executions.get_key_value(execution.parent()?)
        };
        let line = std::iter::successors(first, next).take(GENERATIONS_MAX);
        line.map(|(id, execution)| (id.as_str(), execution))
    }

    /// Whether one more generation may descend from an execution.
    pub(crate) fn may_have_children(&self, id: &str) -> bool {
        self.line(id).count() < GENERATIONS_MAX
    }

    /// Whether an execution descends from another, or is it.
    pub(crate) fn descends(&self, id: &str, from: &str) -> bool {
        self.line(id).any(|(one, _)| one == from)
    }

    /// Whether an execution and all its ancestors are here: a child whose parent is gone belongs to
    /// nobody.
    pub(super) fn is_of_whole_line(&self, id: &str) -> bool {
        let oldest = self.line(id).last();
        oldest.is_some_and(|(_, execution)| execution.parent().is_none())
    }

    /// Whether an execution can't go on: an officer ended it or one of its ancestors, or it holds a
    /// grant that the bundle's version of the decider does not check.
    pub(super) fn is_over(&self, id: &str) -> bool {
        let is_ended = self.line(id).any(|(id, _)| self.governance.is_ended(id));
        let looks_at_grants = self.bundle.semantics().checks().contains(&CheckId::GrantExceeded);
        let is_child = self.executions.get(id).is_some_and(|one| one.parent().is_some());
        is_ended || (is_child && !looks_at_grants)
    }

    /// An execution with all who descend from it, the youngest first.
    pub(crate) fn family(&self, id: &str) -> Vec<String> {
        let mut family: Vec<(usize, &String)> = self
            .executions
            .keys()
            .filter(|one| self.descends(one, id))
            .map(|one| (self.line(one).count(), one))
            .collect();
        family.sort_by(|a, b| b.cmp(a));
        family.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// Executions that an officer ended and that are still here, with all their descendants, the
    /// youngest first.
    pub(crate) fn ended_by_officers(&self) -> Vec<String> {
        let oldest = self.executions.keys().filter(|id| self.governance.is_ended(id));
        let mut ended: Vec<String> = Vec::new();
        for id in oldest.flat_map(|id| self.family(id)) {
            if !ended.contains(&id) {
                ended.push(id);
            }
        }
        ended
    }

    /// A permit is on record: it is open until it completes or is withheld, and it counts.
    pub(super) fn permit(
        &mut self,
        id: &str,
        seq: u64,
        opened: OpenTransition,
        charges: Vec<Charged>,
    ) {
        self.reserve(id, seq, charges);
        // A server's message is no call of the agent's.
        let has_shares = self.bundle.semantics() >= Semantics::V4;
        let is_call = !has_shares || opened.direction == MessageDirection::ToServer;
        if let Some(execution) = self.executions.get_mut(id) {
            execution.open_transition(seq, opened);
        }
        if is_call {
            self.count_call(id);
        }
    }

    /// One more permit: it counts for the execution and for all whom it descends from.
    pub(super) fn count_call(&mut self, id: &str) {
        let line: Vec<String> = self.line(id).map(|(id, _)| id.to_owned()).collect();
        for id in line {
            self.executions.get_mut(&id).into_iter().for_each(Execution::count_call);
        }
    }

    /// The execution is over and forgotten; the next session of its workload begins a new one.
    pub(super) fn end(&mut self, id: &str, at: i64) {
        self.note_end(id, at);
        self.keep_ended(id);
        self.close_accounts(id);
        self.executions.remove(id);
        self.instances.retain(|_, instance| instance != id);
    }

    /// The records that a record follows from, as the fold knows them: a delegated execution begins
    /// with the record of its delegation.
    pub(super) fn parents(&self, body: &Body) -> Vec<Digest> {
        let Body::Started { delegation: Some(delegation), .. } = body else { return Vec::new() };
        let Delegation { parent, .. } = delegation.as_ref();
        self.executions.get(parent).and_then(Execution::head).into_iter().collect()
    }
}
