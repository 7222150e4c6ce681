use super::*;

const ORIGIN: &str = "example.test/lineage/node-1";

fn store(folder: &Path) -> FileKeys {
    FileKeys::create(&folder.join("sealing.key"), &folder.join("keys"), ORIGIN).unwrap()
}

fn open(folder: &Path) -> Result<FileKeys, KeyError> {
    FileKeys::open(&folder.join("sealing.key"), &folder.join("keys"), ORIGIN)
}

fn execution(id: &str) -> Scope {
    Scope::Execution(id.to_owned())
}

#[test]
fn a_key_is_private_and_readable_until_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let keys = store(folder.path());
    let key = DataKey::fresh().unwrap();
    keys.wrap(&execution("x1"), &key).unwrap();
    let again = open(folder.path()).unwrap();
    assert_eq!(again.unwrap(&execution("x1")).unwrap().unwrap().bytes(), key.bytes());
    assert_eq!(again.list().unwrap(), vec![Scope::Node, execution("x1")]);
    let path = folder.path().join("keys/execution.x1");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read(&path).unwrap().windows(32).any(|bytes| bytes == key.bytes()));
    assert!(again.wrap(&execution("x1"), &key).is_err(), "a key is never replaced");
    let held = File::open(&path).unwrap();
    assert!(again.destroy(&execution("x1")).unwrap());
    let mut left = Vec::new();
    (&held).read_to_end(&mut left).unwrap();
    assert_eq!(left, vec![0; WRAPPED_BYTES], "it is overwritten before it is removed");
    assert!(again.unwrap(&execution("x1")).unwrap().is_none());
    assert!(!again.destroy(&execution("x1")).unwrap(), "destroyed twice");
    fs::write(&path, [0; WRAPPED_BYTES]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(again.unwrap(&execution("x1")).unwrap().is_none(), "the power went before its removal");
    assert!(again.destroy(&execution("x1")).unwrap() && !path.exists());
}

#[test]
fn a_moved_or_changed_or_foreign_key_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let keys = store(folder.path());
    for id in ["x1", "x2"] {
        keys.wrap(&execution(id), &DataKey::fresh().unwrap()).unwrap();
    }
    let path = |id: &str| folder.path().join(format!("keys/execution.{id}"));
    let first = fs::read(path("x1")).unwrap();
    fs::copy(path("x2"), path("x1")).unwrap();
    assert!(keys.unwrap(&execution("x1")).unwrap_err().is_damage());
    for at in 0..first.len() {
        let mut changed = first.clone();
        changed[at] ^= 1;
        fs::write(path("x1"), &changed).unwrap();
        assert!(keys.unwrap(&execution("x1")).unwrap_err().is_damage(), "byte {at}");
    }
    fs::write(path("x1"), &first[..first.len() - 1]).unwrap();
    assert!(keys.unwrap(&execution("x1")).unwrap_err().is_damage());
    let sealing = folder.path().join("sealing.key");
    let other = FileKeys::open(&sealing, &folder.path().join("keys"), "other.test/lineage/node-1");
    assert!(other.is_err_and(|why| why.is_damage()));
}

#[test]
fn loose_permissions_are_refused_with_what_mends_them() {
    let folder = tempfile::tempdir().unwrap();
    let keys = store(folder.path());
    keys.wrap(&execution("x1"), &DataKey::fresh().unwrap()).unwrap();
    let loosen = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    loosen(&folder.path().join("keys/execution.x1"), 0o640);
    assert!(keys.unwrap(&execution("x1")).unwrap_err().to_string().contains("chmod"));
    for (name, private) in [("keys", 0o700), ("sealing.key", 0o600)] {
        let path = folder.path().join(name);
        loosen(&path, private | 0o040);
        let why = open(folder.path()).err().unwrap().to_string();
        assert!(why.contains("chmod"), "{why}");
        loosen(&path, private);
    }
    assert!(open(folder.path()).is_ok());
}

