//! What an order came to.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::governance::{Change, Governance, Subject};
use proof::json::{Value, number, object};

use super::ending::ServerGuard;
use super::{Inner, StopSwitch};
use crate::limits::{LIKENESS_MIN, NEAR_MAX};

/// What an order stopped, and whether anything here is called what it names.
///
/// The node says it in the first line of its answer, `{"type":"acting"}`, before the order is on record. All counts are of what it
/// stopped: what something else had stopped before is not among them, and a state that stops nobody counts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acting {
    /// Live executions that it stopped.
    pub executions: u64,
    /// Sessions that it cut.
    pub sessions: u64,
    /// Servers that it stopped with them.
    pub servers: u64,
    /// Those of them of which a process may still be there. In the node's first line that is all; its last line says how many are left
    /// once they are gone or [`crate::limits::SERVERS_END_MS_MAX`] are over.
    pub ending: u64,
    /// Whether the domain or this node knows anything of that name. An order acts in either case.
    pub is_known: bool,
    /// Subjects of similar names, where nothing is called that.
    pub near: Vec<String>,
}

impl Acting {
    pub(crate) fn to_value(&self) -> Value {
        object([
            ("ending", number(self.ending)),
            ("executions", number(self.executions)),
            ("known", Value::Bool(self.is_known)),
            ("near", Value::Array(self.near.iter().map(|name| name.as_str().into()).collect())),
            ("servers", number(self.servers)),
            ("sessions", number(self.sessions)),
            ("type", Value::from("acting")),
            ("v", Value::Integer(1)),
        ])
    }

    /// The same in the words of the interface.
    pub(crate) fn to_reply(&self) -> api::governance::Acting {
        api::governance::Acting {
            executions: self.executions,
            sessions: self.sessions,
            servers: self.servers,
            ending: self.ending,
            is_known: self.is_known,
            near: self.near.clone(),
        }
    }

    /// None where the line is another one.
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        if value.get("type").and_then(Value::as_str) != Some("acting") {
            return None;
        }
        let count = |name: &str| u64::try_from(value.get(name)?.as_i64()?).ok();
        let near = value.get("near")?.as_array()?.iter();
        Some(Self {
            executions: count("executions")?,
            sessions: count("sessions")?,
            servers: count("servers")?,
            ending: count("ending")?,
            is_known: value.get("known")?.as_bool()?,
            near: near.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
        })
    }
}

impl Inner {
    /// Counts what a change stops, before it does, and gives what guards the servers.
    pub(super) fn count(&self, change: &Change) -> (Acting, Vec<ServerGuard>) {
        let covers = |line: &super::Line| line.is_covered(&self.governance, &self.node, change);
        let (mut acting, mut guards) = (Acting::default(), Vec::new());
        if !cuts(change) {
            return (acting, guards);
        }
        let goes_on =
            |line: &super::Line| self.taken.from(&self.governance, &self.node, line).is_none();
        let stops = |line: &&super::Line| covers(line) && goes_on(line);
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
        Change::TrustChanged { trust, .. } => *trust >= policy::Trust::Suspended,
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

/// What is called something on this node.
struct Here {
    node: String,
    executions: Vec<(String, String)>,
}

impl Here {
    fn of(inner: &Inner) -> Self {
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

/// The names of the same kind that are most like one, those that begin with it first: an execution is often called by the beginning of
/// its id.
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
