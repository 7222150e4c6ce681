//! What waits for approval, what officers say about it, and what is used of the meters: asked of the running node.

use std::sync::atomic::{AtomicI64, Ordering};

use kernel::governance::Governance;
use kernel::lineage::SignedApproval;
use kernel::state::{Asked, Execution, NodeState};
use proof::json::{Value, number, object};
use proof::note::VerifierKey;

use crate::clock::wall_ms;
use crate::driver::Kernel;
use crate::hello::{line, refusal};
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

/// Puts an officer's word on record. Whoever brings it: what counts is whose key signed it.
pub(crate) async fn approve(kernel: &Kernel, approval: SignedApproval) -> Vec<u8> {
    match kernel.approve(approval).await {
        Some(Ok(index)) => line(&object([
            ("record", number(index)),
            ("type", Value::from("approved")),
            ("v", Value::Integer(1)),
        ])),
        Some(Err(code)) => refusal(code, help(code)),
        None => refusal("refused.storage", "the node is stopping"),
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

/// What is told of a request without its message.
pub(crate) fn request(
    (state, at): (&NodeState, i64),
    (id, execution): (&str, &Execution),
    asked: &Asked,
) -> Value {
    let governance = state.governance();
    let words = asked.words().map(|word| {
        let verdict = if word.approves { "permit" } else { "refuse" };
        object([
            ("at_ms", Value::Integer(word.at)),
            ("expires_ms", Value::Integer(word.expires_ms)),
            ("key", Value::from(word.key.to_string())),
            ("verdict", Value::from(verdict)),
        ])
    });
    object([
        ("approvals", Value::Array(words.collect())),
        ("asked_ms", Value::Integer(asked.at)),
        ("awaits", Value::Array(asked.awaits.iter().map(policy::Approval::to_value).collect())),
        ("execution", Value::from(id)),
        ("pending", Value::from(asked.pending.to_string())),
        ("record", number(asked.index)),
        ("state", Value::from(state.standing_of(asked, at).as_str())),
        (
            "still",
            Value::Array(
                asked.awaits.iter().filter_map(|one| still(governance, asked, one)).collect(),
            ),
        ),
        ("until_ms", Value::Integer(asked.until())),
        ("used", Value::Bool(asked.is_used())),
        ("workload", Value::from(execution.workload())),
    ])
}

/// Who must sign still, for one thing that a request waits for. None where enough have.
fn still(governance: &Governance, asked: &Asked, awaits: &policy::Approval) -> Option<Value> {
    let role = governance.role(&awaits.role);
    let keys = role.map(kernel::governance::Role::keys).unwrap_or_default();
    let has_spoken = |key: &VerifierKey| asked.words().any(|word| word.key == *key);
    let given = asked.words().filter(|word| word.approves && keys.contains(&word.key)).count();
    let missing = awaits.count.saturating_sub(u64::try_from(given).unwrap_or(u64::MAX));
    let may_sign = keys.iter().filter(|key| !has_spoken(key)).map(|key| Value::from(key.name()));
    (missing > 0).then(|| {
        object([
            ("keys", Value::Array(may_sign.collect())),
            ("missing", number(missing)),
            ("role", Value::from(awaits.role.as_str())),
        ])
    })
}

/// The answer's value: every account of the bundle's meters at a time.
pub(crate) fn meters(state: &NodeState, at: i64) -> Value {
    let one = |used: kernel::state::MeterUse<'_>| {
        let mut members = vec![
            ("limit", number(used.meter.limit)),
            ("meter", Value::from(used.meter.name.as_str())),
            ("per", Value::from(used.meter.per.as_str())),
            ("reserved", number(used.reserved)),
            ("subject", Value::from(used.subject)),
            ("unit", Value::from(used.meter.unit.as_str())),
            ("used", number(used.used)),
        ];
        members.extend(used.meter.window_ms.map(|ms| ("window_ms", Value::Integer(ms))));
        object(members)
    };
    object([
        ("accounts", Value::Array(state.meter_uses(at).map(one).collect())),
        ("type", Value::from("meters")),
        ("v", Value::Integer(1)),
    ])
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
