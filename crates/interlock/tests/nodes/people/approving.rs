//! An approval works for whoever has the key, and shows what is approved.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use proof::base64url;
use serde_json::{Value, json};

use super::orders::run_as_stranger;
use super::site::Site;
use crate::support::{BINARY, Client, Node, run, until};

#[test]
fn an_officer_of_another_os_user_sees_and_approves_what_waits() {
    let site = Site::new();
    let node = Node::start(&site.domain.folder());
    let ann = site.finance();
    let mut client = site.client();
    let pending = site.waits(&mut client, "reports/q4.md");
    let domain = site.domain();
    until("the node's word that something waits", || {
        let said = node.stderr();
        let waits = "`agent` waits for approval of office/write_file";
        (said.contains(waits) && said.contains(&pending)).then_some(())
    });

    let list = ["approvals", "list", domain.as_str(), "--json"];
    let Some((code, listed)) = run_as_stranger(&site, &ann, &list) else { return };
    assert_eq!(code, Some(0), "{listed}");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((&listed["pending"], &listed["state"]), (&pending.as_str().into(), &"waits".into()));
    assert_eq!(listed["still"][0]["keys"], serde_json::json!(["office/ann"]));
    assert_eq!(listed["asked_for"], "office/write_file");
    assert!(listed.get("message").is_none(), "a list has no messages: {listed}");

    let begins = pending.get(..8).unwrap();
    let show = ["approvals", "show", domain.as_str(), begins];
    let (code, shown) = run_as_stranger(&site, &ann, &show).unwrap();
    assert_eq!(code, Some(0), "{shown}");
    for wanted in [
        "\"text\":\"sales are up\"",
        "1 of finance must sign still: office/ann",
        "office/write_file",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    let eve = site.path("eve.skey");
    site.interlock(&["key", &eve, "--name", "office/eve"]);
    let (code, hidden) = run_as_stranger(&site, &eve, &["approvals", "list", &domain]).unwrap();
    let none = "nothing waits for approval, or did\n";
    assert_eq!((code, hidden.as_str()), (Some(0), none), "who has no role is shown nothing");

    let approve = ["approve", &domain, begins, "--yes"];
    let (code, approved) = run_as_stranger(&site, &ann, &approve).unwrap();
    assert_eq!(code, Some(0), "{approved}");
    assert!(approved.contains("server gets") && approved.contains("sales are up"), "{approved}");
    assert!(approved.contains("approved"), "{approved}");
    let own = site.interlock(&["approvals", "list", &domain]);
    assert!(own.contains("approved by office/ann") && !own.contains("must sign still"), "{own}");
}

#[test]
fn nobody_approves_where_nobody_can_be_asked() {
    let site = Site::new();
    let _node = Node::start(&site.domain.folder());
    let ann = site.finance();
    let mut client = site.client();
    let pending = site.waits(&mut client, "reports/q4.md");
    let domain = site.domain();
    let approve = ["approve", &domain, &pending, "--key", &ann];
    for more in [&[][..], &["--json"]] {
        let unasked = run(&[&approve[..], more].concat());
        assert_eq!(unasked.code, Some(64), "{}{}", unasked.stdout, unasked.stderr);
        assert!(unasked.stderr.contains("nobody is here to ask"), "{}", unasked.stderr);
    }
    let listed = site.interlock(&["approvals", "list", &domain]);
    assert!(listed.contains("nobody yet"), "nothing was signed: {listed}");

    let approved = site.interlock(&[&approve[..], &["--yes", "--json"]].concat());
    let approved: Value = serde_json::from_str(&approved).unwrap();
    let message = approved["request"]["message"].as_str().unwrap();
    assert!(message.contains("sales are up"), "what was approved is told: {approved}");
    let other = site.waits(&mut client, "reports/q5.md");
    let refused = site.interlock(&["approve", &domain, &other, "--key", &ann, "--refuse"]);
    assert!(refused.contains("refused"), "taking away asks nobody: {refused}");
}

/// Sixteen messages together are longer than what a client reads; an eighth of their length shows
/// the same sooner.
#[test]
fn no_workload_hides_what_another_waits_for() {
    let server = format!("{BINARY} office-server --root OFFICE");
    let site = Site::begin("hides", &server, &["agent", "victim"]);
    let node = Node::start(&site.domain.folder());
    let ann = site.finance();
    let mut victim = Client::join(&site.domain.socket(), "victim", "office").unwrap();
    victim.greet().unwrap();
    let wanted = site.waits(&mut victim, "reports/q4.md");
    let mut agent = site.client();
    let long = "\"".repeat(60_000);
    let flood: Vec<String> = (0..kernel::limits::WAITING_MAX)
        .map(|nth| {
            let report = json!({"path": format!("reports/{nth}.md"), "text": long});
            let answer = agent.call("w", "write_file", &report);
            answer["error"]["data"]["pending"].as_str().unwrap().to_owned()
        })
        .collect();

    let domain = site.domain();
    for key in [vec![], vec!["--key", ann.as_str()]] {
        let list = [vec!["approvals", "list", &domain, "--json"], key.clone()].concat();
        let listed = site.interlock(&list);
        for one in flood.iter().chain([&wanted]) {
            assert!(listed.contains(one.as_str()), "{one}: {listed}");
        }
        assert!(listed.len() < 32 * 1024, "no message is among {} bytes", listed.len());
        let show = [vec!["approvals", "show", &domain, &wanted], key].concat();
        assert!(site.interlock(&show).contains("sales are up"));
    }
    let longest = site.interlock(&["approvals", "show", &domain, &flood[0], "--key", &ann]);
    assert!(longest.contains(&"\\\"".repeat(60_000)), "all of it is shown");
    let approved = site.interlock(&["approve", &domain, &wanted, "--key", &ann, "--yes"]);
    assert!(approved.contains("sales are up") && approved.contains("approved"), "{approved}");
    drop(node);
}

/// What is changed in a reply of the node.
type Lie = fn(&mut Value);

/// Hands on what it is asked to the node's socket, and every reply with this changed in it.
fn lie(socket: &Path, node: &Path, lie: Lie) {
    let (listener, node) = (UnixListener::bind(socket).unwrap(), node.to_owned());
    std::thread::spawn(move || {
        for asked in listener.incoming() {
            let mut asked = BufReader::new(asked.unwrap());
            let request = message(&mut asked);
            let mut onward = UnixStream::connect(&node).unwrap();
            onward.write_all(&[request.0, request.1].concat()).unwrap();
            let (head, body) = message(&mut BufReader::new(onward));
            let mut reply: Value = serde_json::from_slice(&body).unwrap();
            lie(&mut reply);
            let status = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
            let body = reply.to_string();
            let length = body.len();
            let reply = format!("{status}\r\ncontent-length: {length}\r\n\r\n{body}");
            // A command that is not answered any more has ended.
            let _gone = asked.into_inner().write_all(reply.as_bytes());
        }
    });
}

/// One HTTP message: head and body.
fn message(from: &mut BufReader<UnixStream>) -> (Vec<u8>, Vec<u8>) {
    let (mut head, mut length) = (Vec::new(), 0);
    while !head.ends_with(b"\r\n\r\n") {
        let begins = head.len();
        if from.read_until(b'\n', &mut head).unwrap() == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&head[begins..]).to_lowercase();
        if let Some(bytes) = line.strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).unwrap();
    (head, body)
}

