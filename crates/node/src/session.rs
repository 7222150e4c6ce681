//! A session of an agent with an upstream server.

use std::io::{self, Cursor};
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;

use api::problem::Code;
use mcp::{
    ClientStreams, Deadlines, Note, ServerCommand, SessionEnd, SessionSummary, StartedServer,
};
use record::Assurance;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::gate::{Permits, SessionGate};
use crate::limits::JOIN_TRIES_MAX;
use crate::notes::SessionNotes;
use crate::places::{NoPlace, Place};
use crate::shared::Shared;
use crate::stop::{Admitted, ENDED};
use crate::{RefusalCode, Server, servers};

/// For whom a client speaks: a workload's own execution, or a delegated one by its id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Caller {
    pub(crate) workload: String,
    pub(crate) execution: Option<String>,
}

/// What a client wants to join.
pub(crate) struct Joins {
    pub(crate) caller: Caller,
    pub(crate) server: String,
}

/// A session whose server runs. It waits for its client's connection.
pub(crate) struct Joined {
    pub(crate) execution: String,
    pub(crate) assurance: Assurance,
    pub(crate) upgrade: Upgrade,
}

/// Takes a client's connection over to its session. Dropped, it ends the session.
pub(crate) type Upgrade = oneshot::Sender<io::Result<RawStream>>;

/// A connection on which both sides write MCP from here on.
pub(crate) struct RawStream {
    pub(crate) stream: StdStream,
    /// What the client has sent already.
    pub(crate) ahead: Vec<u8>,
}

/// Why a client joins nothing.
#[derive(Debug)]
pub(crate) struct NotJoined {
    pub(crate) code: Code,
    pub(crate) why: String,
}

