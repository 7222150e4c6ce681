use std::time::Instant;

use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::limits::REPLY_MS_MAX;

const REPLY_BYTES: usize = 8 * 1024 * 1024;

/// A route with a long reply, asked over this connection.
async fn serve_long(stream: UnixStream) -> Option<Problem> {
    let state = Arc::<ReplyState>::default();
    let (reader, writer) = stream.into_split();
    let routes = Router::new().route("/", get(|| async { vec![b'x'; REPLY_BYTES] }));
    let writer = ReplyWriter::new(writer, Arc::clone(&state));
    match serve_on(reader, writer, routes, state).await {
        ServedConnection::Unread(problem, _) => Some(problem),
        ServedConnection::Over | ServedConnection::Raw { .. } => None,
    }
}

#[tokio::test]
async fn a_reply_that_is_not_read_ends_the_connection_in_time() {
    let (node, mut client) = UnixStream::pair().unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: node\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    assert!(serve_long(node).await.is_none());
    let (took, limit) = (begun.elapsed(), Duration::from_millis(REPLY_MS_MAX));
    assert!((limit..2 * limit).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_reply_that_is_read_slowly_ends_the_connection_in_time() {
    let (node, mut client) = UnixStream::pair().unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: node\r\n\r\n").await.unwrap();
    let reader = tokio::spawn(async move {
        let mut some = [0; 16 * 1024];
        while client.read(&mut some).await.is_ok_and(|read| read > 0) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let begun = Instant::now();
    assert!(serve_long(node).await.is_none());
    let (took, limit) = (begun.elapsed(), Duration::from_millis(REPLY_MS_MAX));
    assert!((limit..2 * limit).contains(&took), "{took:?}");
    reader.abort();
}

#[tokio::test]
async fn a_long_reply_that_is_read_comes_whole() {
    let (node, mut client) = UnixStream::pair().unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: node\r\n\r\n").await.unwrap();
    let served = tokio::spawn(serve_long(node));
    let mut reply = Vec::new();
    client.read_to_end(&mut reply).await.unwrap();
    assert!(served.await.unwrap().is_none());
    assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n") && reply.len() > REPLY_BYTES);
}

#[tokio::test]
async fn hyper_says_nothing_of_its_own() {
    for (sent, status) in [
        ("GET / HTTP/1.1\r\n: no name\r\n\r\n", 400),
        ("GET / HTTP/9.9\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: n", 400),
    ] {
        let (node, mut client) = UnixStream::pair().unwrap();
        client.write_all(sent.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let problem = serve_long(node).await.unwrap();
        assert_eq!((problem.status, problem.code), (status, Code::Input), "{sent}");
        let mut reply = Vec::new();
        client.read_to_end(&mut reply).await.unwrap();
        assert!(reply.is_empty(), "{sent}: {}", String::from_utf8_lossy(&reply));
    }
}
