//! The loop around a [`SessionState`]. It passes lines, the gate's answers and expired deadlines
//! in, carries out the effects, and decides nothing.

mod deadline;
mod pipe;
mod stderr;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use proof::digest::Digest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::room::{LineRoom, SessionRoom, UserRoom};
use crate::server::ServerProcess;
use crate::session::{
    Deadlines, MessageCounts, SessionEffect, SessionEnd, SessionInput, SessionState, Written,
};
use crate::{
    Direction, MessageGate, MessageStep, Note, ServerCommand, SessionError, Sink, StepEnd,
};
use deadline::{Deadline, Times};
use pipe::{LineReader, LineWriter, PipeEvent, ReadLimit};

/// The outcome of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Why it ended.
    pub ended: SessionEnd,
    /// How many messages had which outcome.
    pub counts: MessageCounts,
    /// How the server's process ended; `None` if the operating system could not say.
    pub exit: Option<ExitStatus>,
    /// Whether the gate completed every step that it had permitted.
    pub settled: bool,
}

/// A stream that a client's messages are read from.
pub trait ClientReader: AsyncRead + Send + Unpin + 'static {}

impl<R: AsyncRead + Send + Unpin + 'static> ClientReader for R {}

/// A stream that messages to a client are written to.
pub trait ClientWriter: AsyncWrite + Send + Unpin + 'static {}

impl<W: AsyncWrite + Send + Unpin + 'static> ClientWriter for W {}

/// The two directions of a client's connection.
#[derive(Debug)]
pub struct ClientStreams<R, W> {
    /// The client's messages come from here.
    pub reader: R,
    /// Messages to the client go here.
    pub writer: W,
}

/// Starts the server and runs one session with it: [`ServerCommand::start`], then [`serve_started`]
/// with the default deadlines.
///
/// # Errors
/// The server could not be started. Nothing was read from the client then.
pub async fn serve<G: MessageGate, S: Sink>(
    gate: Arc<G>,
    server: ServerCommand,
    client: ClientStreams<impl ClientReader, impl ClientWriter>,
    sink: S,
) -> Result<SessionSummary, SessionError> {
    let child = server.start().await?;
    let (deadlines, room) = (Deadlines::default(), UserRoom::default());
    let server = StartedServer { process: child, deadlines, room };
    Ok(serve_started(gate, server, client, sink).await)
}

/// A started server, with the limits of its session.
#[derive(Debug)]
pub struct StartedServer {
    /// The server's process.
    pub process: ServerProcess,
    /// A request that is not answered within these is given up.
    pub deadlines: Deadlines,
    /// The room for long lines of the client. All sessions of its OS user share it.
    pub room: UserRoom,
}

/// Runs one session with a started server until either side ends. The server's process has ended
/// when this returns. It is killed when the future is dropped.
///
/// When the client ends its side, the server's stdin is closed. The server then has
/// [`crate::limits::SHUTDOWN_MS_MAX`] to end by itself, and its answers still go to the client.
///
/// Processes that the server started end with it: see [`crate::guard`].
pub async fn serve_started<G: MessageGate, S: Sink>(
    gate: Arc<G>,
    server: StartedServer,
    client: ClientStreams<impl ClientReader, impl ClientWriter>,
    sink: S,
) -> SessionSummary {
    let times = Times { deadlines: server.deadlines, ..Times::default() };
    run(gate, server, client, sink, times).await
}

