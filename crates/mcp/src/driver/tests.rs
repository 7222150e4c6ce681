mod deadlines;
mod descendants;
mod ends;
mod floods;
mod sessions;
mod start;
mod stops;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;
use crate::{CompletionAnswer, GateAnswer, StepEnd, Stop};

/// The end of a step whose outcome is unknown.
const UNKNOWN: StepEnd = StepEnd::Unknown { written: None };

/// Longer than anything here takes; a test that waits for it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A completion as the gate got it: ticket, end, message, output.
type Completion = (u64, StepEnd, String, Option<String>);

/// Both directions of the client's connection, at the session's side.
fn streams(far: DuplexStream) -> ClientStreams<ReadHalf<DuplexStream>, WriteHalf<DuplexStream>> {
    let (reader, writer) = tokio::io::split(far);
    ClientStreams { reader, writer }
}

/// A gate that answers by a rule and stores the calls that it gets.
struct Script {
    decide: fn(&MessageStep) -> GateAnswer,
    decided: Mutex<Vec<MessageStep>>,
    completed: Mutex<Vec<Completion>>,
    refused: Mutex<Vec<&'static str>>,
    /// Completions are never answered.
    hangs: AtomicBool,
    /// How many completions were requested, answered or not.
    completing: AtomicUsize,
    stop: Notify,
    /// The code with which the session is stopped. Without one, the node is stopping.
    order: Mutex<Option<String>>,
}

impl MessageGate for Script {
    async fn decide(&self, step: MessageStep) -> GateAnswer {
        let answer = (self.decide)(&step);
        let mut decided = self.decided.lock().unwrap();
        decided.push(step);
        let ticket = decided.len() as u64;
        match answer {
            GateAnswer::Permit { index, .. } => GateAnswer::Permit { ticket, index },
            other => other,
        }
    }

    async fn complete(
        &self,
        ticket: u64,
        end: StepEnd,
        message: Vec<u8>,
        output: Option<String>,
    ) -> CompletionAnswer {
        self.completing.fetch_add(1, Ordering::SeqCst);
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let message = String::from_utf8(message).unwrap();
        self.completed.lock().unwrap().push((ticket, end, message, output));
        CompletionAnswer::Forward
    }

    fn refused(&self, code: &'static str) {
        self.refused.lock().unwrap().push(code);
    }

    async fn is_listed(&self, tool: &str, _definition: Digest) -> bool {
        tool == "read"
    }

    async fn stopped(&self) -> Stop {
        self.stop.notified().await;
        match self.order.lock().unwrap().take() {
            Some(code) => Stop::Ordered { code },
            None => Stop::Node,
        }
    }
}

impl Script {
    fn new(decide: fn(&MessageStep) -> GateAnswer) -> Arc<Self> {
        Arc::new(Self {
            decide,
            decided: Mutex::default(),
            completed: Mutex::default(),
            refused: Mutex::default(),
            hangs: AtomicBool::new(false),
            completing: AtomicUsize::new(0),
            stop: Notify::new(),
            order: Mutex::default(),
        })
    }

    /// Stops the session with this code.
    fn order(&self, code: &str) {
        *self.order.lock().unwrap() = Some(code.to_owned());
        self.stop.notify_one();
    }

    /// How much was written of the only step, whose outcome is unknown.
    fn written(&self) -> u64 {
        match self.completed.lock().unwrap().as_slice() {
            [(_, StepEnd::Unknown { written: Some(written) }, message, None)]
                if message.is_empty() =>
            {
                *written
            }
            other => panic!("{other:?}"),
        }
    }

    /// The ends of all permitted steps. How much was written of those with an unknown outcome does
    /// not matter.
    fn ends(&self) -> Vec<StepEnd> {
        let mut ends: Vec<(u64, StepEnd)> = self
            .completed
            .lock()
            .unwrap()
            .iter()
            .map(|(ticket, end, ..)| match end {
                StepEnd::Unknown { .. } => (*ticket, UNKNOWN),
                end => (*ticket, *end),
            })
            .collect();
        ends.sort_unstable();
        ends.into_iter().map(|(_, end)| end).collect()
    }
}

/// Permits everything but calls of `write`.
fn no_writes(step: &MessageStep) -> GateAnswer {
    match step.tool.as_deref() {
        Some("write") => GateAnswer::Deny {
            index: 3,
            code: "policy.denied".into(),
            policies: vec!["no-writes".into()],
            advice: vec![],
        },
        _ => GateAnswer::Permit { ticket: 0, index: 1 },
    }
}

