//! Servers that talk of their own accord, at a whole node: what a stopped agent answers goes
//! nowhere, and what a server says uses up nothing of the agent's.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{BINARY, Client, Domain, Node, decisions, run, until};

/// What a stopped agent would have go out.
const SECRET: &str = "said-after-the-stop";

/// A domain with the server `talking`, which says this, beside the sample office.
fn domain(says: &str) -> Domain {
    let temporary = tempfile::tempdir().unwrap();
    let bundle = temporary.path().join("bundle");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    std::fs::create_dir_all(bundle.join("policies")).unwrap();
    for file in ["bundle.toml", "entities.json", "schema.cedarschema", "policies/small.dw"] {
        let text = std::fs::read_to_string(from.join(file)).unwrap();
        let text = text.replace("semantics = 1\n", "semantics = 4\n");
        let text = text.replace("[tools.\"probe/note\"]", "[tools.\"talking/note\"]");
        // What it asks and says, and what answers it, is declared, and the bundle permits it.
        let more = r#""ping", "server/roots/list", "answer/roots/list", "notifications/progress","#;
        let text = text.replace("\"ping\",", more);
        std::fs::write(bundle.join(file), text).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/talking/server.py");
    let talking = format!("/usr/bin/env python3 {} OFFICE/journal {says}", script.display());
    let office = format!("{BINARY} office-server --root OFFICE");
    let servers = [("talking", talking.as_str()), ("office", office.as_str())];
    Domain::within(temporary, &bundle, &["agent"], &servers)
}

fn journal(domain: &Domain) -> String {
    std::fs::read_to_string(domain.office().join("journal")).unwrap_or_default()
}

fn is_open(client: &mut Client) -> bool {
    loop {
        match client.read() {
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

/// Has the agent speak in every way that needs no new decision of a request of its own, once it is
/// stopped by this.
fn nothing_goes_through_after(order: &[&str]) {
    let domain = domain("asks=3");
    let node = Node::start(&domain.folder());
    let mut client = Client::join(&domain.socket(), "agent", "talking").unwrap();
    client.greet().unwrap();
    for number in 0..3 {
        let asked = client.read().unwrap().unwrap();
        assert_eq!(
            (&asked["id"], &asked["method"]),
            (&json!(format!("r{number}")), &json!("roots/list"))
        );
    }
    let roots = |name: &str| json!({"roots": [{"name": name, "uri": "file:///x"}]});
    let answer = json!({"id": "r0", "jsonrpc": "2.0", "result": roots("said-before")});
    client.send_json(&answer).unwrap();
    until("the answer to reach the server", || {
        journal(&domain).contains("said-before").then_some(())
    });
    client.send_json(&json!({"id": 7, "jsonrpc": "2.0", "method": "ping"})).unwrap();
    until("the open request", || journal(&domain).contains("\"ping\"").then_some(()));

    let folder = domain.folder().display().to_string();
    let ordered = run(&[&order[..1], &[folder.as_str()], &order[1..]].concat());
    assert_eq!(ordered.code, Some(0), "{}{}", ordered.stdout, ordered.stderr);
    let error = json!({"code": 1, "data": "y".repeat(100_000), "message": SECRET});
    let reason = json!({"reason": SECRET, "requestId": 7});
    let progress = json!({"message": SECRET, "progress": 1, "progressToken": 1});
    for message in [
        json!({"id": "r1", "jsonrpc": "2.0", "result": roots(SECRET)}),
        json!({"error": error, "id": "r2", "jsonrpc": "2.0"}),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": reason}),
        json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": progress}),
        json!({"id": 8, "jsonrpc": "2.0", "method": "ping", "params": {"_meta": {"x": SECRET}}}),
    ] {
        // The session may be closed by now.
        let _closed = client.send_json(&message);
    }
    assert!(!is_open(&mut client));
    assert!(node.stop().success());
    assert!(!journal(&domain).contains(SECRET), "it reached the server");
    let recorded = decisions(&domain.folder());
    let said = |decision: &crate::support::Decision| decision.message.to_string().contains(SECRET);
    assert!(recorded.iter().filter(|one| said(one)).all(|one| one.answered().0 == "deny"));
    let replayed = run(&["replay", &folder]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
}

#[test]
fn nothing_goes_through_after_a_halt() {
    nothing_goes_through_after(&["halt", "workload:agent"]);
}

#[test]
fn nothing_goes_through_after_trust_is_taken() {
    nothing_goes_through_after(&["trust", "workload:agent", "revoked"]);
}

#[test]
fn a_server_that_floods_uses_up_nothing_of_the_agents() {
    let domain = domain("floods=10000");
    let node = Node::start(&domain.folder());
    let mut quiet = Client::join(&domain.socket(), "agent", "office").unwrap();
    quiet.greet().unwrap();
    let mut noisy = Client::join(&domain.socket(), "agent", "talking").unwrap();
    noisy.greet().unwrap();
    noisy.ask("own", "note", &json!({"text": "mine"})).unwrap();
    for call in 0..20 {
        let path = format!("drafts/{call}");
        let arguments = json!({"path": path, "text": "x"});
        let answer = quiet.call(&format!("quiet-{call}"), "write_file", &arguments);
        assert!(answer.get("result").is_some(), "{answer}");
    }
    let mut heard = 0;
    let answer: Value = loop {
        let message = noisy.read().unwrap().expect("the session goes on");
        match message.get("method") {
            Some(_) => heard += 1,
            None => break message,
        }
    };
    assert_eq!((&answer["id"], answer.get("result").is_some()), (&json!("own"), true), "{answer}");
    // Some, and by far not all: the rest is dropped and counted.
    assert!((1..5_000).contains(&heard), "{heard}");
    let answer = noisy.call("again", "note", &json!({"text": "mine"}));
    assert!(answer.get("result").is_some(), "{answer}");
    drop((quiet, noisy));
    assert!(node.stop().success());
    let said = decisions(&domain.folder());
    let said = said.iter().filter(|one| one.message["method"] == "notifications/message").count();
    assert!((1..5_000).contains(&said), "{said}");
}
