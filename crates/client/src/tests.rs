use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;

use super::*;
use crate::exchange::Reply;

fn reply(bytes: &[u8]) -> Result<Meters, Error> {
    Reply::parse(bytes)?.json()
}

#[test]
fn a_reply_is_read_by_its_length() {
    let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"accounts\":[]}";
    assert!(reply(whole).unwrap().accounts.is_empty());
    assert!(matches!(reply(&whole[..whole.len() - 1]), Err(Error::Ended)));
    assert!(matches!(reply(&whole[..20]), Err(Error::Ended)));
    assert!(matches!(reply(b""), Err(Error::Ended)));
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
    let client = Client::new(folder.path().join("officer.sock"), folder.path().join("node.sock"));
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
    let client = Client::new(folder.path().join("officer.sock"), socket);
    assert!(client.meters().unwrap().accounts.is_empty());
    node.join().unwrap();
}
