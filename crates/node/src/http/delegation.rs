use api::RecordJson;
use api::delegation::{ChildEnd, ChildReply, ChildRequest, EndedChild};
use api::problem::{Code, Problem};
use axum::extract::State;
use kernel::lineage::{DELEGATE_ACTION, Transition};
use kernel::step::Answer;
use proof::json::{Value, object};
use record::lineage::{DelegationRequest, MessageDirection};
use record::{Assurance, Grant};

use super::extract::{InPath, Json, Sent};
use super::refusal::Refusal;
use super::requester::Requester;
use super::routes::Reply;
use crate::RefusalCode;
use crate::driver::Answered;
use crate::places::is_own;
use crate::session::{self, Caller, NotJoined};

/// The upstream of a delegation in records: the node itself.
const NODE: &str = "interlock";

/// Decides a delegation and, if it is permitted, begins the execution.
pub(super) async fn delegate(
    State(requester): State<Requester>,
    Sent(request): Sent<ChildRequest>,
) -> Reply<ChildReply> {
    let ChildRequest { workload, execution, to, grant, arguments } = request;
    let grant =
        grant_of(grant).ok_or_else(|| requester.refuse(Code::Input, "`grant` is no grant"))?;
    let caller = Caller { workload: workload.clone(), execution };
    let execution = join(&requester, caller).await?;
    let delegates = DelegationRequest { workload: to.clone(), grant };
    let transition = transition(&requester, delegates, arguments);
    let kernel = &requester.shared.kernel;
    let answered = kernel.request(workload.into(), execution, transition.into()).await;
    match answered.ok_or_else(|| requester.stopping())? {
        Answered { answer: Answer::Permit { index }, child: Some(child), .. } => {
            Ok(Json(ChildReply { execution: child, record: index }))
        }
        // Its node stops before the execution has begun.
        Answered { answer: Answer::Permit { .. }, child: None, .. } => Err(requester.stopping()),
        Answered { answer: Answer::Deny { code, index, .. }, .. } => {
            Err(denied(&code, format!("denied by record {index}: `interlock explain` says why")))
        }
        Answered { answer: Answer::Pending { index, .. }, .. } => {
            let why = format!("record {index} waits for officers, and no sub-agent can wait");
            Err(denied(Code::ApprovalRequired.as_str(), why))
        }
        Answered { answer: Answer::Refused { code }, .. } => {
            Err(denied(code, format!("`{to}` may not be delegated to now, or is not registered")))
        }
    }
}

/// Ends an execution that descends from the agent's own.
pub(super) async fn end(
    State(requester): State<Requester>,
    InPath(child): InPath<String>,
    Sent(ChildEnd { workload, execution }): Sent<ChildEnd>,
) -> Reply<EndedChild> {
    let execution = join(&requester, Caller { workload: workload.clone(), execution }).await?;
    let kernel = &requester.shared.kernel;
    match kernel.end(workload.into(), execution, child.clone()).await {
        Some(Ok(())) => Ok(Json(EndedChild { execution: child })),
        Some(Err(RefusalCode(code))) => Err(denied(code, "no such execution descends from yours")),
        None => Err(requester.stopping()),
    }
}

async fn join(requester: &Requester, caller: Caller) -> Result<String, Refusal> {
    let joined = session::join(&requester.shared, requester.user, caller).await;
    joined.map_err(|NotJoined { code, why }| requester.refuse(code, why))
}

/// The kernel has counted it, or has it on record.
fn denied(code: &str, why: impl Into<String>) -> Refusal {
    Problem::new(Code::parse(code).unwrap_or(Code::Storage), why).into()
}

/// A grant as records have it; none where no record may hold it.
fn grant_of(mut grant: api::execution::Grant) -> Option<Grant> {
    if let Some(actions) = &mut grant.actions {
        actions.sort_unstable();
        actions.dedup();
    }
    Grant::from_value(&RecordJson::of(&grant).ok()?.0)
}

fn transition(
    requester: &Requester,
    delegates: DelegationRequest,
    arguments: String,
) -> Transition {
    let message = object([
        ("arguments", Value::from(arguments.as_str())),
        ("grant", delegates.grant.to_value()),
        ("to", Value::from(delegates.workload.as_str())),
    ]);
    Transition {
        server: NODE.to_owned(),
        direction: MessageDirection::ToServer,
        method: DELEGATE_ACTION.to_owned(),
        is_known: true,
        tool: None,
        definition: None,
        arguments,
        message: message.to_bytes(),
        // Nothing but the node's own work stands behind a delegation: the client's OS user decides
        // how strongly it binds.
        assurance: match is_own(requester.user) {
            true => Assurance::Cooperative,
            false => Assurance::Separated,
        },
        pending: None,
        extra_params: "{}".to_owned(),
        delegates: Some(delegates),
    }
}
