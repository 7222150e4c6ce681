//! What the kernel holds, in the words of the interface.

use std::collections::{BTreeMap, BTreeSet};

use api::RecordJson;
use api::approval::{MissingVotes, PendingRequest, Vote};
use api::execution::{EndedExecution, Execution, Grant};
use api::governance::{Position, Trust, TrustState};
use api::meter::MeterAccount;
use kernel::governance::Governance;
use kernel::state::{ApprovalStatus, MeterUse, NodeState, WaitingRequest};
use proof::note::VerifierKey;
use record::Per;
use record::governance::Subject;

/// A prefix of a log.
pub(crate) fn position(position: &record::Position) -> Position {
    Position {
        origin: position.origin.clone(),
        size: position.size,
        root: position.root.to_string(),
    }
}

/// A trust state.
pub(crate) fn trust(trust: record::Trust) -> Trust {
    match trust {
        record::Trust::Trusted => Trust::Trusted,
        record::Trust::Degraded => Trust::Degraded,
        record::Trust::Suspended => Trust::Suspended,
        record::Trust::Revoked => Trust::Revoked,
    }
}

/// The trust state of a subject.
pub(crate) fn trust_state(subject: &Subject, state: record::Trust) -> TrustState {
    TrustState { subject: subject.to_string(), trust: trust(state) }
}

/// The use of every meter at a time.
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

/// A request that waits, without its message. Its server and tool stand in its record.
pub(crate) fn pending_request(
    state: &NodeState,
    at: i64,
    id: &str,
    execution: &kernel::state::Execution,
    asked: &WaitingRequest,
) -> PendingRequest {
    let governance = state.governance();
    let votes = asked.votes().map(|word| Vote {
        key: word.key.to_string(),
        verdict: if word.approves { "permit" } else { "refuse" }.to_owned(),
        at_ms: word.at,
        expires_ms: word.expires_ms,
    });
    let awaits = asked.awaits.iter();
    let standing = state.approval_status(asked, at);
    let waits = Some(asked).filter(|_| standing == ApprovalStatus::Waiting);
    let before = waits.and_then(|asked| state.earlier_pending(execution, asked, at));
    PendingRequest {
        pending: asked.pending.to_string(),
        record: asked.index,
        execution: id.to_owned(),
        workload: execution.workload().to_owned(),
        asked_for: None,
        asked_ms: asked.at,
        until_ms: asked.until(),
        state: standing.as_str().to_owned(),
        same_as: before.map(|before| before.pending.to_string()),
        is_used: asked.is_used(),
        awaits: awaits.clone().map(|one| RecordJson(one.to_value())).collect(),
        still: awaits.filter_map(|one| missing_votes(governance, asked, one)).collect(),
        approvals: votes.collect(),
    }
}

/// Who must sign still, for one thing that a request waits for. None where enough have.
fn missing_votes(
    governance: &Governance,
    asked: &WaitingRequest,
    awaits: &record::ApprovalRule,
) -> Option<MissingVotes> {
    let role = governance.role(&awaits.role);
    let keys = role.map(record::governance::Role::keys).unwrap_or_default();
    let has_spoken = |key: &VerifierKey| asked.votes().any(|word| word.key == *key);
    let given = asked.votes().filter(|word| word.approves && keys.contains(&word.key)).count();
    let missing = awaits.count.saturating_sub(u64::try_from(given).unwrap_or(u64::MAX));
    let may_sign = keys.iter().filter(|key| !has_spoken(key)).map(|key| key.name().to_owned());
    (missing > 0).then(|| MissingVotes {
        role: awaits.role.clone(),
        missing,
        keys: may_sign.collect(),
    })
}

/// Executions that ended and were not erased, by their ids.
pub(crate) fn ended(state: &NodeState) -> Vec<EndedExecution> {
    let kept: BTreeSet<&str> = state.all_kept().collect();
    let ended = state.ended().map(|(id, at)| EndedExecution {
        execution: id.to_owned(),
        ended_ms: at,
        is_kept: kept.contains(id),
    });
    ended.collect()
}
