//! A running node and several officers' commands at the same time.

use kernel::governance::{Change, Subject};
use node::Options;
use policy::Trust;
use proof::json::Value;

#[cfg(test)]
use fixture::{options, small_bundle};

#[cfg(test)]
#[path = "../src/fixture.rs"]
mod fixture;

/// Changes that are accepted at the same time reach the kernel in the order of the log; else it would have to stop
/// adopting, and deny everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_the_same_time_are_adopted_in_the_order_of_the_log() {
    const OFFICERS: usize = 24;
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let before = node::domain::init(&options, &small_bundle(), vec![]).unwrap().size;
    let (notes, _notes) = tokio::sync::mpsc::unbounded_channel();
    let running = node::start(options.clone(), notes).await.unwrap();

    let officers: Vec<_> = (0..OFFICERS)
        .map(|number| {
            let options = options.clone();
            let subject = Subject::Workload(format!("agent-{number}"));
            let change = Change::TrustChanged { subject, trust: Trust::Degraded };
            tokio::task::spawn_blocking(move || node::domain::govern(&options, change, None))
        })
        .collect();
    for officer in officers {
        officer.await.unwrap().unwrap();
    }

    let status = tokio::task::spawn_blocking(move || node::client::status(&options.socket));
    let status = status.await.unwrap().unwrap();
    assert_eq!(status.get("verified"), Some(&Value::Bool(true)), "{status:?}");
    let size = status.get("governance").and_then(|head| head.get("size")).and_then(Value::as_i64);
    assert_eq!(size, i64::try_from(before + OFFICERS as u64).ok());
    running.stop().await;
}
