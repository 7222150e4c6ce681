//! Executions after their end: they are remembered until they are erased, and so is their erasure.

use super::{Execution, NodeState};
use crate::lineage::SealingScope;

impl NodeState {
    /// Under whose key the next record's sealed part goes.
    pub(crate) fn scope(&self, execution: Option<&str>) -> SealingScope {
        let Some(id) = execution else { return SealingScope::Node };
        match self.executions.get(id).map(Execution::seq) {
            // The record with which it begins.
            None | Some(0) => SealingScope::Begun(id.to_owned()),
            Some(_) => SealingScope::Execution(id.to_owned()),
        }
    }

    /// When an execution ended (milliseconds since the Unix epoch), unless it goes on or was
    /// erased.
    #[must_use]
    pub fn ended_at(&self, id: &str) -> Option<i64> {
        self.ended.get(id).copied()
    }

    /// Executions that ended and were not erased, with the time of their end.
    pub fn ended(&self) -> impl Iterator<Item = (&str, i64)> {
        self.ended.iter().map(|(id, at)| (id.as_str(), *at))
    }

    /// Index of the record that erased an execution.
    #[must_use]
    pub fn erased(&self, id: &str) -> Option<u64> {
        self.erased.get(id).copied()
    }

    /// Executions that were erased.
    pub fn all_erased(&self) -> impl Iterator<Item = &str> {
        self.erased.keys().map(String::as_str)
    }

    /// Notes that an execution ended: with the record that is folded next.
    pub(super) fn note_end(&mut self, id: &str, at: i64) {
        self.ended.insert(id.to_owned(), at);
    }

    /// An ended execution is erased with the record that is folded next. False where it has not
    /// ended.
    pub(super) fn erase(&mut self, id: &str) -> bool {
        let has_ended = self.ended.remove(id).is_some();
        if has_ended {
            self.erased.insert(id.to_owned(), self.size);
        }
        has_ended
    }
}
