//! The stop switch: what officers have taken away, as the node's sessions feel it at once.
//!
//! An order acts here before the kernel, the disk or the log have seen it. The switch knows what
//! governs, what the kernel holds beyond that, and every live execution with all whom it descends
//! from. It decides nothing that could be permitted: it cuts sessions, and keeps new ones out.
//!
//! Architecture invariant: nobody holds the switch's lock while waiting for a disk, a socket, the
//! kernel or another lock.

mod acting;
mod ending;
mod line;
mod session;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::governance::Acting;
use kernel::governance::{Governance, GovernanceError};
use kernel::state::NodeState;
use record::governance::{Change, SignedProposal};
use tokio::sync::watch;

use crate::RefusalCode;
use ending::ServerGuard;
pub(crate) use line::ExecutionLine;
use line::Reductions;
use session::Live;
pub(crate) use session::{Admitted, Cut};

/// The code of a refusal where an execution has ended.
pub(crate) const ENDED: &str = "refused.peer";

/// What stops sessions of a node, shared by all who serve it.
pub(crate) struct StopSwitch(Mutex<SwitchState>);

struct SwitchState {
    node: String,
    /// What governs, as the authority has it: never older than what the kernel has adopted.
    governance: Arc<Governance>,
    /// The OS users who have a workload.
    os_users: Arc<BTreeSet<u32>>,
    /// What the kernel holds beyond governance.
    held: Vec<Change>,
    /// Orders that came, and that neither the kernel nor the authority has answered yet.
    orders: BTreeMap<u64, Change>,
    /// All that is taken away, by its subjects.
    taken: Reductions,
    executions: BTreeMap<String, ExecutionLine>,
    sessions: BTreeMap<u64, Live>,
    next: u64,
}

