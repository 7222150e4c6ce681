use super::*;
use crate::fixture::{Domain, Node, code};
use crate::lineage::Completion;
use crate::replay::Fed;

#[test]
fn beyond_the_last_form_that_is_kept_a_request_is_read_again_when_it_ends() {
    let domain = Domain::new();
    let mut node = Node::new(&domain);
    let mut tickets = Vec::new();
    for number in 0..FORMS_KEPT_MAX + 4 {
        let (ticket, answer) = node.call("read_file", &format!(r#"{{"path":"page-{number}"}}"#));
        assert_eq!(code(&answer), "permitted");
        tickets.push(ticket);
    }
    let open = &node.kernel.state().execution(&node.execution).unwrap().open;
    assert_eq!(open.len(), FORMS_KEPT_MAX + 4);
    assert_eq!(
        open.values().filter(|one| matches!(one.asked, Some(AskedFor::Formed(_)))).count(),
        FORMS_KEPT_MAX
    );
    for ticket in tickets {
        assert_eq!(node.complete(ticket, Completion::Result).len(), 1);
    }
    let fed = node.replay(&domain).unwrap();
    assert!(fed.iter().all(|fed| matches!(fed, Fed::Identical | Fed::Followed)), "{fed:?}");
}