/// Runs one session with a started server.
async fn run<G: MessageGate, S: Sink>(
    gate: Arc<G>,
    StartedServer { process: mut child, room, .. }: StartedServer,
    client: ClientStreams<impl ClientReader, impl ClientWriter>,
    sink: S,
    times: Times,
) -> SessionSummary {
    let sink = Arc::new(sink);
    sink.note(Note::Started { pid: Some(child.id()) });
    let (events, pipe_events) = mpsc::channel(pipe::EVENTS_MAX);
    let limit = Some(ReadLimit { room: SessionRoom::new(room), stalled: times.stalled });
    let mut sources = Sources {
        client: LineReader::start(Some(client.reader), Direction::ToServer, &events, limit),
        server: LineReader::start(child.stdout.take(), Direction::ToClient, &events, None),
        pipe_events,
    };
    let client = LineWriter::start(Some(client.writer), Direction::ToClient, &events, times.write);
    let server = LineWriter::start(child.stdin.take(), Direction::ToServer, &events, times.write);
    let mut stderr_task = JoinSet::new();
    stderr_task.spawn(stderr::pass_on(child.stderr.take(), Arc::clone(&sink)));

    let stopped = gate.stopped();
    tokio::pin!(stopped);
    let mut driver = SessionDriver {
        session: SessionState::new(times.deadlines),
        began: Instant::now(),
        gate: Arc::clone(&gate),
        sink,
        child,
        client,
        server: Some(server),
        client_line_room: None,
        client_has_sent: false,
        cut_at_bytes: 0,
        close_client_at: None,
        work: JoinSet::new(),
        waiting_lanes: HashMap::new(),
        deadline: Deadline::new(times),
    };
    while !driver.is_over() {
        let is_live = driver.session.ended().is_none();
        // A stop goes before all other events: a line that was permitted before it and is not yet
        // written is not written.
        let input = tokio::select! {
            biased;
            stop = &mut stopped, if is_live => Some(SessionInput::End(stop.into())),
            input = driver.next_input(&mut sources) => input,
        };
        if let Some(input) = input {
            driver.handle(input).await;
        }
    }
    if driver.session.answers_after_end() {
        tokio::select! {
            biased;
            // An order does not wait for the last messages of a client. This is not reached if an
            // order ended the session.
            _ = &mut stopped => {}
            () = driver.answer_last_messages(&mut sources.client) => {}
        }
    }
    driver.finish(stderr_task).await
}

/// The reading ends of one session's pipes.
struct Sources {
    client: LineReader,
    server: LineReader,
    pipe_events: mpsc::Receiver<PipeEvent>,
}

/// All that one session owns, except the reading ends of its pipes ([`Sources`]).
struct SessionDriver<G, S> {
    session: SessionState,
    gate: Arc<G>,
    sink: Arc<S>,
    child: ServerProcess,
    client: LineWriter,
    server: Option<LineWriter>,
    began: Instant,
    /// Room of the client's line that is being handled.
    client_line_room: Option<LineRoom>,
    client_has_sent: bool,
    /// Bytes of the client's last line that the server's pipe had accepted when the line was cut.
    cut_at_bytes: u64,
    /// When the client's stream is closed after an order, even if the gate has not answered yet.
    close_client_at: Option<Instant>,
    /// Calls of the gate: at most one for each lane, and at the end the completions of open
    /// requests.
    work: JoinSet<Option<SessionInput>>,
    /// The lane that waits for each task of `work`.
    waiting_lanes: HashMap<Id, Direction>,
    deadline: Deadline,
}

impl<G: MessageGate, S: Sink> SessionDriver<G, S> {
    fn is_over(&self) -> bool {
        self.session.ended().is_some() && (self.work.is_empty() || self.deadline.given_up)
    }

    /// Waits for the next event. None if it changes nothing for the session.
    async fn next_input(&mut self, sources: &mut Sources) -> Option<SessionInput> {
        let session = &self.session;
        if session.wants(Direction::ToServer) {
            self.client_line_room = None;
        }
        let close_client_at = self.close_client_at;
        let client_reads = self.client.is_read();
        let due = session.due_ms().map(|due| self.began + Duration::from_millis(due));
        tokio::select! {
            Some(done) = self.work.join_next_with_id() => self.gate_answered(done),
            Some(event) = sources.pipe_events.recv() => self.pipe_event(event),
            () = self.client.line_written(), if !client_reads => None,
            () = sleep_until(due.unwrap_or(self.began)), if due.is_some() => Some(SessionInput::Time),
            (line, room) = sources.client.next(), if client_reads && session.wants(Direction::ToServer) => {
                self.deadline.client_line_handled();
                self.client_has_sent = true;
                self.client_line_room = room;
                Some(line)
            }
            (line, _) = sources.server.next(), if session.wants(Direction::ToClient) => Some(line),
            _ = self.child.wait(), if !self.deadline.server_exited => {
                self.deadline.server_exits();
                None
            }
            () = sleep_until(self.deadline.at()), if self.deadline.is_set() => self.deadline_passed(),
            () = sleep_until(close_client_at.unwrap_or_else(Instant::now)), if close_client_at.is_some() => {
                self.close_client_at = None;
                self.client.close();
                None
            }
        }
    }

