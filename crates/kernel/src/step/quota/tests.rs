use record::governance::{Change, Workload};

use super::*;
use crate::fixture::{Domain, OS_USER, TestNode};

fn with(counts: &[(u32, usize)]) -> Executions {
    Executions(counts.iter().copied().collect())
}

#[test]
fn an_os_user_has_a_bounded_number_of_executions() {
    let executions = with(&[(1, EXECUTIONS_PER_USER_MAX)]);
    assert_eq!(executions.exceeded(1), Some("refused.quota.user"));
    assert_eq!(executions.exceeded(2), None);
    assert_eq!(with(&[(1, EXECUTIONS_PER_USER_MAX - 1)]).exceeded(1), None);
}

#[test]
fn the_last_executions_are_for_os_users_that_have_few() {
    let shared = EXECUTIONS_MAX - EXECUTIONS_KEPT;
    let others = [(1, shared - 100), (2, 100 - EXECUTIONS_KEPT_PER_USER)];
    let executions = with(&[others[0], others[1], (3, EXECUTIONS_KEPT_PER_USER)]);
    assert_eq!(executions.exceeded(3), Some("refused.quota.node"));
    assert_eq!(executions.exceeded(4), None, "who has few");
    let full = with(&[(1, EXECUTIONS_MAX - 1), (2, 1)]);
    assert_eq!(full.exceeded(4), Some("refused.quota.node"));
}

#[test]
fn an_ended_execution_makes_room() {
    let mut executions = with(&[(1, 2)]);
    executions.ends(1);
    assert_eq!(executions.0, [(1, 1)].into());
    executions.ends(1);
    assert!(executions.0.is_empty());
}

#[test]
fn an_os_user_that_has_too_many_joins_no_more() {
    let mut domain = Domain::new();
    let another = Workload { name: "another".into(), os_user: OS_USER, zone: "prod".into() };
    domain.change(Change::WorkloadRegistered(another));
    let mut node = TestNode::new(&domain);
    node.kernel.executions = with(&[(OS_USER, EXECUTIONS_PER_USER_MAX)]);
    assert_eq!(node.join("another", OS_USER), Err("refused.quota.user"));
    node.kernel.executions.ends(OS_USER);
    assert!(node.join("another", OS_USER).is_ok());
    assert_eq!(node.join("another", OS_USER).map(drop), Ok(()), "and again, to the same");
}
