use std::time::{Duration, Instant};

use api::node::Health;
use api::problem::Code;
use axum::extract::State;

use super::extract::Json;
use super::refusal::Refusal;
use super::requester::Requester;
use crate::limits::{PROBE_AGE_MS_MAX, PROBE_MS_MAX};

/// Says whether the node commits: a probe record of its own is on stable storage, and not for long.
pub(super) async fn health(State(requester): State<Requester>) -> Result<Json<Health>, Refusal> {
    let wait = Duration::from_millis(PROBE_MS_MAX);
    let asked = tokio::time::timeout(wait, committed(&requester)).await;
    let why = match asked {
        Ok(Ok(at)) => {
            let committed_ago_ms = u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
            return Ok(Json(Health { is_healthy: true, committed_ago_ms }));
        }
        Ok(Err(Some(bytes))) => {
            format!("the disk is full: agents are refused until {bytes} bytes are free")
        }
        Ok(Err(None)) | Err(_) => "no probe record was on stable storage in time".to_owned(),
    };
    Err(requester.refuse(Code::Unhealthy, why))
}

/// When a probe record was on stable storage last; else the bytes that the disk wants for one,
/// where it is full.
async fn committed(requester: &Requester) -> Result<Instant, Option<u64>> {
    let mut last = requester.shared.last_probe.lock().await;
    let age_max = Duration::from_millis(PROBE_AGE_MS_MAX);
    if let Some(at) = last.filter(|at| at.elapsed() < age_max) {
        return Ok(at);
    }
    let kernel = &requester.shared.kernel;
    if kernel.probe().await.is_none() {
        return Err(kernel.status(false).await.and_then(|status| status.storage_wanted_bytes));
    }
    Ok(*last.insert(Instant::now()))
}
