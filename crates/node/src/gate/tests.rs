use std::sync::Arc;

use mcp::{Direction, GateAnswer};
use tempfile::TempDir;

use super::*;
use crate::direct::{Direct, DirectThread};
use crate::domain;
use crate::fixture::{USER, agent, options, small_bundle};

#[test]
fn the_gateway_refuses_what_the_kernel_would_not_decide() {
    assert_eq!(mcp::limits::DECIDED_BYTES_MAX, kernel::limits::MESSAGE_BYTES_MAX);
}

struct Site {
    _folder: TempDir,
    node: Direct,
    thread: DirectThread,
    execution: String,
}

async fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    domain::init(&options, &small_bundle(), vec![agent()]).unwrap();
    let (node, thread) = Direct::open(&options).await.unwrap();
    let execution = node.join("agent", USER).await.unwrap().unwrap();
    Site { _folder: folder, node, thread, execution }
}

impl Site {
    fn gate(&self) -> Arc<SessionGate> {
        Arc::new(SessionGate {
            kernel: self.node.kernel().clone(),
            workload: "agent".into(),
            execution: self.execution.clone(),
            server: "office".into(),
            assurance: Assurance::Separated,
            permits: Permits::default(),
            cut: Arc::default(),
            session_threads: SessionThreads::new(),
        })
    }

    /// How many records there are once all that was said before has been obeyed.
    async fn records(&self) -> u64 {
        // It stands behind that in the workload's line.
        let definition = Digest::of(b"");
        let nothing = ToolListing { server: String::new(), tool: String::new(), definition };
        self.node.kernel().is_listed("agent".into(), nothing).await;
        self.node.kernel().status(true).await.unwrap().records
    }
}

fn ping() -> MessageStep {
    MessageStep {
        direction: Direction::ToServer,
        method: "ping".into(),
        is_known: true,
        tool: None,
        definition: None,
        arguments: "{}".into(),
        pending: None,
        besides: "{}".into(),
        message: br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_vec(),
    }
}

async fn permitted(gate: &SessionGate) -> u64 {
    match gate.decide(ping()).await {
        GateAnswer::Permit { ticket, .. } => ticket,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_that_panics_settles_what_it_held() {
    let site = site().await;
    let before = site.records().await;
    let gate = site.gate();
    let session = tokio::spawn(async move {
        let done = permitted(&gate).await;
        permitted(&gate).await;
        permitted(&gate).await;
        let ended = gate.complete(done, StepEnd::Result, b"{}".to_vec(), None).await;
        assert_eq!(ended, CompletionAnswer::Forward);
        panic!("on purpose");
    });
    assert!(session.await.unwrap_err().is_panic());
    // Three decisions, one result, and two ends that nobody knows.
    assert_eq!(site.records().await, before + 6);
    site.node.stop(site.thread).await;
}

#[tokio::test]
async fn a_session_that_is_given_up_settles_what_it_held() {
    let site = site().await;
    let before = site.records().await;
    let gate = site.gate();
    let held = Arc::clone(&gate);
    let session = tokio::spawn(async move {
        permitted(&held).await;
        std::future::pending::<()>().await;
    });
    while gate.permits().is_empty() {
        tokio::task::yield_now().await;
    }
    session.abort();
    drop(gate);
    assert!(session.await.unwrap_err().is_cancelled());
    assert_eq!(site.records().await, before + 2);
    site.node.stop(site.thread).await;
}
