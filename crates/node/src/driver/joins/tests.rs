use super::*;
use crate::authority::GovernanceBlobs;
use crate::domain;
use crate::driver::{Command, KernelHandle};
use crate::fixture::{USER, agent, options, small_bundle};
use crate::start;

#[test]
fn a_parked_join_gets_a_key_or_is_refused_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    domain::init(&options, &small_bundle(), vec![agent()]).unwrap();
    let (mailbox, _commands) = KernelHandle::new(&options.node);
    let blobs = GovernanceBlobs::open(&options.governance_folder()).unwrap();
    let mut driver = start::open(&options, mailbox, blobs).unwrap();
    let joining = || {
        let (reply, answer) = oneshot::channel();
        (Joining { workload: "agent".into(), os_user: USER, execution: None, reply }, answer)
    };
    let ((early, mut refused), (late, _joined)) = (joining(), joining());
    let long_ago = Instant::now().checked_sub(Duration::from_millis(JOIN_WAIT_MS_MAX + 1));
    driver.parked.0.push_back((long_ago.unwrap(), early));
    driver.parked.0.push_back((Instant::now(), late));
    while driver.kernel.state().executions().count() == 0 {
        driver.obey(Command::KeepUp, 0);
        // One that was not made yet is told of, and nothing is lost meanwhile.
        assert!(driver.parked.0.len() <= 1);
    }
    assert_eq!(refused.try_recv(), Ok(Err(OVERLOAD)));
    assert!(driver.parked.0.is_empty());
}
