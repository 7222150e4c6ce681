use proof::json::Value;
use record::lineage::Completion;

use super::*;
use crate::fixture::{Domain, POLICIES, TestNode, bundle, replay};

fn busy_node(domain: &Domain) -> TestNode {
    let mut node = TestNode::new(domain);
    for number in 0..40_i64 {
        node.now.wall_ms += number;
        let (tool, arguments) = match number % 4 {
            0 => ("read_file", format!(r#"{{"path":"reports/{number}"}}"#)),
            1 => ("read_file", format!(r#"{{"path":"secret/{number}"}}"#)),
            2 => ("send_mail", r#"{"to":"eve@evil.test","body":"x"}"#.to_owned()),
            _ => ("fetch_page", format!(r#"{{"url":"https://news.test/{number}"}}"#)),
        };
        let (ticket, _) = node.call(tool, &arguments);
        if number > 20 {
            node.complete(ticket, Completion::Result);
        }
    }
    node
}

fn count(outcome: &[ReplayOutcome], is: fn(&ReplayOutcome) -> bool) -> usize {
    outcome.iter().filter(|outcome| is(outcome)).count()
}

#[test]
fn every_decision_is_derived_again_to_the_byte() {
    let mut domain = Domain::new();
    let mut node = busy_node(&domain);
    domain.trust(record::Trust::Degraded);
    node.follow(&domain);
    node.call("read_file", r#"{"path":"reports/late"}"#);
    let outcome = node.replay(&domain).unwrap();
    assert_eq!(count(&outcome, |outcome| *outcome == ReplayOutcome::Identical), 41);
    assert_eq!(
        count(&outcome, |outcome| *outcome != ReplayOutcome::Identical
            && *outcome != ReplayOutcome::Followed),
        0
    );
}

#[test]
fn a_decision_on_record_that_does_not_follow_is_different() {
    let domain = Domain::new();
    let node = busy_node(&domain);
    let fixed = Arc::new(bundle(&POLICIES.replace("secret/*", "*")));
    let mut replay =
        Replay::new("node-1", crate::fixture::ORIGIN, &domain.records, domain.shelf.as_ref())
            .under(fixed);
    let outcome: Vec<ReplayOutcome> =
        node.log.iter().map(|(record, sealed)| replay.apply(record, sealed).unwrap()).collect();
    // The ten reads of reports come out denied; every decision names another bundle.
    let changed = outcome.iter().filter(|outcome| match outcome {
        ReplayOutcome::Different { recorded, derived } => {
            recorded.get("code") != derived.get("code")
        }
        _ => false,
    });
    assert_eq!(changed.count(), 10);
}

#[test]
fn a_record_that_is_changed_left_out_or_moved_is_broken() {
    let domain = Domain::new();
    let log = busy_node(&domain).log;
    let mut without = log.clone();
    without.remove(log.len() / 2);
    assert!(matches!(replay(&domain, &without), Err(ReplayError::Broken { .. })));
    let mut moved = log.clone();
    moved.swap(10, 11);
    assert!(matches!(replay(&domain, &moved), Err(ReplayError::Broken { .. })));
    let mut doubled = log.clone();
    doubled.insert(9, log[8].clone());
    assert!(matches!(replay(&domain, &doubled), Err(ReplayError::Broken { .. })));
    let mut garbled = log;
    garbled[7].0[0] = b'[';
    assert!(matches!(replay(&domain, &garbled), Err(ReplayError::Malformed { index: 7, .. })));
}

#[test]
fn an_unreadable_decision_ends_the_replay_of_its_execution() {
    let domain = Domain::new();
    let mut log = busy_node(&domain).log;
    let decisions = |outcome: &[ReplayOutcome]| {
        count(outcome, |outcome| matches!(outcome, ReplayOutcome::NotReplayable { .. }))
    };
    let total =
        count(&replay(&domain, &log).unwrap(), |outcome| *outcome == ReplayOutcome::Identical);
    let last = log.iter().rposition(|(_, sealed)| sealed.len() > 500).unwrap();
    log[last].1.clear();
    assert_eq!(decisions(&replay(&domain, &log).unwrap()), 1);
    let first = log.iter().position(|(_, sealed)| !sealed.is_empty()).unwrap();
    let mut garbled = log.clone();
    garbled[first].1[40] ^= 1;
    assert_eq!(decisions(&replay(&domain, &garbled).unwrap()), 2, "it opens no decision any more");
    log[first].1.clear();
    assert_eq!(decisions(&replay(&domain, &log).unwrap()), total);
}

#[test]
fn a_governance_log_that_is_shorter_or_other_is_an_error() {
    let domain = Domain::new();
    let node = busy_node(&domain);
    let mut shorter = Domain::new();
    shorter.records.pop();
    assert!(matches!(replay(&shorter, &node.log), Err(ReplayError::Governance { .. })));
    let mut other = Domain::new();
    other.records.truncate(2);
    other.fold = crate::governance::Governance::new(crate::fixture::ORIGIN);
    other.records.iter().for_each(|record| {
        other.fold.apply(record).unwrap();
    });
    other.publish(&bundle(&POLICIES.replace("secret", "private")));
    assert!(matches!(replay(&other, &node.log), Err(ReplayError::Governance { .. })));
}

#[test]
fn the_public_part_of_a_decision_quotes_nothing_private() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    node.call("read_file", r#"{"path":{"very":"private"}}"#);
    let record = String::from_utf8(node.log.last().unwrap().0.clone()).unwrap();
    assert!(!record.contains("private") && !record.contains("\"why\""), "{record}");
    let decision = Value::parse(record.as_bytes()).unwrap();
    let code = decision.get("decision").and_then(|decision| decision.get("code"));
    assert_eq!(code.and_then(Value::as_str), Some("request.malformed"));
}
