use proof::note::Ed25519Signer;
use record::Trust;
use record::governance::{Proposal, SignedProposal, Subject, Workload};

use super::*;
use crate::clock::wall_ms;
use crate::fixture::{options, small_bundle};
use crate::{Options, keys};

/// A domain with these workloads, each of a zone of its own, and the switch of its node.
struct Office {
    options: Options,
    switch: Arc<StopSwitch>,
    officer: Ed25519Signer,
    _folder: tempfile::TempDir,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let workload = |(name, os_user): (&str, u32)| {
            let zone = format!("zone-{name}");
            Change::WorkloadRegistered(Workload { name: name.into(), os_user, zone })
        };
        let workloads = [("agent", 1), ("helper", 2), ("other", 3)].map(workload);
        crate::domain::init(&options, &small_bundle(), workloads.into()).unwrap();
        let switch = StopSwitch::new(&options.node);
        switch.govern(crate::domain::governance(&options).unwrap());
        let officer = keys::read(&options.folder, "officer").unwrap();
        let office = Self { options, switch, officer, _folder: folder };
        office.begins("a1", &[("agent", "a1", 1)]);
        office.begins("h1", &[("helper", "h1", 2), ("agent", "a1", 1)]);
        office.begins("o1", &[("other", "o1", 3)]);
        office
    }

    fn begins(&self, id: &str, line: &[(&str, &str, u32)]) {
        self.switch.inner().executions.insert(id.into(), ExecutionLine::from_parts(line));
    }

    fn sign(&self, change: Change) -> SignedProposal {
        let based_on = self.switch.governance().position();
        Proposal { based_on, expires_ms: wall_ms() + 60_000, change }.sign(&self.officer).unwrap()
    }

    fn order(&self, change: Change) -> (Order, Acting) {
        self.switch.order(wall_ms(), &self.sign(change)).unwrap().unwrap()
    }

    /// Has the authority accept a change.
    fn govern(&self, change: Change) {
        crate::domain::govern(&self.options, change, None).unwrap();
        self.switch.govern(crate::domain::governance(&self.options).unwrap());
    }
}

fn halt(subject: Subject) -> Change {
    Change::HaltOrdered { subject }
}

#[test]
fn a_halt_of_any_subject_of_the_line_cuts_all_below_it() {
    for subject in [
        Subject::Domain,
        Subject::Node("node-1".into()),
        Subject::Zone("zone-agent".into()),
        Subject::Workload("agent".into()),
        Subject::Execution("a1".into()),
    ] {
        let office = Office::new();
        let [agent, helper, other] =
            ["a1", "h1", "o1"].map(|id| office.switch.admit(id).ok().unwrap());
        let all = matches!(subject, Subject::Domain | Subject::Node(_));
        let (_order, acting) = office.order(halt(subject.clone()));
        assert_eq!(agent.cut.code(), Some("execution.halted"), "{subject}");
        assert_eq!(helper.cut.code(), Some("execution.halted"), "{subject}");
        assert_eq!(other.cut.code().is_some(), all, "{subject}");
        assert_eq!(acting.executions, if all { 3 } else { 2 }, "{subject}");
        assert_eq!(acting.sessions, if all { 3 } else { 2 }, "{subject}");
        assert!(acting.is_known);
    }
}

#[test]
fn a_halt_of_a_child_leaves_its_parent() {
    let office = Office::new();
    let [agent, helper] = ["a1", "h1"].map(|id| office.switch.admit(id).ok().unwrap());
    let (_order, acting) = office.order(halt(Subject::Workload("helper".into())));
    assert_eq!((agent.cut.code(), helper.cut.code()), (None, Some("execution.halted")));
    assert_eq!((acting.executions, acting.sessions), (1, 1));
}

#[test]
fn a_stopped_execution_begins_no_session() {
    let office = Office::new();
    let (_order, _) = office.order(halt(Subject::Workload("agent".into())));
    for id in ["a1", "h1"] {
        assert_eq!(office.switch.admit(id).err(), Some(RefusalCode("execution.halted")));
    }
    assert!(office.switch.admit("o1").is_ok());
}

#[test]
fn suspended_and_revoked_cut_and_degraded_does_not() {
    for (trust, code) in [
        (Trust::Degraded, None),
        (Trust::Suspended, Some("trust.insufficient")),
        (Trust::Revoked, Some("trust.insufficient")),
    ] {
        let office = Office::new();
        let session = office.switch.admit("h1").ok().unwrap();
        let subject = Subject::Workload("agent".into());
        let (_order, acting) = office.order(Change::TrustChanged { subject, trust });
        assert_eq!(session.cut.code(), code);
        assert_eq!(acting.sessions, u64::from(code.is_some()));
        assert_eq!(acting.executions > 0, code.is_some(), "{acting:?}");
    }
}

#[test]
fn an_end_cuts_before_it_is_on_record() {
    let office = Office::new();
    let session = office.switch.admit("h1").ok().unwrap();
    let (_order, acting) = office.order(Change::ExecutionEnded { execution: "a1".into() });
    assert_eq!(session.cut.code(), Some("execution.ended"));
    assert_eq!((acting.executions, acting.sessions), (2, 1));
}

