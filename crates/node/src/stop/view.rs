//! What the stop switch shows of what goes on and of what is taken away.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use api::execution::{ExecutionName, ExecutionQuery};
use api::governance::Halt;
use record::governance::{Change, Subject};

use super::{ExecutionLine, StopSwitch};

impl StopSwitch {
    /// Ids of live executions that a query shows, at most so many, in order: all, or those of this
    /// OS user.
    pub(crate) fn page(
        &self,
        query: &ExecutionQuery,
        only_of: Option<u32>,
        limit: usize,
    ) -> Vec<String> {
        let begin = query.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let beginning = query.beginning.as_deref().unwrap_or_default();
        let shows = |id: &str, line: &ExecutionLine| {
            id.starts_with(beginning)
                && only_of.is_none_or(|user| line.os_user() == user)
                && query.workload.as_deref().is_none_or(|name| line.workload() == name)
                && query.parent.as_deref().is_none_or(|parent| line.parent() == Some(parent))
        };
        let inner = self.inner();
        let executions = inner.executions.range::<String, _>((begin, Bound::Unbounded));
        let shown = executions.filter(|(id, line)| shows(id, line)).map(|(id, _)| id.clone());
        shown.take(limit).collect()
    }

    /// The execution of this id, where it is live and this OS user may see it.
    pub(crate) fn visible(&self, id: &str, only_of: Option<u32>) -> Vec<String> {
        let inner = self.inner();
        let line = inner.executions.get(id);
        let line = line.filter(|line| only_of.is_none_or(|user| line.os_user() == user));
        line.map(|_| id.to_owned()).into_iter().collect()
    }

    /// Live executions whose ids begin so, by their names, at most so many, in order.
    pub(crate) fn names(&self, beginning: &str, limit: usize) -> Vec<ExecutionName> {
        let inner = self.inner();
        let from = inner.executions.range::<str, _>((Bound::Included(beginning), Bound::Unbounded));
        let named = from.take_while(|(id, _)| id.starts_with(beginning)).map(|(id, line)| {
            ExecutionName { execution: id.clone(), workload: line.workload().to_owned() }
        });
        named.take(limit).collect()
    }

    /// Live executions of a workload.
    pub(crate) fn executions_of(&self, workload: &str) -> BTreeSet<String> {
        let inner = self.inner();
        let of = inner.executions.iter().filter(|(_, line)| line.workload() == workload);
        of.map(|(id, _)| id.clone()).collect()
    }

    /// The halts in force: those on record, and those that act before they are.
    pub(crate) fn halts(&self) -> Vec<Halt> {
        let (governance, pending) = {
            let inner = self.inner();
            let pending = inner.held.iter().chain(inner.orders.values());
            let halted = pending.filter_map(|change| match change {
                Change::HaltOrdered { subject } => Some(subject.clone()),
                _ => None,
            });
            (Arc::clone(&inner.governance), halted.collect::<BTreeSet<Subject>>())
        };
        let (_, recorded) = governance.standing();
        let recorded: BTreeSet<&Subject> = recorded.collect();
        let halt =
            |subject: &Subject, is_recorded| Halt { subject: subject.to_string(), is_recorded };
        let unrecorded = pending.iter().filter(|subject| !recorded.contains(subject));
        let mut halts: Vec<Halt> = recorded.iter().map(|subject| halt(subject, true)).collect();
        halts.extend(unrecorded.map(|subject| halt(subject, false)));
        halts.sort_by(|one, other| one.subject.cmp(&other.subject));
        halts
    }

    /// How many sessions there are.
    pub(crate) fn session_count(&self) -> u64 {
        u64::try_from(self.inner().sessions.len()).unwrap_or(u64::MAX)
    }
}
