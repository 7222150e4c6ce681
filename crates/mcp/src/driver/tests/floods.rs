//! Sides that send too much, or take too little.

use super::*;
use crate::limits::{SERVER_REFUSALS_BURST, STDERR_BYTES_MAX, STDERR_LINE_BYTES_MAX};

#[tokio::test]
async fn a_server_that_floods_with_what_can_not_be_read_is_stopped() {
    let client = Client::start(&Script::new(no_writes), &python(&["garbage"]));
    let gate = Arc::clone(&client.gate);
    let summary = client.ends().await;
    assert_eq!(summary.ended, Ended::Unruly);
    // While they come some more are admitted.
    let refused = summary.counts.refused_of_server;
    assert!(refused > SERVER_REFUSALS_BURST, "{refused}");
    assert_eq!(gate.refused.lock().unwrap().len() as u64, refused);
    assert!(!summary.exit.unwrap().success());
}

#[tokio::test]
async fn a_line_that_never_ends_is_refused_once_and_then_ends_the_session() {
    let client = Client::start(&Script::new(no_writes), &python(&["endless"]));
    let notes = Arc::clone(&client.notes);
    let summary = client.ends().await;
    assert_eq!((summary.ended, summary.counts.refused_of_server), (Ended::Server, 1));
    let too_long = |note: &Note| matches!(note, Note::Refused { kind: "frame.too_long", .. });
    assert!(notes.lock().unwrap().iter().any(too_long));
}

#[tokio::test]
async fn a_client_that_takes_nothing_holds_the_server_back() {
    let client = Client::start(&Script::new(no_writes), &python(&["notes"]));
    let gate = Arc::clone(&client.gate);
    until(|| gate.decided.lock().unwrap().len() > 30).await;
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = gate.decided.lock().unwrap().len();
        if now == before {
            break;
        }
        before = now;
    }
    // The client's 64 KiB hold some 66 of these lines; one more is being written.
    assert!(before < 80, "{before} were decided");
    drop((client.reader, client.writer));
    let summary = timeout(PATIENCE, client.session).await.unwrap().unwrap();
    assert_eq!((summary.ended, summary.settled), (Ended::Client, true));
    assert_eq!(gate.ends().iter().filter(|end| **end == UNKNOWN).count(), 1);
}

#[tokio::test]
async fn a_server_that_ignores_its_stdin_does_not_outlive_its_client() {
    let mut client = Client::start(&Script::new(no_writes), &python(&["deaf"]));
    // More than its pipe holds: the last line can't be written.
    let filler = "x".repeat(60_000);
    for id in 0..3 {
        let line =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping","params":{{"x":"{filler}"}}}}"#);
        client.says(&line).await;
    }
    let gate = Arc::clone(&client.gate);
    let notes = Arc::clone(&client.notes);
    until(|| gate.decided.lock().unwrap().len() >= 2).await;
    drop((client.reader, client.writer));
    let summary = timeout(PATIENCE, client.session).await.unwrap().unwrap();
    assert_eq!((summary.ended, summary.settled), (Ended::Client, true));
    assert!(!Path::new(&format!("/proc/{}", pid(&notes))).exists());
    let ends = gate.ends();
    assert_eq!(ends.len(), gate.decided.lock().unwrap().len());
    assert!(ends.iter().all(|end| *end == UNKNOWN), "{ends:?}");
}

#[tokio::test]
async fn a_server_that_does_not_take_a_line_in_time_gets_no_more() {
    let times = Times { write: Duration::from_millis(200), ..times() };
    let mut client = Client::start_within(&Script::new(no_writes), &python(&["deaf"]), times);
    let filler = "x".repeat(200_000);
    client
        .says(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{filler}"}}}}"#))
        .await;
    assert!(client.hears().await.contains(r#""code":-32003"#));
    assert_eq!(client.ends().await.ended, Ended::Server);
}

#[tokio::test]
async fn stderr_is_passed_on_up_to_its_bounds_and_never_holds_the_server_back() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["complains", &log]));
    client.says(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    client.hears_of("1").await;
    let notes = Arc::clone(&client.notes);
    client.leaves().await;
    let notes = notes.lock().unwrap();
    let lines = notes.iter().filter_map(|note| match note {
        Note::Stderr(line) => Some(line.len()),
        _ => None,
    });
    let lines: Vec<usize> = lines.collect();
    assert!(lines.iter().all(|bytes| *bytes <= STDERR_LINE_BYTES_MAX));
    assert_eq!(lines.iter().sum::<usize>(), STDERR_BYTES_MAX);
    assert_eq!(notes.iter().filter(|note| **note == Note::StderrDropped).count(), 1);
}
