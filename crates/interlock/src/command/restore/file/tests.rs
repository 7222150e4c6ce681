use ledger::Head;
use node::backup::Moment;
use proof::digest::Digest;

use super::*;

#[test]
fn only_paths_of_a_domain_are_unpacked() {
    for path in ["interlock.toml", "lineage/tile/0/x001/234", "keys/officer.skey", "marks"] {
        assert!(is_of_a_domain(path), "{path}");
    }
    for path in
        ["", "/etc/passwd", "../x", "lineage/../../x", "lineage//x", "x", "keys/.", "keys/a b"]
    {
        assert!(!is_of_a_domain(path), "{path}");
    }
}

/// Unpacks an archive of these members, after so many files.
fn unpacked(files: u64, members: &[(&str, &[u8])]) -> Result<BackupManifest, Failure> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, *content).unwrap();
    }
    let bytes = archive.into_inner().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut unpacking = Unpacking::new(folder.path());
    unpacking.sum.files = files;
    unpacking.all(bytes.as_slice(), &mut |_| {})
}

fn manifest(domain: &str) -> Vec<u8> {
    let head = Head { size: 0, root: Digest::of(b"") };
    let log = || LogMoment { origin: "d".to_owned(), head, written: 0 };
    let manifest = BackupManifest {
        at: 0,
        domain: domain.to_owned(),
        node: "n".to_owned(),
        has_keys: false,
        moment: Moment { governance: log(), lineage: log() },
        files: 0,
        bytes: 0,
        digest: FilesDigest::default().digest(),
    };
    assert_eq!(BackupManifest::parse(&manifest.to_value().to_bytes()).as_ref(), Some(&manifest));
    [manifest.to_value().to_bytes(), b"\n".to_vec()].concat()
}

#[test]
fn a_backup_has_a_limit_of_files() {
    let why = |files| {
        let members: [(&str, &[u8]); 1] = [("marks/lineage", b"x")];
        unpacked(files, &members).unwrap_err().sentence()
    };
    assert!(why(BACKUP_FILES_MAX).contains("more than"), "{}", why(BACKUP_FILES_MAX));
    assert!(why(BACKUP_FILES_MAX - 1).contains("its last member is missing"));
}

#[test]
fn a_last_member_that_is_too_long_is_refused() {
    assert!(unpacked(0, &[(MANIFEST, &manifest("d"))]).is_ok());
    let long = manifest(&"d".repeat(70_000));
    assert!(unpacked(0, &[(MANIFEST, &long)]).is_err());
}

#[test]
fn nothing_comes_after_the_last_member() {
    let manifest = manifest("d");
    let more: [(&str, &[u8]); 2] = [(MANIFEST, &manifest), ("marks/lineage", b"x")];
    assert!(unpacked(0, &more).unwrap_err().sentence().contains("something comes after"));
}

#[test]
fn a_member_that_leaves_the_folder_is_refused() {
    for path in ["other/x", "keys/a b"] {
        let why = unpacked(0, &[(path, b"x")]).unwrap_err().sentence();
        assert!(why.contains("is nothing of a domain"), "{why}");
    }
}

/// A reader that counts the bytes it returns.
struct Counted<R>(R, std::rc::Rc<std::cell::Cell<u64>>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.set(self.1.get() + read as u64);
        Ok(read)
    }
}

#[test]
fn nothing_long_is_read_for_a_header() {
    let folder = tempfile::tempdir().unwrap();
    for kind in *b"LKxgS5" {
        let mut header = tar::Header::new_gnu();
        header.set_path("keys/x").unwrap();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(1 << 40);
        header.set_cksum();
        let taken = std::rc::Rc::default();
        let content = io::repeat(b'a').take(1 << 20);
        let archive = Counted(header.as_bytes().chain(content), std::rc::Rc::clone(&taken));
        let refused = Unpacking::new(folder.path()).all(archive, &mut |_| {}).unwrap_err();
        assert!(taken.get() <= 512, "{}: {} bytes", kind as char, taken.get());
        assert!(
            refused.sentence().contains("it has a") || refused.sentence().contains("its member")
        );
    }
}

#[test]
fn a_long_path_in_a_member_of_its_own_is_bounded() {
    let name = |length| format!("keys/{}", "k".repeat(length));
    let why = |path: &str| unpacked(0, &[(path, b"x")]).unwrap_err().sentence();
    assert!(why(&name(150)).contains("its last member is missing"), "{}", why(&name(150)));
    assert!(why(&name(5_000)).contains("a path of more than 4096 bytes"));
    assert!(why(&format!("other/{}", "k".repeat(150))).contains("is nothing of a domain"));
}
