use std::os::unix::net::UnixListener;
use std::thread;

use super::*;

const WAIT: Duration = Duration::from_millis(200);

/// Longer than this would be no bound on the whole.
const BOUND: Duration = Duration::from_secs(5);

fn elapsed(act: impl FnOnce() -> io::Error) -> (ErrorKind, Duration) {
    let begun = Instant::now();
    let why = act();
    (why.kind(), begun.elapsed())
}

fn is_late(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[test]
fn a_peer_that_sends_byte_by_byte_does_not_extend_the_time() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    // It ends once nobody reads any more.
    let trickle = thread::spawn(move || {
        while theirs.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    let (kind, took) =
        elapsed(|| TimedStream::new(&ours, WAIT).read_to_end(&mut Vec::new()).unwrap_err());
    assert!(is_late(kind) && (WAIT..BOUND).contains(&took), "{kind} after {took:?}");
    drop(ours);
    trickle.join().unwrap();
}

#[test]
fn a_peer_that_takes_byte_by_byte_does_not_extend_the_time() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let trickle = thread::spawn(move || {
        let mut some = [0; 64 * 1024];
        while theirs.read(&mut some).is_ok_and(|read| read > 0) {
            thread::sleep(Duration::from_millis(10));
        }
    });
    let much = vec![b'x'; 256 * 1024 * 1024];
    let (kind, took) = elapsed(|| TimedStream::new(&ours, WAIT).write_all(&much).unwrap_err());
    assert!(is_late(kind) && (WAIT..BOUND).contains(&took), "{kind} after {took:?}");
    drop(ours);
    trickle.join().unwrap();
}

#[test]
fn the_process_that_listens_is_the_one_of_the_domain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let socket = NodeSocket { path: &path, folder: folder.path() };
    assert!(socket.connect().is_ok());
}

/// Listens as somebody who is not root, whoever runs the test.
fn listen_as_other(path: &Path) -> UnixListener {
    let path = path.to_owned();
    let listen = move || {
        let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
        let socket = rustix::net::socket(family, kind, None).unwrap();
        rustix::net::bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        if rustix::process::geteuid().is_root() {
            // Of this thread alone, which ends here.
            rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(4_001)).unwrap();
        }
        rustix::net::listen(&socket, 1).unwrap();
        UnixListener::from(socket)
    };
    thread::spawn(listen).join().unwrap()
}

#[test]
fn another_os_users_listener_gets_no_byte() {
    let around = tempfile::tempdir().unwrap();
    let path = around.path().join("node.sock");
    let listener = listen_as_other(&path);
    let socket = NodeSocket { path: &path, folder: Path::new("/") };
    let why = socket.connect().unwrap_err();
    assert!(matches!(why, ConnectError::Foreign(ForeignListener { owner: 0, user: 1.. })));
    let said = why.to_string();
    assert!(said.contains("nothing was sent") && said.contains("folder"), "{said}");
    let mut got = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut got).unwrap();
    assert!(got.is_empty());
    assert!(is_listened_to(&path), "it counts as somebody");
}

#[test]
fn the_log_says_who_the_node_runs_as_and_then_the_folder() {
    let around = tempfile::tempdir().unwrap();
    let (folder, path) = (around.path().join("domain"), around.path().join("node.sock"));
    std::fs::create_dir(&folder).unwrap();
    let socket = NodeSocket { path: &path, folder: &folder };
    let own = rustix::process::geteuid().as_raw();
    assert_eq!(socket.owner().unwrap(), own);
    std::fs::create_dir(folder.join("lineage")).unwrap();
    assert_eq!(socket.owner().unwrap(), own);
    if own == 0 {
        std::os::unix::fs::chown(folder.join("lineage"), Some(4_001), None).unwrap();
        assert_eq!(socket.owner().unwrap(), 4_001);
    }
    let nowhere = NodeSocket { path: &path, folder: &around.path().join("nowhere") };
    assert_eq!(nowhere.owner().unwrap_err().kind(), ErrorKind::Other);
}

#[test]
fn a_number_that_several_os_users_have_names_none() {
    assert!(maps_all("         0          0 4294967295\n"));
    for some in ["0 1000 1\n", "0 0 65536\n", "0 0 1\n1 1 4294967294\n", ""] {
        assert!(!maps_all(some), "{some}");
    }
    assert!(is_told_apart(0).unwrap());
}