/// One running session, seen by its client.
struct Client {
    gate: Arc<Script>,
    notes: Arc<Mutex<Vec<Note>>>,
    reader: BufReader<ReadHalf<DuplexStream>>,
    writer: WriteHalf<DuplexStream>,
    session: JoinHandle<SessionSummary>,
}

/// Short enough for tests; no test depends on one of them being long.
fn times() -> Times {
    Times {
        deadlines: Deadlines::default(),
        write: Duration::from_secs(20),
        stalled: Duration::from_secs(20),
        shutdown: Duration::from_millis(400),
        settle: Duration::from_millis(400),
        stopped: Duration::from_millis(100),
        linger: Duration::from_millis(200),
        terminate: Duration::from_millis(400),
        flush: Duration::from_secs(1),
        first_message: Duration::from_millis(200),
        last_messages: Duration::from_millis(100),
    }
}

/// Built with this crate's integration tests.
fn guard() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let guard = tests.parent().unwrap().parent().unwrap().join("interlock-guard");
    assert!(guard.exists(), "`cargo build -p interlock-mcp` builds `{}`", guard.display());
    guard
}

fn python(arguments: &[&str]) -> ServerCommand {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/driver/tests/server.py");
    let words = ["-S", "-E", script].into_iter().chain(arguments.iter().copied());
    ServerCommand {
        guard: guard(),
        program: "python3".into(),
        arguments: words.map(|word| word.to_owned()).collect(),
        environment: [("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())].into(),
        directory: None,
        user: None,
    }
}

impl Client {
    fn start(gate: &Arc<Script>, server: &ServerCommand) -> Self {
        Self::start_within(gate, server, times())
    }

    fn start_within(gate: &Arc<Script>, server: &ServerCommand, times: Times) -> Self {
        Self::begin((gate, server), times, UserRoom::default())
    }

    /// As [`Client::start`], with this room of its OS user, and little time for progress with a
    /// long line.
    fn start_in(gate: &Arc<Script>, server: &ServerCommand, room: &UserRoom) -> Self {
        let times = Times { stalled: Duration::from_millis(100), ..times() };
        Self::begin((gate, server), times, room.clone())
    }

    fn begin((gate, server): (&Arc<Script>, &ServerCommand), times: Times, room: UserRoom) -> Self {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (reader, writer) = tokio::io::split(near);
        let notes = Arc::<Mutex<Vec<Note>>>::default();
        let heard = Arc::clone(&notes);
        let sink = move |note| heard.lock().unwrap().push(note);
        let (server, running) = (server.clone(), Arc::clone(gate));
        let session = tokio::spawn(async move {
            let process = server.start().await.expect("this test needs `python3` and `sh`");
            let deadlines = times.deadlines;
            let child = StartedServer { process, deadlines, room };
            run(running, child, streams(far), sink, times).await
        });
        Self { gate: Arc::clone(gate), notes, reader: BufReader::new(reader), writer, session }
    }

    async fn says(&mut self, line: &str) {
        self.writer.write_all(line.as_bytes()).await.unwrap();
        self.writer.write_all(b"\n").await.unwrap();
    }

    async fn hears(&mut self) -> String {
        let mut line = String::new();
        timeout(PATIENCE, self.reader.read_line(&mut line)).await.unwrap().unwrap();
        assert_eq!(line.pop(), Some('\n'), "the stream ended in {line:?}");
        line
    }

    async fn hears_of(&mut self, id: &str) -> String {
        loop {
            let line = self.hears().await;
            if line.contains(&format!("\"id\":{id},")) || line.contains(&format!("\"id\": {id},")) {
                return line;
            }
        }
    }

    /// Ends the client's side, and waits for the session's end.
    async fn leaves(mut self) -> SessionSummary {
        self.writer.shutdown().await.unwrap();
        self.ends().await
    }

    async fn ends(self) -> SessionSummary {
        let summary = timeout(PATIENCE, self.session).await.unwrap().unwrap();
        let pid = pid(&self.notes);
        assert!(
            !Path::new(&format!("/proc/{pid}")).exists(),
            "{pid} is neither alive nor a zombie"
        );
        summary
    }
}

fn pid(notes: &Mutex<Vec<Note>>) -> u32 {
    match notes.lock().unwrap().first() {
        Some(Note::Started { pid: Some(pid) }) => *pid,
        other => panic!("{other:?}"),
    }
}

async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it does not come to hold");
}

fn folder() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log").display().to_string();
    (folder, log)
}
