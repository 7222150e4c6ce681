use std::io::empty;
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

fn carry(session: Session, input: impl Read + Send + 'static) -> Receiver<Result<(), Error>> {
    let (ended, end) = channel();
    std::thread::spawn(move || ended.send(session.pipe(input, std::io::sink())));
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
    assert_eq!(end.recv().unwrap().unwrap_err().code(), "session");
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
