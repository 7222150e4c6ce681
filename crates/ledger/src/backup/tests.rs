use super::*;
use crate::FileDisk;
use crate::simulation::MemoryDevice;
use crate::testing::{ORIGIN, SMALL, commit_all, create, entry, signer};
use crate::{Ledger, ReadEntry};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Puts a log at one moment into a folder.
fn put<D: Disk>(backup: &Backup<D>, folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let mut put = |path: &str, bytes: u64, content: &mut dyn Read| {
        let path = folder.join(path);
        let above = path.parent().unwrap();
        fs::create_dir_all(above)?;
        fs::set_permissions(above, fs::Permissions::from_mode(0o700))?;
        assert_eq!(io::copy(content, &mut fs::File::create(&path)?)?, bytes);
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
    };
    backup.copy(&mut put).unwrap();
}

/// The log in this folder verifies, opens, and has these entries: no more and no less.
fn check(folder: &Path, size: u64) {
    let key = signer().verifier();
    let reader = Reader::open(folder).unwrap();
    let log = proof::log::LogReader::open(&reader, &key, ORIGIN).unwrap();
    log.verify_all(&mut |_| {}).unwrap();
    let read: Vec<ReadEntry> = reader.entries(0).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(read.len() as u64, size);
    for found in read {
        let wanted = entry(found.index);
        assert_eq!((found.record, found.sealed), (wanted.record, Some(wanted.sealed)));
    }
    let disk = FileDisk::open(folder).unwrap();
    let (mut ledger, recovery) = Ledger::open_with(disk, signer(), ORIGIN, SMALL).unwrap();
    assert_eq!(recovery.size, size);
    ledger.commit(&[entry(size)]).unwrap();
    ledger.publish().unwrap();
    ledger.close().unwrap();
    let reader = Reader::open(folder).unwrap();
    let log = proof::log::LogReader::open(&reader, &key, ORIGIN).unwrap();
    log.verify_all(&mut |_| {}).unwrap();
    assert_eq!(log.size(), size + 1);
}

#[test]
fn a_log_at_one_moment_is_whole_whatever_comes_after() {
    for (published, written) in [(0, 0), (0, 5), (7, 7), (256, 300), (1_000, 1_003), (1_536, 1_600)]
    {
        let device = MemoryDevice::new();
        let mut ledger = create(&device).unwrap();
        commit_all(&mut ledger, 0..published);
        ledger.publish().unwrap();
        commit_all(&mut ledger, published..written);
        let reader = Reader::over(device.mount()).unwrap();
        let backup = reader.backup().unwrap();
        assert_eq!((backup.head().size, backup.written()), (published, written));
        // Partial files go, full ones come, segments are removed.
        commit_all(&mut ledger, written..written + 700);
        ledger.publish().unwrap();
        let folder = tempfile::tempdir().unwrap();
        put(&backup, folder.path());
        check(folder.path(), written);
    }
}

#[test]
fn unfinished_files_are_not_backed_up() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    commit_all(&mut ledger, 0..20);
    let backup = Reader::over(device.mount()).unwrap().backup().unwrap();
    commit_all(&mut ledger, 20..40);
    let folder = tempfile::tempdir().unwrap();
    put(&backup, folder.path());
    check(folder.path(), 20);
}
