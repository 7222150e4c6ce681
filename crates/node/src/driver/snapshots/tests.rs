use std::path::Path;
use std::time::Duration;

use ledger::FileDisk;
use tokio::sync::oneshot;

use super::*;
use crate::authority::GovernanceBlobs;
use crate::domain;
use crate::driver::{Command, Joining, KernelHandle};
use crate::fixture::{USER, agent, options, small_bundle};
use crate::start;

/// A node's driver, which keeps a snapshot after so many records.
fn driver(folder: &Path, snapshot_records: u64) -> Driver<FileDisk> {
    let mut options = options(folder);
    options.snapshot_records = snapshot_records;
    domain::init(&options, &small_bundle(), vec![agent()]).unwrap();
    let (mailbox, _commands) = KernelHandle::new(&options.node);
    let blobs = GovernanceBlobs::open(&options.governance_folder()).unwrap();
    start::open(&options, mailbox, blobs).unwrap()
}

#[test]
fn a_snapshot_that_was_not_kept_whole_is_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = driver(folder.path(), 1_000);
    let index = driver.kernel.state().size();
    driver.keeping.unlisted = Some((index, BTreeSet::new()));
    driver.keeping.keeper.failed(&"as this test wants it");
    driver.keep_up();
    assert!(driver.keeping.unlisted.is_none(), "its pieces may be missing");
}

#[test]
fn a_stop_without_time_leaves_no_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = driver(folder.path(), 1);
    let (reply, _joined) = oneshot::channel();
    let workload = "agent".into();
    let joining = Joining { workload, os_user: USER, execution: None, reply };
    driver.obey(Command::Join(joining), 0);
    while driver.kernel.state().executions().count() == 0 {
        // Its key is being made.
        driver.obey(Command::KeepUp, 0);
    }
    let size = driver.kernel.state().size();
    driver.keep_last(Instant::now());
    assert_eq!(driver.kernel.state().size(), size);
    driver.keep_last(Instant::now() + Duration::from_secs(600));
    assert_eq!(driver.kernel.state().size(), size + 1);
}