    /// Runs a call of the gate. The lane, if there is one, waits for it.
    fn spawn_gate_call(
        &mut self,
        lane: Option<Direction>,
        call: impl Future<Output = Option<SessionInput>> + Send + 'static,
    ) {
        let id = self.work.spawn(call).id();
        if let Some(lane) = lane {
            self.waiting_lanes.insert(id, lane);
        }
    }

    /// Handles a finished call of the gate. A gate that panics gives no answer: the session ends.
    fn gate_answered(
        &mut self,
        done: Result<(Id, Option<SessionInput>), JoinError>,
    ) -> Option<SessionInput> {
        let id = done.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let lane = self.waiting_lanes.remove(&id);
        match done {
            Ok((_, input)) => input,
            Err(_) => {
                Some(lane.map_or(SessionInput::End(SessionEnd::Stopped), SessionInput::GateFailed))
            }
        }
    }

    async fn handle(&mut self, input: SessionInput) {
        let now = self.began.elapsed().as_millis();
        for effect in self.session.step(u64::try_from(now).unwrap_or(u64::MAX), input) {
            self.perform(effect).await;
        }
        if self.session.is_draining() {
            self.deadline.drain();
        }
    }

    fn pipe_event(&mut self, event: PipeEvent) -> Option<SessionInput> {
        match event {
            PipeEvent::Written(lane) => Some(SessionInput::Written(lane)),
            PipeEvent::Failed(to, taken) => Some(SessionInput::Failed(to, taken)),
            PipeEvent::ClientEnds => {
                self.deadline.client_ends();
                None
            }
            PipeEvent::ClientStalls => Some(SessionInput::End(SessionEnd::Stalled)),
        }
    }

    async fn perform(&mut self, effect: SessionEffect) {
        match effect {
            SessionEffect::Decide(step) => self.decide(step),
            SessionEffect::Complete { lane, ticket, end, message, output } => {
                let gate = Arc::clone(&self.gate);
                self.spawn_gate_call(lane, async move {
                    let completed = gate.complete(ticket, end, message, output).await;
                    lane.map(|lane| SessionInput::Completed(lane, completed))
                });
            }
            SessionEffect::CompleteUnknown { ticket, written } => {
                self.complete_as_unknown(ticket, written, None)
            }
            SessionEffect::GiveUp { ticket, written } => {
                self.complete_as_unknown(
                    ticket,
                    written,
                    Some(SessionInput::GiveUpSequenced(ticket)),
                );
            }
            SessionEffect::FilterTools(tools) => self.filter_tools(tools),
            SessionEffect::Write { lane, to: Direction::ToClient, line } => {
                self.client.write(lane, line)
            }
            SessionEffect::Write { lane, to: Direction::ToServer, line } => {
                if let Some(server) = &self.server {
                    server.write(lane, line);
                }
            }
            SessionEffect::CountRefusal(code) => self.gate.refused(code),
            SessionEffect::Note(note) => self.sink.note(note),
            SessionEffect::CloseServer => {
                if let Some(server) = &mut self.server {
                    server.close();
                }
            }
            SessionEffect::End => self.end().await,
        }
    }

    /// Completes a transition whose outcome is unknown, then gives the session `then`, if it waits
    /// for that. Nothing is forwarded, whatever the gate answers.
    fn complete_as_unknown(&mut self, ticket: u64, written: Written, then: Option<SessionInput>) {
        let (gate, written) = (Arc::clone(&self.gate), self.written_bytes(written));
        self.spawn_gate_call(None, async move {
            let _ = gate.complete(ticket, StepEnd::Unknown { written }, Vec::new(), None).await;
            then
        });
    }

