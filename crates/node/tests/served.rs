//! A running node's sockets, as a client of any kind meets them.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::time::Duration;

use node::Options;
use node::client::AcceptedBy;
use node::limits::{HEAD_MS_MAX, ORDER_BYTES_MAX, STRANGER_BYTES_MAX};
use record::governance::{Change, Proposal, Subject};

#[cfg(test)]
use site::served;

#[cfg(test)]
#[path = "support/served.rs"]
mod site;

/// Runs what waits for a socket, aside from the runtime that serves it.
#[cfg(test)]
async fn aside<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(act).await.unwrap()
}

#[cfg(test)]
fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_officers_socket_is_the_nodes_own_users_alone() {
    let served = served(|_| ()).await;
    assert_eq!(mode(&served.options.officer_socket), 0o600);
    assert_eq!(mode(&served.options.socket), 0o666);
    served.running.stop().await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_officers_socket_is_a_groups_where_one_is_named() {
    let group = rustix::process::getegid().as_raw();
    let served = served(|options| options.officers_group = Some(group)).await;
    let found = std::fs::metadata(&served.options.officer_socket).unwrap();
    assert_eq!((found.permissions().mode() & 0o777, found.gid()), (0o660, group));
    served.running.stop().await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_says_what_it_stopped_and_is_on_record() {
    let served = served(|_| ()).await;
    let options = served.options.clone();
    let change = Change::HaltOrdered { subject: Subject::Workload("agemt".into()) };
    let (accepted, place) =
        aside(move || node::domain::govern(&options, change, None)).await.unwrap();
    let acting = accepted.acting.unwrap();
    assert_eq!(place, AcceptedBy::Node);
    assert_eq!((acting.executions, acting.sessions, acting.servers), (0, 0, 0));
    assert!(!acting.is_known);
    assert_eq!(acting.near, ["workload:agent"]);
    served.running.stop().await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_gives_something_stops_nothing() {
    let served = served(|_| ()).await;
    let options = served.options.clone();
    let change = Change::HaltLifted { subject: Subject::Domain };
    let (accepted, _) = aside(move || node::domain::govern(&options, change, None)).await.unwrap();
    assert!(accepted.acting.is_none());
    served.running.stop().await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_learns_what_governs_without_reading_the_log() {
    let served = served(|_| ()).await;
    let options = served.options.clone();
    let told = aside(move || node::client::based_on(&options)).await.unwrap();
    let told = told.map(|governs| governs.position);
    assert_eq!(told, Some(node::domain::governance(&served.options).unwrap().position()));
    served.running.stop().await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_comes_over_the_agents_socket_without_the_other() {
    let served = served(|_| ()).await;
    let options = Options {
        officer_socket: served.options.folder.join("none.sock"),
        ..served.options.clone()
    };
    let change = Change::HaltOrdered { subject: Subject::Domain };
    let (accepted, place) =
        aside(move || node::domain::govern(&options, change, None)).await.unwrap();
    assert!(accepted.acting.is_some_and(|acting| acting.is_known));
    assert_eq!(place, AcceptedBy::Node);
    served.running.stop().await;
}

/// Sends an order whose body has so many bytes; what the node says to it.
#[cfg(test)]
fn answer_to_order(socket: &Path, bytes: usize) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!("host: node\r\ncontent-length: {bytes}\r\n\r\n");
    let head = format!("POST /v1/governance HTTP/1.1\r\n{head}");
    let order = [head.into_bytes(), vec![b' '; bytes]].concat();
    if let Err(why) = stream.write_all(&order) {
        assert!(matches!(why.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{why}");
    }
    let mut told = Vec::new();
    let _reset = stream.read_to_end(&mut told);
    String::from_utf8(told).unwrap()
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_may_be_as_long_as_the_longest_bundle_and_no_longer() {
    let served = served(|_| ()).await;
    let socket = served.options.socket.clone();
    let told = aside(move || answer_to_order(&socket, ORDER_BYTES_MAX + 1)).await;
    assert!(told.contains("the body is too long"), "{told}");
    let socket = served.options.socket.clone();
    let told = aside(move || answer_to_order(&socket, ORDER_BYTES_MAX)).await;
    assert!(told.contains("refused.input") && !told.contains("too long"), "{told}");
    served.running.stop().await;
}

/// An OS user that has no workload here.
const STRANGER: u32 = 4_242;

/// What the node answers a stranger who sends so many bytes that end no head.
#[cfg(test)]
fn refusal_of_a_stranger(socket: &Path, bytes: usize) -> String {
    let script = "import socket, sys\n\
        peer = socket.socket(socket.AF_UNIX); peer.connect(sys.argv[1])\n\
        try: peer.sendall(b'x' * int(sys.argv[2]))\n\
        except OSError: pass\n\
        print(peer.recv(4096).decode())";
    let mut python = std::process::Command::new("python3");
    python.args(["-c", script]).arg(socket).arg(bytes.to_string()).uid(STRANGER);
    String::from_utf8(python.output().unwrap().stdout).unwrap()
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_may_send_no_long_head() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("skipped: only root can speak as another OS user");
    }
    let served = served(|_| ()).await;
    let around = served.options.socket.parent().unwrap().to_owned();
    std::fs::set_permissions(around, std::fs::Permissions::from_mode(0o755)).unwrap();
    let socket = served.options.socket.clone();
    let told = aside(move || refusal_of_a_stranger(&socket, STRANGER_BYTES_MAX + 1)).await;
    assert!(told.starts_with("HTTP/1.1 431 "), "{told}");
    served.running.stop().await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_http_gets_a_problem() {
    let served = served(|_| ()).await;
    let socket = served.options.socket.clone();
    let told = aside(move || {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.write_all(b"{\"type\":\"status\",\"v\":1}\n").unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).unwrap();
        told
    });
    let told = told.await;
    assert!(told.starts_with("HTTP/1.1 400 "), "{told}");
    assert!(told.contains("\"code\":\"refused.input\""), "{told}");
    served.running.stop().await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_says_nothing_is_closed_in_time() {
    let served = served(|_| ()).await;
    let socket = served.options.socket.clone();
    let begun = std::time::Instant::now();
    let told = aside(move || {
        let mut told = String::new();
        UnixStream::connect(socket).unwrap().read_to_string(&mut told).unwrap();
        told
    });
    let told = told.await;
    assert!(told.starts_with("HTTP/1.1 408 ") && told.contains("no whole head"), "{told}");
    assert!(begun.elapsed() >= Duration::from_millis(HEAD_MS_MAX));
    served.running.stop().await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_in_many_pieces_is_read_whole() {
    let served = served(|_| ()).await;
    let socket = served.options.socket.clone();
    let answer = aside(move || {
        let mut stream = UnixStream::connect(socket).unwrap();
        let head = "POST /v1/sessions?server=nowhere&workload=agent HTTP/1.1\r\nhost: node\r\n\
                    connection: upgrade\r\nupgrade: interlock-mcp\r\n\r\n";
        for byte in head.as_bytes() {
            stream.write_all(&[*byte]).unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("there is no server `nowhere`"), "{answer}");
    served.running.stop().await;
}

/// An order that no officer signed stops nothing, and says why.
#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_order_is_refused() {
    let served = served(|_| ()).await;
    let options = served.options.clone();
    let stranger = proof::note::Ed25519Signer::from_seed("example.test/officer", &[9; 32]).unwrap();
    let based_on = node::domain::governance(&options).unwrap().position();
    let change = Change::HaltOrdered { subject: Subject::Domain };
    let expires_ms = node::clock::wall_ms() + 60_000;
    let forged = Proposal { based_on, expires_ms, change }.sign(&stranger).unwrap();
    let why = aside(move || node::domain::bring(&options, &forged, None)).await.unwrap_err();
    assert_eq!(why.code(), "governance");
    assert!(why.acting().is_none());
    served.running.stop().await;
}
