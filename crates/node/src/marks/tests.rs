use std::fs;
use std::path::Path;

use proof::note::Signer;
use record::governance::{Change, Subject};

use super::*;
use crate::{Authority, domain, fixture, keys};

fn made(folder: &Path) -> Options {
    let options = fixture::options(folder);
    domain::init(&options, &fixture::small_bundle(), vec![]).unwrap();
    options
}

fn halt(options: &Options, zone: &str) {
    let change = Change::HaltOrdered { subject: Subject::Zone(zone.into()) };
    domain::govern(options, change, None).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn refused(options: &Options) -> String {
    let why = Authority::open(options).err().unwrap();
    assert_eq!(why.code(), "rollback", "{why}");
    why.to_string()
}

#[test]
fn only_an_older_copy_of_the_governance_log_is_refused() {
    let around = tempfile::tempdir().unwrap();
    let options = made(around.path());
    let (log, old, new) =
        (options.governance_folder(), around.path().join("old"), around.path().join("new"));
    copy(&log, &old);
    halt(&options, "prod");
    fs::rename(&log, &new).unwrap();
    copy(&old, &log);
    assert!(refused(&options).contains("it has 3 records, and had 4 already"));
    // Nor does a change of the older copy make it newer: nothing can be brought to it.
    let change = Change::HaltOrdered { subject: Subject::Domain };
    assert_eq!(domain::govern(&options, change, None).unwrap_err().code(), "rollback");
    fs::remove_dir_all(&log).unwrap();
    fs::rename(&new, &log).unwrap();
    halt(&options, "edge");
}

#[test]
fn another_history_of_the_same_length_is_refused() {
    let around = tempfile::tempdir().unwrap();
    let options = made(around.path());
    let (log, fork, marks) =
        (options.governance_folder(), around.path().join("fork"), options.folder.join("marks"));
    let marks_before = around.path().join("marks");
    copy(&log, &fork);
    copy(&marks, &marks_before);
    halt(&options, "prod");
    // The thief of the governance key writes another history, and longer.
    fs::rename(&log, around.path().join("true")).unwrap();
    fs::rename(&fork, &log).unwrap();
    let true_marks = around.path().join("true-marks");
    fs::rename(&marks, &true_marks).unwrap();
    fs::rename(&marks_before, &marks).unwrap();
    fs::remove_file(options.lineage_folder().join("seen-governance")).unwrap();
    halt(&options, "edge");
    halt(&options, "other");
    fs::remove_dir_all(&marks).unwrap();
    fs::rename(&true_marks, &marks).unwrap();
    refused(&options);
}

#[test]
fn an_unreadable_mark_is_not_taken_for_none() {
    let around = tempfile::tempdir().unwrap();
    let options = made(around.path());
    let file = options.folder.join("marks/governance");
    let good = fs::read(&file).unwrap();
    for bad in [&b""[..], b"no checkpoint", &good[..good.len() - 9]] {
        fs::write(&file, bad).unwrap();
        assert!(refused(&options).contains("marks/governance"));
    }
    // That of the other log is none of this one.
    fs::copy(options.folder.join("marks/lineage"), &file).unwrap();
    refused(&options);
    fs::remove_file(&file).unwrap();
    assert!(refused(&options).contains("missing"));
    fs::write(&file, good).unwrap();
    let key = keys::read(&options.folder, "governance").unwrap().verifier();
    Mark::governance(&options).check(&key, &options.governance_origin()).unwrap();
}
