//! Officers' orders at a whole node that agents and strangers do their worst to: each gets through,
//! acts, and is answered truly.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process};
use serde_json::json;

use crate::support::{BINARY, Client, Domain, Ended, Node, run, until};

/// An OS user who has no workload here.
const STRANGER: u32 = 61_007;

pub(crate) fn domain(workloads: &[&str]) -> Domain {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    let office = format!("{BINARY} office-server --root OFFICE");
    Domain::new(&bundle, workloads, &[("office", &office)])
}

/// Runs `interlock COMMAND DOMAIN WORDS`.
pub(crate) fn order(folder: &Path, words: &[&str]) -> Ended {
    let folder = folder.display().to_string();
    run(&[&words[..1], &[&folder], &words[1..]].concat())
}

/// Has an officer halt a workload, which must succeed, and lift that again. How long the halt took.
fn halts_and_lifts(domain: &Domain, workload: &str) -> Duration {
    let subject = format!("workload:{workload}");
    let begun = Instant::now();
    let halted = order(&domain.folder(), &["halt", &subject]);
    assert_eq!(halted.code, Some(0), "{}{}", halted.stdout, halted.stderr);
    let took = begun.elapsed();
    let lifted = order(&domain.folder(), &["halt", &subject, "--lift"]);
    assert_eq!(lifted.code, Some(0), "{}", lifted.stderr);
    took
}

/// How long a halt may take at most, whatever the agents do.
struct Bound {
    usual: Duration,
    longest: Duration,
}

impl Bound {
    /// Two seconds, and four times as long as it takes before they do anything, on a machine as
    /// busy as this one.
    fn before(domain: &Domain) -> Bound {
        let usual = halts_and_lifts(domain, "agent");
        Bound { usual, longest: Duration::from_secs(2) + usual * 4 }
    }

    fn holds(&self, took: Duration) {
        let Bound { usual, longest } = self;
        assert!(
            took < *longest,
            "it took {took:?}, and {longest:?} is the most: {usual:?} usually"
        );
    }
}

