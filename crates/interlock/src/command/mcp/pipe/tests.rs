use std::io::empty;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

/// Input that has no end. Dropping it says that nothing more is carried.
struct Endless(Sender<()>);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(b'x');
        Ok(buffer.len())
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _gone = self.0.send(());
    }
}

fn session() -> (Session, UnixStream) {
    let (stream, node) = UnixStream::pair().unwrap();
    (Session { execution: "e".into(), assurance: "cooperative".into(), stream }, node)
}

/// The code that the failure is printed with.
fn code(ended: Result<(), Failure>) -> String {
    let json: serde_json::Value = serde_json::from_str(&ended.unwrap_err().to_json()).unwrap();
    json["error"]["code"].as_str().unwrap().to_owned()
}

fn carry(session: Session, input: impl Read + Send + 'static) -> Receiver<Result<(), Failure>> {
    let (ended, end) = channel();
    std::thread::spawn(move || ended.send(pipe(session, input, std::io::sink())));
    end
}

#[test]
fn a_node_that_takes_nothing_more_is_no_end_of_the_input() {
    let (session, node) = session();
    let (dropped, is_dropped) = channel();
    node.shutdown(Shutdown::Read).unwrap();
    let end = carry(session, Endless(dropped));
    is_dropped.recv().unwrap();
    drop(node);
    assert_eq!(code(end.recv().unwrap()), "session");
}

#[test]
fn a_session_whose_input_has_ended_ends_well() {
    let (session, mut node) = session();
    let end = carry(session, empty());
    let mut rest = Vec::new();
    node.read_to_end(&mut rest).unwrap();
    drop(node);
    assert!(end.recv().unwrap().is_ok());
}

#[test]
fn a_node_that_ends_leaves_no_request_without_an_error() {
    for ends in [false, true] {
        let (session, mut node) = session();
        let (mut client, input) = UnixStream::pair().unwrap();
        let (output, mut told) = UnixStream::pair().unwrap();
        let (ended, end) = channel();
        std::thread::spawn(move || ended.send(pipe(session, input, output)));
        let request = b"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}\n";
        client.write_all(request).unwrap();
        let mut got = vec![0; request.len()];
        node.read_exact(&mut got).unwrap();
        if ends {
            client.shutdown(Shutdown::Write).unwrap();
            node.read_to_end(&mut got).unwrap();
        }
        drop(node);
        assert_eq!(code(end.recv().unwrap()), "session");
        let mut error = String::new();
        told.read_to_string(&mut error).unwrap();
        assert!(error.contains("\"id\":\"a\"") && error.contains("node.ended"), "{error}");
    }
}
