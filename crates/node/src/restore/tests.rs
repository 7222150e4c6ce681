use std::path::Path;

use record::governance::Subject;

use super::*;
use crate::fixture;

fn made(folder: &Path) -> Options {
    let options = fixture::options(folder);
    domain::init(&options, &fixture::small_bundle(), vec![fixture::agent()]).unwrap();
    options
}

fn halt(options: &Options, zone: &str) {
    let change = Change::HaltOrdered { subject: Subject::Zone(zone.into()) };
    domain::govern(options, change, None).unwrap();
}

/// Copies folders and files, modes too.
fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// Puts back what was kept in `old`.
fn put_back(options: &Options, old: &Path, names: &[&str]) {
    for name in names {
        let to = options.folder.join(name);
        match to.is_dir() {
            true => fs::remove_dir_all(&to).unwrap(),
            false => drop(fs::remove_file(&to)),
        }
        copy(&old.join(name), &to);
    }
}

fn refusal(options: &Options) -> String {
    let why = Authority::open(options).err().expect("it must not open");
    assert_eq!(why.code(), "rollback", "{why}");
    why.to_string()
}

#[test]
fn a_refusal_says_which_changes_an_older_copy_would_undo() {
    let around = tempfile::tempdir().unwrap();
    let (options, old) = (made(around.path()), around.path().join("old"));
    copy(&options.folder, &old);
    halt(&options, "prod");
    // Also where the marks come back with it: the other log's folder remembers.
    for restored in [&["governance"][..], &["governance", "marks"]] {
        put_back(&options, &old, restored);
        let refused = refusal(&options);
        assert!(refused.contains("the halt of zone:prod (record 4)"), "{refused}");
        assert!(refused.contains("`interlock restore`"), "{refused}");
    }
    let standing = standing(&options, &lock(&options).unwrap()).unwrap();
    assert_eq!(standing.undone.len(), 1);
    assert_eq!((standing.undone[0].has, standing.undone[0].seen), (4, 5));
}

#[test]
fn an_accepted_loss_is_gone_on_from_and_kept_beside() {
    let around = tempfile::tempdir().unwrap();
    let (options, old) = (made(around.path()), around.path().join("old"));
    copy(&options.folder, &old);
    halt(&options, "prod");
    put_back(&options, &old, &["governance"]);
    go_on(&options, lock(&options).unwrap()).unwrap();
    assert!(options.folder.join("marks/governance.undone").is_file());
    assert!(standing(&options, &lock(&options).unwrap()).unwrap().undone.is_empty());
    halt(&options, "edge");
    assert!(Authority::open(&options).is_ok());
}

#[test]
fn a_lost_lineage_log_begins_anew_under_a_registered_name() {
    let around = tempfile::tempdir().unwrap();
    let options = made(around.path());
    fs::remove_dir_all(options.lineage_folder()).unwrap();
    assert!(standing(&options, &lock(&options).unwrap()).unwrap().lineage_is_lost);
    let new = Options { node: "node-2".to_owned(), ..options.clone() };
    new_lineage(&options, &new, &lock(&options).unwrap()).unwrap();
    register(&new).unwrap();
    let governance = domain::governance(&new).unwrap();
    let key = keys::read(&new.folder, "lineage").unwrap().verifier();
    assert_eq!(governance.node_key("node-2"), Some(&key));
    assert!(options.folder.join("keys/lineage.skey.node-1").is_file());
    assert!(!standing(&new, &lock(&new).unwrap()).unwrap().lineage_is_lost);
    let again = new_lineage(&new, &new, &lock(&new).unwrap()).unwrap_err();
    assert_eq!(again.code(), "governance", "a name serves one log: {again}");
}

#[test]
fn a_locked_domain_takes_no_order_and_starts_no_node() {
    let around = tempfile::tempdir().unwrap();
    let options = made(around.path());
    let locked = lock(&options).unwrap();
    assert_eq!(Authority::open(&options).err().map(|why| why.code()), Some("locked"));
    drop(locked);
    let authority = Authority::open(&options).unwrap();
    assert_eq!(lock(&options).unwrap_err().code(), "locked");
    drop(authority);
    lock(&options).unwrap();
}

#[test]
fn a_folder_replaced_before_its_lock_is_not_gone_on_from() {
    let around = tempfile::tempdir().unwrap();
    let options = made(around.path());
    let (log, aside) = (options.governance_folder(), around.path().join("aside"));
    let opened = FileDisk::open(&log).unwrap();
    copy(&log, &around.path().join("other"));
    fs::rename(&log, &aside).unwrap();
    assert!(matches!(opened.lock(), Err(DiskError::Moved { .. })), "none is there");
    fs::rename(around.path().join("other"), &log).unwrap();
    assert!(matches!(opened.lock(), Err(DiskError::Moved { .. })), "another is there");
}
