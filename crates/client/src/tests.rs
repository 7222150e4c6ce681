use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;

use super::*;
use crate::exchange::Reply;
use crate::limits::ANSWER_MS_MAX;

fn reply(bytes: &[u8]) -> Result<Meters, Error> {
    Reply::parse(bytes, Asked::Question)?.json()
}

fn client(folder: &Path) -> Client {
    Client::new(folder.into(), folder.join("officer.sock"), folder.join("node.sock"))
}

#[test]
fn a_reply_is_read_by_its_length() {
    let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"accounts\":[]}";
    assert!(reply(whole).unwrap().accounts.is_empty());
    assert!(matches!(reply(&whole[..whole.len() - 1]), Err(Error::Ended(_))));
    assert!(matches!(reply(&whole[..20]), Err(Error::Ended(_))));
    assert!(matches!(reply(b""), Err(Error::Ended(_))));
}

#[test]
fn a_problem_is_told_by_its_code() {
    let body = br#"{"type":"t","title":"t","status":403,"detail":"d","code":"refused.peer","retry":"never"}"#;
    let text = [b"HTTP/1.1 403 Forbidden\r\n\r\n".as_slice(), body].concat();
    let why = reply(&text).unwrap_err();
    assert!(matches!(why, Error::Refused(problem) if problem.code == Code::Peer));
}

#[test]
fn a_node_that_does_not_run_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(folder.path());
    assert!(matches!(client.status(), Err(Error::NotRunning(_))));
}

#[test]
fn a_node_without_a_place_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("node.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let node = std::thread::spawn(move || {
        let mut head = [0; 1024];
        let (mut full, _) = listener.accept().unwrap();
        full.write_all(b"{\"code\":\"refused.overload\",\"type\":\"refused\",\"v\":1}\n").unwrap();
        drop(full);
        let (mut free, _) = listener.accept().unwrap();
        let read = free.read(&mut head).unwrap();
        assert!(head[..read].starts_with(b"GET /v1/meters HTTP/1.1\r\n"));
        free.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"accounts\":[]}").unwrap();
    });
    let client = client(folder.path());
    assert!(client.meters().unwrap().accounts.is_empty());
    node.join().unwrap();
}

#[test]
fn a_reply_that_comes_byte_by_byte_ends_with_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("node.sock")).unwrap();
    let node = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let begun = Instant::now();
    assert!(matches!(client(folder.path()).meters(), Err(Error::Silent(..))));
    assert!(begun.elapsed() < Duration::from_millis(ANSWER_MS_MAX + 5_000));
    node.join().unwrap();
}

#[test]
fn a_node_of_another_os_user_is_asked_nothing() {
    if rustix::process::geteuid().is_root() {
        return println!("skipped: root's own listener is every domain's; `stream::tests` has it");
    }
    let folder = tempfile::tempdir().unwrap();
    let (none, socket) = (folder.path().join("officer.sock"), folder.path().join("node.sock"));
    let _listener = UnixListener::bind(&socket).unwrap();
    let client = Client::new("/".into(), none, socket);
    assert!(matches!(client.status(), Err(Error::Foreign(..))));
}

#[test]
fn a_query_holds_the_values_that_there_are_and_nothing_raw() {
    let (some, none) = (Some("a b&c=%".to_owned()), None);
    assert_eq!(with_query("/v1/x", [("one", &none), ("two", &none)]), "/v1/x");
    let both = with_query("/v1/x", [("one", &some), ("no", &none), ("two", &Some("1".into()))]);
    assert_eq!(both, "/v1/x?one=a%20b%26c%3D%25&two=1");
}
