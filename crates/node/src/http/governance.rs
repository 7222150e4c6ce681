use std::time::Duration;

use api::governance::{
    Governance, GovernanceQuery, GovernanceState, Node, ProposalReply, ProposalRequest, Role,
    Workload,
};
use api::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kernel::governance::SignedProposal;
use proof::base64url;
use proof::digest::Digest;
use tokio::sync::mpsc;

use super::extract::{Json, Query, Sent};
use super::refusal::Refusal;
use super::requester::Requester;
use crate::bring::{self, BroughtChange, Progress, refusal_of_a_stranger};
use crate::limits::PROPOSAL_MS_MAX;
use crate::reply::{position, trust_state};
use crate::{Options, authority};

/// What governs now, or did at a size of the log.
pub(super) async fn at(
    State(requester): State<Requester>,
    Query(GovernanceQuery { size }): Query<GovernanceQuery>,
) -> Result<Json<Governance>, Refusal> {
    let now = requester.shared.kernel.switch.governance();
    let known = now.position().size;
    let wanted = size.unwrap_or(known);
    if size.is_some() && !requester.is_trusted() {
        return Err(requester.refuse(Code::Peer, "only officers see an earlier state"));
    }
    if wanted > known {
        let why = format!("the governance log has {known} records");
        return Err(requester.refuse(Code::NotFound, why));
    }
    if wanted == known {
        return Ok(Json(reply(&now, requester.is_trusted())));
    }
    let options = requester.shared.options.clone();
    requester.read(move || folded(&options, wanted)).await.map(|state| Json(reply(&state, true)))
}

/// The fold of the first records of the governance log.
fn folded(options: &Options, size: u64) -> Result<kernel::governance::Governance, (Code, String)> {
    let failed = |why: &dyn std::fmt::Display| (Code::Ledger, why.to_string());
    let records = authority::records(&options.governance_folder()).map_err(|why| failed(&why))?;
    let mut state = kernel::governance::Governance::new(&options.governance_origin());
    for record in records.iter().take(usize::try_from(size).unwrap_or(usize::MAX)) {
        state.apply(record).map_err(|why| failed(&why))?;
    }
    Ok(state)
}

fn reply(governance: &kernel::governance::Governance, is_trusted: bool) -> Governance {
    Governance {
        position: position(&governance.position()),
        at_ms: governance.at(),
        state: is_trusted.then(|| state(governance)),
    }
}

fn state(governance: &kernel::governance::Governance) -> GovernanceState {
    let roles = governance.roles().into_iter().flat_map(|roles| roles.iter());
    let (states, halts) = governance.standing();
    let role = |(name, role): (&str, &kernel::governance::Role)| Role {
        role: name.to_owned(),
        threshold: role.threshold(),
        keys: role.keys().iter().map(ToString::to_string).collect(),
    };
    let workload = |one: &kernel::governance::Workload| Workload {
        workload: one.name.clone(),
        os_user: one.os_user,
        zone: one.zone.clone(),
    };
    GovernanceState {
        domain: governance.domain().map(str::to_owned),
        semantics: governance.semantics(),
        bundle: governance.bundle().as_ref().map(Digest::to_string),
        roles: roles.map(role).collect(),
        workloads: governance.workloads().map(workload).collect(),
        nodes: governance
            .nodes()
            .map(|(node, key)| Node { node: node.to_owned(), key: key.to_string() })
            .collect(),
        trust: states.map(|(subject, state)| trust_state(subject, state)).collect(),
        halts: halts.map(ToString::to_string).collect(),
    }
}

/// Submits a change that officers signed, on the officers' thread. It goes on where the peer
/// leaves.
pub(super) async fn propose(
    State(requester): State<Requester>,
    Sent(ProposalRequest { proposal, blob }): Sent<ProposalRequest>,
) -> Result<Response, Refusal> {
    let proposal = SignedProposal::from_value(&proposal.0);
    let proposal = proposal.map_err(|why| requester.refuse(Code::Input, why.to_string()))?;
    let blob = blob.map(|text| base64url::decode(&text)).transpose();
    let blob = blob.map_err(|why| requester.refuse(Code::Input, format!("`blob`: {why}")))?;
    if !requester.is_trusted()
        && let Some((code, why)) = refusal_of_a_stranger(&requester.shared.kernel.switch, &proposal)
    {
        return Err(requester.refuse(code, why));
    }
    let (progress, mut told) = mpsc::channel(2);
    let shared = requester.shared.clone();
    requester.shared.officers.spawn(bring::govern(shared, proposal, blob, progress));
    let mut acting = None;
    let wait = tokio::time::sleep(Duration::from_millis(PROPOSAL_MS_MAX));
    tokio::pin!(wait);
    loop {
        let progress = tokio::select! {
            progress = told.recv() => progress,
            () = &mut wait => {
                let reply = ProposalReply { position: None, acting };
                return Ok((StatusCode::ACCEPTED, Json(reply)).into_response());
            }
        };
        match progress {
            Some(Progress::Acting(stopped)) => acting = Some(stopped),
            Some(Progress::Ended(BroughtChange { brought: Ok(reached), ending })) => {
                set_ending(&mut acting, ending);
                let reply = ProposalReply { position: Some(position(&reached)), acting };
                return Ok(Json(reply).into_response());
            }
            Some(Progress::Ended(BroughtChange { brought: Err(why), ending })) => {
                set_ending(&mut acting, ending);
                let code = match why.code() {
                    "input" => Code::Input,
                    code => Code::parse(code).unwrap_or(Code::Ledger),
                };
                let problem = Problem::new(code, why.to_string());
                return Err(problem.while_it_acts(acting).into());
            }
            None => return Err(requester.stopping()),
        }
    }
}

/// The last word on the servers that an order stopped.
fn set_ending(acting: &mut Option<api::governance::Acting>, ending: Option<u64>) {
    if let (Some(acting), Some(ending)) = (acting, ending) {
        acting.ending = ending;
    }
}
