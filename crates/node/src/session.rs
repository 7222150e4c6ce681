//! A session of an agent with an upstream server.

use std::io::Cursor;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;

use mcp::{
    ClientStreams, Deadlines, Note, ServerCommand, SessionEnd, SessionSummary, StartedServer,
};
use policy::Assurance;
use proof::json::{Value, object};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::UCred;

use crate::gate::{Permits, SessionGate};
use crate::hello::{Caller, line, refusal};
use crate::limits::JOIN_TRIES_MAX;
use crate::notes::SessionNotes;
use crate::places::{NoPlace, Place};
use crate::shared::{Shared, refuse, write_reply};
use crate::stop::{Admitted, ENDED};
use crate::{Server, servers};

/// What a client wants to join.
pub(crate) struct Joins {
    pub(crate) caller: Caller,
    pub(crate) server: String,
    /// What it has sent already after its first line.
    pub(crate) rest: Vec<u8>,
}

/// Serves a session on its workload's thread, once it has joined an execution.
pub(crate) async fn serve(
    shared: &Arc<Shared>,
    peer: &UCred,
    mut stream: UnixStream,
    joins: Joins,
) {
    let Joins { caller, server: name, rest } = joins;
    let Some(server) = shared.options.servers.get(&name) else {
        let known: Vec<&str> = shared.options.servers.keys().map(String::as_str).collect();
        let message = format!("there is no server `{name}`; this node has: {}", known.join(", "));
        return refuse(&mut stream, shared, "refused.input", &message).await;
    };
    let registered = shared.kernel.switch.os_users();
    let place = match shared.sessions.take(peer.uid(), &registered) {
        Ok(place) => place,
        Err(why) => return refuse(&mut stream, shared, why.code(), no_place(why)).await,
    };
    let assurance = servers::assurance(server, peer.uid());
    let workload: Arc<str> = caller.workload.as_str().into();
    let (execution, admitted) = match begin(shared, peer, caller).await {
        Ok(begun) => begun,
        Err((code, message)) => return refuse(&mut stream, shared, code, &message).await,
    };
    // The thread waits for sockets by itself.
    let Ok(stream) = stream.into_std() else { return };
    let session = Session {
        shared: Arc::clone(shared),
        server: server.clone(),
        name,
        workload: Arc::clone(&workload),
        execution,
        assurance,
        place,
        admitted,
        stream,
        rest,
    };
    let refused = shared.session_threads.run(&workload, session, Session::serve);
    if let Err(Session { stream, .. }) = refused
        && let Ok(mut stream) = UnixStream::from_std(stream)
    {
        let message = "the node has no thread for the session; try again";
        refuse(&mut stream, shared, "refused.overload", message).await;
    }
}

/// A session that may begin.
struct Session {
    shared: Arc<Shared>,
    server: Server,
    /// The server's.
    name: String,
    workload: Arc<str>,
    execution: String,
    assurance: Assurance,
    place: Place,
    admitted: Admitted,
    stream: StdStream,
    rest: Vec<u8>,
}

impl Session {
    /// Starts the server, and serves the client until either ends.
    async fn serve(self) {
        let Self { shared, server, name, workload, execution, admitted, .. } = self;
        let Ok(mut stream) = UnixStream::from_std(self.stream) else { return };
        let notes = SessionNotes::new(&shared.log, &name, &workload);
        // First of all, so that a client whose server can't be started is told so.
        let process = match command(&server).start().await {
            Ok(process) => process,
            Err(why) => {
                notes.say(&why);
                let _gone = write_reply(&mut stream, &refusal("server", &why.to_string())).await;
                return;
            }
        };
        // Before anybody is told, and stopped again where an order came meanwhile.
        admitted.has_server(process.id(), process.guard_id());
        if let Some(code) = admitted.cut.code() {
            drop(process);
            return refuse(&mut stream, &shared, code, "it was stopped as it began").await;
        }
        let joined = object([
            ("assurance", Value::from(self.assurance.as_str())),
            ("execution", Value::from(execution.as_str())),
            ("type", Value::from("joined")),
            ("v", Value::Integer(1)),
        ]);
        if write_reply(&mut stream, &line(&joined)).await.is_err() {
            return;
        }
        let gate = SessionGate {
            kernel: shared.kernel.clone(),
            workload,
            execution,
            server: name,
            assurance: self.assurance,
            permits: Permits::default(),
            cut: Arc::clone(&admitted.cut),
        };
        let (reader, writer) = stream.into_split();
        let client = ClientStreams { reader: Cursor::new(self.rest).chain(reader), writer };
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
async fn begin(
    shared: &Shared,
    peer: &UCred,
    caller: Caller,
) -> Result<(String, Admitted), (&'static str, String)> {
    for _ in 0..JOIN_TRIES_MAX {
        let execution = join(shared, peer, caller.clone()).await?;
        match shared.kernel.switch.admit(&execution) {
            Ok(admitted) => return Ok((execution, admitted)),
            Err(ENDED) => {}
            Err(code) => {
                let workload = &caller.workload;
                return Err((
                    code,
                    format!("the execution {execution} of `{workload}` is stopped"),
                ));
            }
        }
    }
    Err(("refused.overload", "executions end as they begin; try again".to_owned()))
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

/// The execution for which a peer speaks, or the code of a refusal and what to tell it.
pub(crate) async fn join(
    shared: &Shared,
    peer: &UCred,
    Caller { workload, execution }: Caller,
) -> Result<String, (&'static str, String)> {
    let is_delegated = execution.is_some();
    match shared.kernel.join(workload.as_str().into(), peer.uid(), execution).await {
        Some(Ok(execution)) => Ok(execution),
        Some(Err(code)) => Err((code, not_joined(code, &workload, (peer.uid(), is_delegated)))),
        None => Err(("refused.storage", "the node is stopping".to_owned())),
    }
}

fn not_joined(code: &str, workload: &str, (user, is_delegated): (u32, bool)) -> String {
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
