//! Servers that hang, answer late or too large, flood or die, at a whole node: each call ends with
//! an error under its id, and on record.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use record::lineage::Completion;
use serde_json::{Value, json};

use crate::support::{BINARY, Client, Domain, Ends, Node, refusals, run, until};

/// Long enough for a server that answers at once, on a busy machine too.
const DEADLINE_MS: u64 = 4_000;

/// Long enough for an answer of many megabytes and for a flood, which a busy machine reads for
/// seconds.
const LARGE_DEADLINE_MS: u64 = 30_000;

fn domain() -> Domain {
    domain_with_deadline(DEADLINE_MS)
}

fn domain_with_deadline(deadline_ms: u64) -> Domain {
    let temporary = tempfile::tempdir().unwrap();
    let bundle = temporary.path().join("bundle");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    std::fs::create_dir_all(bundle.join("policies")).unwrap();
    for file in ["bundle.toml", "entities.json", "schema.cedarschema", "policies/small.dw"] {
        let text = std::fs::read_to_string(from.join(file)).unwrap();
        let text = text.replace("semantics = 1\n", "semantics = 4\n");
        let text = text.replace("[tools.\"probe/note\"]", "[tools.\"slow/note\"]");
        let more =
            r#""ping", "server/roots/list", "answer/roots/list", "server/notifications/progress","#;
        std::fs::write(bundle.join(file), text.replace("\"ping\",", more)).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/deadlines/server.py");
    let slow = format!("/usr/bin/env python3 {} OFFICE/journal", script.display());
    let domain = Domain::within(temporary, &bundle, &["agent"], &[("slow", &slow)]);
    let config = domain.folder().join("interlock.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}deadline_ms = {deadline_ms}\n")).unwrap();
    domain
}

fn joined(domain: &Domain) -> Client {
    let mut client = Client::join(&domain.socket(), "agent", "slow").unwrap();
    client.greet().unwrap();
    client
}

/// Has the node stop, and gives how these calls ended on record. All decisions are derived again.
fn ended(domain: &Domain, node: Node, ids: &[&str]) -> Vec<Completion> {
    assert!(node.stop().success());
    let mut ends = Ends::of(&domain.folder());
    ends.read_on().unwrap();
    let replayed = run(&["replay".as_ref(), domain.folder().as_path()]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
    ids.iter().map(|id| ends.found()[*id].outcome).collect()
}

fn is_unknown(end: &Completion) -> bool {
    matches!(end, Completion::Unknown { .. })
}

#[test]
fn call_to_a_hanging_server_ends_on_record() {
    let domain = domain();
    let node = Node::start(&domain.folder());
    let mut client = joined(&domain);
    let began = Instant::now();
    let answer = client.call("hangs", "note", &json!({"text": "hang"}));
    assert!(began.elapsed() >= Duration::from_millis(DEADLINE_MS));
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["data"]["code"]),
        (&json!(-32_007), &json!("server.deadline")),
        "{answer}"
    );
    // The session goes on.
    let answer = client.call("good", "note", &json!({"text": "good"}));
    assert!(answer.get("result").is_some(), "{answer}");
    drop(client);
    let ends = ended(&domain, node, &["hangs", "good"]);
    let journal = std::fs::read_to_string(domain.office().join("journal")).unwrap();
    let call = journal.lines().find(|line| line.contains("\"hang\"")).unwrap();
    let written = Some(call.len() as u64 + 1);
    assert_eq!(ends, [Completion::Unknown { written }, Completion::Result]);
    let cancels =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"hangs"}}"#;
    assert!(journal.lines().any(|line| line == cancels), "{journal}");
}

#[test]
fn an_answer_after_the_deadline_is_dropped_and_counted() {
    let domain = domain();
    let node = Node::start(&domain.folder());
    let mut client = joined(&domain);
    let answer = client.call("late", "note", &json!({"text": "late"}));
    assert_eq!(answer["error"]["code"], -32_007, "{answer}");
    // The late answer came before this one.
    let answer = client.call("good", "note", &json!({"text": "good"}));
    assert!(answer.get("result").is_some(), "{answer}");
    drop(client);
    let ends = ended(&domain, node, &["late", "good"]);
    assert!(is_unknown(&ends[0]) && ends[1] == Completion::Result, "{ends:?}");
    assert_eq!(refusals(&domain.folder())["refused.input"], 1);
}

#[test]
fn a_call_with_progress_takes_longer_than_its_deadline() {
    let domain = domain();
    let node = Node::start(&domain.folder());
    let mut client = joined(&domain);
    let began = Instant::now();
    let meta = json!({"progressToken": "p"});
    let params = json!({"_meta": meta, "arguments": {"text": "progress"}, "name": "note"});
    let call = json!({"id": "long", "jsonrpc": "2.0", "method": "tools/call", "params": params});
    client.send_json(&call).unwrap();
    let mut told = 0;
    let answer: Value = loop {
        let message = client.read().unwrap().unwrap();
        match message.get("method") {
            Some(method) => assert_eq!(method, "notifications/progress"),
            None => break message,
        }
        told += 1;
    };
    assert!(answer.get("result").is_some(), "{answer}");
    assert_eq!(told, 10);
    assert!(began.elapsed() > Duration::from_millis(DEADLINE_MS));
    drop(client);
    assert_eq!(ended(&domain, node, &["long"]), [Completion::Result]);
}

