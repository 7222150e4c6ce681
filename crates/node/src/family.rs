use kernel::lineage::{DelegationRequest, MessageDirection, Transition};
use kernel::step::Answer;
use policy::Assurance;
use proof::json::{Value, number, object};
use tokio::net::unix::UCred;

use crate::driver::Answered;
use crate::hello::{line, refusal};
use crate::session::{Caller, NotJoined, join};
use crate::shared::Shared;

/// The upstream of a delegation in records: the node itself.
const NODE: &str = "interlock";

/// Decides a delegation and, if it is permitted, begins the execution. The answer's line names it.
pub(crate) async fn delegate(
    shared: &Shared,
    peer: &UCred,
    caller: Caller,
    (delegates, arguments): (DelegationRequest, String),
) -> Vec<u8> {
    let workload = caller.workload.as_str().into();
    let execution = match join(shared, peer.uid(), caller).await {
        Ok(execution) => execution,
        Err(NotJoined { code, why }) => return refused(shared, code.as_str(), &why),
    };
    let to = delegates.workload.clone();
    let message = object([
        ("arguments", Value::from(arguments.as_str())),
        ("grant", delegates.grant.to_value()),
        ("to", Value::from(to.as_str())),
    ]);
    let transition = Transition {
        server: NODE.to_owned(),
        direction: MessageDirection::ToServer,
        method: kernel::lineage::DELEGATE_ACTION.to_owned(),
        is_known: true,
        tool: None,
        definition: None,
        arguments,
        message: message.to_bytes(),
        assurance: assurance(peer),
        pending: None,
        extra_params: "{}".to_owned(),
        delegates: Some(delegates),
    };
    match shared.kernel.request(workload, execution, transition.into()).await {
        Some(Answered { answer: Answer::Permit { index }, child: Some(child), .. }) => {
            line(&object([
                ("execution", Value::from(child.as_str())),
                ("record", number(index)),
                ("type", Value::from("delegated")),
                ("v", Value::Integer(1)),
            ]))
        }
        Some(Answered { answer: Answer::Deny { code, index, .. }, .. }) => {
            refusal(&code, &format!("denied by record {index}: `interlock explain` says why"))
        }
        Some(Answered { answer: Answer::Refused { code }, .. }) => {
            refusal(code, &format!("`{to}` may not be delegated to now, or is not registered"))
        }
        _ => refused(shared, "refused.storage", "the node is stopping"),
    }
}

/// Ends an execution that descends from the caller's.
pub(crate) async fn end(shared: &Shared, peer: &UCred, caller: Caller, child: String) -> Vec<u8> {
    let workload = caller.workload.as_str().into();
    let execution = match join(shared, peer.uid(), caller).await {
        Ok(execution) => execution,
        Err(NotJoined { code, why }) => return refused(shared, code.as_str(), &why),
    };
    match shared.kernel.end(workload, (execution, child)).await {
        Some(Ok(())) => line(&object([("type", Value::from("ended")), ("v", Value::Integer(1))])),
        Some(Err(code)) => refusal(code, "no such execution descends from yours"),
        None => refused(shared, "refused.storage", "the node is stopping"),
    }
}

fn refused(shared: &Shared, code: &'static str, message: &str) -> Vec<u8> {
    shared.kernel.refused(code);
    refusal(code, message)
}

/// Nothing but the node's own work stands behind a delegation: the client's OS user decides how
/// strongly it binds.
fn assurance(peer: &UCred) -> Assurance {
    let node = rustix::process::geteuid().as_raw();
    if peer.uid() == 0 || peer.uid() == node {
        Assurance::Cooperative
    } else {
        Assurance::Separated
    }
}
