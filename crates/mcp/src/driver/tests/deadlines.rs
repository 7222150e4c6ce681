//! Servers and clients that do not answer, or too late.

use super::*;

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","_meta":{"progressToken":"p"}}}"#;
const CANCEL: &str =
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;

fn within(server_ms: u64, client_ms: u64) -> Times {
    Times { deadlines: Deadlines { server_ms, client_ms }, ..times() }
}

#[tokio::test]
async fn a_server_that_hangs_ends_a_call_with_an_error_under_its_id() {
    let (_folder, log) = folder();
    let server = python(&["swallow", &log]);
    let mut client = Client::start_within(&Script::new(no_writes), &server, within(300, 60_000));
    client.says(CALL).await;
    let told = client.hears().await;
    assert!(told.contains(r#""id":1,"error":{"code":-32007,"#), "{told}");
    assert!(told.contains(r#""data":{"code":"server.deadline"}"#), "{told}");
    assert_eq!(client.gate.ends(), [UNKNOWN], "its end is sequenced before it is told");
    let sent = format!("{CALL}\n{CANCEL}\n");
    until(|| std::fs::read_to_string(&log).is_ok_and(|text| text == sent)).await;
    let gate = Arc::clone(&client.gate);
    assert_eq!(gate.written(), CALL.len() as u64 + 1);
    // The session goes on.
    client.says(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#).await;
    assert!(client.hears().await.contains(r#""id":2,"error":{"code":-32007,"#));
    let summary = client.leaves().await;
    assert_eq!((summary.ended, summary.counts.overdue), (SessionEnd::Client, 2));
    assert_eq!(gate.ends(), [UNKNOWN, UNKNOWN]);
}

#[tokio::test]
async fn a_server_that_takes_no_line_ends_a_call_all_the_same() {
    let server = python(&["deaf"]);
    let mut client = Client::start_within(&Script::new(no_writes), &server, within(300, 60_000));
    let filler = "x".repeat(200_000);
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{filler}"}}}}"#);
    client.says(&line).await;
    assert!(client.hears().await.contains(r#""id":1,"error":{"code":-32007,"#));
    // The number of bytes that the server reads is not known.
    let gate = Arc::clone(&client.gate);
    until(|| !gate.completed.lock().unwrap().is_empty()).await;
    assert_eq!(gate.completed.lock().unwrap()[0].1, UNKNOWN);
    drop((client.reader, client.writer));
    let summary = timeout(PATIENCE, client.session).await.unwrap().unwrap();
    assert_eq!((summary.ended, gate.ends()), (SessionEnd::Client, vec![UNKNOWN]));
}

#[tokio::test]
async fn a_late_answer_is_dropped() {
    let server = python(&["late"]);
    let mut client = Client::start_within(&Script::new(no_writes), &server, within(2_000, 60_000));
    client.says(CALL).await;
    assert!(client.hears().await.contains(r#""id":1,"error":{"code":-32007,"#));
    client.says(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#).await;
    let next = client.hears().await;
    assert_eq!(next, r#"{"jsonrpc": "2.0", "id": 2, "result": {}}"#);
    let gate = Arc::clone(&client.gate);
    let summary = client.leaves().await;
    assert_eq!((summary.counts.overdue, summary.counts.late), (1, 1));
    assert_eq!(*gate.refused.lock().unwrap(), ["refused.input"]);
    assert_eq!(gate.ends(), [UNKNOWN, StepEnd::Result]);
}

#[tokio::test]
async fn progress_lets_a_call_take_longer() {
    let server = python(&["progress", "8", "0.5"]);
    let deadline = Duration::from_secs(3);
    let times = within(3_000, 60_000);
    let mut client = Client::start_within(&Script::new(no_writes), &server, times);
    let began = Instant::now();
    client.says(CALL).await;
    for _ in 0..8 {
        assert!(client.hears().await.contains("notifications/progress"));
    }
    assert!(client.hears().await.contains(r#""result""#));
    assert!(began.elapsed() > deadline);
    assert_eq!(client.leaves().await.counts.overdue, 0);
}

#[tokio::test]
async fn a_client_that_never_answers_is_given_up() {
    let (_folder, log) = folder();
    let server = python(&["serve", &log]);
    let mut client = Client::start_within(&Script::new(no_writes), &server, within(60_000, 300));
    client.says(CALL).await;
    assert!(client.hears().await.contains("roots/list"));
    client.hears_of("1").await;
    let cancelled = client.hears().await;
    assert_eq!(cancelled, CANCEL.replace(":1}", ":\"ask\"}"));
    let told = r#"{"jsonrpc":"2.0","id":"ask","error":{"code":-32007,"#;
    until(|| std::fs::read_to_string(&log).is_ok_and(|text| text.contains(told))).await;
    let gate = Arc::clone(&client.gate);
    until(|| gate.ends().len() == 2).await;
    let mut ends = gate.ends();
    ends.sort_unstable();
    assert_eq!(ends, [StepEnd::Result, UNKNOWN]);
    client.leaves().await;
}

#[tokio::test]
async fn a_client_that_takes_no_errors_gets_each_once() {
    const CALLS: usize = 4_000;
    let (_folder, log) = folder();
    let server = python(&["swallow", &log]);
    let mut client = Client::start_within(&Script::new(no_writes), &server, within(100, 60_000));
    let (gate, mut writer) = (Arc::clone(&client.gate), client.writer);
    let saying = tokio::spawn(async move {
        for id in 0..CALLS {
            let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n");
            writer.write_all(line.as_bytes()).await.unwrap();
        }
        writer
    });
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = gate.decided.lock().unwrap().len();
        if now > 0 && now == before {
            break;
        }
        before = now;
    }
    // The lines in its 64 KiB, those that wait to be written, and those for open requests.
    assert!(before < CALLS / 2, "{before} were decided");
    let mut told = std::collections::BTreeSet::new();
    while told.len() < CALLS {
        let mut line = String::new();
        timeout(PATIENCE, client.reader.read_line(&mut line)).await.unwrap().unwrap();
        let (_, rest) = line.split_once("\"id\":").unwrap();
        let (id, _) = rest.split_once(',').unwrap();
        assert!(told.insert(id.to_owned()), "{id} is answered twice");
    }
    drop((saying.await.unwrap(), client.reader));
    timeout(PATIENCE, client.session).await.unwrap().unwrap();
}
