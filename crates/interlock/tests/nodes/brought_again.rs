//! What an officer takes away while the governance log can't take it: it acts, and the node brings
//! it again by itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use record::governance::{Change, SignedProposal};
use record::lineage::{Body, LineageRecord};
use serde_json::{Value, json};

use crate::support::{BINARY, Client, Domain, Node, run, until};

/// The end of a governance log's write-ahead file lies beyond this, that of the lineage log before
/// it.
const CRAMPED_BYTES: u64 = 128 * 1024;

/// A domain whose governance log is longer than a cramped node can write at.
fn domain() -> Domain {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    let office = format!("{BINARY} office-server --root OFFICE");
    let domain = Domain::new(&bundle, &["agent"], &[("office", &office)]);
    // Each record takes a block of its own. Nothing here is called so: it acts, and ends with 2.
    let blocks = CRAMPED_BYTES / ledger::limits::BLOCK_BYTES as u64;
    for number in 0..blocks {
        govern(&domain, &["trust", &format!("workload:other-{number}"), "degraded"], 2);
    }
    domain
}

/// Runs `interlock COMMAND DOMAIN WORDS`, which must end with this code. What it says on stderr.
fn govern(domain: &Domain, words: &[&str], code: i32) -> String {
    let folder = domain.folder().display().to_string();
    let words = [&words[..1], &[&folder], &words[1..]].concat();
    let ended = run(&words);
    assert_eq!(ended.code, Some(code), "{words:?}: {}{}", ended.stdout, ended.stderr);
    ended.stderr
}

/// What a call of the agent's comes to.
fn answer(domain: &Domain) -> String {
    let mut client = match Client::join(&domain.socket(), "agent", "office") {
        Ok(client) => client,
        Err(refused) => {
            let refused: Value = serde_json::from_str(&refused.to_string()).unwrap();
            return refused["code"].as_str().unwrap().to_owned();
        }
    };
    client.greet().unwrap();
    let answer = client.call("call", "write_file", &json!({"path": "drafts/it", "text": "it"}));
    let code = answer.pointer("/error/data/code");
    code.map_or("permitted", |code| code.as_str().unwrap()).to_owned()
}

fn status(domain: &Domain) -> Value {
    let asked = run(&["status", &domain.folder().display().to_string(), "--json"]);
    assert_eq!(asked.code, Some(0), "{}", asked.stderr);
    serde_json::from_str(&asked.stdout).unwrap()
}

/// The governance log's changes that order or lift a halt.
fn halts(domain: &Domain) -> Vec<Change> {
    let reader = ledger::Reader::open(&domain.folder().join("governance")).unwrap();
    let change = |entry: Result<ledger::ReadEntry, _>| {
        let record = proof::json::Value::parse(&entry.unwrap().record).unwrap();
        SignedProposal::from_record(&record).unwrap().1.proposal.change
    };
    let changes = reader.entries(0).unwrap().map(change);
    let is_halt =
        |one: &Change| matches!(one, Change::HaltOrdered { .. } | Change::HaltLifted { .. });
    changes.filter(is_halt).collect()
}

/// What officers ordered of the node, as its own log has it.
fn ordered(domain: &Domain) -> Vec<SignedProposal> {
    let reader = ledger::Reader::open(&domain.folder().join("lineage")).unwrap();
    let records = reader.entries(0).unwrap().map(|entry| entry.unwrap().record);
    let body = |record: Vec<u8>| LineageRecord::parse(&record).unwrap().body;
    let signed = records.map(body).filter_map(|body| match body {
        Body::Ordered { proposal } => Some(*proposal),
        _ => None,
    });
    signed.collect()
}

