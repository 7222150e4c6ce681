use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use api::governance::{
    Acting, Governance, GovernanceQuery, GovernanceState, Node, PROGRESS_TYPE, ProposalReply,
    ProposalRequest, Role, Workload,
};
use api::problem::{Code, Problem};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Frame;
use proof::base64url;
use proof::digest::Digest;
use record::governance::SignedProposal;
use serde::Serialize;
use tokio::sync::mpsc;

use super::extract::{Json, Query, Sent, lists};
use super::refusal::Refusal;
use super::requester::Requester;
use crate::bring::{self, BroughtChange, ChangeProgress, refusal_of_a_stranger};
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
    let role = |(name, role): (&str, &record::governance::Role)| Role {
        role: name.to_owned(),
        threshold: role.threshold(),
        keys: role.keys().iter().map(ToString::to_string).collect(),
    };
    let workload = |one: &record::governance::Workload| Workload {
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
/// leaves. Who accepts lines is told what it stopped before the log has it.
pub(super) async fn propose(
    State(requester): State<Requester>,
    headers: HeaderMap,
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
    let (progress, told) = mpsc::channel(2);
    let shared = requester.shared.clone();
    requester.shared.officers.spawn(bring::govern(shared, proposal, blob, progress));
    match lists(&headers, &header::ACCEPT, PROGRESS_TYPE) {
        true => in_lines(&requester, told).await,
        false => at_once(&requester, told).await,
    }
}

/// What becomes of a change, in one reply. It waits for the log for a time.
async fn at_once(
    requester: &Requester,
    mut told: mpsc::Receiver<ChangeProgress>,
) -> Result<Response, Refusal> {
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
            Some(ChangeProgress::Acting(stopped)) => acting = Some(stopped),
            Some(ChangeProgress::Ended(end)) => {
                return Ok(Json(outcome(end, acting).map_err(|why| *why)?).into_response());
            }
            None => return Err(requester.stopping()),
        }
    }
}

/// What becomes of a change: where it acts, in two lines, of which the first comes at once.
async fn in_lines(
    requester: &Requester,
    mut told: mpsc::Receiver<ChangeProgress>,
) -> Result<Response, Refusal> {
    match told.recv().await {
        Some(ChangeProgress::Acting(acting)) => {
            let first = ProposalReply { position: None, acting: Some(acting.clone()) };
            let lines = ProgressLines { acting, first: Some(line(&first)), told };
            let headers = [(header::CONTENT_TYPE, PROGRESS_TYPE)];
            Ok((headers, Body::new(lines)).into_response())
        }
        Some(ChangeProgress::Ended(end)) => {
            Ok(Json(outcome(end, None).map_err(|why| *why)?).into_response())
        }
        None => Err(requester.stopping()),
    }
}

/// What came of a change that stopped this, if it takes something away.
fn outcome(
    BroughtChange { brought, ending }: BroughtChange,
    mut acting: Option<Acting>,
) -> Result<ProposalReply, Box<Problem>> {
    if let (Some(acting), Some(ending)) = (&mut acting, ending) {
        // The last word on the servers that it stopped.
        acting.ending = ending;
    }
    match brought {
        Ok(reached) => Ok(ProposalReply { position: Some(position(&reached)), acting }),
        Err(why) => {
            let code = match why.code() {
                "input" => Code::Input,
                code => Code::parse(code).unwrap_or(Code::Ledger),
            };
            Err(Box::new(Problem::new(code, why.to_string()).while_it_acts(acting)))
        }
    }
}

/// The body of a reply in two lines. The second is missing where the node ends before it.
struct ProgressLines {
    acting: Acting,
    first: Option<Bytes>,
    told: mpsc::Receiver<ChangeProgress>,
}

impl hyper::body::Body for ProgressLines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let progress = ready!(self.told.poll_recv(context));
        let line = progress.and_then(|progress| match progress {
            ChangeProgress::Ended(end) => Some(match outcome(end, Some(self.acting.clone())) {
                Ok(reply) => line(&reply),
                Err(problem) => line(&problem),
            }),
            ChangeProgress::Acting(_) => None,
        });
        Poll::Ready(line.map(|line| Ok(Frame::data(line))))
    }
}

/// A reply as one line.
fn line(of: &impl Serialize) -> Bytes {
    // Replies are made of strings, numbers and booleans alone.
    let mut line = serde_json::to_vec(of).unwrap_or_default();
    line.push(b'\n');
    line.into()
}
