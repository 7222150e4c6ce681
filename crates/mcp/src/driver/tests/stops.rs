//! A stop cuts the line that is being written, and records how much of it was written.

use super::*;

/// More than a pipe holds.
const BODY_BYTES: usize = 400_000;

/// The least that a pipe holds if nobody reads from it.
const PIPE_BYTES: u64 = 65_536;

fn long() -> String {
    let body = "z".repeat(BODY_BYTES);
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"a","arguments":{{"b":"{body}"}}}}}}"#
    )
}

async fn ends_with_an_error(client: &mut Client, id: u32, code: &str) {
    let told = client.hears().await;
    assert!(told.contains(&format!(r#""id":{id},"error":{{"code":-32003"#)), "{told}");
    assert!(told.contains(&format!(r#""data":{{"code":"{code}"}}"#)), "{told}");
}

async fn is_at_the_end(client: &mut Client) {
    let mut rest = String::new();
    timeout(PATIENCE, client.reader.read_line(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, "", "nothing follows");
}

#[tokio::test]
async fn a_line_that_is_being_written_is_cut_by_an_order() {
    let mut client = Client::start(&Script::new(no_writes), &python(&["deaf"]));
    let gate = Arc::clone(&client.gate);
    client.says(&long()).await;
    until(|| gate.decided.lock().unwrap().len() == 1).await;
    gate.order("execution.halted");
    ends_with_an_error(&mut client, 1, "execution.halted").await;
    is_at_the_end(&mut client).await;
    let summary = client.ends().await;
    assert_eq!(summary.ended, SessionEnd::Ordered("execution.halted".into()));
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&summary.exit.unwrap()), Some(9));
    assert!(summary.settled);
    assert!(gate.written() <= PIPE_BYTES, "{}", gate.written());
}

#[tokio::test]
async fn a_line_written_before_an_order_is_recorded_as_whole() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["swallow", &log]));
    let gate = Arc::clone(&client.gate);
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    client.says(line).await;
    until(|| std::fs::read(&log).is_ok_and(|bytes| bytes.len() == line.len() + 1)).await;
    gate.order("trust.insufficient");
    ends_with_an_error(&mut client, 1, "trust.insufficient").await;
    is_at_the_end(&mut client).await;
    client.ends().await;
    assert_eq!(gate.written(), line.len() as u64 + 1);
}

#[tokio::test]
async fn a_client_message_after_an_order_is_not_decided() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["serve", &log]));
    let gate = Arc::clone(&client.gate);
    gate.order("execution.halted");
    // The session may have ended before the line is sent.
    let _gone =
        client.writer.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").await;
    is_at_the_end(&mut client).await;
    client.ends().await;
    assert!(gate.decided.lock().unwrap().is_empty());
    assert_eq!(std::fs::read_to_string(&log).unwrap_or_default(), "");
}

#[tokio::test]
async fn an_order_does_not_wait_for_a_client_that_takes_nothing() {
    let client = Client::start(&Script::new(no_writes), &python(&["notes"]));
    let gate = Arc::clone(&client.gate);
    until(|| gate.decided.lock().unwrap().len() > 30).await;
    gate.order("execution.halted");
    let summary = client.ends().await;
    assert_eq!(summary.ended, SessionEnd::Ordered("execution.halted".into()));
}

#[tokio::test]
async fn an_order_closes_the_client_while_the_gate_still_waits() {
    let (_folder, log) = folder();
    let times = Times { settle: 2 * PATIENCE, ..times() };
    let mut client =
        Client::start_within(&Script::new(no_writes), &python(&["serve", &log]), times);
    let gate = Arc::clone(&client.gate);
    gate.hangs.store(true, Ordering::SeqCst);
    client.says(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    until(|| gate.completing.load(Ordering::SeqCst) == 1).await;
    gate.order("execution.halted");
    is_at_the_end(&mut client).await;
    client.session.abort();
}

#[tokio::test]
async fn a_result_that_the_client_takes_slowly_is_cut_by_an_order() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["large", &log]));
    let gate = Arc::clone(&client.gate);
    client.says(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    // The client's stream accepts a part of it.
    until(|| gate.completing.load(Ordering::SeqCst) == 1).await;
    let mut first = [0; 1];
    tokio::io::AsyncReadExt::read_exact(&mut client.reader, &mut first).await.unwrap();
    gate.order("execution.halted");
    let summary = timeout(PATIENCE, client.session).await.unwrap().unwrap();
    assert_eq!(summary.ended, SessionEnd::Ordered("execution.halted".into()));
    let mut rest = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut client.reader, &mut rest);
    timeout(PATIENCE, reading).await.unwrap().unwrap();
    assert!(!rest.contains(&b'\n') && rest.len() < BODY_BYTES, "{}", rest.len());
}

/// A server in this mode, which does not read a long line to its end. The number of bytes that it
/// accepted is recorded.
async fn is_told_how_much_was_taken(mode: &str, times: Times) {
    let mut client = Client::start_within(&Script::new(no_writes), &python(&[mode]), times);
    let gate = Arc::clone(&client.gate);
    client.says(&long()).await;
    assert!(client.hears().await.contains("the server ended"));
    client.ends().await;
    assert!((1..BODY_BYTES as u64).contains(&gate.written()), "{}", gate.written());
}

#[tokio::test]
async fn the_bytes_that_a_dead_server_had_taken_are_recorded() {
    is_told_how_much_was_taken("quit-after-one", times()).await;
}

#[tokio::test]
async fn the_bytes_written_until_a_deadline_are_recorded() {
    let times = Times { write: Duration::from_millis(200), ..times() };
    is_told_how_much_was_taken("deaf", times).await;
}

#[tokio::test]
async fn a_gate_panic_ends_the_session_and_answers_the_call() {
    fn panics(step: &MessageStep) -> GateAnswer {
        if step.method == "tools/list" { panic!("on purpose") } else { no_writes(step) }
    }
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(panics), &python(&["swallow", &log]));
    let gate = Arc::clone(&client.gate);
    client.says(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    client.says(r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#).await;
    let mut told = [client.hears().await, client.hears().await];
    told.sort();
    for (line, id) in told.iter().zip(1..) {
        assert!(line.contains(&format!(r#""id":{id},"error":{{"code":-32003"#)), "{line}");
    }
    is_at_the_end(&mut client).await;
    assert_eq!(client.ends().await.ended, SessionEnd::Stopped);
    assert_eq!(gate.ends(), [UNKNOWN]);
}
