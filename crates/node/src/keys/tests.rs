use std::os::unix::fs::PermissionsExt;

use proof::note::Signer;

use super::*;

#[test]
fn a_key_is_made_once_for_its_owner_alone_and_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    create_folder(folder.path()).unwrap();
    let made = create(folder.path(), "officer", "example.test/officer").unwrap();
    assert_eq!(read(folder.path(), "officer").unwrap().verifier(), made.verifier());
    let path = key_file(folder.path(), "officer");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let before = fs::read(&path).unwrap();
    assert!(create(folder.path(), "officer", "example.test/officer").is_err());
    assert_eq!(fs::read(&path).unwrap(), before, "a key is never overwritten");
}

#[test]
fn a_key_that_others_can_read_is_missing_or_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    create_folder(folder.path()).unwrap();
    assert_eq!(read(folder.path(), "officer").unwrap_err().code(), "keys");
    create(folder.path(), "officer", "example.test/officer").unwrap();
    let path = key_file(folder.path(), "officer");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let why = read(folder.path(), "officer").unwrap_err().to_string();
    assert!(why.contains("chmod 600"), "{why}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, "not a key\n").unwrap();
    let why = read(folder.path(), "officer").unwrap_err().to_string();
    assert!(!why.contains("not a key"), "what may be a key is never repeated: {why}");
}

#[test]
fn an_officers_key_has_no_longer_name_than_one_may() {
    let folder = tempfile::tempdir().unwrap();
    let [long, fits] = [OFFICER_NAME_BYTES_MAX + 1, OFFICER_NAME_BYTES_MAX].map(|n| "n".repeat(n));
    let path = folder.path().join("ann.skey");
    let why = create_file(&path, &long).unwrap_err();
    assert_eq!(why.code(), "keys");
    assert!(why.to_string().contains("longer than 256 bytes") && !path.exists(), "{why}");
    assert!(create_file(&path, &fits).is_ok());
}
