//! What an order came to.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::governance::Acting;
use kernel::governance::Governance;
use record::governance::{Change, Subject};

use super::ending::ServerGuard;
use super::{StopSwitch, SwitchState};
use crate::limits::{LIKENESS_MIN, NEAR_MAX};

impl SwitchState {
    /// Counts what a change stops, before it does, and gives what guards the servers.
    pub(super) fn count(&self, change: &Change) -> (Acting, Vec<ServerGuard>) {
        let covers =
            |line: &super::ExecutionLine| line.is_covered(&self.governance, &self.node, change);
        let (mut acting, mut guards) = (Acting::default(), Vec::new());
        if !cuts(change) {
            return (acting, guards);
        }
        let goes_on = |line: &super::ExecutionLine| {
            self.taken.from(&self.governance, &self.node, line).is_none()
        };
        let stops = |line: &&super::ExecutionLine| covers(line) && goes_on(line);
        let executions = self.executions.values().filter(stops).count();
        acting.executions = u64::try_from(executions).unwrap_or(u64::MAX);
        for live in self.sessions.values() {
            if covers(&live.line) {
                // What an order before it stopped may still end.
                let is_new = u64::from(live.cut.code().is_none());
                acting.sessions = acting.sessions.saturating_add(is_new);
                guards.push(live.guard());
            }
        }
        acting.servers = u64::try_from(guards.len()).unwrap_or(u64::MAX);
        acting.ending = acting.servers;
        (acting, guards)
    }
}

/// Whether a change stops whom it covers, whatever the bundle says.
fn cuts(change: &Change) -> bool {
    match change {
        Change::TrustChanged { trust, .. } => *trust >= record::Trust::Suspended,
        _ => true,
    }
}

impl StopSwitch {
    /// Says whether anything is called what a change names, and what is called something like it.
    pub(super) fn with_names(&self, change: &Change, acting: Acting) -> Acting {
        let subject = match change {
            Change::HaltOrdered { subject } | Change::TrustChanged { subject, .. } => {
                subject.clone()
            }
            Change::ExecutionEnded { execution } => Subject::Execution(execution.clone()),
            _ => Subject::Domain,
        };
        let (governance, here) = {
            let inner = self.inner();
            (Arc::clone(&inner.governance), Here::of(&inner))
        };
        let names = here.subjects(&governance);
        if subject == Subject::Domain || names.contains(&subject) {
            return Acting { is_known: true, ..acting };
        }
        Acting { is_known: false, near: near(&subject.to_string(), &names), ..acting }
    }
}

/// The names by which changes can mean this node and what runs on it.
struct Here {
    node: String,
    executions: Vec<(String, String)>,
}

impl Here {
    fn of(inner: &SwitchState) -> Self {
        let executions = inner.executions.iter();
        let executions = executions.map(|(id, line)| (id.clone(), line.workload().to_owned()));
        Self { node: inner.node.clone(), executions: executions.collect() }
    }

    fn subjects(self, governance: &Governance) -> BTreeSet<Subject> {
        let mut subjects = BTreeSet::from([Subject::Domain, Subject::Node(self.node)]);
        for workload in governance.workloads() {
            subjects.insert(Subject::Workload(workload.name.clone()));
            subjects.insert(Subject::Zone(workload.zone.clone()));
        }
        subjects.extend(governance.nodes().map(|(node, _)| Subject::Node(node.to_owned())));
        for (id, workload) in self.executions {
            subjects.insert(Subject::Execution(id));
            subjects.insert(Subject::Workload(workload));
        }
        subjects
    }
}

/// The names of the same kind that are most like one, those that begin with it first: an execution
/// is often called by the beginning of its id.
fn near(wanted: &str, names: &BTreeSet<Subject>) -> Vec<String> {
    let (kind, wanted) = wanted.split_once(':').unwrap_or(("", wanted));
    let likeness = |name: &str| match name.starts_with(wanted) {
        true => 2.0,
        false => strsim::jaro_winkler(wanted, name),
    };
    let each = names.iter().map(Subject::to_string).filter_map(|name| {
        let (_, bare) = name.split_once(':').filter(|(of, _)| *of == kind)?;
        Some((likeness(bare), name))
    });
    let mut near: Vec<(f64, String)> = each.filter(|(like, _)| *like >= LIKENESS_MIN).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    near.into_iter().take(NEAR_MAX).map(|(_, name)| name).collect()
}
