//! Results that go no further, and results that wait for their records.

use record::Trust;
use record::governance::{Change, Subject, Workload};

use super::*;

const PAGE: (&str, &str) = ("fetch_page", r#"{"url":"https://example.test/"}"#);
const FILE: (&str, &str) = ("read_file", r#"{"path":"reports/q3.txt"}"#);

fn open(node: &mut TestNode, (tool, arguments): (&str, &str)) -> Ticket {
    let (ticket, answer) = node.call(tool, arguments);
    assert_eq!(code(&answer), "permitted");
    ticket
}

fn last(node: &TestNode) -> Body {
    LineageRecord::parse(&node.log.last().unwrap().0).unwrap().body
}

fn agent() -> Subject {
    Subject::Workload("agent".into())
}

/// Acts of an officer or a registrar during a call, with the code that stops its result.
fn stops() -> [(Change, &'static str); 3] {
    let trust = Change::TrustChanged { subject: agent(), trust: Trust::Suspended };
    let other = Workload { name: "agent".into(), os_user: 1009, zone: "prod".into() };
    [
        (Change::HaltOrdered { subject: agent() }, "execution.halted"),
        (trust, "trust.insufficient"),
        (Change::WorkloadRegistered(other), "identity.unregistered"),
    ]
}

#[test]
fn a_result_after_a_stop_is_recorded_and_withheld() {
    for (change, code) in stops() {
        let mut domain = Domain::new();
        let mut node = TestNode::new(&domain);
        let ticket = open(&mut node, FILE);
        domain.change(change);
        node.follow(&domain);
        let effects = node.complete(ticket, Completion::Result);
        assert_eq!(effects, [Effect::Withheld { ticket, code }]);
        let Body::Completed { outcome, withheld, .. } = last(&node) else { panic!("{code}") };
        assert_eq!((outcome, withheld.as_deref()), (Completion::Result, Some(code)));
        is_replayed(&node, &domain);
        let other = String::from_utf8(node.log.pop().unwrap().0).unwrap();
        let other = other.replace(code, "lineage.broken");
        node.log.push((other.into_bytes(), Vec::new()));
        let outcome = fixture::replay(&domain, &node.log);
        assert!(matches!(outcome, Err(ReplayError::Broken { .. })), "{code}: {outcome:?}");
    }
}

#[test]
fn a_withheld_result_brings_its_labels_all_the_same() {
    let (mut domain, mut node) = begin();
    let (ticket, _) = ask(&mut node, tool("read_file", NOTES));
    domain.change(Change::HaltOrdered { subject: agent() });
    node.follow(&domain);
    let withheld = Effect::Withheld { ticket, code: "execution.halted" };
    assert_eq!(end(&mut node, ticket, Completion::Result, HOSTILE), [withheld]);
    assert_eq!(held(&node), ["hostile"]);
    is_replayed(&node, &domain);
}

#[test]
fn an_unknown_end_may_have_the_error_sent_instead() {
    let (domain, mut node) = begin();
    let (ticket, _) = ask(&mut node, tool("read_file", NOTES));
    let told = r#"{"error":{"code":-32006,"message":"refused.input"}}"#;
    let unknown = Completion::Unknown { written: Some(40) };
    assert_eq!(end(&mut node, ticket, unknown, told), [Effect::Settled { ticket }]);
    let Body::Completed { outcome, withheld: None, commitments, .. } = last(&node) else {
        panic!("{:?}", last(&node));
    };
    assert_eq!(outcome, unknown);
    assert_eq!(commitments.keys().collect::<Vec<_>>(), ["message"]);
    is_replayed(&node, &domain);
}

#[test]
fn an_end_without_a_message_has_nothing_to_withhold() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let ticket = open(&mut node, FILE);
    domain.change(Change::HaltOrdered { subject: agent() });
    node.follow(&domain);
    assert_eq!(end(&mut node, ticket, Completion::UNKNOWN, ""), [Effect::Settled { ticket }]);
    assert!(matches!(last(&node), Body::Completed { withheld: None, .. }));
}

#[test]
fn a_result_that_a_condition_looks_at_waits_for_its_record() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let (page, file) = (open(&mut node, PAGE), open(&mut node, FILE));
    assert_eq!(node.complete(page, Completion::Result), []);
    // No condition looks at how files were read.
    assert_eq!(node.complete(file, Completion::Result), [Effect::Settled { ticket: file }]);
    assert_eq!(node.durable(), [Effect::Settled { ticket: page }]);
}

#[test]
fn an_error_waits_only_where_a_condition_looks_at_errors() {
    let (mut domain, policies) = (Domain::new(), fixture::POLICIES.replace("response", "error"));
    let mut node = TestNode::new(&domain);
    let ticket = open(&mut node, PAGE);
    assert_eq!(node.complete(ticket, Completion::Error), [Effect::Settled { ticket }]);
    domain.publish(&fixture::bundle(&policies));
    node.follow(&domain);
    let ticket = open(&mut node, PAGE);
    assert_eq!(node.complete(ticket, Completion::Error), []);
}

#[test]
fn a_result_that_settles_a_charge_waits_for_its_record() {
    let mut domain = Domain::new();
    // Without conditions over history.
    let files = fixture::settled(50).files().clone();
    let files = files.into_iter().map(|(path, bytes)| {
        let text = String::from_utf8(bytes).unwrap();
        let (first, _) = text.split_once("@id(\"no-mail-after-browsing\")").unwrap_or((&text, ""));
        (path, first.as_bytes().to_vec())
    });
    domain.publish(&Bundle::load(&files.collect()).unwrap());
    let mut node = TestNode::new(&domain);
    for (said, waits) in [(Some(r#"{"bytes":12}"#), true), (None, false)] {
        let ticket = open(&mut node, PAGE);
        let (outcome, message) = (Completion::Result, PLAIN.as_bytes().to_vec());
        let output = said.map(str::to_owned);
        let input = Input::Outcome { ticket, outcome, message, output, entropy: [5; 32] };
        assert_eq!(node.step(input).is_empty(), waits, "{said:?}");
    }
}

#[test]
fn a_halt_between_a_record_and_the_disk_withholds_the_result() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let ticket = open(&mut node, PAGE);
    assert_eq!(node.complete(ticket, Completion::Result), []);
    domain.change(Change::HaltOrdered { subject: agent() });
    node.follow(&domain);
    let withheld = Effect::Withheld { ticket, code: "execution.halted" };
    assert_eq!(node.durable(), [withheld]);
    assert!(matches!(last(&node), Body::Withheld { .. }));
    is_replayed(&node, &domain);
}

#[test]
fn a_result_of_an_execution_that_ends_meanwhile_is_withheld() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let ticket = open(&mut node, PAGE);
    assert_eq!(node.complete(ticket, Completion::Result), []);
    domain.change(Change::ExecutionEnded { execution: node.execution.clone() });
    let records = vec![domain.records.last().unwrap().clone()];
    let blobs = std::sync::Arc::clone(&domain.shelf);
    let withheld = Effect::Withheld { ticket, code: "execution.halted" };
    assert_eq!(node.step(Input::Governance { records, blobs }), [withheld]);
    assert!(matches!(last(&node), Body::Ended { .. }));
    assert_eq!(node.durable(), []);
    is_replayed(&node, &domain);
}
