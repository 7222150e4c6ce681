mod pipe;

use std::io::{BufRead as _, BufReader, ErrorKind, IsTerminal as _, Read as _, Write as _, stdin};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use api::execution::ExecutionQuery;
use api::problem::Code;
use client::{Agent, Client, NodeSocket};
use node::Options;

use super::names::{self, CandidateExecutions};
use crate::cli::McpArgs;
use crate::config;
use crate::exit::{Exit, Failure};
use crate::limits::{FIRST_REQUEST_BYTES_MAX, FIRST_REQUEST_MS_MAX, NAMED_MS_MAX};
use crate::output::{stderr, stdout};

/// The error code where there is no session with the server. The gateway has the same code for a
/// server that was stopped.
const NO_SESSION: i32 = -32_003;

/// Carries bytes between the client and the node.
pub(super) fn run(arguments: &McpArgs) -> Result<Exit, Failure> {
    let socket = arguments.socket.clone().unwrap_or_else(|| arguments.domain.join("node.sock"));
    if let Some(failure) = absent(arguments, &socket) {
        send_error(&failure.sentence(), "node.unreachable");
        return Err(failure);
    }
    let execution = match &arguments.execution {
        Some(id) => {
            let options = sockets(arguments, &socket);
            Some(names::execution(&options, id, CandidateExecutions::Live(None))?)
        }
        None => None,
    };
    let folder = config::owned_folder(&arguments.domain, arguments.socket.as_deref());
    let at = NodeSocket { path: &socket, folder };
    let agent = Agent::new(at, &arguments.workload, execution.as_deref());
    let session = agent.join(&arguments.server).map_err(|why| {
        send_error(&why.to_string(), code_of(&why));
        Failure::client(&why)
    })?;
    // Standard output belongs to MCP.
    stderr(format!(
        "interlock: execution {} of `{}`, assurance {}{}",
        session.execution,
        arguments.workload,
        session.assurance,
        match session.assurance.as_str() {
            "cooperative" => ": this OS user could go round the node; run the agent as another one",
            _ => "",
        }
    ));
    let execution = session.execution.clone();
    pipe::pipe(session, stdin(), stdout()).map_err(|why| {
        let stopped = why.is("session").then(|| what_stops(at, &execution)).flatten();
        stopped.unwrap_or(why)
    })?;
    Ok(Exit::Ok)
}

/// The failure of a session that the node ended because something stops its execution, as far as
/// the node says it.
fn what_stops(at: NodeSocket<'_>, execution: &str) -> Option<Failure> {
    let NodeSocket { path, folder } = at;
    let node = Client::new(folder.to_owned(), path.to_owned(), path.to_owned());
    let beginning = Some(execution.to_owned());
    let query = ExecutionQuery { beginning, ..ExecutionQuery::default() };
    let page = node.within(Duration::from_millis(NAMED_MS_MAX)).executions(&query).ok()?;
    let code = match page.executions.first() {
        Some(found) => found.objection.clone()?,
        None => "execution.ended".to_owned(),
    };
    let what = format!("the node ended the session: {code}");
    let help = match code.as_str() {
        "execution.ended" => "a new session begins a new execution",
        _ => "an officer did so, and can take it back; until then no session begins",
    };
    Some(Failure::new(Exit::Denied, what).code(code).help(help))
}

/// The failure where there is no socket, or where this OS user may not see it.
fn absent(arguments: &McpArgs, socket: &Path) -> Option<Failure> {
    let domain = &arguments.domain;
    let why = match std::fs::metadata(socket) {
        Ok(_) => return None,
        Err(why) => why,
    };
    let shown = domain.display();
    match why.kind() {
        ErrorKind::PermissionDenied => {
            let what =
                format!("your OS user may not look into the folder of `{}`", socket.display());
            let help = "whoever owns the folder lets agents pass it: `chmod o+x`";
            Some(Failure::new(Exit::NoInput, what).code("socket").help(help))
        }
        _ if arguments.socket.is_none() && !domain.join(config::FILE).exists() => {
            let what = match domain.is_dir() {
                false => format!("`{shown}` is no folder, so it is no domain's"),
                true => format!(
                    "`{shown}` has neither `node.sock` nor `{}`: it is no domain's folder",
                    config::FILE
                ),
            };
            let help = "name the domain's folder, or the node's socket with --socket";
            Some(Failure::new(Exit::NoInput, what).code("socket").help(help))
        }
        // The client of the node reports that no node runs.
        _ => None,
    }
}

/// Answers the client's first request with the reason, so that the client need not guess it from an
/// end of file.
fn send_error(message: &str, code: &str) {
    if stdin().is_terminal() {
        return;
    }
    let (heard, first) = mpsc::channel();
    // Not joined: where a client sends nothing, the thread lives until the process ends.
    std::thread::spawn(move || {
        let mut line = Vec::new();
        let mut first = BufReader::new(stdin().take(FIRST_REQUEST_BYTES_MAX));
        if first.read_until(b'\n', &mut line).is_ok() {
            // The receiver may have timed out.
            let _late = heard.send(line);
        }
    });
    let line = first.recv_timeout(Duration::from_millis(FIRST_REQUEST_MS_MAX)).unwrap_or_default();
    let request: serde_json::Value = serde_json::from_slice(&line).unwrap_or_default();
    let id = request.get("id").filter(|id| id.is_string() || id.is_number());
    let Some(id) = id.filter(|_| request.get("method").is_some()) else { return };
    let error = serde_json::json!({"code": NO_SESSION, "message": message, "data": {"code": code}});
    let answer = serde_json::json!({"jsonrpc": "2.0", "id": id, "error": error});
    // A client that has gone gets no answer.
    let _gone = writeln!(stdout(), "{answer}");
}

/// The code for the missing session, as `docs/book/reference/errors.md` lists it.
fn code_of(why: &client::Error) -> &'static str {
    match why {
        client::Error::Refused(problem) if problem.code == Code::Stopping => "node.stopping",
        client::Error::Refused(problem) => problem.code.as_str(),
        client::Error::Ended(_) | client::Error::EndedWhileActing(_) => "node.stopping",
        client::Error::NotRunning(_)
        | client::Error::Socket(..)
        | client::Error::Foreign(..)
        | client::Error::Silent(..) => "node.unreachable",
        client::Error::Unrecorded(_)
        | client::Error::Unsigned(_)
        | client::Error::Unreadable(_) => why.code(),
    }
}

/// The options for an agent, which may open only the node's own socket and reads no configuration.
fn sockets(arguments: &McpArgs, socket: &Path) -> Options {
    let folder = config::owned_folder(&arguments.domain, arguments.socket.as_deref());
    let alone = config::sockets_alone(folder);
    Options { socket: socket.to_owned(), officer_socket: socket.to_owned(), ..alone }
}
