//! Executions form trees: what stops one stops all below it, and what one did counts for all.

use kernel::step::Ticket;
use proof::digest::Digest;
use record::governance::Subject;

use super::{Model, ModelExecution, Permit};
use crate::broken::{Broken, Law, holds};
use crate::office::Past;

impl Model {
    /// An execution and all above it.
    pub(super) fn line(&self, id: &str) -> Vec<(String, &ModelExecution)> {
        let mut line = Vec::new();
        let mut next = Some(id.to_owned());
        while let Some(id) = next.take() {
            let Some(execution) = self.executions.get(&id) else { break };
            next.clone_from(&execution.parent);
            line.push((id, execution));
        }
        line
    }

    /// The first execution above it.
    pub(super) fn root(&self, id: &str) -> String {
        self.line(id).pop().map_or_else(|| id.to_owned(), |(root, _)| root)
    }

    /// What its tree has done.
    pub(super) fn past(&mut self, id: &str) -> Option<&mut Past> {
        let root = self.root(id);
        self.executions.get_mut(&root).map(|execution| &mut execution.past)
    }

    /// All whose stop is the execution's own.
    pub(super) fn subjects(&self, id: &str) -> Vec<Subject> {
        let mut subjects = vec![Subject::Domain, Subject::Node(crate::names::NODE.into())];
        for (id, execution) in self.line(id) {
            subjects.push(Subject::Execution(id));
            subjects.push(Subject::Workload(execution.workload.into()));
            subjects.push(Subject::Zone(self.rule.zone(execution.workload)));
        }
        subjects
    }

    /// Why nothing may go on of an execution, if so.
    pub(crate) fn stop(&self, id: &str) -> Option<&'static str> {
        match self.executions.contains_key(id) {
            true => self.rule.objection(&self.subjects(id)),
            false => Some("it has ended"),
        }
    }

    /// Whether what an execution did that has ended decides still for others.
    pub(crate) fn is_kept(&self, id: &str) -> bool {
        self.begun_below.get(id).is_some_and(|root| self.executions.contains_key(root))
    }

    /// Whether a permit was to fetch a page.
    pub(crate) fn is_fetching(&self, permit: &Permit) -> bool {
        self.fetching.contains(permit)
    }

    /// A result goes on to its agent, with its record at this index where anything later can look
    /// at it.
    pub(crate) fn handed_on(&mut self, ticket: Ticket, index: Option<u64>) -> Result<(), Broken> {
        let execution = self.requests.get(&ticket).map(|request| request.execution.clone());
        let stop = self.stop(&execution.unwrap_or_default());
        holds(stop.is_none(), Law::Closed, || {
            format!("the result of request {ticket} goes on against {stop:?}")
        })?;
        if let Some(index) = index {
            let digest = Digest::of(&self.entry(index)?.record);
            self.released.insert(index, digest);
        }
        Ok(())
    }
}
