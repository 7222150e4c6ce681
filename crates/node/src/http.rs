//! `/v1`: HTTP/1.1 with JSON on the node's Unix sockets. The peer's credentials say who asks.
//!
//! | module | what it holds |
//! |---|---|
//! | `requester` | who asks, over which socket, and what it may hold |
//! | `extract` | what a handler takes from a request, checked in this order: who, query, body |
//! | `refusal` | a request that is not carried out, as a problem |
//! | `writer` | a reply has a time for all of it, and `hyper` says nothing of its own |
//! | `routes` | one handler for each route of [`api::route::ROUTES`] |
//! | `health`, `metrics` | whether the node commits, and its counts |
//! | `records`, `explanation` | the lineage log, read beside the node that writes it |
//! | `governance` | what governs, and changes to it |
//! | `approvals` | what waits for officers, and their votes |
//! | `events` | new records as server-sent events |
//! | `delegation` | what an agent asks of the executions that descend from its own |
//! | `sessions` | connections that become MCP sessions |
//!
//! Architecture invariant: a handler asks the kernel, the stop switch or a log; it decides nothing.
//!
//! Architecture invariant: a connection carries one request. It ends after its time, whatever its
//! peer does; only a stream of events and a session stay, in places of their own.

mod approvals;
mod delegation;
mod events;
mod explanation;
mod extract;
mod governance;
mod health;
mod metrics;
mod objects;
mod records;
mod refusal;
mod requester;
mod routes;
mod sessions;
mod writer;

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use api::problem::{CONTENT_TYPE, Code, Problem};
use axum::Router;
use axum::http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

pub(crate) use requester::Requester;

use crate::limits::{HEAD_BYTES_MAX, HEAD_MS_MAX};
use crate::session::RawStream;
use crate::shared::write_reply;
use writer::{ReplyState, ReplyWriter};

/// A problem as a whole reply.
pub(crate) fn reply(problem: &Problem) -> Vec<u8> {
    let status = StatusCode::from_u16(problem.status).unwrap_or_default();
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: {CONTENT_TYPE}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        problem.status,
        status.canonical_reason().unwrap_or_default(),
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// A connection whose request is answered.
enum ServedConnection<R, W> {
    /// It is over.
    Over,
    /// `hyper` did not read its head.
    Unread(Problem, W),
    /// Its protocol may change: what `hyper` read beyond the request, and both halves.
    Raw { ahead: Vec<u8>, reader: R, writer: W },
}

/// Serves one request. Room for its head is taken once it begins to come.
pub(crate) async fn serve(requester: Requester, mut stream: UnixStream) {
    let wait = Duration::from_millis(HEAD_MS_MAX);
    let refused = match tokio::time::timeout(wait, begins(&stream)).await {
        Err(_) => late_head(),
        Ok(false) => return,
        Ok(true) if requester.hold(HEAD_BYTES_MAX) => {
            return serve_begun(requester, stream).await;
        }
        Ok(true) => {
            let why = "requests of your OS user take all the room that one may have";
            Problem::new(Code::Overload, why)
        }
    };
    refuse(&requester, &mut stream, &refused).await;
}

/// Resolves once the first byte is there, or none comes. Nothing is read. (That a socket is
/// readable says less: a new one counts as that.)
async fn begins(stream: &UnixStream) -> bool {
    let peek = || {
        let (_, bytes) = recv(stream, &mut [0; 1][..], RecvFlags::PEEK)?;
        Ok(bytes > 0)
    };
    stream.async_io(Interest::READABLE, peek).await.unwrap_or(false)
}

/// Serves one request that begins to come.
async fn serve_begun(requester: Requester, stream: UnixStream) {
    let state = requester.reply_state();
    let (reader, writer) = stream.into_split();
    let writer = ReplyWriter::new(writer, Arc::clone(&state));
    let served = tokio::select! {
        served = serve_on(reader, writer, routes::router(requester.clone()), state) => served,
        () = requester.out_of_time() => return,
    };
    match served {
        ServedConnection::Over => {}
        ServedConnection::Unread(problem, mut writer) => {
            refuse(&requester, &mut writer, &problem).await;
        }
        ServedConnection::Raw { ahead, reader, writer } => {
            if let Some(upgrade) = requester.upgrade() {
                // One that is gone takes the stream with it.
                let _gone = upgrade.send(raw_stream(ahead, reader, writer));
            }
        }
    }
}

/// Counts a refusal, and says it.
async fn refuse(requester: &Requester, writer: &mut (impl AsyncWrite + Unpin), problem: &Problem) {
    requester.kernel.refused(problem.code.as_str());
    // A peer that has gone is told nothing.
    let _gone = write_reply(writer, &reply(problem)).await;
}

/// A connection after `101 Switching Protocols`, whole: with all that was read ahead of it.
fn raw_stream(
    ahead: Vec<u8>,
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
) -> io::Result<RawStream> {
    let stream = reader.reunite(writer).map_err(io::Error::other)?.into_std()?;
    Ok(RawStream { stream, ahead })
}

/// Serves one request on both halves of a connection, and gives them back where they are needed.
async fn serve_on<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    reader: R,
    writer: ReplyWriter<W>,
    routes: Router,
    state: Arc<ReplyState>,
) -> ServedConnection<R, W> {
    let handled = Arc::clone(&state);
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |request| {
        handled.becomes_handled();
        routes.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEAD_MS_MAX))
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(false);
    let io = TokioIo::new(tokio::io::join(reader, writer));
    let mut connection = http.serve_connection(io, service);
    let ended = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let problem = match ended.map_err(|why| unread(&why).filter(|_| !state.is_handled())) {
        Ok(()) => None,
        Err(Some(problem)) => Some(problem),
        Err(None) => return ServedConnection::Over,
    };
    let parts = connection.into_parts();
    let (reader, writer) = parts.io.into_inner().into_inner();
    let writer = writer.into_inner();
    match problem {
        Some(problem) => ServedConnection::Unread(problem, writer),
        None => ServedConnection::Raw { ahead: parts.read_buf.to_vec(), reader, writer },
    }
}

/// What refuses a head that `hyper` does not read; none where the connection broke.
fn unread(why: &hyper::Error) -> Option<Problem> {
    let (status, why) = match why {
        why if why.is_timeout() => return Some(late_head()),
        why if why.is_parse_too_large() => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the head is longer than {HEAD_BYTES_MAX} bytes, or has too many headers"),
        ),
        why if why.is_parse() => {
            (StatusCode::BAD_REQUEST, format!("the head is no HTTP/1.1: {why}"))
        }
        why if why.is_incomplete_message() => {
            (StatusCode::BAD_REQUEST, "the head does not end".to_owned())
        }
        _ => return None,
    };
    Some(Problem { status: status.as_u16(), ..Problem::new(Code::Input, why) })
}

fn late_head() -> Problem {
    let why = format!("no whole head within {HEAD_MS_MAX} ms");
    let status = StatusCode::REQUEST_TIMEOUT.as_u16();
    Problem { status, ..Problem::new(Code::Input, why) }
}

#[cfg(test)]
mod tests;
