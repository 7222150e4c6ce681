//! What ends a node and what does not, and what ends with it.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{BINARY, Client, Domain, Node, Took, until};

/// A domain whose one server runs this script. `HERE` in it stands for the folder around the
/// domain.
fn domain(script: &str) -> Domain {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("server.sh");
    let here = temporary.path().display().to_string();
    std::fs::write(&path, script.replace("HERE", &here)).unwrap();
    let command = format!("/bin/sh {}", path.display());
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    Domain::within(temporary, &bundle, &["agent"], &[("server", &command)])
}

/// Forks twice, begins a session of its own and heeds no signal; then the server serves.
const DAEMON: &str = r#"
setsid sh -c 'trap "" TERM HUP INT
  (trap "" TERM HUP INT; exec sleep 600 </dev/null >/dev/null 2>&1) &
  echo $! > HERE/daemon.new; mv HERE/daemon.new HERE/daemon' &
wait
exec cat
"#;

/// Joins, and gives the process of the server's daemon once it runs.
fn daemon(domain: &Domain) -> (Client, String) {
    let client = Client::join(&domain.socket(), "agent", "server").unwrap();
    let path = domain.around().join("daemon");
    let pid = until("the server's daemon", || std::fs::read_to_string(&path).ok());
    let process = format!("/proc/{}", pid.trim());
    assert!(Path::new(&process).exists());
    (client, process)
}

fn until_gone(process: &str) {
    until("the server's daemon to end", || (!Path::new(process).exists()).then_some(()));
}

#[test]
fn a_servers_daemon_ends_with_a_killed_node() {
    let domain = domain(DAEMON);
    let mut node = Node::start(&domain.folder());
    let (_client, process) = daemon(&domain);
    assert!(node.kill());
    until_gone(&process);
}

#[test]
fn a_servers_daemon_ends_with_a_stopped_node() {
    let domain = domain(DAEMON);
    let node = Node::start(&domain.folder());
    let (_client, process) = daemon(&domain);
    assert!(node.stop().success());
    until_gone(&process);
}

#[test]
fn a_servers_daemon_ends_with_its_session() {
    let domain = domain(DAEMON);
    let node = Node::start(&domain.folder());
    let (client, process) = daemon(&domain);
    drop(client);
    until_gone(&process);
    assert!(node.stop().success());
}

#[test]
fn signals_but_two_say_nothing_to_a_node() {
    let domain = domain("exec cat");
    let mut node = Node::start(&domain.folder());
    let others = [1, 3, 10, 12, 13, 14, 16, 24, 26, 27, 29, 30, 34, 64];
    for number in others {
        let mut kill = Command::new("kill");
        kill.arg(format!("-{number}")).arg(node.pid().to_string());
        assert!(kill.status().unwrap().success());
    }
    until("each to be told of", || {
        let said = node.stderr();
        // The thirteenth is ignored by every Rust program.
        (said.matches("says nothing to a node").count() == others.len() - 1).then_some(())
    });
    assert!(node.is_running());
    Client::join(&domain.socket(), "agent", "server").unwrap();
    assert!(node.stop().success());
}

/// A pipe that is full and never read.
fn full_pipe() -> (std::io::PipeReader, File) {
    let (reader, writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut file = File::from(writer.as_fd().try_clone_to_owned().unwrap());
    while file.write(&[b'x'; 4096]).is_ok() {}
    while file.write(b"x").is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).unwrap();
    (reader, file)
}

#[test]
fn a_node_whose_words_nobody_reads_serves_and_ends() {
    let domain = domain(
        "i=0; while [ $i -lt 4000 ]; do echo 'a line that nobody will read' >&2; i=$((i+1)); done
         read -r line; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}'; exec cat",
    );
    let (_reader, full) = full_pipe();
    let mut command = Command::new(BINARY);
    command.arg("serve").arg(domain.folder());
    command.stdin(Stdio::null()).stdout(full.try_clone().unwrap()).stderr(full);
    let mut child = command.spawn().unwrap();
    // It says nothing that could be heard: whether it serves is for the socket to say.
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..3 {
        clients.push(until("the node to serve", || {
            Client::join(&domain.socket(), "agent", "server").ok()
        }));
    }
    for client in &mut clients {
        client.send(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).unwrap();
        client.read().unwrap();
    }
    let took = Took::to_end(&mut child, Signal::TERM);
    assert!(took.time < Duration::from_secs(5) + took.queued, "{took:?}");
}

#[test]
fn a_node_leaves_no_core_file() {
    let domain = domain("exec cat");
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -S -c 1000000 2>/dev/null; exec "$0" serve "$1""#, BINARY]);
    let node = Node::start_by(command.arg(domain.folder()));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", node.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let numbers: Vec<&str> =
        core.split_whitespace().filter(|word| word.parse::<u64>().is_ok()).collect();
    assert_eq!(numbers, ["0", "0"]);
    assert!(node.stop().success());
}
