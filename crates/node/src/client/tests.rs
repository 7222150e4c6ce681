use proof::digest::Digest;

use super::*;

#[test]
fn where_no_place_comes_nothing_is_done_and_that_is_said() {
    let mut asked = 0;
    let refused = admitted(Duration::ZERO, || {
        asked += 1;
        Err::<(), _>(Error::overload("full"))
    });
    let why = refused.unwrap_err();
    assert_eq!((why.code(), asked), ("overload", 1));
    assert!(why.to_string().contains("nothing was done") && why.to_string().contains("again"));
    let other = admitted(Duration::MAX, || Err::<(), _>(Error::peer(&"no")));
    assert_eq!(other.unwrap_err().code(), "peer", "only this is asked again");
}

/// A node that takes one question, answers it with `first`, and then writes a byte at a time that
/// ends no line.
fn trickling_node(folder: &Path, first: Vec<u8>) -> Options {
    use std::os::unix::net::UnixListener;
    let options = crate::fixture::options(folder);
    std::fs::create_dir_all(&options.folder).unwrap();
    let listener = UnixListener::bind(&options.socket).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_line(&mut stream).unwrap();
        stream.write_all(&first).unwrap();
        // It ends once the client has gone.
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
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
    let acting = crate::hello::acting(&Acting::default());
    let options = trickling_node(around.path(), acting);
    let signer = proof::note::Ed25519Signer::from_seed("o", &[7; 32]).unwrap();
    let proposal = kernel::governance::Proposal {
        based_on: Position { origin: "o".into(), root: Digest::of(b""), size: 0 },
        expires_ms: 1,
        change: kernel::governance::Change::HaltOrdered {
            subject: kernel::governance::Subject::Domain,
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
    use std::os::unix::net::UnixListener;
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
    let codes = [based_on(&options).unwrap_err().code(), runs(&options).unwrap_err().code()];
    assert_eq!(codes, ["socket.owner"; 2]);
    for _ in codes {
        let mut got = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut got).unwrap();
        assert!(got.is_empty());
    }
}
