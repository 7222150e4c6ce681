//! Delegating gives no fresh history.

use record::lineage::ErasedFor;

use super::*;
use crate::fixture::{metered_per, replay, under};
use crate::replay::Tally;

const PAGE: (&str, &str) = ("fetch_page", r#"{"url":"https://example.test/"}"#);

fn domain_under(bundle: &Bundle) -> Domain {
    let mut domain = domain();
    domain.publish(bundle);
    domain
}

/// The third kind of helpers' bundle: the line has one history.
fn line() -> Bundle {
    under(&delegating(), 4)
}

/// The same, but each execution has a history of its own.
fn apart() -> Bundle {
    let files = line().files().clone().into_iter().map(|(path, bytes)| {
        let text = String::from_utf8(bytes).unwrap();
        (path, text.replace("semantics = 4", "semantics = 4\nhistory = \"execution\"").into_bytes())
    });
    Bundle::load(&files.collect()).unwrap()
}

fn child(node: &mut TestNode) -> String {
    delegate(node, Grant::unlimited()).1.unwrap()
}

fn ask_as(node: &mut TestNode, execution: &str, (tool, arguments): (&str, &str)) -> String {
    let own = std::mem::replace(&mut node.execution, execution.to_owned());
    let (ticket, answer) = node.call(tool, arguments);
    if matches!(answer, Answer::Permit { .. }) {
        node.complete(ticket, Completion::Result);
        node.durable();
    }
    node.execution = own;
    code(&answer).to_owned()
}

fn end_child(node: &mut TestNode, child: &str) {
    let (ticket, execution) = (node.ticket(), node.execution.clone());
    let ended = node.step(Input::End { ticket, execution, child: child.to_owned() });
    assert_eq!(ended, vec![Effect::Ended { ticket, result: Ok(()) }]);
}

#[test]
fn a_childs_events_count_for_its_parent_and_siblings() {
    let domain = domain_under(&line());
    let mut node = TestNode::new(&domain);
    let agent = node.execution.clone();
    let (first, second) = (child(&mut node), child(&mut node));
    assert_eq!(ask_as(&mut node, &second, MAIL), "permitted");
    assert_eq!(ask_as(&mut node, &first, PAGE), "permitted");
    for execution in [&agent, &second, &first] {
        assert_eq!(ask_as(&mut node, execution, MAIL), "policy.denied");
    }
    end_child(&mut node, &first);
    assert_eq!(ask_as(&mut node, &agent, MAIL), "policy.denied", "and after its end");
    let third = child(&mut node);
    assert_eq!(ask_as(&mut node, &third, MAIL), "policy.denied", "and for whom begins then");
    all_follow(&node, &domain);
    let mut node = TestNode::restart(&domain, node.log);
    assert_eq!(ask_as(&mut node, &third, MAIL), "policy.denied");
}

#[test]
fn events_before_a_delegation_count_for_the_child() {
    let domain = domain_under(&line());
    let mut node = TestNode::new(&domain);
    let agent = node.execution.clone();
    assert_eq!(ask_as(&mut node, &agent, PAGE), "permitted");
    let child = child(&mut node);
    assert_eq!(ask_as(&mut node, &child, MAIL), "policy.denied");
    all_follow(&node, &domain);
}

#[test]
fn a_bundle_gives_each_execution_its_own_history_in_words() {
    for bundle in [apart(), delegating()] {
        let domain = domain_under(&bundle);
        let mut node = TestNode::new(&domain);
        let agent = node.execution.clone();
        let child = child(&mut node);
        assert_eq!(ask_as(&mut node, &child, PAGE), "permitted");
        assert_eq!(ask_as(&mut node, &agent, MAIL), "permitted");
        all_follow(&node, &domain);
    }
}

#[test]
fn separate_histories_merge_when_a_bundle_says_so() {
    let mut domain = domain_under(&delegating());
    let mut node = TestNode::new(&domain);
    let agent = node.execution.clone();
    let child = child(&mut node);
    node.execution = child.clone();
    let below = delegate(&mut node, Grant::unlimited()).1.unwrap();
    node.execution = agent.clone();
    assert_eq!(ask_as(&mut node, &below, PAGE), "permitted");
    assert_eq!(ask_as(&mut node, &agent, MAIL), "permitted");
    domain.publish(&line());
    node.follow(&domain);
    for execution in [&agent, &child, &below] {
        assert_eq!(ask_as(&mut node, execution, MAIL), "policy.denied");
    }
    // A bundle for each alone does not part them again.
    domain.publish(&apart());
    node.follow(&domain);
    assert_eq!(ask_as(&mut node, &agent, MAIL), "policy.denied");
    all_follow(&node, &domain);
    let mut node = TestNode::restart(&domain, node.log);
    assert_eq!(ask_as(&mut node, &child, MAIL), "policy.denied");
}

fn erase(node: &mut TestNode, execution: &str) -> Result<u64, &'static str> {
    let (ticket, execution, os_user) = (node.ticket(), execution.to_owned(), OS_USER);
    let reason = ErasedFor::Asked;
    let mut effects = node.step(Input::Erase { ticket, execution, os_user, reason });
    effects.extend(node.durable());
    match effects.pop() {
        Some(Effect::Erased { result, .. }) => result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_that_a_running_line_shares_are_not_erased() {
    let mut domain = domain_under(&line());
    let mut node = TestNode::new(&domain);
    let agent = node.execution.clone();
    let child = child(&mut node);
    assert_eq!(ask_as(&mut node, &child, PAGE), "permitted");
    end_child(&mut node, &child);
    assert_eq!(erase(&mut node, &child), Err("execution.line"));
    assert_eq!(ask_as(&mut node, &agent, MAIL), "policy.denied");
    let mut again = TestNode::restart(&domain, node.log.clone());
    assert_eq!(erase(&mut again, &child), Err("execution.line"));

    domain.change(Change::ExecutionEnded { execution: agent });
    node.follow(&domain);
    assert!(erase(&mut node, &child).is_ok());
    all_follow(&node, &domain);
    // Its key is gone: decisions that depend on its events are no longer derived, and the log says
    // why.
    let records = node.log.iter().map(|(record, _)| LineageRecord::parse(record).unwrap());
    let is_its = records.map(|one| one.header.link.is_some_and(|link| link.execution == child));
    let is_its: Vec<bool> = is_its.collect();
    let mut outcome = Vec::new();
    let (records, shelf) = (&domain.records, domain.shelf.as_ref());
    let mut following =
        crate::replay::Replay::new(crate::fixture::NODE, crate::fixture::ORIGIN, records, shelf);
    for ((record, sealed), is_its) in node.log.iter().zip(is_its) {
        let part = if is_its {
            crate::replay::SealedPart::Unreadable(crate::state::Unreadable::NoKey)
        } else {
            sealed.into()
        };
        outcome.push(following.apply(record, part).unwrap());
    }
    let mut tally = Tally::default();
    outcome.iter().for_each(|outcome| tally.add(outcome));
    let state = following.into_state();
    assert_eq!(tally.without_reason(&state), None);
    let counts = tally.finish(&state);
    assert_eq!((counts.different, counts.missing, counts.erased), (0, 0, 2), "{outcome:?}");
    assert!(replay(&domain, &node.log).is_ok());
}

#[test]
fn a_meter_of_executions_counts_for_the_line() {
    for (semantics, code) in [(2, "permitted"), (4, "meter.exhausted")] {
        let metered = under(&metered_per("execution", 1), semantics);
        let mut files = delegating().files().clone();
        files.extend(metered.files().clone().into_iter().filter(|(path, _)| path == "meters.toml"));
        let bundle = under(&Bundle::load(&files).unwrap(), semantics);
        let domain = domain_under(&bundle);
        let mut node = TestNode::new(&domain);
        let agent = node.execution.clone();
        let (first, second) = (child(&mut node), child(&mut node));
        assert_eq!(ask_as(&mut node, &first, MAIL), "permitted");
        for execution in [&second, &agent] {
            assert_eq!(ask_as(&mut node, execution, MAIL), code, "under {semantics}");
        }
        all_follow(&node, &domain);
    }
}
