//! PyPI's `mcp` → `interlock mcp` → node → npm's `server-filesystem`, each end under an OS user of
//! its own.

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::found::{CLIENT, Found, Python, SERVER, npm_server, or_skip, strace, superuser};
use crate::receipts::hold_to_receipt;
use crate::site::{Served, Site};
use crate::strace::{Strace, has_a_ring};
use crate::support::Node;
use crate::trace::Call;

/// The client's Python, and the server's script for this user.
fn peers(server_user: u32) -> Found<(Python, std::path::PathBuf)> {
    superuser()?;
    Ok((Python::with_mcp(Some(CLIENT))?, npm_server("server-filesystem", Some(server_user))?))
}

fn site(script: &std::path::Path, user: u32) -> Site {
    let served = Served { name: "files", script, argument: "FILES", user: Some(user) };
    Site::new(Some(CLIENT), None, &served)
}

#[test]
fn denied_write_reaches_no_server_of_another_user() {
    let Some((python, script)) = or_skip(strace().and_then(|()| peers(SERVER))) else { return };
    let site = site(&script, SERVER);
    let node = Node::start(&site.domain());
    let mut agent = Agent::start(&python, Some(CLIENT), &site, "files");
    assert_eq!(agent.events[0], json!({"event": "initialized", "protocol_version": "2025-11-25"}));
    for tool in ["read_text_file", "write_file"] {
        assert!(agent.tools.iter().any(|listed| listed == tool), "{tool} of {:?}", agent.tools);
    }
    assert!(agent.stderr().contains("assurance separated"), "{}", agent.stderr());

    let server = site.server_pid();
    let strace = Strace::attach_reads(server, &site.scratch("server.trace"));
    assert!(!has_a_ring(server));
    let before = site.report("MARKER-BEFORE.txt", "hällo\n");
    let after = site.report("MARKER-AFTER.txt", "still here\n");
    let payroll = site.files().join("payroll/2026-11.csv");
    let read = agent.call("read_text_file", &json!({"path": before}));
    assert_eq!((&read["text"], &read["is_error"]), (&json!("hällo\n"), &json!(false)));
    let denied =
        agent.call("write_file", &json!({"path": payroll, "content": "MARKER--32_005,99999\n"}));
    assert_eq!(denied["error"]["code"], -32005, "{denied}");
    assert_eq!(denied["error"]["data"]["code"], "policy.denied");
    // The pipe keeps its order: what was sent to the server before this has been read when this is
    // answered.
    assert_eq!(agent.call("read_text_file", &json!({"path": after}))["text"], "still here\n");
    hold_to_what_arrived(&strace.finish(), &[&before, &after]);
    assert!(!payroll.exists());
    agent.stop();
    assert!(node.stop().success());

    let records = site.records();
    let calls: Vec<_> =
        records.iter().enumerate().filter(|(_, (_, record))| record["tool"].is_string()).collect();
    let decisions: Vec<&Value> =
        calls.iter().map(|(_, (_, record))| &record["decision"]["decision"]).collect();
    assert_eq!(decisions, ["permit", "deny", "permit"]);
    assert_eq!(u64::try_from(calls[1].0).ok(), denied["error"]["data"]["index"].as_u64());
    for (index, (_, record)) in &calls[..2] {
        assert_eq!(record["facts"]["assurance"], "separated");
        hold_to_receipt(&site, *index, record);
    }
}

/// Two permitted calls were read from standard input, whole, and nothing of a third.
fn hold_to_what_arrived(reads: &[Call], paths: &[&str]) {
    let input: Vec<u8> = reads
        .iter()
        .filter(|read| read.file.as_ref().is_some_and(|(number, _)| *number == 0))
        .flat_map(|read| read.data.clone())
        .collect();
    let lines = input.split_inclusive(|byte| *byte == b'\n');
    let messages: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    let calls: Vec<&Value> =
        messages.iter().filter(|message| message["method"] == "tools/call").collect();
    let read: Vec<&Value> = calls.iter().map(|call| &call["params"]["arguments"]["path"]).collect();
    assert_eq!(read, paths);
    for read in reads {
        let data = String::from_utf8_lossy(&read.data);
        for denied in ["MARKER--32_005", "write_file", "2026-11.csv"] {
            assert!(!data.contains(denied), "the server read {denied}: {read:?}");
        }
    }
    println!(
        "the server read {} bytes in {} reads: 2 permitted calls, no denied one",
        input.len(),
        reads.len()
    );
}

#[test]
fn under_one_user_the_assurance_is_cooperative_and_says_so() {
    let Some((python, script)) = or_skip(peers(CLIENT)) else { return };
    let site = site(&script, CLIENT);
    let node = Node::start(&site.domain());
    let mut agent = Agent::start(&python, Some(CLIENT), &site, "files");
    assert!(
        agent.stderr().contains("assurance cooperative: this OS user could go round"),
        "{}",
        agent.stderr()
    );
    let path = site.report("a.txt", "a\n");
    assert_eq!(agent.call("read_text_file", &json!({"path": path}))["text"], "a\n");
    agent.stop();
    assert!(node.stop().success());
    let records = site.records();
    let decided = records.iter().filter(|(_, record)| record["type"] == "transition.decided");
    let assurances: Vec<&Value> =
        decided.map(|(_, record)| &record["facts"]["assurance"]).collect();
    assert!(
        assurances.len() >= 4 && assurances.iter().all(|found| **found == "cooperative"),
        "{assurances:?}"
    );
}
