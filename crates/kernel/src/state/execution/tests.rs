use record::lineage::Completion;

use super::*;
use crate::fixture::{Domain, TestNode, code};
use crate::replay::ReplayOutcome;

#[test]
fn beyond_the_limit_a_request_is_resolved_again_at_its_end() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let mut tickets = Vec::new();
    for number in 0..RESOLVED_REQUESTS_MAX + 4 {
        let (ticket, answer) = node.call("read_file", &format!(r#"{{"path":"page-{number}"}}"#));
        assert_eq!(code(&answer), "permitted");
        tickets.push(ticket);
    }
    let open = &node.kernel.state().execution(&node.execution).unwrap().open;
    assert_eq!(open.len(), RESOLVED_REQUESTS_MAX + 4);
    assert_eq!(
        open.values().filter(|one| matches!(one.asked, Some(RetainedRequest::Formed(_)))).count(),
        RESOLVED_REQUESTS_MAX
    );
    for ticket in tickets {
        assert_eq!(node.complete(ticket, Completion::Result).len(), 1);
    }
    let outcome = node.replay(&domain).unwrap();
    assert!(
        outcome
            .iter()
            .all(|outcome| matches!(outcome, ReplayOutcome::Identical | ReplayOutcome::Followed)),
        "{outcome:?}"
    );
}
