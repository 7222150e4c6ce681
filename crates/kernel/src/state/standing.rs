//! The standing of executions: trust states, halts and registrations that concern them.
//!
//! A stopped subject's descendants stop too: an execution's standing is the worst of its line.
//! Decisions of bundles before [`Semantics::V4`] look at the execution's own workload and zone;
//! live stops always look at the line.

use policy::{DecisionState, Semantics, Spent};
use record::governance::Subject;
use record::{Labels, Trust};

use super::{Execution, NodeState};

/// Whose workloads and zones count for an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Its own.
    Own,
    /// Its own and those of all whom it descends from.
    Line,
}

impl NodeState {
    /// All subjects by which a trust state or a halt reaches an execution: the domain, the node,
    /// and each execution in its line with its workload and zone. Empty where there is no such
    /// execution.
    #[must_use]
    pub fn subjects_of(&self, execution: &str) -> Vec<Subject> {
        self.subjects(execution, Reach::Line)
    }

    fn subjects(&self, id: &str, reach: Reach) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for (generation, (id, execution)) in self.line(id).enumerate() {
            subjects.push(Subject::Execution(id.to_owned()));
            if generation > 0 && reach == Reach::Own {
                continue;
            }
            let workload = execution.workload();
            let zone = self.governance.workload(workload).map(|known| known.zone.clone());
            subjects.push(Subject::Workload(workload.to_owned()));
            subjects.extend(zone.map(Subject::Zone));
        }
        if !subjects.is_empty() {
            subjects.extend([Subject::Domain, Subject::Node(self.node.clone())]);
        }
        subjects.sort();
        subjects.dedup();
        subjects
    }

    /// How an execution stands under the adopted governance, with all whom it descends from.
    #[must_use]
    pub fn standing(&self, id: &str) -> Option<DecisionState> {
        self.standing_within(id, Reach::Line)
    }

    /// How an execution stands for a decision.
    pub(super) fn decided_standing(&self, id: &str) -> Option<DecisionState> {
        let looks_at_line = self.bundle.semantics() >= Semantics::V4;
        self.standing_within(id, if looks_at_line { Reach::Line } else { Reach::Own })
    }

    fn standing_within(&self, id: &str, reach: Reach) -> Option<DecisionState> {
        let execution = self.executions.get(id)?;
        let subjects = self.subjects(id, reach);
        let (worst_reduction, is_halted) = self.worst_reduction(&subjects);
        Some(DecisionState {
            governance_verified: self.is_verified,
            registered: match reach {
                Reach::Own => self.is_registered(execution),
                Reach::Line => self.is_line_registered(id),
            },
            trust: self.governance.trust(&subjects).max(worst_reduction.unwrap_or(Trust::Trusted)),
            halted: is_halted || self.governance.is_halted(&subjects) || self.is_over(id),
            lineage_intact: self.is_intact(id) && self.is_of_whole_line(id),
            grants: self.line(id).map(|(_, execution)| execution.held()).collect(),
            delegates: None,
            tool: None,
            labels: self.carried(id),
            detected: Labels::NONE,
            resource_labels: Labels::NONE,
            spent: Spent::new(),
            retry: None,
        })
    }

    /// Whether an execution's workload is registered for the OS user that speaks for it.
    fn is_registered(&self, execution: &Execution) -> bool {
        let registered = self.governance.workload(execution.workload());
        registered.is_some_and(|workload| workload.os_user == execution.os_user())
    }

    /// Whether that holds of an execution and of all whom it descends from.
    pub(crate) fn is_line_registered(&self, id: &str) -> bool {
        self.line(id).all(|(_, execution)| self.is_registered(execution))
    }

    /// The code of the reason why an execution may not go on now, if any. Earlier permits are
    /// stopped too.
    #[must_use]
    pub fn objection(&self, execution: &str) -> Option<&'static str> {
        let Some(standing) = self.standing(execution) else { return Some("lineage.broken") };
        if !standing.governance_verified {
            Some("governance.unverified")
        } else if !standing.registered {
            Some("identity.unregistered")
        } else if standing.trust > self.bundle.trust_minimum().min(Trust::Degraded) {
            Some("trust.insufficient")
        } else if standing.halted {
            Some("execution.halted")
        } else {
            None
        }
    }
}
