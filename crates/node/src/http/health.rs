use std::time::{Duration, Instant};

use api::node::Health;
use api::problem::Code;
use axum::extract::State;
use tokio::sync::Mutex;

use super::extract::Json;
use super::refusal::Refusal;
use super::requester::Requester;
use crate::limits::{PROBE_AGE_MS_MAX, PROBE_MS_MAX};

/// When a probe record was on stable storage last. Held while one is on its way, so that many who
/// ask at once write one.
#[derive(Default)]
pub(crate) struct LastProbe(Mutex<Option<Instant>>);

/// Says whether the node commits: a probe record of its own is on stable storage, and not for long.
pub(super) async fn health(State(requester): State<Requester>) -> Result<Json<Health>, Refusal> {
    let wait = Duration::from_millis(PROBE_MS_MAX);
    let committed = tokio::time::timeout(wait, committed(&requester)).await.ok().flatten();
    let age = committed.map(|at| at.elapsed());
    let Some(age) = age else { return Err(unhealthy(&requester).await) };
    let committed_ago_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    Ok(Json(Health { is_healthy: true, committed_ago_ms }))
}

/// Says why nothing is committed, as far as the kernel answers.
async fn unhealthy(requester: &Requester) -> Refusal {
    let wait = Duration::from_millis(PROBE_MS_MAX);
    let status = tokio::time::timeout(wait, requester.kernel.status(false)).await.ok().flatten();
    let why = match status.and_then(|status| status.storage_wanted_bytes) {
        Some(bytes) => format!("the disk is full: agents are refused until {bytes} bytes are free"),
        None => "no probe record was on stable storage in time".to_owned(),
    };
    requester.refuse(Code::Unhealthy, why)
}

async fn committed(requester: &Requester) -> Option<Instant> {
    let mut last = requester.shared.last_probe.0.lock().await;
    let age_max = Duration::from_millis(PROBE_AGE_MS_MAX);
    if last.is_none_or(|at| at.elapsed() >= age_max) {
        requester.shared.kernel.probe().await?;
        *last = Some(Instant::now());
    }
    *last
}
