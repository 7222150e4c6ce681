//! What waits for approval, what officers say about it, and what is used of the meters: asked of the running node.

use kernel::lineage::SignedApproval;
use kernel::state::{Asked, Execution, NodeState};
use proof::json::{Value, number, object};

use crate::driver::Kernel;
use crate::hello::{line, refusal};

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

/// The answer's value: every request that is known to wait, or to have waited, by execution.
pub(crate) fn waiting(state: &NodeState) -> Value {
    let all = state.executions().flat_map(|(id, execution)| {
        execution.waiting().map(move |asked| request(id, execution, asked))
    });
    object([
        ("requests", Value::Array(all.collect())),
        ("type", Value::from("approvals")),
        ("v", Value::Integer(1)),
    ])
}

fn request(id: &str, execution: &Execution, asked: &Asked) -> Value {
    let words = asked.words().map(|(key, approves)| {
        let verdict = if approves { "permit" } else { "refuse" };
        object([("key", Value::from(key.to_string())), ("verdict", Value::from(verdict))])
    });
    object([
        ("approvals", Value::Array(words.collect())),
        ("asked_ms", Value::Integer(asked.at)),
        ("awaits", Value::Array(asked.awaits.iter().map(policy::Approval::to_value).collect())),
        ("execution", Value::from(id)),
        ("pending", Value::from(asked.pending.to_string())),
        ("record", number(asked.index)),
        ("until_ms", Value::Integer(asked.until())),
        ("used", Value::Bool(asked.is_used())),
        ("workload", Value::from(execution.workload())),
    ])
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
