use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use ::client::limits::RECORDED_MS_MAX;
use ::client::{Agent, NodeSocket};
use api::governance::{Acting, ProposalReply};
use api::problem::Problem;
use proof::digest::Digest;

use super::*;

#[test]
fn where_no_place_comes_nothing_is_done_and_that_is_said() {
    let full = Problem::new(Code::Overload, "full");
    let why = of_order(::client::Error::Refused(Box::new(full)));
    assert_eq!(why.code(), "overload");
    assert!(why.to_string().contains("nothing was done") && why.to_string().contains("again"));
}

/// A node that takes one order, says what it stopped, and then writes a byte at a time that ends no
/// line.
fn trickling_node(folder: &Path) -> Options {
    let options = crate::fixture::options(folder);
    std::fs::create_dir_all(&options.folder).unwrap();
    let listener = UnixListener::bind(&options.socket).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 64];
        stream.read_exact(&mut head).unwrap();
        assert!(head.starts_with(b"POST /v1/governance HTTP/1.1\r\n"));
        let reply = ProposalReply { position: None, acting: Some(Acting::default()) };
        let line = serde_json::to_string(&reply).unwrap();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/jsonl\r\ntransfer-encoding: chunked\r\n\r\n\
             {:x}\r\n{line}\n\r\n",
            line.len() + 1
        )
        .unwrap();
        // It ends once the client has gone.
        while stream.write_all(b"1").is_ok() {
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    options
}

/// How long an act took, which may take no longer than this limit and a moment.
fn within<T>(limit_ms: u64, act: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = act();
    let took = begun.elapsed();
    let moment = Duration::from_secs(5);
    assert!(took < Duration::from_millis(limit_ms) + moment, "{took:?}");
    done
}

#[test]
fn a_second_line_that_comes_byte_by_byte_ends_with_the_time() {
    let around = tempfile::tempdir().unwrap();
    let options = trickling_node(around.path());
    let signer = proof::note::Ed25519Signer::from_seed("o", &[7; 32]).unwrap();
    let proposal = record::governance::Proposal {
        based_on: Position { origin: "o".into(), root: Digest::of(b""), size: 0 },
        expires_ms: 1,
        change: record::governance::Change::HaltOrdered {
            subject: record::governance::Subject::Domain,
        },
    };
    let signed = proposal.sign(&signer).unwrap();
    let why = within(RECORDED_MS_MAX, || govern(&options, &signed, None).unwrap_err());
    assert_eq!(why.code(), "unrecorded");
    assert!(why.acting().is_some());
}

#[test]
fn a_listener_of_another_os_user_is_asked_nothing() {
    use std::os::unix::fs::chown;
    let around = tempfile::tempdir().unwrap();
    // Root's folder: whoever listens is not root.
    let options = Options { folder: "/".into(), ..crate::fixture::options(around.path()) };
    let socket = options.socket.clone();
    let listen = move || {
        if rustix::process::geteuid().is_root() {
            // Of this thread alone, which ends here.
            chown(socket.parent().unwrap(), Some(4_001), None).unwrap();
            rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(4_001)).unwrap();
        }
        UnixListener::bind(socket).unwrap()
    };
    let listener = std::thread::spawn(listen).join().unwrap();
    let at = NodeSocket { path: &options.socket, folder: &options.folder };
    let agent = Agent::new(at, "agent", None);
    let codes = [
        based_on(&options).unwrap_err().code(),
        runs(&options).unwrap_err().code(),
        agent.join("office").unwrap_err().code(),
        agent.end("e").unwrap_err().code(),
    ];
    assert_eq!(codes, ["socket.owner"; 4]);
    for _ in codes {
        let mut got = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut got).unwrap();
        assert!(got.is_empty());
    }
}