#[test]
fn a_workload_that_is_registered_for_another_user_is_cut() {
    let office = Office::new();
    let [agent, other] = ["h1", "o1"].map(|id| office.switch.admit(id).ok().unwrap());
    let workload = Workload { name: "agent".into(), os_user: 77, zone: "zone-agent".into() };
    office.govern(Change::WorkloadRegistered(workload));
    assert_eq!(agent.cut.code(), Some("identity.unregistered"));
    assert_eq!(other.cut.code(), None);
}

#[test]
fn an_order_that_nobody_kept_holds_no_longer_than_its_answer() {
    let office = Office::new();
    let session = office.switch.admit("a1").ok().unwrap();
    let (order, _) = office.order(halt(Subject::Domain));
    office.switch.release(&order);
    assert!(office.switch.admit("a1").is_ok());
    assert!(session.cut.code().is_some(), "a session is not given back");
}

#[test]
fn a_halt_in_governance_holds_until_it_is_lifted_there() {
    let office = Office::new();
    let subject = Subject::Workload("agent".into());
    let (order, _) = office.order(halt(subject.clone()));
    office.govern(halt(subject.clone()));
    office.switch.release(&order);
    assert_eq!(office.switch.admit("a1").err(), Some(RefusalCode("execution.halted")));
    office.govern(Change::HaltLifted { subject });
    assert!(office.switch.admit("a1").is_ok());
}

#[test]
fn an_unsigned_order_stops_nothing() {
    let office = Office::new();
    let session = office.switch.admit("a1").ok().unwrap();
    let stranger = Ed25519Signer::from_seed("example.test/officer", &[9; 32]).unwrap();
    let proposal = office.sign(halt(Subject::Domain)).proposal;
    let forged = proposal.sign(&stranger).unwrap();
    assert!(office.switch.order(wall_ms(), &forged).is_err());
    assert!(matches!(office.switch.takes_away(&forged), Err(Some(_))));
    assert_eq!(session.cut.code(), None);
}

#[test]
fn a_change_that_gives_something_back_is_no_order() {
    let office = Office::new();
    let lift = office.sign(Change::HaltLifted { subject: Subject::Domain });
    assert!(office.switch.order(wall_ms(), &lift).unwrap().is_none());
    assert!(matches!(office.switch.takes_away(&lift), Err(None)));
}

#[test]
fn an_order_for_an_unknown_name_acts_and_says_what_is_near() {
    let office = Office::new();
    let (_order, acting) = office.order(halt(Subject::Workload("agemt".into())));
    assert!(!acting.is_known);
    assert_eq!(acting.near.first().map(String::as_str), Some("workload:agent"));
    let (_order, acting) = office.order(halt(Subject::Zone("zone-agemt".into())));
    assert_eq!(acting.near.first().map(String::as_str), Some("zone:zone-agent"));
    assert!(acting.near.iter().all(|near| near.starts_with("zone:")), "{:?}", acting.near);
    let (_order, acting) = office.order(Change::ExecutionEnded { execution: "a".into() });
    assert_eq!(acting.near.first().map(String::as_str), Some("execution:a1"));
}

#[test]
fn servers_and_sessions_are_counted_until_they_end() {
    let office = Office::new();
    let [one, two] = ["a1", "a1"].map(|id| office.switch.admit(id).ok().unwrap());
    one.has_server(u32::MAX, None);
    drop(two);
    let (_order, acting) = office.order(halt(Subject::Domain));
    assert_eq!((acting.sessions, acting.servers), (1, 1));
    let counts = || {
        let (_order, acting) = office.order(halt(Subject::Domain));
        (acting.executions, acting.sessions, acting.servers)
    };
    assert_eq!(counts(), (0, 0, 1), "they were stopped before, and the server still ends");
    drop(one);
    assert_eq!(counts(), (0, 0, 0));
}

#[tokio::test]
async fn a_server_that_is_being_started_is_waited_for() {
    let office = Office::new();
    let begins = office.switch.admit("a1").ok().unwrap();
    let (order, acting) = office.order(halt(Subject::Domain));
    assert_eq!((acting.servers, acting.ending), (1, 1));
    let waiting = tokio::spawn(async move { order.still_ending().await });
    drop(begins);
    assert_eq!(waiting.await.unwrap(), 0);
}

#[tokio::test]
async fn a_cut_wakes_its_session_with_the_code() {
    let office = Office::new();
    let session = office.switch.admit("a1").ok().unwrap();
    let stopped = session.cut.stopped();
    let (_order, _) = office.order(halt(Subject::Domain));
    assert_eq!(stopped.await, "execution.halted");
    assert_eq!(session.cut.stopped().await, "execution.halted", "also who comes later");
}

#[tokio::test]
async fn an_order_is_told_how_many_servers_still_end() {
    let office = Office::new();
    let [one, two] = ["a1", "a1"].map(|id| office.switch.admit(id).ok().unwrap());
    let [mut brief, mut long] = ["0", "600"]
        .map(|seconds| std::process::Command::new("sleep").arg(seconds).spawn().unwrap());
    one.has_server(u32::MAX, Some(brief.id()));
    two.has_server(u32::MAX, Some(long.id()));
    let (order, acting) = office.order(halt(Subject::Domain));
    assert_eq!((acting.servers, acting.ending), (2, 2), "at once, nobody knows");
    assert_eq!(order.still_ending().await, 1, "one is left when the time is up");
    long.kill().unwrap();
    assert_eq!(order.still_ending().await, 0);
    for guard in [&mut brief, &mut long] {
        guard.wait().unwrap();
    }
}
