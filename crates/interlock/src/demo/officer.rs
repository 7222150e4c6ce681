//! The orders that the demo's one officer signs.

use std::collections::BTreeMap;

use api::RecordJson;
use api::approval::VoteRequest;
use node::Options;
use node::clock::wall_ms;
use proof::digest::Digest;
use proof::note::Signer as _;
use record::Trust;
use record::governance::{Change, Role, Roles, Subject};
use record::lineage::Approval;

use super::WORKLOAD;
use crate::exit::{Exit, Failure};

/// The life of an approval in milliseconds.
const APPROVAL_MS: i64 = 60_000;

/// Makes the role whose officers approve payments; before any node runs.
pub(super) fn found_finance(options: &Options) -> Result<(), Failure> {
    let unfit = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Failed, "the role of finance cannot be made").why(why)
    };
    let officer =
        node::keys::read(&options.folder, "officer").map_err(|why| Failure::node(&why))?;
    let governance = node::domain::governance(options).map_err(|why| Failure::node(&why))?;
    let known = governance.roles().into_iter().flat_map(Roles::iter);
    let mut roles: BTreeMap<String, Role> =
        known.map(|(name, role)| (name.to_owned(), role.clone())).collect();
    let finance = Role::new(1, vec![officer.verifier()]).map_err(|why| unfit(&why))?;
    roles.insert("finance".to_owned(), finance);
    let roles = Roles::new(roles).map_err(|why| unfit(&why))?;
    node::domain::govern(options, Change::RolesChanged { roles }, None)
        .map(drop)
        .map_err(|why| Failure::node(&why))
}

/// Approves the pending decision with this id. Returns the index of the approval's record.
pub(super) async fn approve(options: &Options, pending: &str) -> Result<u64, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Failed, "the payment was not approved").why(why)
    };
    let pending: Digest = pending.parse().map_err(|why| failed(&why))?;
    let key = node::keys::read(&options.folder, "officer").map_err(|why| Failure::node(&why))?;
    let expires_ms = wall_ms().saturating_add(APPROVAL_MS);
    let approval = Approval { pending, approves: true, expires_ms };
    let signed = approval.sign(&options.lineage_origin(), &key).map_err(|why| failed(&why))?;
    let (node, vote) = (node_of(options), VoteRequest { approval: RecordJson(signed.to_value()) });
    let voted = tokio::task::spawn_blocking(move || node.vote(&vote)).await;
    let reply = voted.map_err(|why| failed(&why))?.map_err(|why| Failure::client(&why))?;
    Ok(reply.record)
}

/// Lowers the trust of the agent.
pub(super) async fn suspend(options: &Options) -> Result<(), Failure> {
    let subject = Subject::Workload(WORKLOAD.to_owned());
    govern(options, Change::TrustChanged { subject, trust: Trust::Suspended }).await
}

/// Ends an execution.
pub(super) async fn end(options: &Options, execution: &str) -> Result<(), Failure> {
    govern(options, Change::ExecutionEnded { execution: execution.to_owned() }).await
}

fn node_of(options: &Options) -> client::Client {
    let Options { folder, officer_socket, socket, .. } = options.clone();
    client::Client::new(folder, officer_socket, socket)
}

async fn govern(options: &Options, change: Change) -> Result<(), Failure> {
    let options = options.clone();
    run_blocking(move || {
        let brought = node::domain::govern(&options, change, None);
        brought.map(drop).map_err(|why| Failure::node(&why))
    })
    .await
}

/// Runs blocking work, such as waiting for the node's answer, on a thread for it.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(why) => Err(Failure::new(Exit::Failed, "the node was not asked").why(why)),
    }
}
