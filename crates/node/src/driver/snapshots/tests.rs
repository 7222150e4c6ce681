use std::time::Duration;

use tokio::sync::oneshot;

use super::*;
use crate::authority::GovernanceBlobs;
use crate::domain;
use crate::driver::{Command, Joining, Kernel};
use crate::fixture::{USER, agent, options, small_bundle};
use crate::start;

#[test]
fn a_stop_without_time_leaves_no_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    options.snapshot_records = 1;
    domain::init(&options, &small_bundle(), vec![agent()]).unwrap();
    let (mailbox, _commands) = Kernel::new(&options.node);
    let blobs = GovernanceBlobs::open(&options.governance_folder()).unwrap();
    let mut driver = start::open(&options, mailbox, blobs).unwrap();
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
