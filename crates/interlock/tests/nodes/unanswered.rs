//! Orders whose node ends, hangs, or has lost its sockets: each is on record, or the command says
//! that it is not.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::orders::{domain, is_closed, order, slow_calls};
use crate::support::{BINARY, Client, Domain, Node, run, until};

/// A node whose agent has a session, and what makes its writes slow. None where no `strace` is
/// there or may be used.
fn slow_writes(domain: &Domain) -> Option<(Node, Client, Child)> {
    let (node, agent) = with_agent(domain);
    let slow = slow_calls(&node, "pwrite64", 3)?;
    Some((node, agent, slow))
}

fn with_agent(domain: &Domain) -> (Node, Client) {
    let node = Node::start(&domain.folder());
    let mut agent = Client::join(&domain.socket(), "agent", "office").unwrap();
    agent.greet().unwrap();
    (node, agent)
}

/// Begins `interlock COMMAND DOMAIN WORDS`.
fn begin(domain: &Domain, words: &[&str]) -> Child {
    let mut command = Command::new(BINARY);
    command.arg(words[0]).arg(domain.folder()).args(&words[1..]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn told(ended: &Output) -> String {
    let [out, err] = [&ended.stdout, &ended.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

/// The execution that the log names first.
fn execution(domain: &Domain) -> String {
    let shown = show(domain, "lineage");
    let named = |line: &str| {
        let record: Value = serde_json::from_str(line).ok()?;
        let record = record.get("record").unwrap_or(&record);
        record["execution"].as_str().map(str::to_owned)
    };
    shown.stdout.lines().find_map(named).unwrap_or_else(|| panic!("{}", shown.stdout))
}

fn show(domain: &Domain, log: &str) -> crate::support::Ended {
    let folder = domain.folder().display().to_string();
    run(&["log", "show", &folder, "--log", log, "--json"])
}

/// An order that the node acts on and has not written, when the node is killed.
fn is_on_record_after_a_kill(words: &[&str], shows: &str) {
    let domain = domain(&["agent"]);
    let (mut node, mut agent) = with_agent(&domain);
    let execution = execution(&domain);
    let words: Vec<&str> =
        words.iter().map(|word| if *word == "EXECUTION" { &execution } else { *word }).collect();
    let Some(mut slow) = slow_calls(&node, "pwrite64", 3) else { return };
    let command = begin(&domain, &words);
    assert!(is_closed(&mut agent), "it acts");
    assert!(node.kill());
    let ended = command.wait_with_output().unwrap();
    slow.wait().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{words:?}: {}", told(&ended));
    assert!(told(&ended).contains("no node runs"), "{}", told(&ended));
    let governs = show(&domain, "governance").stdout;
    assert!(governs.contains(shows), "{governs}");
    let node = Node::start(&domain.folder());
    // What was ended begins anew; all else is kept out.
    let joins = Client::join(&domain.socket(), "agent", "office").is_ok();
    assert_eq!(joins, words[0] == "end", "{words:?}");
    assert!(node.stop().success());
    let replayed = run(&["replay".as_ref(), domain.folder().as_path()]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
}

#[test]
fn a_halt_is_on_record_whose_node_is_killed_before_it_wrote_it() {
    is_on_record_after_a_kill(&["halt", "workload:agent"], "halt");
}

#[test]
fn revoked_trust_is_on_record_despite_a_killed_node() {
    is_on_record_after_a_kill(&["trust", "workload:agent", "revoked"], "revoked");
}

#[test]
fn an_end_is_on_record_whose_node_is_killed_before_it_wrote_it() {
    is_on_record_after_a_kill(&["end", "EXECUTION"], "ended");
}

/// What a command says whose node is killed before it reads what was asked.
fn asked_of_a_killed_node(words: &[&str]) -> (Domain, Output) {
    let domain = domain(&["agent"]);
    let mut node = Node::start(&domain.folder());
    kill_process(Pid::from_raw(node.id().cast_signed()).unwrap(), Signal::STOP).unwrap();
    let command = begin(&domain, words);
    let socket = domain.folder().join("officer.sock");
    until("its connection to wait", || (connections(&socket) >= 2).then_some(()));
    assert!(node.kill());
    (domain, command.wait_with_output().unwrap())
}

#[test]
fn change_is_on_record_despite_a_killed_node() {
    let (domain, ended) = asked_of_a_killed_node(&["register", "other", "--user", "61005"]);
    assert_eq!(ended.status.code(), Some(0), "{}", told(&ended));
    assert!(show(&domain, "governance").stdout.contains("\"other\""));
}

#[test]
fn node_order_is_unknown_when_the_node_is_killed() {
    let (_domain, ended) = asked_of_a_killed_node(&["erase", "--ended-before", "30d"]);
    assert_eq!(ended.status.code(), Some(69), "{}", told(&ended));
    assert!(told(&ended).contains("nobody knows whether it was done"), "{}", told(&ended));
}

/// The socket that listens, and those that are connected to it.
fn connections(socket: &Path) -> usize {
    let name = socket.display().to_string();
    let all = fs::read_to_string("/proc/net/unix").unwrap();
    all.lines().filter(|line| line.ends_with(&name)).count()
}

#[test]
fn a_halt_that_nobody_could_record_is_told_as_lost() {
    let domain = domain(&["agent"]);
    let Some((mut node, mut agent, mut slow)) = slow_writes(&domain) else { return };
    let halt = begin(&domain, &["halt", "workload:agent"]);
    assert!(is_closed(&mut agent), "it acts");
    let (log, away) = (domain.folder().join("governance"), domain.folder().join("away"));
    fs::rename(&log, &away).unwrap();
    assert!(node.kill());
    let ended = halt.wait_with_output().unwrap();
    slow.wait().unwrap();
    assert_eq!(ended.status.code(), Some(69), "{}", told(&ended));
    assert!(told(&ended).contains("it is NOT on record: give it again"), "{}", told(&ended));
    fs::rename(&away, &log).unwrap();
    let again = order(&domain.folder(), &["halt", "workload:agent"]);
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
}

#[test]
fn halt_waits_for_removed_sockets_to_be_rebound() {
    let domain = domain(&["agent"]);
    let (node, mut agent) = with_agent(&domain);
    let [agents, officers] = sockets(&domain);
    fs::remove_file(&officers).unwrap();
    fs::remove_file(&agents).unwrap();
    let halted = order(&domain.folder(), &["halt", "workload:agent"]);
    assert_eq!(halted.code, Some(0), "{}{}", halted.stdout, halted.stderr);
    assert!(halted.stdout.contains("the node acts on it now"), "{}", halted.stdout);
    assert!(is_closed(&mut agent));
    let both = || {
        [&agents, &officers]
            .map(|path| fs::metadata(path).map_or(0, |of| of.permissions().mode() & 0o777))
    };
    until("both to be there", || (both() == [0o666, 0o600]).then_some(()));
    let bound_anew = |path: &Path| format!("`{}` was gone, and is bound anew", path.display());
    until("the node to say so", || {
        let said = node.stderr();
        (said.contains(&bound_anew(&agents)) && said.contains(&bound_anew(&officers))).then_some(())
    });
    assert!(node.stop().success());
}

fn sockets(domain: &Domain) -> [std::path::PathBuf; 2] {
    [domain.socket(), domain.folder().join("officer.sock")]
}

#[test]
fn a_halt_that_reaches_no_socket_says_that_nothing_was_done() {
    let domain = domain(&["agent"]);
    let (node, mut agent) = with_agent(&domain);
    // With a folder in their place they can't be bound anew.
    for socket in sockets(&domain) {
        until("a folder in a socket's place", || {
            let _gone = fs::remove_file(&socket);
            fs::create_dir(&socket).is_ok().then_some(())
        });
    }
    let halted = order(&domain.folder(), &["halt", "workload:agent"]);
    assert_eq!(halted.code, Some(69), "{}{}", halted.stdout, halted.stderr);
    assert!(halted.stderr.contains("nothing was done"), "{}", halted.stderr);
    assert!(halted.stderr.contains("answers on no socket"), "{}", halted.stderr);
    answers(&mut agent);
    until("the node to say so", || {
        node.stderr().contains("nobody reaches the node there").then_some(())
    });
    sockets(&domain).iter().for_each(|socket| fs::remove_dir(socket).unwrap());
    let halted = order(&domain.folder(), &["halt", "workload:agent"]);
    assert_eq!(halted.code, Some(0), "{}{}", halted.stdout, halted.stderr);
    assert!(is_closed(&mut agent));
    assert!(node.stop().success());
}

fn answers(agent: &mut Client) {
    agent.send_json(&json!({"id": "ping", "jsonrpc": "2.0", "method": "ping"})).unwrap();
    assert_eq!(agent.read().unwrap().unwrap()["id"], "ping");
}

#[test]
fn a_halt_at_a_node_that_hangs_says_what_to_do() {
    let domain = domain(&["agent"]);
    let (mut node, mut agent) = with_agent(&domain);
    let pid = Pid::from_raw(node.id().cast_signed()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let halted = order(&domain.folder(), &["halt", "workload:agent"]);
    assert_eq!(halted.code, Some(69), "{}{}", halted.stdout, halted.stderr);
    for said in ["does not answer within 10 s", "nothing was done", "kill -TERM"] {
        assert!(halted.stderr.contains(said), "{}", halted.stderr);
    }
    kill_process(pid, Signal::CONT).unwrap();
    answers(&mut agent);
    // What it says to do.
    kill_process(pid, Signal::STOP).unwrap();
    assert!(node.kill());
    let halted = order(&domain.folder(), &["halt", "workload:agent"]);
    assert_eq!(halted.code, Some(0), "{}{}", halted.stdout, halted.stderr);
    let node = Node::start(&domain.folder());
    assert!(Client::join(&domain.socket(), "agent", "office").is_err());
    assert!(node.stop().success());
}

/// The name is asked of the node for 2 s; then the log in the folder says it.
#[test]
fn a_hanging_node_does_not_hold_up_an_order_for_a_name() {
    let domain = domain(&["agent"]);
    let (mut node, _agent) = with_agent(&domain);
    let execution = execution(&domain);
    let pid = Pid::from_raw(node.id().cast_signed()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let begun = Instant::now();
    let subject = format!("execution:{}", execution.get(..6).unwrap());
    let halted = order(&domain.folder(), &["halt", &subject]);
    let took = begun.elapsed();
    assert_eq!(halted.code, Some(69), "{}{}", halted.stdout, halted.stderr);
    assert!(halted.stderr.contains("does not answer within 10 s"), "{}", halted.stderr);
    assert!(took < Duration::from_secs(10 + 2 + 5), "{took:?}");
    assert!(node.kill());
    let halted = order(&domain.folder(), &["halt", &subject]);
    assert_eq!(halted.code, Some(0), "{}{}", halted.stdout, halted.stderr);
    assert!(halted.stdout.contains(&execution), "{}", halted.stdout);
}

#[test]
fn command_to_a_hanging_node_says_what_to_do() {
    let domain = domain(&["agent"]);
    let node = Node::start(&domain.folder());
    let folder = domain.folder().display().to_string();
    let key = domain.folder().join("keys/officer.skey").display().to_string();
    let pid = Pid::from_raw(node.id().cast_signed()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let questions = [
        &["status"][..],
        &["approvals", "list"],
        &["approvals", "list", "--key", &key],
        &["erase", "--ended-before", "30d", "--dry-run"],
    ];
    let asked = questions.map(|words| {
        let split = words.iter().take_while(|word| !word.starts_with('-')).count();
        let all = [&words[..split], &[folder.as_str()], &words[split..]].concat();
        let mut command = Command::new(BINARY);
        command.args(all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    let mut agent = Command::new(BINARY)
        .args(["mcp", &folder, "--server", "office"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let request = "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"ping\"}\n";
    agent.stdin.as_mut().unwrap().write_all(request.as_bytes()).unwrap();
    let agent = agent.wait_with_output().unwrap();
    let asked = asked.map(|child| child.wait_with_output().unwrap());
    kill_process(pid, Signal::CONT).unwrap();

    let answer: Value = serde_json::from_slice(&agent.stdout).unwrap();
    let error = &answer["error"];
    assert_eq!(error["data"]["code"], "node.unreachable", "{answer}");
    assert_eq!(error["message"], "the node does not answer within 10 s; try again later");
    assert!(!told(&agent).contains("kill"), "{}", told(&agent));
    for (words, ended) in questions.iter().zip(asked) {
        let said = told(&ended);
        assert_eq!(ended.status.code(), Some(69), "{words:?}: {said}");
        assert!(said.contains("nothing was done; end it (`kill -TERM`"), "{words:?}: {said}");
        assert!(!said.contains("goes to the log"), "{words:?}: {said}");
    }
    assert!(node.stop().success());
}
