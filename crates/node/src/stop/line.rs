//! An execution with all whom it descends from, and what is taken away from it.

use std::collections::{BTreeMap, BTreeSet};

use kernel::governance::Governance;
use kernel::limits::GENERATIONS_MAX;
use kernel::state::NodeState;
use record::Trust;
use record::governance::{Change, Subject};

/// The code for what is halted, or ended by an officer.
pub(super) const HALTED: &str = "execution.halted";

/// The code of an execution that an officer ended.
pub(super) const OVER: &str = "execution.ended";
/// The code for trust that is `suspended` or `revoked`.
const TRUST: &str = "trust.insufficient";
/// The code for a workload that is not registered for its OS user any more.
const UNREGISTERED: &str = "identity.unregistered";

/// An execution and all whom it descends from, itself first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExecutionLine(Vec<Generation>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Generation {
    execution: String,
    workload: String,
    os_user: u32,
}

impl ExecutionLine {
    pub(crate) fn of(state: &NodeState, id: &str) -> Self {
        let first = Some(id);
        let next = |id: &&str| state.execution(id)?.parent();
        let ids = std::iter::successors(first, next).take(GENERATIONS_MAX);
        let generation = |id: &str| {
            let execution = state.execution(id)?;
            Some(Generation {
                execution: id.to_owned(),
                workload: execution.workload().to_owned(),
                os_user: execution.os_user(),
            })
        };
        Self(ids.map_while(generation).collect())
    }

    /// From workloads, executions and OS users, itself first.
    #[cfg(test)]
    pub(super) fn from_parts(parts: &[(&str, &str, u32)]) -> Self {
        let generation = |(workload, execution, os_user): &(&str, &str, u32)| Generation {
            execution: (*execution).to_owned(),
            workload: (*workload).to_owned(),
            os_user: *os_user,
        };
        Self(parts.iter().map(generation).collect())
    }

    /// Everything that a trust state or a halt of it may be set on.
    fn subjects(&self, governance: &Governance, node: &str) -> Vec<Subject> {
        let mut subjects = vec![Subject::Domain, Subject::Node(node.to_owned())];
        for one in &self.0 {
            subjects.push(Subject::Execution(one.execution.clone()));
            subjects.push(Subject::Workload(one.workload.clone()));
            let registered = governance.workload(&one.workload);
            subjects.extend(registered.map(|workload| Subject::Zone(workload.zone.clone())));
        }
        subjects
    }

    /// Whether a change is about it, or about one that it descends from.
    pub(super) fn is_covered(&self, governance: &Governance, node: &str, change: &Change) -> bool {
        match change {
            Change::HaltOrdered { subject } | Change::TrustChanged { subject, .. } => {
                self.subjects(governance, node).contains(subject)
            }
            Change::ExecutionEnded { execution } => {
                self.0.iter().any(|one| one.execution == *execution)
            }
            _ => false,
        }
    }

    pub(super) fn execution(&self) -> &str {
        self.0.first().map_or("", |first| &first.execution)
    }

    pub(super) fn workload(&self) -> &str {
        self.0.first().map_or("", |first| &first.workload)
    }

    pub(super) fn os_user(&self) -> u32 {
        self.0.first().map_or(u32::MAX, |first| first.os_user)
    }

    /// The execution that delegated to it.
    pub(super) fn parent(&self) -> Option<&str> {
        self.0.get(1).map(|parent| parent.execution.as_str())
    }
}

/// Reductions that act on this node and are not in the governance log yet.
#[derive(Default)]
pub(super) struct Reductions {
    halts: BTreeSet<Subject>,
    trust: BTreeMap<Subject, Trust>,
    ended: BTreeSet<String>,
}

impl Reductions {
    pub(super) fn all<'a>(changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut taken = Self::default();
        for change in changes {
            match change {
                Change::HaltOrdered { subject } => {
                    taken.halts.insert(subject.clone());
                }
                Change::TrustChanged { subject, trust } => {
                    let worst = taken.trust.entry(subject.clone()).or_insert(*trust);
                    *worst = (*worst).max(*trust);
                }
                Change::ExecutionEnded { execution } => {
                    taken.ended.insert(execution.clone());
                }
                _ => {}
            }
        }
        taken
    }

    /// Why an execution may not go on under this governance, if it may not.
    pub(super) fn from(
        &self,
        governance: &Governance,
        node: &str,
        line: &ExecutionLine,
    ) -> Option<&'static str> {
        let subjects = line.subjects(governance, node);
        let is_ended = |id: &str| self.ended.contains(id) || governance.is_ended(id);
        let is_halted = governance.is_halted(&subjects)
            || subjects.iter().any(|subject| self.halts.contains(subject));
        let is_over = line.0.iter().any(|one| is_ended(&one.execution));
        let lowered = subjects.iter().filter_map(|subject| self.trust.get(subject).copied());
        let trust = lowered.max().unwrap_or(Trust::Trusted).max(governance.trust(&subjects));
        let is_registered = line.0.iter().all(|one| {
            governance.workload(&one.workload).is_some_and(|found| found.os_user == one.os_user)
        });
        match () {
            () if is_over => Some(OVER),
            () if is_halted => Some(HALTED),
            () if trust >= Trust::Suspended => Some(TRUST),
            () if !is_registered => Some(UNREGISTERED),
            () => None,
        }
    }
}
