use super::*;
use crate::fixture::{Domain, OS_USER, TestNode, code};

/// A mail that is so long.
fn mail(node: &mut TestNode, bytes: usize) -> String {
    let arguments = format!(r#"{{"body":"{}","to":"ann@example.com"}}"#, "a".repeat(bytes));
    code(&node.call("send_mail", &arguments).1).to_owned()
}

#[test]
fn an_execution_that_holds_too_many_bytes_is_refused() {
    let mut node = TestNode::new(&Domain::new());
    let bytes = 1_000_000;
    // Each is held twice: by the history, and by what is open.
    let answers: Vec<String> =
        (0..=EXECUTION_BYTES_MAX / bytes / 2).map(|_| mail(&mut node, bytes)).collect();
    let refused = answers.iter().filter(|code| *code == "refused.quota.execution").count();
    assert!((1..3).contains(&refused), "{answers:?}");
    assert_eq!(answers.last().unwrap(), "refused.quota.execution");
    assert_eq!(mail(&mut node, 10), "permitted", "there is room for a small one");
}

#[test]
fn an_os_users_bytes_are_bounded_over_its_executions() {
    let mut held = HeldBytes::default();
    held.add(1, USER_BYTES_MAX - 10);
    assert_eq!(held.exceeded(1, 10), None);
    assert_eq!(held.exceeded(1, 11), Some("refused.quota.user"));
    assert_eq!(held.exceeded(2, 11), None);
}

#[test]
fn a_nodes_bytes_are_bounded_over_its_users() {
    let mut held = HeldBytes::default();
    for os_user in 0..4 {
        held.add(os_user, NODE_BYTES_MAX / 4);
    }
    assert_eq!(held.exceeded(9, 0), None);
    assert_eq!(held.exceeded(9, 1), Some("refused.quota.node"));
}

#[test]
fn the_last_bytes_of_a_node_are_for_os_users_that_hold_little() {
    let mut held = HeldBytes::default();
    held.add(1, USER_BYTES_MAX);
    held.add(2, NODE_BYTES_MAX - NODE_BYTES_KEPT - USER_BYTES_MAX);
    assert_eq!(held.exceeded(2, 1), Some("refused.quota.node"), "two keep nobody out");
    assert_eq!(held.exceeded(3, NODE_BYTES_KEPT_PER_USER), None);
    assert_eq!(held.exceeded(3, NODE_BYTES_KEPT_PER_USER + 1), Some("refused.quota.node"));
    held.add(3, 1);
    assert_eq!(held.exceeded(3, NODE_BYTES_KEPT_PER_USER), Some("refused.quota.node"));
}

#[test]
fn sums_are_counted_anew_before_anybody_is_refused() {
    let mut node = TestNode::new(&Domain::new());
    node.kernel.held.add(OS_USER, USER_BYTES_MAX);
    assert_eq!(code(&node.call("read_file", r#"{"path":"a"}"#).1), "permitted");
    assert!(node.kernel.held.exceeded(OS_USER, USER_BYTES_MAX / 2).is_none());
}