#[test]
fn an_id_that_would_leave_the_folder_has_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let keys = store(folder.path());
    let long = "x".repeat(crate::limits::EXECUTION_ID_BYTES_MAX + 1);
    for id in ["", "../x", "a/b", ".", "a b", "ü", &long] {
        assert!(keys.wrap(&execution(id), &DataKey::fresh().unwrap()).is_err(), "{id}");
        assert!(keys.unwrap(&execution(id)).unwrap().is_none(), "{id}");
    }
    let longest = "x".repeat(crate::limits::EXECUTION_ID_BYTES_MAX);
    keys.wrap(&execution(&longest), &DataKey::fresh().unwrap()).unwrap();
}

/// Says to this test that it is to run alone, in a process of its own: descriptors are one pool of
/// a process.
const ALONE: &str = "INTERLOCK_TEST_ALONE";

#[test]
fn a_key_that_has_its_room_needs_no_descriptor() {
    if std::env::var_os(ALONE).is_none() {
        let name = "file::tests::a_key_that_has_its_room_needs_no_descriptor";
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let ended = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(store(folder.path()));
    let keys = open(folder.path()).unwrap();
    keys.make_room().unwrap();
    let late = open(folder.path()).unwrap();
    let none = rustix::process::Resource::Nofile;
    let before = rustix::process::getrlimit(none);
    let first_free = std::os::fd::AsRawFd::as_raw_fd(&File::open("/dev/null").unwrap());
    let current = Some(u64::try_from(first_free).unwrap());
    rustix::process::setrlimit(none, rustix::process::Rlimit { current, ..before }).unwrap();
    assert!(File::open("/dev/null").is_err(), "no descriptor is left");
    keys.wrap(&execution("x1"), &DataKey::fresh().unwrap()).unwrap();
    // The one that the key's file had is free again, and the next file has it.
    keys.make_room().unwrap();
    keys.wrap(&execution("x2"), &DataKey::fresh().unwrap()).unwrap();
    let refused = late.make_room().unwrap_err();
    rustix::process::setrlimit(none, before).unwrap();
    assert!(refused.is_exhausted(), "{refused}");
    late.make_room().unwrap();
    assert_eq!(open(folder.path()).unwrap().list().unwrap().len(), 3);
}

#[test]
fn a_key_made_ahead_is_its_executions_once_that_begins() {
    let folder = tempfile::tempdir().unwrap();
    let keys = store(folder.path());
    let key = DataKey::fresh().unwrap();
    keys.wrap_ahead(&execution("x1"), &key).unwrap();
    let path = folder.path().join("keys/ahead.execution.x1");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(keys.list().unwrap(), vec![Scope::Node], "nothing has begun");
    assert!(keys.wrap_ahead(&execution("x1"), &key).is_err(), "a key is never replaced");
    keys.take_up(&execution("x1")).unwrap();
    assert!(!path.exists());
    assert_eq!(keys.list().unwrap(), vec![Scope::Node, execution("x1")]);
    assert_eq!(keys.unwrap(&execution("x1")).unwrap().unwrap().bytes(), key.bytes());
    assert!(keys.take_up(&execution("x1")).is_err(), "it was taken up");
    keys.wrap_ahead(&execution("x1"), &key).unwrap();
    assert!(keys.take_up(&execution("x1")).is_err(), "a key is never replaced");
}

#[test]
fn a_crash_loses_no_key_of_an_execution_that_began() {
    let folder = tempfile::tempdir().unwrap();
    let keys = store(folder.path());
    let key = DataKey::fresh().unwrap();
    for id in ["begun", "never", "erased"] {
        keys.wrap_ahead(&execution(id), &key).unwrap();
    }
    // The name that was given without a sync is the old one again.
    assert_eq!(keys.unwrap(&execution("begun")).unwrap().unwrap().bytes(), key.bytes());
    assert!(keys.destroy(&execution("erased")).unwrap());
    fs::write(folder.path().join("keys/ahead.of-nobody"), b"").unwrap();
    keys.settle_ahead(&|id| id == "begun").unwrap();
    assert_eq!(keys.list().unwrap(), vec![Scope::Node, execution("begun")]);
    assert!(keys.unwrap(&execution("never")).unwrap().is_none());
    assert!(keys.unwrap(&execution("erased")).unwrap().is_none());
    let names = keys.names().unwrap();
    assert!(!names.iter().any(|name| name.starts_with(AHEAD)), "{names:?}");
}
