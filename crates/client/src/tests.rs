use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;

use api::problem::Problem;

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
        let problem = serde_json::to_string(&Problem::new(Code::Overload, "full")).unwrap();
        write!(full, "HTTP/1.1 429 x\r\n\r\n{problem}").unwrap();
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
fn only_a_node_without_a_place_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("node.sock")).unwrap();
    let node = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let problem = serde_json::to_string(&Problem::new(Code::Storage, "full")).unwrap();
        write!(stream, "HTTP/1.1 507 x\r\n\r\n{problem}").unwrap();
        drop(stream);
        listener.set_nonblocking(true).unwrap();
        listener
    });
    let why = client(folder.path()).meters().unwrap_err();
    assert!(matches!(why, Error::Refused(problem) if problem.code == Code::Storage));
    assert_eq!(node.join().unwrap().accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// What an agent asks where this is the node's answer, and what it learns.
fn asked_by_an_agent(answer: String) -> Result<Session, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let node = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        let mut head = [0; 1024];
        let read = stream.read(&mut head).unwrap();
        String::from_utf8(head[..read].to_vec()).unwrap()
    });
    let socket = NodeSocket { path: &path, folder: folder.path() };
    let joined = Agent::new(socket, "a b", Some("e1")).join("office");
    let head = node.join().unwrap();
    let line = "POST /v1/sessions?server=office&workload=a%20b&execution=e1 HTTP/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
    assert!(head.contains("\r\nconnection: upgrade\r\nupgrade: interlock-mcp\r\n"), "{head}");
    joined
}

#[test]
fn bytes_after_the_head_of_a_session_are_left_to_it() {
    let answer = "HTTP/1.1 101 Switching Protocols\r\nInterlock-Execution: e1\r\n\
                  interlock-assurance: separated\r\n\r\n{}\n";
    let mut session = asked_by_an_agent(answer.to_owned()).unwrap();
    assert_eq!((session.execution.as_str(), session.assurance.as_str()), ("e1", "separated"));
    let mut rest = String::new();
    session.stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "{}\n");
}

#[test]
fn a_session_that_does_not_begin_is_a_problem() {
    let problem = serde_json::to_string(&Problem::new(Code::Quota, "as many as may be")).unwrap();
    let why = asked_by_an_agent(format!("HTTP/1.1 429 x\r\n\r\n{problem}")).unwrap_err();
    assert!(matches!(why, Error::Refused(problem) if problem.code == Code::Quota));
    let why = asked_by_an_agent("HTTP/1.1 101 x\r\n\r\n".to_owned()).unwrap_err();
    assert!(matches!(why, Error::Unreadable(_)));
    let why = asked_by_an_agent("HTTP/1.1 200 x\r\n\r\n{}".to_owned()).unwrap_err();
    assert!(matches!(why, Error::Unreadable(_)));
    let why = asked_by_an_agent("HTTP/1.1 101 x".to_owned()).unwrap_err();
    assert!(matches!(why, Error::Ended(Asked::ByAgent)));
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
