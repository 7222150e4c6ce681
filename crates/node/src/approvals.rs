//! What waits for approval, and what officers say about it: asked of the running node.

use record::lineage::SignedApproval;

use crate::RefusalCode;
use crate::driver::KernelHandle;

/// Puts an officer's word on record, and gives the record's index; else a code and what to do.
/// The key that signed it counts, not the user who brings it.
pub(crate) async fn approve(
    kernel: &KernelHandle,
    approval: SignedApproval,
) -> Result<u64, (&'static str, &'static str)> {
    match kernel.approve(approval).await {
        Some(approved) => approved.map_err(|RefusalCode(code)| (code, help(code))),
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
