use crate::disk::{Disk, DiskError, DiskFile, FileDisk};
use crate::testing::{ORIGIN, entries, entry, signer};
use crate::{CommitError, Ledger, Sizes};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let above = tempfile::tempdir().unwrap();
    let path = above.path().join("log");
    (above, path)
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn visit(path: &Path, found: &mut Vec<PathBuf>) {
    found.push(path.to_owned());
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            visit(&entry.unwrap().path(), found);
        }
    }
}

#[test]
fn everything_that_is_made_is_for_its_owner_alone() {
    let (_above, path) = folder();
    let mut ledger = Ledger::create(FileDisk::create(&path).unwrap(), signer(), ORIGIN).unwrap();
    ledger.commit(&entries(0..300)).unwrap();
    ledger.put_blob(b"blob").unwrap();
    ledger.close().unwrap();
    let mut found = Vec::new();
    visit(&path, &mut found);
    assert!(found.len() > 15, "{found:?}");
    for path in found {
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), wanted, "{}", path.display());
    }
}

#[test]
fn loose_permissions_are_refused_and_the_remedy_is_named() {
    let (_above, path) = folder();
    drop(Ledger::create(FileDisk::create(&path).unwrap(), signer(), ORIGIN).unwrap());
    for (inside, loose) in [("", 0o750), ("", 0o702), ("wal", 0o710)] {
        let inside = path.join(inside);
        set_mode(&inside, loose);
        let error = FileDisk::open(&path).unwrap_err();
        assert!(matches!(error, DiskError::LoosePermissions { wanted: 0o700, .. }), "{error}");
        assert!(error.to_string().contains("chmod 700"), "{error}");
        set_mode(&inside, 0o700);
    }
    let segment = path.join("wal/0000000000000000.wal");
    set_mode(&segment, 0o640);
    let disk = FileDisk::open(&path).unwrap();
    let error = Ledger::open(disk, signer(), ORIGIN).err().unwrap().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    set_mode(&segment, 0o600);
    Ledger::open(FileDisk::open(&path).unwrap(), signer(), ORIGIN).unwrap();
}

#[test]
fn no_symbolic_link_is_followed() {
    let (above, path) = folder();
    let disk = FileDisk::create(&path).unwrap();
    std::fs::write(above.path().join("secret"), "x").unwrap();
    symlink("../secret", path.join("checkpoint")).unwrap();
    symlink("..", path.join("tile")).unwrap();
    for linked in ["checkpoint", "tile/secret", "../secret"] {
        assert!(disk.open(linked, false).is_err(), "{linked}");
    }
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let (_above, path) = folder();
    let first = FileDisk::create(&path).unwrap();
    first.lock().unwrap();
    let second = FileDisk::open(&path).unwrap();
    assert!(matches!(second.lock(), Err(DiskError::Locked { .. })));
    drop(first);
    second.lock().unwrap();
}

#[test]
fn files_are_made_full_of_zeros_listed_renamed_and_removed() {
    let (_above, path) = folder();
    let disk = FileDisk::create(&path).unwrap();
    let file = disk.create("a/b/one", 10_000).unwrap();
    assert_eq!(disk.read("a/b/one", 10_000).unwrap().unwrap(), vec![0; 10_000]);
    assert!(std::fs::metadata(path.join("a/b/one")).unwrap().blocks() * 512 >= 10_000);
    assert!(matches!(disk.read("a/b/one", 9_999), Err(DiskError::TooLarge { .. })));
    file.write_at(9_998, b"tail").unwrap();
    file.sync().unwrap();
    assert_eq!(file.len_bytes().unwrap(), 10_002);
    let mut tail = [0; 8];
    assert_eq!(file.read_at(9_996, &mut tail).unwrap(), 6);
    assert_eq!(&tail, b"\0\0tail\0\0");
    disk.rename("a/b/one", "c/two").unwrap();
    disk.sync_folder("c").unwrap();
    assert_eq!(disk.list("c").unwrap(), ["two"]);
    assert!(disk.list("a/b").unwrap().is_empty());
    assert!(disk.list("absent").unwrap().is_empty());
    assert!(disk.open("absent/file", true).unwrap().is_none());
    disk.remove("c/two").unwrap();
    disk.remove("c/two").unwrap();
    assert!(disk.open("c/two", false).unwrap().is_none());
    assert!(matches!(disk.sync_folder("absent"), Err(DiskError::Sync { .. })));
}