impl StopSwitch {
    pub(crate) fn new(node: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(SwitchState {
            node: node.to_owned(),
            governance: Arc::new(Governance::new("")),
            os_users: Arc::default(),
            held: Vec::new(),
            orders: BTreeMap::new(),
            taken: Reductions::default(),
            executions: BTreeMap::new(),
            sessions: BTreeMap::new(),
            next: 0,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, SwitchState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This governs from here on. Called in the order of the log.
    pub(crate) fn govern(&self, governance: Governance) {
        let os_users = governance.workloads().map(|workload| workload.os_user).collect();
        let (governance, os_users) = (Arc::new(governance), Arc::new(os_users));
        let mut inner = self.inner();
        (inner.governance, inner.os_users) = (governance, os_users);
        inner.settle();
    }

    /// The kernel has all this: its executions, and what it holds beyond governance.
    pub(crate) fn follow(&self, state: &NodeState) {
        let executions = state.executions();
        let executions: BTreeMap<_, _> =
            executions.map(|(id, _)| (id.to_owned(), ExecutionLine::of(state, id))).collect();
        let held: Vec<Change> = state.held_reductions().cloned().collect();
        let mut inner = self.inner();
        (inner.executions, inner.held) = (executions, held);
        inner.settle();
    }

    /// The kernel holds this beyond governance.
    pub(crate) fn hold(&self, state: &NodeState) {
        let held: Vec<Change> = state.held_reductions().cloned().collect();
        let mut inner = self.inner();
        inner.held = held;
        inner.settle();
    }

    /// Executions that the kernel does not have any more are over, and their sessions with them.
    pub(crate) fn forget_ended(&self, state: &NodeState) {
        let mut inner = self.inner();
        inner.executions.retain(|id, _| state.execution(id).is_some());
        inner.settle();
    }

    /// An execution has begun, or is there already.
    pub(crate) fn begin(&self, state: &NodeState, id: &str) {
        let mut inner = self.inner();
        if !inner.executions.contains_key(id) {
            inner.executions.insert(id.to_owned(), ExecutionLine::of(state, id));
        }
    }

    /// Whether an officer signed this, and it takes something away.
    ///
    /// # Errors
    /// None where it takes nothing away; else why it is not acceptable.
    pub(crate) fn takes_away(
        &self,
        signed: &SignedProposal,
    ) -> Result<(), Option<GovernanceError>> {
        let governance = Arc::clone(&self.inner().governance);
        match takes_away(&governance, &signed.proposal.change) {
            true => governance.check(crate::clock::wall_ms(), signed).map_err(Some),
            false => Err(None),
        }
    }

    /// Verifies what an officer signed and, where it takes something away, acts on it: when this
    /// returns, no session of whom it covers hands on anything more. None where it takes nothing
    /// away.
    ///
    /// # Errors
    /// When it is not acceptable under what governs.
    pub(crate) fn order(
        &self,
        wall_ms: i64,
        signed: &SignedProposal,
    ) -> Result<Option<(Order, Acting)>, GovernanceError> {
        let governance = Arc::clone(&self.inner().governance);
        let change = &signed.proposal.change;
        if !takes_away(&governance, change) {
            return Ok(None);
        }
        governance.check(wall_ms, signed)?;
        let mut inner = self.inner();
        let (acting, guards) = inner.count(change);
        let number = inner.next();
        inner.orders.insert(number, change.clone());
        inner.settle();
        drop(inner);
        Ok(Some((Order { number, guards }, self.with_names(change, acting))))
    }

    /// The kernel or the authority has answered an order: from here on their state says whether it
    /// holds.
    pub(crate) fn release(&self, order: &Order) {
        let mut inner = self.inner();
        inner.orders.remove(&order.number);
        inner.settle();
    }

    /// Lets a session begin, unless its execution is stopped: the code then.
    pub(crate) fn admit(self: &Arc<Self>, execution: &str) -> Result<Admitted, RefusalCode> {
        let mut inner = self.inner();
        let line = inner.executions.get(execution).ok_or(RefusalCode(ENDED))?;
        if let Some(code) = inner.taken.from(&inner.governance, &inner.node, line) {
            return Err(RefusalCode(code));
        }
        let line = line.clone();
        let (number, cut) = (inner.next(), Arc::new(Cut::default()));
        let (over, is_over) = watch::channel(());
        inner.sessions.insert(number, Live::new(line, Arc::clone(&cut), is_over));
        Ok(Admitted::new(Arc::clone(self), number, cut, over))
    }

    /// The server of a session runs, as this process, and is guarded by that one.
    fn has_server(&self, session: u64, pid: u32, guard: Option<u32>) {
        if let Some(live) = self.inner().sessions.get_mut(&session) {
            live.started(pid, guard);
        }
    }

    fn leave(&self, session: u64) {
        self.inner().sessions.remove(&session);
    }

    /// What governs.
    pub(crate) fn governance(&self) -> Arc<Governance> {
        Arc::clone(&self.inner().governance)
    }

    /// The OS users who have a registered workload.
    pub(crate) fn os_users(&self) -> Arc<BTreeSet<u32>> {
        Arc::clone(&self.inner().os_users)
    }

    /// Whether a registered workload is this OS user's.
    pub(crate) fn is_registered(&self, os_user: u32) -> bool {
        self.inner().os_users.contains(&os_user)
    }
}

fn takes_away(governance: &Governance, change: &Change) -> bool {
    matches!(change, Change::ExecutionEnded { .. }) || governance.is_reduction(change)
}

/// An order that acts and is not answered yet.
#[must_use]
pub(crate) struct Order {
    number: u64,
    /// What guards the servers that it stopped.
    guards: Vec<ServerGuard>,
}

impl SwitchState {
    fn next(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    /// Cuts every session that may not go on.
    fn settle(&mut self) {
        self.taken = Reductions::all(self.held.iter().chain(self.orders.values()));
        for live in self.sessions.values() {
            let is_over = !self.executions.contains_key(live.line.execution());
            let code = self.taken.from(&self.governance, &self.node, &live.line);
            if let Some(code) = code.or(is_over.then_some(line::OVER)) {
                live.cut(code);
            }
        }
    }
}
