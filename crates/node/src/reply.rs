//! What the kernel holds, in the words of the interface.

use std::collections::BTreeMap;

use api::execution::{Execution, Grant};
use api::governance::{Position, Trust, TrustState};
use api::meter::MeterAccount;
use kernel::governance::Subject;
use kernel::state::{MeterUse, NodeState};
use policy::Per;

/// A prefix of a log.
pub(crate) fn position(position: &kernel::governance::Position) -> Position {
    Position {
        origin: position.origin.clone(),
        size: position.size,
        root: position.root.to_string(),
    }
}

/// A trust state.
pub(crate) fn trust(trust: policy::Trust) -> Trust {
    match trust {
        policy::Trust::Trusted => Trust::Trusted,
        policy::Trust::Degraded => Trust::Degraded,
        policy::Trust::Suspended => Trust::Suspended,
        policy::Trust::Revoked => Trust::Revoked,
    }
}

/// The trust state of a subject.
pub(crate) fn trust_state((subject, state): (&Subject, policy::Trust)) -> TrustState {
    TrustState { subject: subject.to_string(), trust: trust(state) }
}

/// What is used of every meter at a time.
pub(crate) fn meters(state: &NodeState, at: i64) -> Vec<MeterAccount> {
    state.meter_uses(at).map(account).collect()
}

fn account(used: MeterUse<'_>) -> MeterAccount {
    MeterAccount {
        meter: used.meter.name.clone(),
        per: used.meter.per.as_str().to_owned(),
        subject: used.subject.to_owned(),
        unit: used.meter.unit.clone(),
        limit: used.meter.limit,
        used: used.used,
        reserved: used.reserved,
        window_ms: used.meter.window_ms,
    }
}

/// Those of these executions that go on, in the order of the ids.
pub(crate) fn executions(state: &NodeState, ids: &[String], at: i64) -> Vec<Execution> {
    let mut meters: BTreeMap<&str, Vec<MeterAccount>> =
        ids.iter().map(|id| (id.as_str(), Vec::new())).collect();
    for used in state.meter_uses(at).filter(|used| used.meter.per == Per::Execution) {
        if let Some(of) = meters.get_mut(used.subject) {
            of.push(account(used));
        }
    }
    let one = |(id, meters)| execution(state, id, meters);
    meters.into_iter().filter_map(one).collect()
}

fn execution(state: &NodeState, id: &str, meters: Vec<MeterAccount>) -> Option<Execution> {
    let (execution, standing) = (state.execution(id)?, state.standing(id)?);
    let held = execution.held();
    Some(Execution {
        execution: id.to_owned(),
        workload: execution.workload().to_owned(),
        os_user: execution.os_user(),
        parent: execution.parent().map(str::to_owned),
        records: execution.seq(),
        open_transitions: u64::try_from(execution.open().count()).unwrap_or(u64::MAX),
        labels: standing.labels.iter().map(str::to_owned).collect(),
        trust: trust(standing.trust),
        is_halted: standing.halted,
        objection: state.objection(id).map(str::to_owned),
        grant: Grant {
            actions: held.grant.actions.map(|actions| actions.into_iter().collect()),
            calls_max: held.grant.calls_max,
            depth_max: held.grant.depth_max,
            until_ms: held.grant.until_ms,
        },
        calls: held.calls,
        meters,
    })
}
