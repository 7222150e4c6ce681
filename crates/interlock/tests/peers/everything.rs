//! npm's `server-everything`: what a server asks of its client is decided and recorded like what it
//! is asked.

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::found::{CLIENT, Python, SERVER, npm_server, or_skip, root, superuser};
use crate::site::{Served, Site};
use crate::support::{Decision, Node, decisions, run};

/// A domain with npm's server, its node, and PyPI's client: of other OS users where that can be
/// done.
fn peers() -> Option<(Site, Node, Agent)> {
    let (client, server) = match or_skip(superuser()) {
        Some(()) => (Some(CLIENT), Some(SERVER)),
        None => (None, None),
    };
    let peers = Python::with_mcp(client)
        .and_then(|python| Ok((python, npm_server("server-everything", server)?)));
    let (python, script) = or_skip(peers)?;
    let served = Served { name: "everything", script: &script, argument: "stdio", user: server };
    let site = Site::new(client, Some(&root().join("tests/e2e/everything")), &served);
    let node = Node::start(&site.domain());
    let agent = Agent::start(&python, client, &site, "everything");
    Some((site, node, agent))
}

/// The client is nobody's of ours: it says again what it said, with the pending id in its metadata,
/// and its own progress token, which is another one each time.
#[test]
fn approved_call_of_a_foreign_client_runs_once() {
    let Some((site, node, mut agent)) = peers() else { return };
    let (tool, asked) = ("get-structured-content", json!({"location": "Chicago"}));
    let waits = agent.call(tool, &asked);
    let data = &waits["error"]["data"];
    assert_eq!(
        (&waits["error"]["code"], &data["code"], &data["advice"][0]),
        (&json!(-32_004), &json!("approval.required"), &json!("an officer approves this call")),
        "{waits}"
    );
    let pending = data["pending"].as_str().unwrap().to_owned();
    let early = agent.call_again(tool, &asked, &pending);
    assert_eq!(early["error"]["data"]["code"], "approval.required", "{early}");
    let key = site.domain().join("keys/officer.skey").display().to_string();
    let domain = site.domain().display().to_string();
    let approved = run(&["approve", &domain, &pending, "--key", &key, "--yes"].map(str::to_owned));
    assert_eq!(approved.code, Some(0), "{}", approved.stderr);
    let other = agent.call_again(tool, &json!({"location": "New York"}), &pending);
    assert_eq!(other["error"]["data"]["code"], "approval.required", "{other}");
    let done = agent.call_again(tool, &asked, &pending);
    assert!(done["text"].as_str().is_some_and(|text| text.contains("temperature")), "{done}");
    let again = agent.call_again(tool, &asked, &pending);
    let used = "what was approved was done already";
    assert_eq!(again["error"]["data"]["advice"][0], used, "{again}");
    agent.stop();
    assert!(node.stop().success());
    let permits = |decision: &&Decision| decision.verdict == "permit";
    let made = decisions(&site.domain());
    let of_the_tool = made.iter().filter(|made| made.message["params"]["name"] == tool);
    assert_eq!(of_the_tool.filter(permits).count(), 1);
}

#[test]
fn server_requests_are_decided_and_recorded() {
    let Some((site, node, mut agent)) = peers() else { return };
    for (tool, is_listed) in
        [("echo", true), ("trigger-sampling-request", true), ("get-sum", false)]
    {
        assert_eq!(agent.tools.iter().any(|listed| listed == tool), is_listed, "{:?}", agent.tools);
    }

    assert_eq!(agent.call("echo", &json!({"message": "é 😀"}))["text"], "Echo: é 😀");
    let denied = agent.call("get-env", &json!({}));
    assert_eq!(
        (&denied["error"]["code"], &denied["error"]["data"]["code"]),
        (&json!(-32005), &json!("policy.denied"))
    );
    assert_eq!(
        agent.call("get-sum", &json!({"a": 1, "b": 2}))["error"]["data"]["code"],
        "tool.unknown"
    );
    let sampled = agent.call("trigger-sampling-request", &json!({"prompt": "MARKER-PROMPT"}));
    assert!(sampled["text"].as_str().unwrap().contains("sampled by the client"), "{sampled}");
    assert!(agent.event("sampling")["prompt"].as_str().unwrap().contains("MARKER-PROMPT"));
    let questioned = agent.call("trigger-elicitation-request", &json!({}));
    assert!(questioned.to_string().contains("policy.denied: denied (record "), "{questioned}");
    agent.call("toggle-simulated-logging", &json!({}));
    agent.event("logging");
    agent.event("roots");
    assert!(!agent.events.iter().any(|event| event["event"] == "elicitation"));
    agent.stop();
    assert!(node.stop().success());
    hold_to_record(&decisions(&site.domain()), &site);
}

fn hold_to_record(decisions: &[Decision], site: &Site) {
    let records = site.records();
    let of = |method: &str| -> Vec<(String, String, Value)> {
        let found = decisions.iter().filter(|decision| decision.message["method"] == method);
        let shown = found.map(|found| {
            let record = &records[usize::try_from(found.index).unwrap()].1;
            (found.verdict.clone(), found.code.clone(), record["direction"].clone())
        });
        shown.collect()
    };
    let permitted = ("permit".to_owned(), "permitted".to_owned(), json!("to_client"));
    let denied = ("deny".to_owned(), "policy.denied".to_owned(), json!("to_client"));
    assert_eq!(of("sampling/createMessage"), std::slice::from_ref(&permitted));
    assert_eq!(of("elicitation/create"), [denied]);
    for method in ["roots/list", "notifications/message"] {
        let found = of(method);
        assert!(
            !found.is_empty() && found.iter().all(|found| *found == permitted),
            "{method}: {found:?}"
        );
    }
    let calls: Vec<String> = of("tools/call").into_iter().map(|(_, code, _)| code).collect();
    let expected =
        ["permitted", "policy.denied", "tool.unknown", "permitted", "permitted", "permitted"];
    assert_eq!(calls, expected);
}
