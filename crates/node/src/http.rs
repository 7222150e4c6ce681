//! `/v1`: HTTP/1.1 with JSON on the node's Unix sockets. The peer's credentials say who asks.
//!
//! | module | what it holds |
//! |---|---|
//! | `requester` | who asks, over which socket, and what it may hold |
//! | `extract` | what a handler takes from a request, checked in this order: who, query, body |
//! | `refusal` | a request that is not carried out, as a problem |
//! | `routes` | one handler for each route of [`api::route::ROUTES`] |
//! | `health`, `metrics` | whether the node commits, and its counts |
//! | `records`, `explanation` | the lineage log, read beside the node that writes it |
//! | `governance` | what governs, and changes to it |
//! | `events` | new records as server-sent events |
//!
//! Architecture invariant: a handler asks the kernel, the stop switch or a log; it decides nothing.
//!
//! Architecture invariant: a connection carries one request. It ends after its time, whatever its
//! peer does; only a stream of events stays, in a place of its own.

mod events;
mod explanation;
mod extract;
mod governance;
mod health;
mod metrics;
mod records;
mod refusal;
mod requester;
mod routes;

use std::io::Cursor;
use std::time::Duration;

use api::problem::{CONTENT_TYPE, Code, Problem};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;

pub(crate) use events::Streams;
pub(crate) use health::LastProbe;
pub(crate) use requester::{Reads, Requester};

use crate::limits::{HEAD_BYTES_MAX, HELLO_MS_MAX};

/// Whether a connection speaks HTTP, by its first byte: methods are upper-case letters.
pub(crate) fn is_http(first: u8) -> bool {
    first.is_ascii_uppercase()
}

/// The reply to a request for whose head there is no room.
pub(crate) fn no_room() -> Vec<u8> {
    let why = "requests of your OS user take all the room that one may have";
    let problem = Problem::new(Code::Overload, why);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {} Too Many Requests\r\ncontent-type: {CONTENT_TYPE}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        problem.status,
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// Serves one request; `first` was read of it already.
pub(crate) async fn serve(requester: Requester, stream: UnixStream, first: Vec<u8>) {
    let (reader, writer) = stream.into_split();
    let both = tokio::io::join(Cursor::new(first).chain(reader), writer);
    let service = TowerToHyperService::new(routes::router(requester.clone()));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HELLO_MS_MAX))
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(false);
    tokio::select! {
        // A peer that has gone is told nothing.
        _gone = http.serve_connection(TokioIo::new(both), service) => {}
        () = requester.out_of_time() => {}
    }
}