/// Whether the node has closed a session or a connection.
pub(crate) fn is_closed(client: &mut Client) -> bool {
    loop {
        match client.read() {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// How much of the processor the node has used, in clock ticks.
fn ticks(node: &Node) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", node.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    [fields[11], fields[12]].map(|field| field.parse::<u64>().unwrap()).iter().sum()
}

#[test]
fn silent_strangers_keep_no_halt_out() {
    let domain = domain(&["agent"]);
    let node = Node::start(&domain.folder());
    let bound = Bound::before(&domain);
    let mut agent = Client::join(&domain.socket(), "agent", "office").unwrap();
    agent.greet().unwrap();
    // More than there are places for, and they say nothing.
    let silent: Vec<UnixStream> =
        (0..600).map_while(|_| UnixStream::connect(domain.socket()).ok()).collect();
    until("one to be turned away", || {
        let mut refused = String::new();
        let mut last = silent.last().unwrap().try_clone().unwrap();
        last.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let _timed_out = last.read_to_string(&mut refused);
        refused.contains("refused.overload").then_some(())
    });
    bound.holds(halts_and_lifts(&domain, "agent"));
    assert!(is_closed(&mut agent));
    drop(silent);
    assert!(node.stop().success());
}

#[test]
fn an_agent_with_all_its_sessions_keeps_no_halt_out() {
    let domain = domain(&["agent"]);
    let node = Node::start_with_descriptors(&domain.folder(), 512);
    let bound = Bound::before(&domain);
    let mut sessions = Vec::new();
    let refused = loop {
        match Client::join(&domain.socket(), "agent", "office") {
            Ok(session) => sessions.push(session),
            Err(why) => break why.to_string(),
        }
        assert!(sessions.len() < 100, "nothing bounds them");
    };
    assert!(refused.contains("refused.overload"), "{refused}");
    assert!(!sessions.is_empty());
    bound.holds(halts_and_lifts(&domain, "agent"));
    assert!(sessions.iter_mut().all(is_closed), "each is cut");
    until("a session to be let in again", || {
        Client::join(&domain.socket(), "agent", "office").is_ok().then_some(())
    });
    assert!(node.stop().success());
}

#[test]
fn a_node_without_descriptors_neither_ends_nor_spins_and_obeys() {
    let domain = domain(&["agent", "other"]);
    let mut node = Node::start_with_descriptors(&domain.folder(), 256);
    let bound = Bound::before(&domain);
    let mut held = Vec::new();
    while let Ok(session) = Client::join(&domain.socket(), "agent", "office") {
        held.push(session);
    }
    let silent: Vec<UnixStream> =
        (0..300).map_while(|_| UnixStream::connect(domain.socket()).ok()).collect();
    // Another workload's first execution is refused, or begins; the node goes on in either case.
    let _begun = Client::join(&domain.socket(), "other", "office");
    let before = ticks(&node);
    std::thread::sleep(Duration::from_millis(500));
    assert!(ticks(&node) - before < 20, "it is busy with nothing");
    bound.holds(halts_and_lifts(&domain, "agent"));
    assert_eq!(order(&domain.folder(), &["status"]).code, Some(0));
    assert!(node.is_running());
    drop((held, silent));
    assert!(node.stop().success());
}

/// Leaves the node no descriptor but those that it has, and afterwards as many as it may have.
fn without_descriptors(node: &Node, then: impl FnOnce()) {
    let (pid, resource) = (Pid::from_raw(node.id().cast_signed()), Resource::Nofile);
    let taken = |number: &u64| Path::new(&format!("/proc/{}/fd/{number}", node.id())).exists();
    let lowest_free = (0..).find(|number| !taken(number));
    let usual = rustix::process::getrlimit(resource);
    let least = Rlimit { current: lowest_free, ..usual };
    rustix::process::prlimit(pid, resource, least).unwrap();
    then();
    let most = Rlimit { current: usual.maximum, ..usual };
    rustix::process::prlimit(pid, resource, most).unwrap();
}

#[test]
fn an_execution_that_begins_without_descriptors_ends_no_node() {
    let workloads = ["first", "second", "third", "fourth"];
    let domain = domain(&workloads);
    let mut node = Node::start(&domain.folder());
    let own = sockets_of(&node);
    // Connected while there are descriptors; what they are for comes later.
    let mut connected: Vec<UnixStream> =
        workloads.iter().map(|_| UnixStream::connect(domain.socket()).unwrap()).collect();
    until("all to be accepted", || (sockets_of(&node) >= own + connected.len()).then_some(()));
    without_descriptors(&node, || {
        for (stream, workload) in connected.iter_mut().zip(workloads) {
            stream.write_all(joining(workload).as_bytes()).unwrap();
            let mut answer = String::new();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            stream.read_to_string(&mut answer).unwrap();
            let is_problem = answer.contains("content-type: application/problem+json");
            assert!(is_problem && answer.contains("\"code\":\"refused."), "{answer}");
        }
    });
    assert!(node.is_running(), "{}", node.stderr());
    let mut client = Client::join(&domain.socket(), "fourth", "office").unwrap();
    client.greet().unwrap();
    assert!(node.stop().success());
    let replayed = run(&[Path::new("replay"), &domain.folder()]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
}

/// The request that makes a connection a session of this workload's.
fn joining(workload: &str) -> String {
    format!(
        "POST /v1/sessions?server=office&workload={workload} HTTP/1.1\r\nhost: node\r\n\
         connection: upgrade\r\nupgrade: interlock-mcp\r\n\r\n"
    )
}

/// How many sockets the node has open.
fn sockets_of(node: &Node) -> usize {
    let open = std::fs::read_dir(format!("/proc/{}/fd", node.id())).unwrap().flatten();
    let links = open.filter_map(|one| std::fs::read_link(one.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

/// An OS user who has a workload here and is not the node's own.
const REGISTERED: u32 = 61_008;

/// Connects as an OS user, says what is given, and gives the first line of the answer, or all of it
/// where nothing is said; nothing where none comes in time. Who says nothing has another connection
/// besides, and is no newcomer.
fn answer_to(domain: &Domain, user: u32, says: &str) -> String {
    let script = "import socket, sys
one = socket.socket(socket.AF_UNIX)
one.settimeout(20 if sys.argv[2] else 3)
try:
    if not sys.argv[2]:
        other = socket.socket(socket.AF_UNIX)
        other.connect(sys.argv[1])
    one.connect(sys.argv[1])
    one.sendall(sys.argv[2].encode())
except OSError:
    pass
try:
    answer = one.makefile()
    print(answer.readline() if sys.argv[2] else answer.read())
except OSError:
    pass";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(domain.socket()).arg(says).uid(user);
    String::from_utf8(python.output().unwrap().stdout).unwrap()
}

/// Ten OS users who hold as many connections as one may have, and take new ones for those that are
/// closed, until standard input ends.
fn ten_strangers(domain: &Domain) -> Child {
    let script = "import os, select, socket, sys
for user in range(61010, 61020):
    if os.fork() == 0:
        os.setuid(user)
        held = []
        while not select.select([0], [], [], 0.05)[0]:
            closed = select.select(held, [], [], 0)[0]
            held = [one for one in held if one not in closed]
            while len(held) < 64:
                held.append(socket.socket(socket.AF_UNIX))
                held[-1].connect(sys.argv[1])
        os._exit(0)
for _ in range(10):
    os.wait()";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(domain.socket()).stdin(Stdio::piped()).spawn().unwrap()
}

#[test]
fn ten_strangers_keep_no_registered_user_out() {
    let domain = domain(&["agent"]);
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can be another OS user");
        return;
    }
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(domain.around(), open).unwrap();
    let node = Node::start(&domain.folder());
    let registered =
        order(&domain.folder(), &["register", "other", "--user", &REGISTERED.to_string()]);
    assert_eq!(registered.code, Some(0), "{}", registered.stderr);
    let mut strangers = ten_strangers(&domain);
    until("all places to be taken", || {
        answer_to(&domain, STRANGER, "").contains("as many connections as it can").then_some(())
    });
    for _ in 0..10 {
        let answer = answer_to(&domain, REGISTERED, &joining("other"));
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    }
    // Nor a newcomer, who may be an officer.
    let governs = "GET /v1/governance HTTP/1.1\r\nhost: node\r\n\r\n";
    let answer = answer_to(&domain, STRANGER, governs);
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    drop(strangers.stdin.take());
    assert!(strangers.wait().unwrap().success());
    assert!(node.stop().success());
}

/// Has a process of another OS user connect to the socket again and again, and say nothing. None
/// where that can't be done.
fn stranger(domain: &Domain) -> Option<Child> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can be another OS user");
        return None;
    }
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(domain.around(), open).unwrap();
    let script = "import socket, sys
held = []
while True:
    one = socket.socket(socket.AF_UNIX)
    try:
        one.connect(sys.argv[1])
        held.append(one)
    except OSError:
        pass
    if len(held) > 800:
        held = held[400:]";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(domain.socket()).uid(STRANGER).stderr(Stdio::null());
    python.spawn().ok()
}

#[test]
fn a_flood_of_a_strangers_connections_keeps_nobody_out() {
    let domain = domain(&["agent"]);
    let node = Node::start(&domain.folder());
    let bound = Bound::before(&domain);
    let Some(mut stranger) = stranger(&domain) else { return };
    for _ in 0..5 {
        let mut agent = Client::join(&domain.socket(), "agent", "office").unwrap();
        agent.greet().unwrap();
        bound.holds(halts_and_lifts(&domain, "agent"));
        assert!(is_closed(&mut agent));
    }
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert!(node.stop().success());
}

#[test]
fn slow_disk_delays_no_halt() {
    let domain = domain(&["agent"]);
    let node = Node::start(&domain.folder());
    let bound = Bound::before(&domain);
    let mut agent = Client::join(&domain.socket(), "agent", "office").unwrap();
    agent.greet().unwrap();
    // Longer than the bound: nobody waits for the disk and holds it all the same.
    let Some(mut slow) = slow_calls(&node, "fdatasync,fsync", 60) else { return };
    let begun = Instant::now();
    let mut halt = Command::new(BINARY);
    halt.arg("halt").arg(domain.folder()).arg("workload:agent");
    let halt = halt.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(is_closed(&mut agent));
    let cut = begun.elapsed();
    let ended = halt.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(75), "{told}");
    assert!(told.contains("acts on it already") && told.contains("not on record yet"), "{told}");
    bound.holds(cut);
    assert!(Client::join(&domain.socket(), "agent", "office").is_err());
    // It lets go of the node, whose disk is as quick as before.
    kill_process(Pid::from_child(&slow), Signal::TERM).unwrap();
    slow.wait().unwrap();
    until("it to be on record", || {
        let folder = domain.folder().display().to_string();
        let shown = run(&["log", "show", &folder, "--log", "governance"]);
        shown.stdout.contains("halt").then_some(())
    });
}

/// Has each of these system calls of the node's take so many seconds. None where no `strace` is
/// there or may be used.
pub(crate) fn slow_calls(node: &Node, calls: &str, seconds: u64) -> Option<Child> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    strace.args(["-e", &format!("inject={calls}:delay_enter={seconds}000000")]);
    strace.args(["-p", &node.id().to_string()]).stderr(Stdio::null());
    let Ok(mut strace) = strace.spawn() else {
        eprintln!("skipped: no strace");
        return None;
    };
    let status = format!("/proc/{}/status", node.id());
    let is_traced = || {
        let ended = strace.try_wait().unwrap().is_some();
        let traced = !std::fs::read_to_string(&status).unwrap().contains("TracerPid:\t0");
        (ended || traced).then_some(traced)
    };
    if until("the node to be traced", is_traced) {
        return Some(strace);
    }
    eprintln!("skipped: strace may not attach");
    None
}

#[test]
fn a_halt_cuts_a_call_that_is_being_written() {
    // A server that reads nothing: what is written to it waits in the pipe.
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    let deaf = "/bin/sleep 600";
    let domain = Domain::new(&bundle, &["agent"], &[("office", deaf)]);
    let node = Node::start(&domain.folder());
    let bound = Bound::before(&domain);
    let mut agent = Client::join(&domain.socket(), "agent", "office").unwrap();
    let params = json!({"capabilities": {}, "clientInfo": {"name": "x".repeat(400_000), "version": "1"},
        "protocolVersion": "2025-06-18"});
    let hello = json!({"id": 1, "jsonrpc": "2.0", "method": "initialize", "params": params});
    agent.send_json(&hello).unwrap();
    let server = until("the server", || child_of(node.id()));
    bound.holds(halts_and_lifts(&domain, "agent"));
    assert!(is_closed(&mut agent));
    until("the server to be gone", || {
        (!Path::new(&format!("/proc/{server}")).exists()).then_some(())
    });
    assert!(node.stop().success());
}

/// A process that the node's guard started, if there is one.
fn child_of(node: u32) -> Option<u32> {
    let children = |pid: u32| {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let all = tasks.flatten().map(|task| task.path().join("children"));
        let texts = all.filter_map(|path| std::fs::read_to_string(path).ok());
        texts.collect::<Vec<_>>().join(" ").split_whitespace().next()?.parse().ok()
    };
    children(children(node)?)
}
