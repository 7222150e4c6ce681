use super::*;

/// A folder with two files that are frozen.
fn frozen() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("log")).unwrap();
    std::fs::write(folder.path().join("a.jsonl"), "a\n").unwrap();
    std::fs::write(folder.path().join("log/checkpoint"), "b\n").unwrap();
    assert_eq!(freeze(folder.path()).unwrap(), 2);
    folder
}

fn list(folder: &Path) -> String {
    std::fs::read_to_string(folder.join(LIST)).unwrap()
}

#[test]
fn the_list_is_what_sha256sum_writes() {
    // `printf 'a\n' | sha256sum`
    let a = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7  a.jsonl\n";
    assert!(list(frozen().path()).starts_with(a));
}

#[test]
fn a_frozen_file_never_changes_and_new_ones_come_after() {
    let folder = frozen();
    let before = list(folder.path());
    std::fs::write(folder.path().join("0.jsonl"), "new\n").unwrap();
    assert!(check(folder.path()).unwrap_err().to_string().contains("0.jsonl"));
    assert_eq!(freeze(folder.path()).unwrap(), 1);
    assert!(list(folder.path()).starts_with(&before), "it only grew");
    check(folder.path()).unwrap();

    std::fs::write(folder.path().join("a.jsonl"), "changed\n").unwrap();
    for refused in [check(folder.path()), freeze(folder.path()).map(drop)] {
        assert!(refused.unwrap_err().to_string().contains("a.jsonl"));
    }
    std::fs::remove_file(folder.path().join("a.jsonl")).unwrap();
    assert!(check(folder.path()).unwrap_err().to_string().contains("a.jsonl"));
}

#[test]
fn a_line_that_was_there_stays_at_its_place() {
    assert_eq!(missing("a\nb\n", "a\nb\nc\n"), None);
    assert_eq!(missing("a\nb\n", "a\nc\n"), Some("b"));
    assert_eq!(missing("a\nb\n", "b\na\n"), Some("a"));
    assert_eq!(missing("a\nb\n", "a\n"), Some("b"));
    assert!(lines("00  a\n11  a\n").is_err(), "one file twice");
    assert!(lines("00 a\n").is_err());
}