/// What stands in the way of the node can hand on what an officer asks. It can show neither another
/// message nor another request than the one that is voted on.
#[test]
fn nobody_approves_what_is_not_the_request() {
    let site = Site::new();
    let node = Node::start(&site.domain.folder());
    let ann = site.finance();
    let mut client = site.client();
    let pending = site.waits(&mut client, "reports/q4.md");
    let other = site.waits(&mut client, "reports/q5.md");
    let domain = site.domain();
    let between = tempfile::tempdir().unwrap();
    let lies: [(&str, Lie); 4] = [
        ("message", |reply| {
            if reply.get("salt").is_some() {
                reply["message"] = base64url::encode(b"{}").into();
            }
        }),
        ("record", |reply| {
            if reply.get("salt").is_some() {
                reply["record"]["tool"] = "read_file".into();
            }
        }),
        ("salt", |reply| {
            if reply.get("salt").is_some() {
                reply["salt"] = "AA".into();
            }
        }),
        ("nothing waits", |reply| {
            if reply.get("requests").is_some() {
                reply["requests"] = json!([]);
            }
        }),
    ];
    for (nth, (what, change)) in lies.into_iter().enumerate() {
        let socket = between.path().join(format!("{nth}.sock"));
        lie(&socket, &site.domain.socket(), change);
        let socket = socket.display().to_string();
        let approve = ["approve", &domain, &pending, "--key", &ann, "--yes", "--socket", &socket];
        let refused = run(&approve);
        assert!(!matches!(refused.code, Some(0)), "{what}: {}", refused.stdout);
        assert!(!refused.stdout.contains("approved"), "{what}: {}", refused.stdout);
        if what != "nothing waits" {
            assert_eq!(refused.code, Some(2), "{what}: {}", refused.stderr);
            assert!(refused.stderr.contains("is not of the request"), "{}", refused.stderr);
        }
    }
    let listed = site.interlock(&["approvals", "list", &domain]);
    assert_eq!(listed.matches("nobody yet").count(), 2, "nothing was signed: {listed}");

    let honest = between.path().join("honest.sock");
    lie(&honest, &site.domain.socket(), |_| {});
    let honest = honest.display().to_string();
    let approve = ["approve", &domain, &other, "--key", &ann, "--yes", "--socket", &honest];
    assert!(site.interlock(&approve).contains("approved"));
    drop(node);
}

