use record::Trust;
use record::governance::{Change, Subject};
use record::lineage::LineageRecord;

use super::*;
use crate::fixture::{Domain, OS_USER, TestNode, bundle, code};
use crate::limits::{OPEN_TRANSITIONS_MAX, QUEUE_NS_MAX};
use crate::replay::ReplayOutcome;

const READ: (&str, &str) = ("read_file", r#"{"path":"reports/q3.txt"}"#);
const SECRET: (&str, &str) = ("read_file", r#"{"path":"secret/key"}"#);
const BROWSE: (&str, &str) = ("fetch_page", r#"{"url":"https://news.test/"}"#);
const MAIL: (&str, &str) = ("send_mail", r#"{"to":"eve@evil.test","body":"hi"}"#);

fn ask(node: &mut TestNode, (tool, arguments): (&str, &str)) -> String {
    code(&node.call(tool, arguments).1).to_owned()
}

fn types(node: &TestNode) -> Vec<&'static str> {
    let parsed = node.log.iter().map(|(record, _)| LineageRecord::parse(record).unwrap());
    parsed.map(|record| record.body.type_name()).collect()
}

#[test]
fn no_answer_leaves_before_its_record_is_durable() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    for call in [READ, SECRET] {
        let before = node.log.len() as u64;
        let (ticket, effects) = node.ask(call.0, call.1);
        assert_eq!(effects, vec![], "nothing leaves when the record is only sequenced");
        assert_eq!(node.step(Input::Durable { size: before }), vec![], "nor one record too early");
        let effects = node.step(Input::Durable { size: before + 1 });
        assert!(matches!(&effects[..], [Effect::Answer { ticket: of, .. }] if *of == ticket));
        assert_eq!(node.durable(), vec![], "and it leaves once");
    }
}

#[test]
fn policy_permits_or_the_request_is_denied_with_a_code() {
    let mut node = TestNode::new(&Domain::new());
    assert_eq!(ask(&mut node, READ), "permitted");
    assert_eq!(ask(&mut node, SECRET), "policy.denied");
    assert_eq!(ask(&mut node, ("read_file", r#"{"path":7}"#)), "request.malformed");
    assert_eq!(ask(&mut node, ("format_disk", "{}")), "tool.unknown");
}

#[test]
fn history_counts_once_its_response_is_on_record() {
    let mut node = TestNode::new(&Domain::new());
    assert_eq!(ask(&mut node, MAIL), "permitted");
    let (ticket, answer) = node.call(BROWSE.0, BROWSE.1);
    assert_eq!(code(&answer), "permitted");
    assert_eq!(node.complete(ticket, Completion::Result), vec![], "it waits for its record");
    assert_eq!(ask(&mut node, MAIL), "policy.denied");
}

#[test]
fn an_outcome_settles_once_and_only_for_a_permit() {
    let mut node = TestNode::new(&Domain::new());
    let (ticket, _) = node.call(READ.0, READ.1);
    assert_eq!(node.complete(ticket, Completion::Result).len(), 1);
    let nothing = |ticket| vec![Effect::Unsettled { ticket }];
    assert_eq!(node.complete(ticket, Completion::Result), nothing(ticket), "answered twice");
    assert_eq!(node.complete(999, Completion::Result), nothing(999), "never asked");
    let (denied, _) = node.call(SECRET.0, SECRET.1);
    assert_eq!(node.complete(denied, Completion::Result), nothing(denied), "not permitted");
    node.step(Input::Tick);
    assert_eq!(types(&node).last(), Some(&"input.refused"));
}

#[test]
fn trust_and_halts_deny_from_the_record_that_lowers_them() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    assert_eq!(ask(&mut node, READ), "permitted");
    domain.trust(Trust::Suspended);
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "trust.insufficient");
    domain.trust(Trust::Trusted);
    let subject = Subject::Execution(node.execution.clone());
    domain.change(Change::HaltOrdered { subject: subject.clone() });
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "execution.halted");
    domain.change(Change::HaltLifted { subject });
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "permitted");
}

#[test]
fn a_permit_invalid_when_durable_is_withheld_and_denied() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let (ticket, _) = node.ask(READ.0, READ.1);
    let decided = node.log.len() as u64;
    domain.trust(Trust::Revoked);
    node.follow(&domain);
    assert_eq!(node.step(Input::Durable { size: decided }), vec![], "the denial waits in turn");
    assert_eq!(types(&node).last(), Some(&"transition.withheld"));
    let effects = node.durable();
    let [Effect::Answer { ticket: of, answer }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((*of, code(answer)), (ticket, "trust.insufficient"));
    assert_eq!(
        node.complete(ticket, Completion::Result),
        vec![Effect::Unsettled { ticket }],
        "it was never released"
    );
}

#[test]
fn a_permit_that_waited_too_long_for_the_disk_is_withheld() {
    let mut node = TestNode::new(&Domain::new());
    node.ask(READ.0, READ.1);
    node.now.monotonic_ns += QUEUE_NS_MAX + 1;
    assert_eq!(node.durable(), vec![]);
    let effects = node.durable();
    let [Effect::Answer { answer, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(code(answer), "refused.overload");
}

#[test]
fn conditions_of_v4_see_denied_and_withheld_calls_as_errors() {
    let twice = r#"@id("no-mail-after-two-errors")
        forbid (principal, action == Action::"send_mail", resource)
        when temporal { 1 < count_within(1h, Action::"read_file"::error{}) };"#;
    for (semantics, mail) in [(4, "policy.denied"), (2, "permitted")] {
        let mut domain = Domain::of_semantics(semantics);
        let policies = format!("{}{twice}", crate::fixture::POLICIES);
        domain.publish(&crate::fixture::bundle_of(semantics, &policies));
        let mut node = TestNode::new(&domain);
        node.ask(READ.0, READ.1);
        node.now.monotonic_ns += QUEUE_NS_MAX + 1;
        node.durable();
        node.durable();
        assert_eq!(types(&node).last(), Some(&"transition.withheld"));
        assert_eq!(ask(&mut node, SECRET), "policy.denied");
        assert_eq!(ask(&mut node, MAIL), mail);
        let outcome = node.replay(&domain).unwrap();
        assert!(
            !outcome.iter().any(|outcome| matches!(outcome, ReplayOutcome::Different { .. })),
            "{outcome:?}"
        );
        let mut again = TestNode::restart(&domain, node.log.clone());
        assert_eq!(ask(&mut again, MAIL), mail);
    }
}

#[test]
fn a_peer_rejoins_its_execution_and_strangers_are_refused() {
    let mut node = TestNode::new(&Domain::new());
    let first = node.execution.clone();
    assert_eq!(node.join("agent", OS_USER), Ok(first));
    assert_eq!(node.join("agent", OS_USER + 1), Err("refused.peer"));
    assert_eq!(node.join("stranger", OS_USER), Err("refused.peer"));
}

#[test]
fn a_clock_that_steps_back_does_not_take_the_records_with_it() {
    let mut node = TestNode::new(&Domain::new());
    ask(&mut node, READ);
    node.now.wall_ms -= 3_600_000;
    ask(&mut node, READ);
    node.now.wall_ms += 7_200_000;
    ask(&mut node, READ);
    let parsed = node.log.iter().map(|(record, _)| LineageRecord::parse(record).unwrap());
    let times: Vec<i64> = parsed.map(|record| record.header.at).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn a_new_bundle_sees_the_history_before_it() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let (ticket, _) = node.call(READ.0, READ.1);
    node.complete(ticket, Completion::Result);
    domain.publish(&bundle(
        r#"
        @id("reading") permit (principal, action == Action::"read_file", resource);
        @id("once") forbid (principal, action == Action::"read_file", resource)
        when temporal { formerly within 1h Action::"read_file"::response{} };
        "#,
    ));
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "policy.denied");
}

#[test]
fn unacceptable_governance_stops_adoption_and_denies_all() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let mut forged = domain.records[2].clone();
    forged[20] ^= 1;
    domain.records.push(forged);
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "governance.unverified");
}

