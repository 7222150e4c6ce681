//! A running node and several officers' commands at the same time.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use api::node::Status;
use node::Options;
use node::client::AcceptedBy;
use record::Trust;
use record::governance::{Change, Subject};

#[cfg(test)]
use fixture::{options, small_bundle};

#[cfg(test)]
#[expect(dead_code, reason = "other tests use other parts of it")]
#[path = "../src/fixture.rs"]
mod fixture;

/// Changes that are accepted at the same time reach the kernel in the order of the log; else it
/// would have to stop adopting, and deny everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_the_same_time_are_adopted_in_the_order_of_the_log() {
    const OFFICERS: usize = 24;
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let before = node::domain::init(&options, &small_bundle(), vec![]).unwrap().size;
    let notes = node::notes::Notes::unheard();
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

    assert_eq!(adopted(&options).await, before + OFFICERS as u64);
    running.stop().await;
}

/// The size of the governance that the running node has adopted and could verify.
#[cfg(test)]
async fn adopted(options: &Options) -> u64 {
    let socket = options.officer_socket.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.write_all(b"GET /v1/status HTTP/1.1\r\nhost: node\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    });
    let reply = asked.await.unwrap();
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    let status: Status = serde_json::from_str(body).unwrap();
    assert!(status.is_verified, "{status:?}");
    status.governance.size
}

/// A change that is durable stands, and so does the one after it, whether or not the log's head can
/// be published: that is made up for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_adopted_change_is_published_later_where_it_cannot_be_yet() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let before = node::domain::init(&options, &small_bundle(), vec![]).unwrap().size;
    let notes = node::notes::Notes::unheard();
    let running = node::start(options.clone(), notes).await.unwrap();
    // Where the next checkpoint is made ready, something is in the way.
    let in_the_way = options.governance_folder().join("tmp/checkpoint");
    std::fs::create_dir_all(in_the_way.join("full")).unwrap();

    for number in 0..2 {
        let subject = Subject::Workload(format!("agent-{number}"));
        let (options, change) = (options.clone(), Change::HaltOrdered { subject });
        let ended =
            tokio::task::spawn_blocking(move || node::domain::govern(&options, change, None));
        assert_eq!(ended.await.unwrap().unwrap().1, AcceptedBy::Node);
    }
    assert_eq!(adopted(&options).await, before + 2);
    let published = || {
        let text = std::fs::read_to_string(options.governance_folder().join("checkpoint")).unwrap();
        text.lines().nth(1).unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(published(), before);

    std::fs::remove_dir_all(in_the_way).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while published() != before + 2 {
        assert!(std::time::Instant::now() < deadline, "the head was not published");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    running.stop().await;
}