#[test]
fn a_call_waits_for_the_answer_that_its_server_waits_for() {
    let domain = domain();
    let node = Node::start(&domain.folder());
    let mut client = joined(&domain);
    client.ask("asks", "note", &json!({"text": "asks"})).unwrap();
    let asked = client.read().unwrap().unwrap();
    assert_eq!((&asked["id"], &asked["method"]), (&json!("asked"), &json!("roots/list")));
    // As a person takes their time.
    std::thread::sleep(Duration::from_millis(DEADLINE_MS + 500));
    let roots = json!({"id": "asked", "jsonrpc": "2.0", "result": {"roots": []}});
    client.send_json(&roots).unwrap();
    let answer = client.read().unwrap().unwrap();
    assert_eq!(answer["id"], "asks");
    assert!(answer.get("result").is_some(), "{answer}");
    drop(client);
    assert_eq!(ended(&domain, node, &["asks"]), [Completion::Result]);
}

#[test]
fn answer_that_is_too_large_ends_its_call_on_record() {
    let domain = domain_with_deadline(LARGE_DEADLINE_MS);
    let node = Node::start(&domain.folder());
    let mut client = joined(&domain);
    let answer = client.call("large", "note", &json!({"text": "large"}));
    assert_eq!(answer["error"]["code"], -32_006, "{answer}");
    drop(client);
    let ends = ended(&domain, node, &["large"]);
    assert!(is_unknown(&ends[0]), "{ends:?}");
}

#[test]
fn calls_to_a_server_that_ends_are_ended_on_record() {
    let domain = domain_with_deadline(LARGE_DEADLINE_MS);
    let node = Node::start(&domain.folder());
    for text in ["floods", "killed"] {
        let mut client = joined(&domain);
        client.ask(&format!("open-{text}"), "note", &json!({"text": "hang"})).unwrap();
        client.ask(text, "note", &json!({"text": text})).unwrap();
        for _ in 0..2 {
            let answer = client.read().unwrap().unwrap();
            assert_eq!(answer["error"]["code"], -32_003, "{answer}");
        }
    }
    // The last answers may come before their records.
    let ends = ended(&domain, node, &["floods", "open-floods", "killed", "open-killed"]);
    assert!(ends.iter().all(is_unknown), "{ends:?}");
}

#[test]
fn calls_that_are_open_when_the_node_stops_are_ended_on_record() {
    let domain = domain_with_deadline(LARGE_DEADLINE_MS);
    let node = Node::start(&domain.folder());
    let ids: Vec<String> = (0..8).map(|call| format!("open-{call}")).collect();
    let clients = ids.iter().map(|id| {
        let mut client = joined(&domain);
        client.ask(id, "note", &json!({"text": "hang"})).unwrap();
        client
    });
    let mut clients: Vec<Client> = clients.collect();
    let journal = domain.office().join("journal");
    until("each call to reach its server", || {
        let journal = std::fs::read_to_string(&journal).unwrap();
        (journal.matches("\"hang\"").count() == ids.len()).then_some(())
    });
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let ends = ended(&domain, node, &ids);
    assert!(ends.iter().all(|end| matches!(end, Completion::Unknown { written: Some(1..) })));
    for client in &mut clients {
        let answer = client.read().unwrap().unwrap();
        assert_eq!(answer["error"]["data"]["code"], "node.stopping", "{answer}");
    }
}

/// `interlock mcp`, after the client shook hands with the server.
fn through_mcp(domain: &Domain) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(BINARY);
    command.arg("mcp").arg(domain.folder()).args(["--server", "slow", "--workload", "agent"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let params = json!({"capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}, "protocolVersion": "2025-06-18"});
    say(&mut child, &json!({"id": 0, "jsonrpc": "2.0", "method": "initialize", "params": params}));
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("\"result\""), "{line}");
    (child, said)
}

fn say(child: &mut Child, message: &Value) {
    writeln!(child.stdin.as_mut().unwrap(), "{message}").unwrap();
}

fn calls(child: &mut Child, id: &str, text: &str) {
    let params = json!({"arguments": {"text": text}, "name": "note"});
    say(child, &json!({"id": id, "jsonrpc": "2.0", "method": "tools/call", "params": params}));
}

/// Waits for its end while its input is open, and gives its exit code and what it said on stderr.
fn ends(mut child: Child) -> (Option<i32>, String) {
    let status = until("`interlock mcp` to end", || child.try_wait().unwrap());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (status.code(), said)
}

#[test]
fn client_command_names_a_dead_server() {
    let domain = domain();
    let node = Node::start(&domain.folder());
    let (mut child, mut said) = through_mcp(&domain);
    calls(&mut child, "last", "killed");
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains(r#""id":"last","error":{"code":-32003"#), "{line}");
    let (code, told) = ends(child);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("the node ended the session"), "{told}");
    assert!(node.stop().success());
}

#[test]
fn client_command_names_a_killed_node() {
    let domain = domain();
    let mut node = Node::start(&domain.folder());
    let (mut child, _said) = through_mcp(&domain);
    calls(&mut child, "open", "hang");
    let journal = domain.office().join("journal");
    until("the call to reach the server", || {
        std::fs::read_to_string(&journal).ok()?.contains("\"hang\"").then_some(())
    });
    assert!(node.kill());
    let (code, told) = ends(child);
    assert!(matches!(code, Some(1 | 66)), "{code:?}: {told}");
    assert!(told.contains("error:"), "{told}");
    // What is open when a node is killed ends with its next start.
    let node = Node::start(&domain.folder());
    assert!(is_unknown(&ended(&domain, node, &["open"])[0]));
}
