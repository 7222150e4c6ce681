//! What waits for approval, and what officers say about it: asked of the running node.

use std::sync::atomic::{AtomicI64, Ordering};

use api::RecordJson;
use api::approval::{MissingVotes, PendingRequest, Vote};
use kernel::governance::Governance;
use kernel::lineage::SignedApproval;
use kernel::state::{Asked, Execution, NodeState, Waits};
use proof::note::VerifierKey;

use crate::clock::wall_ms;
use crate::driver::Kernel;
use crate::limits::WAITING_NOTE_MS_MIN;

/// When it was last said on standard error that something waits.
static SAID_AT: AtomicI64 = AtomicI64::new(i64::MIN);

/// Whether it may be said again. A clock that steps back keeps nothing unsaid.
fn is_due(now: i64, last: i64) -> bool {
    now < last || now.saturating_sub(last) >= WAITING_NOTE_MS_MIN
}

/// Says on the node's standard error that a request waits, once a second at most: an agent may ask as often as it likes.
pub(crate) fn say_waiting(workload: &str, what: &str, pending: &str) {
    let (now, last) = (wall_ms(), SAID_AT.load(Ordering::Relaxed));
    if is_due(now, last)
        && SAID_AT.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    {
        crate::say(format_args!(
            "`{workload}` waits for approval of {what}: {pending} (`interlock approvals show`)"
        ));
    }
}

/// Puts an officer's word on record, and gives the record's index; else a code and what to do. Whoever brings it: what counts is whose
/// key signed it.
pub(crate) async fn approve(
    kernel: &Kernel,
    approval: SignedApproval,
) -> Result<u64, (&'static str, &'static str)> {
    match kernel.approve(approval).await {
        Some(approved) => approved.map_err(|code| (code, help(code))),
        None => Err(("refused.storage", "the node is stopping")),
    }
}

fn help(code: &str) -> &'static str {
    match code {
        "approval.unknown" => {
            "nothing waits under that id; `interlock approvals list` shows what does"
        }
        "approval.used" => "it was approved and done already",
        "approval.late" => "its time has passed; the agent must ask again",
        "approval.role" => {
            "it does not wait for this key's roles; `interlock roles` shows who has which"
        }
        "approval.signature" => "the signature is not for this record of this node's log",
        "approval.quota" => "more officers have spoken than are remembered of one request",
        "approval.twice" => "this key has spoken already; only an approval can be taken back",
        _ => "there is no room to put it on record; free some space",
    }
}

/// What is shown of a request without its message. Its server and tool stand in its record.
pub(crate) fn request(
    (state, at): (&NodeState, i64),
    (id, execution): (&str, &Execution),
    asked: &Asked,
) -> PendingRequest {
    let governance = state.governance();
    let votes = asked.words().map(|word| Vote {
        key: word.key.to_string(),
        verdict: if word.approves { "permit" } else { "refuse" }.to_owned(),
        at_ms: word.at,
        expires_ms: word.expires_ms,
    });
    let awaits = asked.awaits.iter();
    let standing = state.standing_of(asked, at);
    let waits = Some(asked).filter(|_| standing == Waits::Waits);
    let before = waits.and_then(|asked| state.asked_before(execution, asked, at));
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
    asked: &Asked,
    awaits: &policy::ApprovalRule,
) -> Option<MissingVotes> {
    let role = governance.role(&awaits.role);
    let keys = role.map(kernel::governance::Role::keys).unwrap_or_default();
    let has_spoken = |key: &VerifierKey| asked.words().any(|word| word.key == *key);
    let given = asked.words().filter(|word| word.approves && keys.contains(&word.key)).count();
    let missing = awaits.count.saturating_sub(u64::try_from(given).unwrap_or(u64::MAX));
    let may_sign = keys.iter().filter(|key| !has_spoken(key)).map(|key| key.name().to_owned());
    (missing > 0).then(|| MissingVotes {
        role: awaits.role.clone(),
        missing,
        keys: may_sign.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_that_something_waits_comes_once_a_second() {
        assert!(is_due(0, i64::MIN));
        assert!(!is_due(10_999, 10_000));
        assert!(is_due(11_000, 10_000));
        assert!(is_due(9_000, 10_000), "a clock that steps back");
    }
}
