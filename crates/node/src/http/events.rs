use std::pin::Pin;
use std::task::{Context, Poll, ready};

use api::problem::Code;
use api::record::{EventQuery, Record};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::extract::{Officer, Query};
use super::records;
use super::refusal::Refusal;
use super::requester::Requester;
use crate::limits::{EVENTS_KEEP_ALIVE_MS, EVENTS_WAITING_MAX};
use crate::places::Place;

/// Sends each new record as an event whose id is its index. `Last-Event-ID` goes before `after`.
pub(super) async fn events(
    Officer(requester): Officer,
    Query(EventQuery { after }): Query<EventQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let last = headers.get("last-event-id");
    let last = last.map(|id| id.to_str().ok().and_then(|id| id.parse::<u64>().ok()));
    let after = match last {
        None => after,
        Some(Some(last)) => Some(last),
        Some(None) => {
            let why = "`Last-Event-ID` is no index of a record";
            return Err(requester.refuse(Code::Input, why));
        }
    };
    let size = requester.kernel.durable_size();
    if let Some(after) = after.filter(|after| *after >= size) {
        let why = format!(
            "the log has {size} records, and none of index {after}: it is a new log, or an older copy; read all of it anew, \
             from record 0"
        );
        return Err(requester.refuse(Code::EventsBeyond, why));
    }
    let place = requester.shared.streams.take(requester.user);
    let place = place.map_err(|_| {
        requester.refuse(Code::Overload, "as many streams of events as may be; close some")
    })?;
    requester.becomes_stream();
    let from = after.map_or(size, |after| after.saturating_add(1));
    let (sender, receiver) = mpsc::channel(EVENTS_WAITING_MAX);
    tokio::spawn(send(requester, from, sender, place));
    let body = Body::new(Stream(receiver));
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

/// Sends records as they come to stable storage, until the peer or the node ends. A slow peer makes
/// nothing wait but its own stream.
async fn send(requester: Requester, mut from: u64, sender: mpsc::Sender<Bytes>, _place: Place) {
    let mut durable = requester.kernel.durable();
    let keep_alive = std::time::Duration::from_millis(EVENTS_KEEP_ALIVE_MS);
    // The first bytes say that the stream has begun.
    let mut chunk = Bytes::from_static(b": records follow\n\n");
    loop {
        if sender.send(chunk).await.is_err() {
            return;
        }
        let more = async { durable.wait_for(|size| *size > from).await.map(|size| *size) };
        let size = tokio::select! {
            () = sender.closed() => return,
            () = requester.kernel.ended() => return,
            more = tokio::time::timeout(keep_alive, more) => match more {
                Ok(Ok(size)) => size,
                Ok(Err(_)) => return,
                Err(_) => {
                    chunk = Bytes::from_static(b": nothing new\n\n");
                    continue;
                }
            },
        };
        let found = records::next_records(&requester, from..size).await;
        let Ok(found) = found else { return };
        let Some(last) = found.last() else { return };
        from = last.index.saturating_add(1);
        chunk = found.iter().flat_map(event).collect();
    }
}

fn event(record: &Record) -> Vec<u8> {
    // A record is made of strings and numbers alone; its JSON has no line break.
    let data = serde_json::to_string(record).unwrap_or_default();
    format!("id: {}\nevent: record\ndata: {data}\n\n", record.index).into_bytes()
}

/// What a task sends, as the body of a reply.
struct Stream(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let chunk = ready!(self.0.poll_recv(context));
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