#[test]
fn a_bundle_that_is_missing_stops_adoption() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    domain.change(Change::BundlePublished { bundle: proof::digest::Digest::of(b"nowhere") });
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "governance.unverified");
}

#[test]
fn a_crash_leaves_open_transitions_unknown() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let (_, answer) = node.call(BROWSE.0, BROWSE.1);
    assert_eq!(code(&answer), "permitted");
    let execution = node.execution.clone();
    let mut node = TestNode::restart(&domain, node.log);
    assert_eq!(types(&node).last(), Some(&"transition.completed"));
    assert_eq!(node.execution, execution, "a restart does not start clean");
    let mut again = TestNode::restart(&domain, node.log.clone());
    assert_eq!(again.log.len(), node.log.len(), "nothing is left open");
    assert_eq!(ask(&mut node, READ), ask(&mut again, READ));
}

#[test]
fn more_open_transitions_than_the_limit_are_refused() {
    let mut node = TestNode::new(&Domain::new());
    for _ in 0..OPEN_TRANSITIONS_MAX {
        assert_eq!(ask(&mut node, READ), "permitted");
    }
    let (ticket, effects) = node.ask(READ.0, READ.1);
    let answer = Answer::Refused { code: "refused.quota" };
    assert_eq!(effects, vec![Effect::Answer { ticket, answer }]);
}
