//! What waits for approval, and what officers say about it: asked of the running node.

use std::sync::atomic::{AtomicI64, Ordering};

use kernel::lineage::SignedApproval;

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
