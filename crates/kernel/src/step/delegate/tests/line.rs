//! What stops a subject stops all that descends from it.

use record::Trust;

use super::*;
use crate::fixture::under;

const AGENT: &str = "agent";

/// A helper of a zone of its own, under a bundle for this version of the decider.
fn apart(semantics: u64) -> Domain {
    let mut domain = Domain::new();
    domain.publish(&under(&delegating(), semantics));
    let (name, zone) = ("helper".into(), "lab".into());
    domain.change(Change::WorkloadRegistered(Workload { name, os_user: HELPER_USER, zone }));
    domain
}

/// A node on which a helper of a helper asks.
fn with_grandchild(domain: &Domain) -> TestNode {
    let mut node = TestNode::new(domain);
    node.execution = delegate(&mut node, reading()).1.unwrap();
    node.execution = delegate(&mut node, reading()).1.unwrap();
    assert_eq!(ask(&mut node, READ), "permitted");
    node
}

/// Every subject that stands above the grandchild, but for itself.
fn above(node: &TestNode) -> Vec<Subject> {
    let own = Subject::Execution(node.execution.clone());
    let subjects = node.kernel.state().subjects_of(&node.execution);
    subjects.into_iter().filter(|subject| *subject != own).collect()
}

#[test]
fn the_subjects_of_an_execution_are_those_of_its_whole_line() {
    let node = with_grandchild(&apart(2));
    let named = above(&node).iter().map(Subject::to_string).collect::<Vec<_>>();
    let executions = named.iter().filter(|name| name.starts_with("execution:")).count();
    assert_eq!(executions, 2);
    for name in
        ["domain", "node:node-1", "workload:agent", "workload:helper", "zone:lab", "zone:prod"]
    {
        assert!(named.iter().any(|one| one == name), "{name}: {named:?}");
    }
    assert_eq!(node.kernel.state().subjects_of("unknown"), []);
}

#[test]
fn a_halt_of_any_subject_of_the_line_stops_a_grandchild() {
    for semantics in [2, 4] {
        for subject in above(&with_grandchild(&apart(semantics))) {
            let mut domain = apart(semantics);
            let mut node = with_grandchild(&domain);
            domain.change(Change::HaltOrdered { subject: subject.clone() });
            node.follow(&domain);
            assert_eq!(ask(&mut node, READ), "execution.halted", "{subject} under {semantics}");
            all_follow(&node, &domain);
        }
    }
}

#[test]
fn lowered_trust_of_any_subject_of_the_line_stops_a_grandchild() {
    for subject in above(&with_grandchild(&apart(4))) {
        let mut domain = apart(4);
        let mut node = with_grandchild(&domain);
        let trust = Trust::Revoked;
        domain.change(Change::TrustChanged { subject: subject.clone(), trust });
        node.follow(&domain);
        assert_eq!(ask(&mut node, READ), "trust.insufficient", "{subject}");
        all_follow(&node, &domain);
    }
}

#[test]
fn a_child_begun_under_a_halted_parent_workload_is_stopped() {
    let mut domain = apart(4);
    let mut node = TestNode::new(&domain);
    let (_, effects) = request(&mut node, reading());
    assert_eq!(effects, vec![]);
    domain.change(Change::HaltOrdered { subject: Subject::Workload(AGENT.into()) });
    node.follow(&domain);
    let began = node.durable().into_iter().chain(node.durable());
    assert!(!began.into_iter().any(|one| matches!(one, Effect::Delegated { .. })));
}

/// The OS user that the parent's workload is registered for from now on.
const OTHER_USER: u32 = 1009;

#[test]
fn a_child_of_a_workload_of_another_user_belongs_to_nobody() {
    for semantics in [2, 4] {
        let mut domain = apart(semantics);
        let mut node = with_grandchild(&domain);
        let (name, zone) = (AGENT.into(), "prod".into());
        domain.change(Change::WorkloadRegistered(Workload { name, os_user: OTHER_USER, zone }));
        node.follow(&domain);
        assert_eq!(ask(&mut node, READ), "identity.unregistered", "under {semantics}");
        let id = node.execution.clone();
        assert_eq!(join_helper(&mut node, &id, HELPER_USER), Err("refused.peer"));
        all_follow(&node, &domain);
    }
}

#[test]
fn the_second_version_decides_by_the_own_workload_alone() {
    let mut domain = apart(2);
    let mut node = with_grandchild(&domain);
    domain.change(Change::HaltOrdered { subject: Subject::Workload(AGENT.into()) });
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "execution.halted");
    let last = bodies(&node).into_iter().next_back();
    assert!(matches!(last, Some(Body::Withheld { .. })), "permitted, and not released: {last:?}");
}