/// A file system of 1 MiB in memory, unmounted when dropped. `None` where this process may not
/// mount.
struct Small(PathBuf);

impl Small {
    fn mount(path: &Path) -> Option<Small> {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs"])
            .arg(path)
            .output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        mounted.then(|| Small(path.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_real_full_disk_is_a_refusal_and_loses_nothing() {
    let above = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(&above.path().join("small")) else {
        println!("skipped: this process may not mount a small file system");
        return;
    };
    let path = small.0.join("log");
    let sizes = Sizes { segment_bytes: 256 * 1024, reserve_bytes: 64 * 1024 };
    let disk = FileDisk::create(&path).unwrap();
    let mut ledger = Ledger::create_with(disk, signer(), ORIGIN, sizes).unwrap();
    let mut size = 0;
    let refused = loop {
        match ledger.commit(&[entry(size)]) {
            Ok(_) => size += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, CommitError::Full(_)), "{refused}");
    assert!(size > 100, "{size}");
    for _ in 0..16 {
        ledger.commit_reserved(&[entry(1)]).unwrap();
        size += 1;
    }
    // Publishing may find no space either; it loses nothing, and frees what it can.
    if let Err(error) = ledger.publish() {
        assert!(error.is_full() && !error.is_fatal(), "{error}");
    }
    let root = ledger.root();
    drop(ledger);
    let disk = FileDisk::open(&path).unwrap();
    let (ledger, recovery) = Ledger::open_with(disk, signer(), ORIGIN, sizes).unwrap();
    assert_eq!((recovery.size, recovery.root), (size, root));
    drop(ledger);
    drop(small);
}

#[test]
fn reading_past_the_page_cache_sees_the_disk() {
    let (_above, path) = folder();
    let disk = FileDisk::create(&path).unwrap();
    let file = disk.create("wal/one", 64 * 1024).unwrap();
    let bytes: Vec<u8> = (0..8192_u32).map(|byte| (byte % 251) as u8).collect();
    file.write_at(4096, &bytes).unwrap();
    file.sync().unwrap();
    match file.read_durable_at(4096, bytes.len()).unwrap() {
        Some(durable) => assert_eq!(durable, bytes),
        None => println!("skipped: this file system has no direct reads"),
    }
    // The file is read and written as before.
    file.write_at(3, b"x").unwrap();
    assert_eq!(file.read_at(3, &mut [0; 1]).unwrap(), 1);
}

/// Says to this test that it is to run alone, in a process of its own: descriptors are one pool of
/// a process.
const ALONE: &str = "INTERLOCK_TEST_ALONE";

#[test]
fn a_segment_needs_no_free_descriptor() {
    if std::env::var_os(ALONE).is_none() {
        let name = "disk::file::tests::a_segment_needs_no_free_descriptor";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let ended = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        return;
    }
    let (_above, path) = folder();
    let sizes = Sizes { segment_bytes: 256 * 1024, reserve_bytes: 64 * 1024 };
    let mut ledger =
        Ledger::create_with(FileDisk::create(&path).unwrap(), signer(), ORIGIN, sizes).unwrap();
    let none = rustix::process::Resource::Nofile;
    let before = rustix::process::getrlimit(none);
    let first_free = std::os::fd::AsRawFd::as_raw_fd(&std::fs::File::open("/dev/null").unwrap());
    let current = Some(u64::try_from(first_free).unwrap());
    let least = rustix::process::Rlimit { current, ..before };
    let room = ledger.room();
    let mut begun = 0;
    // The first time there is no next segment; then one was made while there were descriptors.
    for is_prepared in [false, true] {
        if is_prepared {
            assert!(room.is_there(sizes.segment_bytes / 2));
        }
        rustix::process::setrlimit(none, least).unwrap();
        let refused = loop {
            match ledger.commit(&[entry(begun)]) {
                Ok(_) => begun += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, CommitError::Full(_)), "{refused}");
        // What stops has its reserve.
        ledger.commit_reserved(&[entry(begun)]).unwrap();
        begun += 1;
        rustix::process::setrlimit(none, before).unwrap();
    }
    assert!(begun > 60, "{begun}");
    ledger.commit(&[entry(begun)]).unwrap();
    ledger.publish().unwrap();
}
