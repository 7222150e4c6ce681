//! A running node and several officers' commands at the same time.

use std::collections::BTreeMap;

use kernel::governance::{Change, Subject};
use node::Options;
use policy::{Bundle, Trust};
use proof::json::Value;

#[cfg(test)]
fn options(folder: &std::path::Path) -> Options {
    Options {
        folder: folder.join("domain"),
        domain: "example.test".into(),
        node: "node-1".into(),
        socket: folder.join("node.sock"),
        servers: BTreeMap::new(),
        publish_interval_ms: 250,
    }
}

#[cfg(test)]
fn small_bundle() -> Bundle {
    let schema = "entity Workload; entity Server;\n\
                  action \"ping\" appliesTo { principal: [Workload], resource: [Server] };\n";
    let files = [
        ("bundle.toml", "name = \"small\"\nversion = \"1\"\nsemantics = 1\n"),
        ("schema.cedarschema", schema),
        ("policies/all.dw", "@id(\"all\")\npermit (principal, action, resource);\n"),
    ];
    Bundle::load(&files.map(|(path, text)| (path.into(), text.as_bytes().to_vec())).into()).unwrap()
}

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