impl NotJoined {
    fn new(code: Code, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    /// With a code of the kernel or of the stop switch.
    fn coded(code: &str, why: impl Into<String>) -> Self {
        Self::new(Code::parse(code).unwrap_or(Code::Storage), why)
    }

    /// No execution can be asked for any more.
    fn stopping() -> Self {
        Self::new(Code::Stopping, "the node is stopping")
    }
}

/// Joins an execution, and begins a session on its workload's thread.
pub(crate) async fn begin(
    shared: &Arc<Shared>,
    user: u32,
    Joins { caller, server: name }: Joins,
) -> Result<Joined, NotJoined> {
    let Some(server) = shared.options.servers.get(&name) else {
        let known: Vec<&str> = shared.options.servers.keys().map(String::as_str).collect();
        let why = format!("there is no server `{name}`; this node has: {}", known.join(", "));
        return Err(NotJoined::new(Code::Input, why));
    };
    let registered = shared.kernel.switch.os_users();
    let place = shared.sessions.take(user, &registered);
    let place = place.map_err(|why| NotJoined::coded(why.code(), no_place(why)))?;
    let assurance = servers::assurance(server, user);
    let workload: Arc<str> = caller.workload.as_str().into();
    let (execution, admitted) = admit(shared, user, caller).await?;
    let (joined, is_joined) = oneshot::channel();
    let session = NewSession {
        shared: Arc::clone(shared),
        server: server.clone(),
        name,
        workload: Arc::clone(&workload),
        execution,
        assurance,
        place,
        admitted,
        joined,
    };
    let run = shared.session_threads.run(&workload, session, NewSession::serve);
    let no_thread =
        || NotJoined::new(Code::Overload, "the node has no thread for the session; try again");
    run.map_err(|_| no_thread())?;
    // A thread that has panicked answers nothing.
    is_joined.await.unwrap_or_else(|_| Err(no_thread()))
}

/// A session that may begin.
struct NewSession {
    shared: Arc<Shared>,
    server: Server,
    /// The server's.
    name: String,
    workload: Arc<str>,
    execution: String,
    assurance: Assurance,
    place: Place,
    admitted: Admitted,
    /// Who waits for it to begin.
    joined: oneshot::Sender<Result<Joined, NotJoined>>,
}

impl NewSession {
    /// Starts the server, and serves the client until either ends.
    async fn serve(self) {
        let Self { shared, server, name, workload, execution, assurance, admitted, joined, .. } =
            self;
        let notes = SessionNotes::new(&shared.log, &name, &workload);
        // First of all, so that a client whose server can't be started is told so.
        let process = match command(&server).start().await {
            Ok(process) => process,
            Err(why) => {
                notes.say(&why);
                // A client that has gone is told nothing.
                let code = match why.is_for_want_of_means() {
                    true => Code::Overload,
                    false => Code::ServerStart,
                };
                let _gone = joined.send(Err(NotJoined::new(code, why.to_string())));
                return;
            }
        };
        // Before anybody is told, and stopped again where an order came meanwhile.
        admitted.has_server(process.id(), process.guard_id());
        if let Some(code) = admitted.cut.code() {
            drop(process);
            let _gone = joined.send(Err(NotJoined::coded(code, "it was stopped as it began")));
            return;
        }
        let (upgrade, upgraded) = oneshot::channel();
        let begun = Joined { execution: execution.clone(), assurance, upgrade };
        if joined.send(Ok(begun)).is_err() {
            return;
        }
        // None comes from a client that has gone.
        let Ok(Ok(RawStream { stream, ahead })) = upgraded.await else { return };
        // This thread waits for sockets by itself.
        let Ok(stream) = UnixStream::from_std(stream) else { return };
        let gate = SessionGate {
            kernel: shared.kernel.clone(),
            workload,
            execution,
            server: name,
            assurance,
            permits: Permits::default(),
            cut: Arc::clone(&admitted.cut),
            session_threads: shared.session_threads.clone(),
        };
        let (reader, writer) = stream.into_split();
        let client = ClientStreams { reader: Cursor::new(ahead).chain(reader), writer };
        let deadlines = Deadlines::of_server(server.deadline_ms);
        let server = StartedServer { process, deadlines, room: self.place.room() };
        let told = notes.clone();
        let sink = move |note: Note| told.say(note);
        let summary = mcp::serve_started(Arc::new(gate), server, client, sink).await;
        if summary.ended == SessionEnd::Server {
            notes.say(server_ended(&summary));
        }
    }
}

/// Joins an execution, and lets the session begin. One that ended in between is left for the next
/// one of the workload.
async fn admit(
    shared: &Shared,
    user: u32,
    caller: Caller,
) -> Result<(String, Admitted), NotJoined> {
    for _ in 0..JOIN_TRIES_MAX {
        let execution = join(shared, user, caller.clone()).await?;
        match shared.kernel.switch.admit(&execution) {
            Ok(admitted) => return Ok((execution, admitted)),
            Err(RefusalCode(ENDED)) => {}
            Err(RefusalCode(code)) => {
                let workload = &caller.workload;
                let why = format!("the execution {execution} of `{workload}` is stopped");
                return Err(NotJoined::coded(code, why));
            }
        }
    }
    Err(NotJoined::new(Code::Overload, "executions end as they begin; try again"))
}

/// What an operator reads about a server that ended without being asked to.
fn server_ended(summary: &SessionSummary) -> String {
    match summary.exit {
        Some(exit) => format!("the session is over: the server ended ({exit})"),
        None => "the session is over: the server ended".to_owned(),
    }
}

fn no_place(why: NoPlace) -> &'static str {
    match why {
        NoPlace::OfUser => "your OS user has as many sessions as one may have; close some",
        NoPlace::OfAll => "the node has as many sessions as it can serve; try again",
    }
}

/// The execution for which a client of this OS user speaks.
pub(crate) async fn join(
    shared: &Shared,
    user: u32,
    Caller { workload, execution }: Caller,
) -> Result<String, NotJoined> {
    let is_delegated = execution.is_some();
    match shared.kernel.join(workload.as_str().into(), user, execution).await {
        Some(Ok(execution)) => Ok(execution),
        Some(Err(RefusalCode(code))) => {
            Err(NotJoined::coded(code, not_joined(code, &workload, user, is_delegated)))
        }
        None => Err(NotJoined::stopping()),
    }
}

fn not_joined(code: &str, workload: &str, user: u32, is_delegated: bool) -> String {
    match code {
        "refused.quota.user" => {
            format!("the OS user {user} has as many executions as one may have")
        }
        "refused.quota.node" => "the node has as many executions as it may; end some".to_owned(),
        "refused.storage" => "there is no room on the node's disk for another execution".to_owned(),
        "refused.overload" => "the node is at its limits; try again".to_owned(),
        _ => {
            let which = if is_delegated { " and execution" } else { "" };
            format!("the workload `{workload}`{which} is not your OS user's (uid {user})")
        }
    }
}

fn command(server: &Server) -> ServerCommand {
    let mut words = server.command.iter();
    ServerCommand {
        guard: mcp::guard::SELF.into(),
        program: words.next().cloned().unwrap_or_default(),
        arguments: words.cloned().collect(),
        environment: server.environment.clone(),
        directory: server.directory.clone(),
        user: server.user,
    }
}
