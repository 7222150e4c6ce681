//! The loop around a [`Session`]: it carries lines, answers and deadlines, and decides nothing.

mod deadline;
mod pipe;
mod stderr;
#[cfg(test)]
mod tests;

use std::process::ExitStatus;
use std::sync::Arc;

use proof::digest::Digest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::server::ServerProcess;
use crate::session::{Counts, Effect, Ended, Input, Session};
use crate::{Direction, Gate, Note, ServerCommand, SessionError, Sink, Step};
use deadline::{Deadline, Times};
use pipe::{Event, Lines, Writer};

/// What a session was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Why it ended.
    pub ended: Ended,
    /// How many messages had which fate.
    pub counts: Counts,
    /// How the server's process ended; `None` if the operating system could not say.
    pub exit: Option<ExitStatus>,
    /// Whether the gate completed every step that it had permitted.
    pub settled: bool,
}

/// Starts the server and runs one session with it until either side ends; the server's process is gone when
/// this returns, and is killed when the future is dropped.
///
/// Once the client ends its side, the server's stdin is closed and the server has
/// [`crate::limits::SHUTDOWN_MS_MAX`] to end by itself; its answers still go to the client.
///
/// What the server started is ended with it: see [`crate::guard`].
///
/// # Errors
/// The server could not be started; then nothing was read from the client.
pub async fn serve<G, S, R, W>(
    gate: Arc<G>,
    server: ServerCommand,
    client: (R, W),
    sink: S,
) -> Result<SessionSummary, SessionError>
where
    G: Gate,
    S: Sink,
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    Ok(run(gate, server.start().await?, client, (sink, Times::default())).await)
}

/// Runs one session with a server that has been started.
async fn run<G, S, R, W>(
    gate: Arc<G>,
    mut child: ServerProcess,
    client: (R, W),
    (sink, times): (S, Times),
) -> SessionSummary
where
    G: Gate,
    S: Sink,
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let sink = Arc::new(sink);
    sink.note(Note::Started { pid: Some(child.id()) });
    let (events, mut happened) = mpsc::channel(pipe::EVENTS_MAX);
    let mut from_client = Lines::read(Some(client.0), Direction::ToServer, &events);
    let mut from_server = Lines::read(child.stdout.take(), Direction::ToClient, &events);
    let client = Writer::start(Some(client.1), Direction::ToClient, &events, times.write);
    let server = Writer::start(child.stdin.take(), Direction::ToServer, &events, times.write);
    let mut complaints = JoinSet::new();
    complaints.spawn(stderr::pass_on(child.stderr.take(), Arc::clone(&sink)));

    let stopped = gate.stopped();
    tokio::pin!(stopped);
    let mut driver = Driver {
        session: Session::new(),
        gate: Arc::clone(&gate),
        sink,
        child,
        client,
        server: Some(server),
        work: JoinSet::new(),
        deadline: Deadline::new(times),
    };
    while !driver.is_over() {
        let session = &driver.session;
        let input = tokio::select! {
            stop = &mut stopped, if session.ended().is_none() => Some(Input::End(stop.into())),
            Some(done) = driver.work.join_next() => done.unwrap_or(Some(Input::End(Ended::Stopped))),
            Some(event) = happened.recv() => driver.event(event),
            line = from_client.next(), if session.wants(Direction::ToServer) => {
                driver.deadline.client_goes_on();
                Some(line)
            }
            line = from_server.next(), if session.wants(Direction::ToClient) => Some(line),
            _ = driver.child.wait(), if !driver.deadline.server_exited => {
                driver.deadline.exited();
                None
            }
            () = sleep_until(driver.deadline.at()), if driver.deadline.is_set() => driver.late(),
        };
        if let Some(input) = input {
            driver.take(input);
        }
    }
    driver.finish(complaints).await
}

/// Everything that one session holds, but its pipes' reading ends.
struct Driver<G, S> {
    session: Session,
    gate: Arc<G>,
    sink: Arc<S>,
    child: ServerProcess,
    client: Writer,
    server: Option<Writer>,
    /// What the gate was asked: at most one question a lane, and at the end the completion of what is open.
    work: JoinSet<Option<Input>>,
    deadline: Deadline,
}

impl<G: Gate, S: Sink> Driver<G, S> {
    fn is_over(&self) -> bool {
        self.session.ended().is_some() && (self.work.is_empty() || self.deadline.given_up)
    }

    fn take(&mut self, input: Input) {
        for effect in self.session.step(input) {
            self.perform(effect);
        }
        if self.session.is_draining() {
            self.deadline.drain();
        }
    }

    fn event(&mut self, event: Event) -> Option<Input> {
        match event {
            Event::Written(lane) => Some(Input::Written(lane)),
            Event::Failed(to) => Some(Input::Failed(to)),
            Event::ClientEnds => {
                self.deadline.client_ends();
                None
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Decide(step) => self.decide(step),
            Effect::Complete { lane, ticket, end, message, output } => {
                let gate = Arc::clone(&self.gate);
                self.work.spawn(async move {
                    let completed = gate.complete(ticket, end, message, output).await;
                    lane.map(|lane| Input::Completed(lane, completed))
                });
            }
            Effect::List(tools) => self.list(tools),
            Effect::Write { lane, to: Direction::ToClient, line } => self.client.write(lane, line),
            Effect::Write { lane, to: Direction::ToServer, line } => {
                if let Some(server) = &self.server {
                    server.write(lane, line);
                }
            }
            Effect::Refused(code) => self.gate.refused(code),
            Effect::Note(note) => self.sink.note(note),
            Effect::CloseServer => self.server = self.server.take().and_then(Writer::close),
            Effect::End => self.end(),
        }
    }

    fn decide(&mut self, step: Step) {
        let (gate, lane) = (Arc::clone(&self.gate), step.direction);
        self.work.spawn(async move { Some(Input::Answered(lane, gate.decide(step).await)) });
    }

    fn list(&mut self, tools: Vec<(String, Digest)>) {
        let gate = Arc::clone(&self.gate);
        self.work.spawn(async move {
            let mut listed = Vec::with_capacity(tools.len());
            for (name, definition) in &tools {
                listed.push(gate.is_listed(name, *definition).await);
            }
            Some(Input::Listed(listed))
        });
    }

    fn end(&mut self) {
        self.server = None;
        match self.session.ended() {
            Some(Ended::Client | Ended::Server) => self.deadline.linger(),
            _ => self.kill(),
        }
    }

    fn kill(&mut self) {
        self.deadline.settle();
        self.child.kill_now();
    }

    fn late(&mut self) -> Option<Input> {
        if self.session.ended().is_some() {
            if self.deadline.is_settling() {
                self.deadline.given_up = true;
            } else {
                self.kill();
            }
            return None;
        }
        // Without the client's doing, only a server that is gone or takes nothing more sets a deadline.
        let client = self.deadline.client_ended;
        Some(Input::End(if client { Ended::Client } else { Ended::Server }))
    }

    async fn finish(mut self, mut complaints: JoinSet<()>) -> SessionSummary {
        let times = self.deadline.times;
        let settled = self.work.is_empty();
        if !settled {
            self.sink.note(Note::Unsettled);
        }
        self.client.flush(times.flush).await;
        let exit = self.child.end(times.linger, times.terminate).await;
        // What the server said last often says why it ended.
        let _ = timeout(times.flush, complaints.join_next()).await;
        let counts = self.session.counts();
        let ended = self.session.ended().cloned().unwrap_or(Ended::Stopped);
        SessionSummary { ended, counts, exit, settled }
    }
}