/// The key may have a role in the other domain too: the folder says which one is meant.
#[test]
fn nobody_signs_for_another_domain() {
    let site = Site::new();
    let _node = Node::start(&site.domain.folder());
    let ann = site.finance();
    let mut client = site.client();
    let pending = site.waits(&mut client, "reports/q4.md");
    let domain = site.domain();
    let between = tempfile::tempdir().unwrap();
    let others: [(&str, Lie); 2] = [
        ("its governance", |reply| {
            if reply.get("position").is_some() {
                reply["position"]["origin"] = "other.test/governance".into();
            }
        }),
        ("its lineage log", |reply| {
            if reply.get("origin").is_some() {
                reply["origin"] = "other.test/lineage/node-1".into();
            }
        }),
    ];
    for (nth, (what, change)) in others.into_iter().enumerate() {
        let socket = between.path().join(format!("other-{nth}.sock"));
        lie(&socket, &site.domain.socket(), change);
        let socket = socket.display().to_string();
        let approve = ["approve", &domain, &pending, "--key", &ann, "--yes", "--socket", &socket];
        let refused = run(&approve);
        assert_eq!(refused.code, Some(2), "{what}: {}{}", refused.stdout, refused.stderr);
        assert!(refused.stderr.contains("nothing was signed"), "{what}: {}", refused.stderr);
        if nth == 0 {
            let officer = site.officer();
            let halt = ["halt", &domain, "workload:agent", "--key", &officer, "--socket", &socket];
            let refused = run(&halt);
            assert_eq!(refused.code, Some(2), "{}{}", refused.stdout, refused.stderr);
            assert!(refused.stderr.contains("other.test/governance"), "{}", refused.stderr);
        }
    }
    let listed = site.interlock(&["approvals", "list", &domain]);
    assert!(listed.contains("nobody yet"), "nothing was signed: {listed}");
}
