//! A real server process that logs every byte that it reads.

use super::*;
use crate::limits::DECIDED_BYTES_MAX;

const INITIALIZE: &str =
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const LIST: &str = r#"{ "jsonrpc":"2.0", "id":"l" ,"method":"tools/list"}  "#;
const READ: &str = r#"{"method":"tools/call","jsonrpc":"2.0","params":{"arguments":{ "p":"\/a\u0062", "n": 1.50 },"name":"read"},"id":2}"#;
const WRITE: &str =
    r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"write","arguments":{}}}"#;
const ROOTS: &str = r#"{"jsonrpc":"2.0","id":"ask","result":{"roots":[ ]}}"#;

#[tokio::test]
async fn only_permitted_calls_arrive_and_as_their_own_bytes() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["serve", &log]));
    client.says(INITIALIZE).await;
    let initialized = client.hears().await;
    assert_eq!(
        initialized,
        r#"{"jsonrpc": "2.0", "id": 0, "result": {"protocolVersion": "2025-11-25"}}"#
    );
    client.says(INITIALIZED).await;
    client.says(LIST).await;
    let list = r#"{"jsonrpc":"2.0","id":"l","result":{"tools":[{"name":"read", "n":1.50}]} }"#;
    assert_eq!(client.hears().await, list);

    client.says(WRITE).await;
    assert_eq!(
        client.hears().await,
        r#"{"jsonrpc":"2.0","id":3,"error":{"code":-32005,"message":"policy.denied: denied (record 3)","data":{"code":"policy.denied","index":3,"policies":["no-writes"]}}}"#
    );
    client.says(READ).await;
    assert_eq!(client.hears().await, r#"{"jsonrpc": "2.0", "id": "ask", "method": "roots/list"}"#);
    let ran = r#"{"jsonrpc": "2.0", "id": 2, "result": {"content": [], "structuredContent": {"ran": "read"}}}"#;
    assert_eq!(client.hears().await, ran);
    client.says(ROOTS).await;
    // An unreadable line does not arrive either, and the session continues.
    client.says("{\"jsonrpc\":\"2.0\",\r\"id\":4,\"method\":\"a\"}").await;
    assert!(client.hears_of("4").await.contains("frame.carriage_return"));
    // A CR before the LF belongs to the line's end.
    client.says("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\"}\r").await;
    client.hears_of("4").await;

    let gate = Arc::clone(&client.gate);
    let summary = client.leaves().await;
    assert_eq!((summary.ended, summary.settled), (SessionEnd::Client, true));
    assert!(summary.exit.unwrap().success(), "it ended by itself when its stdin was closed");
    let ping = r#"{"jsonrpc":"2.0","id":4,"method":"ping"}"#;
    let forwarded =
        [INITIALIZE, INITIALIZED, LIST, READ, ROOTS, ping].map(|line| format!("{line}\n"));
    assert_eq!(std::fs::read_to_string(&log).unwrap(), forwarded.concat());

    let completed = gate.completed.lock().unwrap();
    let of = |message: &str| completed.iter().find(|(_, _, text, _)| text == message).unwrap();
    assert_eq!(of(list).1, StepEnd::Result);
    assert_eq!(of(ran).3.as_deref(), Some(r#"{"ran": "read"}"#));
    assert_eq!(of(ROOTS).1, StepEnd::Result);
    assert_eq!(completed.iter().filter(|(_, end, ..)| *end == StepEnd::Sent).count(), 2);
    assert_eq!(completed.iter().filter(|(_, end, ..)| *end == StepEnd::Error).count(), 1);
    assert_eq!(completed.len(), 7, "{completed:?}");
    assert_eq!(*gate.refused.lock().unwrap(), ["refused.input"]);
}

#[tokio::test]
async fn many_calls_are_decided_and_forwarded_in_the_order_they_came() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["serve", &log]));
    let mut forwarded = String::new();
    for id in 0..200 {
        let tool = if id % 3 == 0 { "write" } else { "read" };
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}"}}}}"#
        );
        client.says(&line).await;
        if tool == "read" {
            forwarded.push_str(&line);
            forwarded.push('\n');
        }
    }
    let mut answers = 0;
    while answers < 200 {
        let line = client.hears().await;
        answers += usize::from(!line.contains("roots/list"));
    }
    let summary = client.leaves().await;
    assert_eq!(std::fs::read_to_string(&log).unwrap(), forwarded);
    assert_eq!(summary.counts.denied, 67);
}

#[tokio::test]
async fn a_line_at_the_bound_goes_on_and_one_past_it_is_refused_whole() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["serve", &log]));
    let padded = |id: u32, bytes: usize| {
        let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let padding = " ".repeat(bytes - line.len());
        line + &padding
    };
    let longest = padded(1, DECIDED_BYTES_MAX);
    client.says(&longest).await;
    client.hears_of("1").await;
    for (bytes, kind) in [
        (DECIDED_BYTES_MAX + 1, "session.message_too_long"),
        (wire::limits::LINE_BYTES_MAX, "session.message_too_long"),
        (wire::limits::LINE_BYTES_MAX + 1, "frame.too_long"),
    ] {
        client.says(&padded(2, bytes)).await;
        assert!(client.hears().await.contains(kind), "{kind}");
    }
    let next = padded(3, 60);
    client.says(&next).await;
    client.hears_of("3").await;
    client.leaves().await;
    assert_eq!(std::fs::read_to_string(&log).unwrap(), format!("{longest}\n{next}\n"));
}

#[tokio::test]
async fn a_last_line_without_its_end_is_refused() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["serve", &log]));
    client.writer.write_all(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await.unwrap();
    client.writer.shutdown().await.unwrap();
    assert!(client.hears().await.contains("frame.unfinished"));
    client.ends().await;
    assert_eq!(std::fs::read_to_string(&log).unwrap_or_default(), "");
}
