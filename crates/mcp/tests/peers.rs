//! The client of PyPI's `mcp` against the reference servers of npm, through the gateway.

#![expect(clippy::unwrap_used, reason = "a test says what it needs by failing there")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use interlock_mcp::{
    ClientStreams, CompletionAnswer, GateAnswer, MessageGate, MessageStep, Note, ServerCommand,
    SessionEnd, SessionSummary, StepEnd,
};
use proof::digest::Digest;
use tokio::net::UnixListener;
use tokio::process::Command;
use tokio::time::timeout;

/// Denies what writes, lists all but `get-env`, and remembers.
#[derive(Default)]
struct Memory {
    steps: Mutex<Vec<MessageStep>>,
    ends: Mutex<Vec<StepEnd>>,
    refused: Mutex<Vec<&'static str>>,
}

impl MessageGate for Memory {
    async fn decide(&self, step: MessageStep) -> GateAnswer {
        let denied = matches!(step.tool.as_deref(), Some("write_file" | "get-env"));
        let mut steps = self.steps.lock().unwrap();
        steps.push(step);
        let index = steps.len() as u64;
        if denied {
            return GateAnswer::Deny {
                index,
                code: "policy.denied".into(),
                policies: vec![],
                advice: vec![],
            };
        }
        GateAnswer::Permit { ticket: index, index }
    }

    async fn complete(
        &self,
        _: u64,
        end: StepEnd,
        _: Vec<u8>,
        _: Option<String>,
    ) -> CompletionAnswer {
        self.ends.lock().unwrap().push(end);
        CompletionAnswer::Forward
    }

    fn refused(&self, code: &'static str) {
        self.refused.lock().unwrap().push(code);
    }

    async fn is_listed(&self, tool: &str, _definition: Digest) -> bool {
        tool != "get-env"
    }
}

struct Run {
    memory: Arc<Memory>,
    summary: SessionSummary,
    /// The client's lines.
    said: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs the client's calls against the server; `None`, with the reason printed, where a peer is
/// missing.
async fn run(server: &str, arguments: &[&str], calls: &str) -> Option<Run> {
    let python = root().join("target/peers/mcp/bin/python");
    let script = root()
        .join("target/peers/npm/node_modules/@modelcontextprotocol")
        .join(server)
        .join("dist/index.js");
    for peer in [&python, &script] {
        if !peer.exists() {
            eprintln!("SKIPPED: `{}` is not there (`cargo xtask peers` makes it)", peer.display());
            return None;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let client = Command::new(&python)
        .arg(here.join("client.py"))
        .args([&here.join("bridge.py"), &path])
        .arg(calls)
        .kill_on_drop(true)
        .output();
    let words = [script.display().to_string()].into_iter();
    let server = ServerCommand {
        guard: env!("CARGO_BIN_EXE_interlock-guard").into(),
        program: "node".into(),
        arguments: words.chain(arguments.iter().map(|word| (*word).to_owned())).collect(),
        environment: [("PATH".to_owned(), std::env::var("PATH").unwrap())].into(),
        directory: None,
        user: None,
    };
    let memory = Arc::new(Memory::default());
    let gate = Arc::clone(&memory);
    let session = async {
        let (stream, _) = listener.accept().await.unwrap();
        let sink = |note: Note| eprintln!("{note}");
        let (reader, writer) = stream.into_split();
        let client = ClientStreams { reader, writer };
        interlock_mcp::serve(gate, server, client, sink).await.unwrap()
    };
    let both = async { tokio::join!(client, session) };
    let (output, summary) = timeout(Duration::from_secs(60), both).await.unwrap();
    assert_eq!(*memory.refused.lock().unwrap(), [] as [&str; 0]);
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(Run { memory, summary, said: String::from_utf8(output.stdout).unwrap() })
}

#[tokio::test]
async fn a_real_client_reads_files_and_writes_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    std::fs::write(folder.join("a.txt"), "hällo\n").unwrap();
    let (a, b) = (folder.join("a.txt"), folder.join("b.txt"));
    let calls = format!(
        r#"[["read_text_file",{{"path":"{}"}}],["write_file",{{"path":"{}","content":"x"}}]]"#,
        a.display(),
        b.display()
    );
    let Some(run) = run("server-filesystem", &[&folder.display().to_string()], &calls).await else {
        return;
    };
    assert!(run.said.contains(r#"["initialized", "2025-11-25"]"#), "{}", run.said);
    assert!(run.said.contains(r#"["read_text_file", false, "h\u00e4llo\n"]"#), "{}", run.said);
    assert!(
        run.said.contains(r#"["write_file", -32005, "policy.denied: denied (record "#),
        "{}",
        run.said
    );
    assert!(!b.exists());
    assert_eq!((run.summary.ended, run.summary.settled), (SessionEnd::Client, true));
    assert_eq!((run.summary.counts.denied, run.summary.counts.probes), (1, 1));
    let (steps, ends) = (run.memory.steps.lock().unwrap(), run.memory.ends.lock().unwrap());
    assert_eq!(ends.len(), steps.len() - 1, "each permitted step is completed");
    assert!(!ends.iter().any(|end| matches!(end, StepEnd::Unknown { .. })));
}

#[tokio::test]
async fn a_real_server_is_decided_in_both_directions() {
    let calls = r#"[["echo",{"message":"é \ud83d\ude00"}],["get-env",{}],
        ["trigger-sampling-request",{"prompt":"p"}],
        ["trigger-long-running-operation",{"duration":1,"steps":2}],["get-structured-content",{"location":"Chicago"}]]"#;
    let Some(run) = run("server-everything", &["stdio"], calls).await else { return };
    for line in [
        r#"["echo", false, "Echo: \u00e9 \ud83d\ude00"]"#,
        r#"["get-env", -32005, "policy.denied: denied (record "#,
        r#"["progress", 2.0, 2.0]"#,
    ] {
        assert!(run.said.contains(line), "{line}: {}", run.said);
    }
    assert!(run.said.contains("sampled here"), "{}", run.said);
    assert!(!run.said.lines().any(|line| line.contains("\"tools\"") && line.contains("get-env")));
    let steps = run.memory.steps.lock().unwrap();
    let of = |method: &str| steps.iter().filter(|step| step.method == method).count();
    assert_eq!((of("tools/call"), of("sampling/createMessage")), (5, 1));
    assert!(of("notifications/progress") >= 2 && of("notifications/initialized") == 1);
    assert_eq!(run.summary.counts.denied, 1);
    assert!(run.summary.settled);
}