#[test]
fn halt_on_a_full_disk_is_retried_after_a_kill() {
    let domain = domain();
    let mut node = Node::start_cramped(&domain.folder(), CRAMPED_BYTES);
    assert_eq!(answer(&domain), "permitted");
    let told = govern(&domain, &["halt", "workload:agent"], 74);
    assert!(told.contains("the node brings it again until it is"), "{told}");
    assert_eq!(answer(&domain), "execution.halted");
    assert!(node.kill());
    let node = Node::start_cramped(&domain.folder(), CRAMPED_BYTES);
    until("the node to try again", || {
        node.stderr().contains("it is brought again until it is").then_some(())
    });
    assert_eq!(answer(&domain), "execution.halted");
    assert_eq!(status(&domain)["reductions"], json!([{"about": "halt workload:agent"}]));
    assert_eq!(halts(&domain), []);

    node.give_room();
    until("the halt in the governance log", || (!halts(&domain).is_empty()).then_some(()));
    until("nothing to be owed", || (status(&domain)["reductions"] == json!([])).then_some(()));
    assert_eq!(halts(&domain).len(), 1);
    assert_eq!(answer(&domain), "execution.halted");

    // It is lifted like any other halt, and what was signed then halts nobody anew: neither brought
    // nor after a start.
    govern(&domain, &["halt", "workload:agent", "--lift"], 0);
    assert_eq!(answer(&domain), "permitted");
    let [old] = &ordered(&domain)[..] else { panic!("{:?}", ordered(&domain)) };
    let file = domain.around().join("old.json");
    fs::write(&file, old.to_value().to_bytes()).unwrap();
    let words = ["publish".as_ref(), file.as_path(), &domain.folder()];
    let brought = run(&words);
    assert_eq!(brought.code, Some(2), "{}", brought.stderr);
    assert!(brought.stderr.contains("this was published already"), "{}", brought.stderr);
    assert_eq!(answer(&domain), "permitted");
    assert!(node.stop().success());
    let node = Node::start(&domain.folder());
    assert_eq!(answer(&domain), "permitted");
    assert_eq!(halts(&domain).len(), 2);
    assert!(node.stop().success());
    let replayed = run(&["replay".as_ref(), domain.folder().as_path()]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
}

#[test]
fn a_halt_whose_life_ended_before_the_log_had_room_gets_into_it() {
    let domain = domain();
    let node = Node::start_cramped(&domain.folder(), CRAMPED_BYTES);
    let file = domain.around().join("halt.json").display().to_string();
    let proposed = ["propose", "--out", &file, "--for", "10s", "halt", "workload:agent"];
    govern(&domain, &proposed, 0);
    let key = domain.folder().join("keys/officer.skey").display().to_string();
    assert_eq!(run(&["sign", &file, "--key", &key, "--yes"]).code, Some(0));
    let folder = domain.folder().display().to_string();
    let brought = run(&["publish", &file, &folder]);
    assert_eq!(brought.code, Some(74), "{}", brought.stderr);
    assert_eq!(answer(&domain), "execution.halted");
    let signed: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let expires_ms = signed["expires_ms"].as_i64().unwrap();
    until("its life to be over", || (node::clock::wall_ms() > expires_ms).then_some(()));
    let owed = status(&domain)["reductions"].clone();
    assert_eq!(owed[0]["about"], "halt workload:agent");
    assert!(owed[0].get("why_not").is_none(), "time is no authority over it: {owed}");
    strangers_are_not_told(&domain);

    node.give_room();
    until("it is in the log", || {
        node.stderr().contains("`halt workload:agent` is in the governance log now").then_some(())
    });
    assert!(matches!(&halts(&domain)[..], [Change::HaltOrdered { .. }]), "{:?}", halts(&domain));
    assert_eq!(answer(&domain), "execution.halted");
    govern(&domain, &["halt", "workload:agent", "--lift"], 0);
    assert_eq!(answer(&domain), "permitted");
    assert_eq!(status(&domain)["reductions"], json!([]));
    assert!(node.stop().success());
}

/// Another OS user sees that the node runs, and not whom officers took something from.
fn strangers_are_not_told(domain: &Domain) {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("skipped: only root can be another OS user");
    }
    fs::set_permissions(domain.around(), fs::Permissions::from_mode(0o755)).unwrap();
    let script = "import socket, sys
node = socket.socket(socket.AF_UNIX)
node.connect(sys.argv[1])
node.sendall(b'GET /v1/status HTTP/1.1\\r\\nhost: node\\r\\n\\r\\n')
print(node.makefile().read().split('\\n')[-1])";
    let mut stranger = Command::new("python3");
    let asked = stranger.args(["-c", script]).arg(domain.socket()).uid(61_007).output();
    let Ok(asked) = asked else { return eprintln!("skipped: no python3") };
    let told: Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!(told["verified"], true);
    assert!(told.get("reductions").is_none(), "{told}");
}