    fn decide(&mut self, step: MessageStep) {
        let (gate, lane) = (Arc::clone(&self.gate), step.direction);
        let call = async move { Some(SessionInput::Decided(lane, gate.decide(step).await)) };
        self.spawn_gate_call(Some(lane), call);
    }

    fn filter_tools(&mut self, tools: Vec<(String, Digest)>) {
        let gate = Arc::clone(&self.gate);
        self.spawn_gate_call(Some(Direction::ToClient), async move {
            let mut listed = Vec::with_capacity(tools.len());
            for (name, definition) in &tools {
                listed.push(gate.is_listed(name, *definition).await);
            }
            Some(SessionInput::Filtered(listed))
        });
    }

    fn written_bytes(&self, written: Written) -> Option<u64> {
        match written {
            Written::Bytes(bytes) => Some(bytes),
            Written::UnderWay => Some(self.cut_at_bytes),
            Written::Unmeasured => None,
        }
    }

    /// INVARIANT: this runs before the effects that complete transitions as unknown, which need the
    /// number of bytes at which the line was cut.
    async fn end(&mut self) {
        if let Some(mut server) = self.server.take() {
            self.cut_at_bytes = server.cut(Direction::ToServer).await;
        }
        match self.session.ended() {
            Some(SessionEnd::Client | SessionEnd::Server) => self.deadline.linger(),
            Some(SessionEnd::Ordered(_)) => {
                self.kill();
                self.cut_client().await;
            }
            _ => self.kill(),
        }
    }

    /// Nothing that was permitted before an order is written after it: a line that the client reads
    /// slowly is cut. If no line is being written, the client is sent errors for its open requests,
    /// for a limited time.
    async fn cut_client(&mut self) {
        if self.client.is_writing() {
            self.client.cut(Direction::ToClient).await;
        }
        self.close_client_at = Some(Instant::now() + self.deadline.times.stopped);
    }

    fn kill(&mut self) {
        self.deadline.settle();
        self.child.kill_now();
    }

    fn deadline_passed(&mut self) -> Option<SessionInput> {
        if self.session.ended().is_some() {
            if self.deadline.is_settling() {
                self.deadline.given_up = true;
            } else {
                self.kill();
            }
            return None;
        }
        // If the client has not ended, only a server that has exited or reads nothing more sets a
        // deadline.
        let client = self.deadline.client_ended;
        Some(SessionInput::End(if client { SessionEnd::Client } else { SessionEnd::Server }))
    }

    /// Answers messages that the client sent before it could know of the session's end. If it has
    /// sent none, its first message is awaited and answered.
    async fn answer_last_messages(&mut self, from_client: &mut LineReader) {
        let times = self.deadline.times;
        let until = Instant::now() + times.first_message;
        while self.session.answers_after_end() && self.client.is_read() {
            let quiet = Instant::now() + times.last_messages;
            let wait = if self.client_has_sent { until.min(quiet) } else { until };
            let Ok((next, _)) = timeout_at(wait, from_client.next()).await else { break };
            let SessionInput::Line(_, line) = next else { break };
            self.client_has_sent = true;
            for effect in self.session.answer_after_end(line) {
                self.perform(effect).await;
            }
        }
    }

    async fn finish(mut self, mut stderr_task: JoinSet<()>) -> SessionSummary {
        let times = self.deadline.times;
        let settled = self.work.is_empty();
        if !settled {
            self.sink.note(Note::Unsettled);
        }
        self.client.flush(times.flush).await;
        let exit = self.child.end(times.linger, times.terminate).await;
        // The server's last lines often say why it ended.
        let _ = timeout(times.flush, stderr_task.join_next()).await;
        let counts = self.session.counts();
        let ended = self.session.ended().cloned().unwrap_or(SessionEnd::Stopped);
        SessionSummary { ended, counts, exit, settled }
    }
}
