//! Whichever side ends first, the server ends and every permitted step is completed.

use super::*;

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[tokio::test]
async fn stderr_of_a_server_that_exits_at_once_is_noted() {
    let client = Client::start(&Script::new(no_writes), &python(&["quit"]));
    let notes = Arc::clone(&client.notes);
    let summary = client.ends().await;
    assert_eq!(summary.ended, SessionEnd::Server);
    assert_eq!(summary.exit.unwrap().code(), Some(3));
    let notes = notes.lock().unwrap();
    assert_eq!(
        notes[1..],
        [Note::Stderr("no licence".into()), Note::Stderr("\\u{1b}[31mred flag".into())]
    );
}

#[tokio::test]
async fn the_first_request_is_answered_by_why_the_server_ended() {
    let times = Times { first_message: PATIENCE, ..times() };
    let gate = Script::new(no_writes);
    let mut client = Client::start_within(&gate, &python(&["quit"]), times);
    // The session is over before anything is read from the client. The session's task and the
    // client's two pipes still run.
    until(|| client.notes.lock().unwrap().len() == 3).await;
    let runtime = tokio::runtime::Handle::current();
    until(|| runtime.metrics().num_alive_tasks() == 3).await;
    client.says(PING).await;
    let line = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32003,"message":"the server ended","data":{"code":"server.ended"}}}"#;
    assert_eq!(client.hears().await, line);
    assert_eq!(client.ends().await.ended, SessionEnd::Server);
    assert_eq!(gate.ends(), [], "nothing was decided");
}

#[tokio::test]
async fn a_server_that_ends_leaves_no_request_without_an_answer() {
    let mut client = Client::start(&Script::new(no_writes), &python(&["quit-after-one"]));
    client.says(PING).await;
    let line = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32003,"message":"the server ended","data":{"code":"server.ended"}}}"#;
    assert_eq!(client.hears().await, line);
    let gate = Arc::clone(&client.gate);
    assert_eq!(client.ends().await.ended, SessionEnd::Server);
    assert_eq!(gate.ends(), [UNKNOWN]);
}

#[tokio::test]
async fn a_server_that_closes_its_stdout_is_told_to_end() {
    // On a busy machine a process may take long to be ended by a signal.
    let times = Times { terminate: PATIENCE, ..times() };
    let gate = Script::new(no_writes);
    let client = Client::start_within(&gate, &python(&["closes-stdout"]), times);
    let summary = client.ends().await;
    assert_eq!(summary.ended, SessionEnd::Server);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&summary.exit.unwrap()), Some(15));
}

#[tokio::test]
async fn a_server_that_closes_its_stdin_ends_at_the_next_message() {
    let mut client = Client::start(&Script::new(no_writes), &python(&["closes-stdin"]));
    let notes = Arc::clone(&client.notes);
    until(|| notes.lock().unwrap().iter().any(|note| matches!(note, Note::Stderr(_)))).await;
    client.says(PING).await;
    assert!(client.hears().await.contains("-32003"));
    let summary = client.ends().await;
    assert_eq!(summary.ended, SessionEnd::Server);
}

#[tokio::test]
async fn a_descendant_that_holds_stdout_does_not_hold_the_session() {
    let server = ServerCommand {
        program: "sh".into(),
        arguments: vec!["-c".into(), "sleep 4 & exit 5".into()],
        ..python(&[])
    };
    let client = Client::start(&Script::new(no_writes), &server);
    let summary = client.ends().await;
    assert_eq!((summary.ended, summary.exit.unwrap().code()), (SessionEnd::Server, Some(5)));
}

#[tokio::test]
async fn a_stopping_node_kills_the_server_and_completes_open_calls() {
    let mut client = Client::start(&Script::new(no_writes), &python(&["deaf"]));
    let gate = Arc::clone(&client.gate);
    client.says(PING).await;
    until(|| gate.decided.lock().unwrap().len() == 1).await;
    gate.stop.notify_one();
    assert!(client.hears().await.contains("the node is stopping"));
    let summary = client.ends().await;
    assert_eq!((summary.ended, summary.settled), (SessionEnd::Stopped, true));
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&summary.exit.unwrap()), Some(9));
    assert_eq!(gate.ends(), [UNKNOWN]);
}

#[tokio::test]
async fn a_gate_that_never_answers_does_not_hold_the_session() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["serve", &log]));
    client.gate.hangs.store(true, Ordering::SeqCst);
    client.says(PING).await;
    until(|| std::fs::read(&log).is_ok_and(|bytes| !bytes.is_empty())).await;
    let notes = Arc::clone(&client.notes);
    let summary = client.leaves().await;
    assert!(!summary.settled);
    assert!(notes.lock().unwrap().contains(&Note::Unsettled));
}

#[tokio::test]
async fn a_result_waits_for_its_completion() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["serve", &log]));
    client.gate.hangs.store(true, Ordering::SeqCst);
    client.says(PING).await;
    let gate = Arc::clone(&client.gate);
    until(|| gate.completing.load(Ordering::SeqCst) == 1).await;
    let mut line = String::new();
    let heard = timeout(Duration::from_millis(200), client.reader.read_line(&mut line)).await;
    assert!(heard.is_err(), "{line:?} came before its completion was sequenced");
    client.leaves().await;
}

#[tokio::test]
async fn a_session_that_is_dropped_takes_its_server_with_it() {
    let client = Client::start(&Script::new(no_writes), &python(&["deaf"]));
    let notes = Arc::clone(&client.notes);
    until(|| !notes.lock().unwrap().is_empty()).await;
    let path = format!("/proc/{}", pid(&notes));
    assert!(Path::new(&path).exists());
    client.session.abort();
    until(|| !Path::new(&path).exists()).await;
}
