use record::governance::Change;
use record::lineage::LineageRecord;

use super::*;
use crate::fixture::{Domain, OS_USER, TestNode, code};
use crate::replay::{Replay, SealedPart, Tally};
use crate::state::Unreadable;
use crate::step::Input;

const READ: (&str, &str) = ("read_file", r#"{"path":"reports/q3.txt"}"#);

fn erase(node: &mut TestNode, execution: &str) -> Vec<Effect> {
    let ticket = node.ticket();
    let (execution, reason) = (execution.to_owned(), ErasedFor::Asked);
    node.step(Input::Erase { ticket, execution, os_user: 0, reason })
}

/// A node with one ended execution of four decisions, and one that goes on with three.
fn with_an_ended_execution() -> (Domain, TestNode, String) {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let ended = node.execution.clone();
    (0..4).for_each(|_| {
        node.call(READ.0, READ.1);
    });
    domain.change(Change::ExecutionEnded { execution: ended.clone() });
    node.follow(&domain);
    node.execution = node.join("agent", OS_USER).unwrap();
    (0..3).for_each(|_| {
        node.call(READ.0, READ.1);
    });
    (domain, node, ended)
}

#[test]
fn a_running_or_unknown_execution_is_not_erased() {
    let (_, mut node, _) = with_an_ended_execution();
    let before = node.log.len();
    for (execution, why) in
        [(node.execution.clone(), "execution.live"), ("nobody".to_owned(), "execution.unknown")]
    {
        let effects = erase(&mut node, &execution);
        assert!(matches!(&effects[..], [Effect::Erased { result: Err(code), .. }] if *code == why));
    }
    assert_eq!(node.log.len(), before);
}

#[test]
fn the_key_may_go_once_the_record_is_durable_and_not_before() {
    let (_, mut node, ended) = with_an_ended_execution();
    node.durable();
    let index = node.log.len() as u64;
    assert_eq!(erase(&mut node, &ended), vec![]);
    assert_eq!(node.step(Input::Durable { size: index }), vec![]);
    let effects = node.durable();
    assert!(matches!(&effects[..], [Effect::Erased { result: Ok(at), .. }] if *at == index));
    assert_eq!(erase(&mut node, &ended), vec![], "erased twice: no second record");
    assert_eq!(node.log.len() as u64, index + 1);
    let effects = node.durable();
    assert!(matches!(&effects[..], [Effect::Erased { result: Ok(at), .. }] if *at == index));
}

#[test]
fn pages_written_ahead_are_dropped_with_the_key() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let ended = node.execution.clone();
    node.call(READ.0, READ.1);
    node.kernel.prepare_snapshot(1);
    domain.change(Change::ExecutionEnded { execution: ended.clone() });
    node.follow(&domain);
    erase(&mut node, &ended);
    assert!(node.kernel.snapshots.knows(&ended));
    node.durable();
    assert!(!node.kernel.snapshots.knows(&ended));
}

#[test]
fn an_erased_key_makes_only_its_decisions_not_replayable() {
    let (domain, mut node, ended) = with_an_ended_execution();
    let follow = |log: &[(Vec<u8>, Vec<u8>)], has_key: bool| {
        let mut replay =
            Replay::new("node-1", crate::fixture::ORIGIN, &domain.records, &*domain.shelf);
        let mut tally = Tally::default();
        for (record, sealed) in log {
            let outcome = replay.apply_sealed(record, |of, _, _| match of {
                Some(id) if id == ended && !has_key => SealedPart::Unreadable(Unreadable::NoKey),
                _ => SealedPart::from(sealed),
            });
            tally.add(&outcome.unwrap());
        }
        let state = replay.into_state();
        (tally.finish(&state), state)
    };
    let (counts, _) = follow(&node.log, false);
    assert_eq!((counts.identical, counts.missing, counts.erased), (3, 4, 0), "no record says so");
    erase(&mut node, &ended);
    let (counts, _) = follow(&node.log, false);
    assert_eq!((counts.identical, counts.erased, counts.missing), (3, 4, 0));
    let (counts, state) = follow(&node.log, true);
    assert_eq!((counts.identical, counts.not_replayable()), (7, 0), "the key is not yet destroyed");
    assert_eq!(state.all_erased().collect::<Vec<_>>(), vec![ended.as_str()]);
    assert_eq!(state.size(), node.log.len() as u64);
    let (_, state) = follow(&node.log, false);
    let mut node = TestNode::from(state, node.log, &domain);
    assert_eq!(code(&node.call(READ.0, READ.1).1), "permitted", "the others go on");
}

#[test]
fn an_erasure_on_record_of_what_has_not_ended_is_broken() {
    let (domain, mut node, ended) = with_an_ended_execution();
    erase(&mut node, &ended);
    let (record, _) = node.log.last().unwrap();
    let mut record = LineageRecord::parse(record).unwrap();
    let Body::Erased { execution, .. } = &mut record.body else { panic!("{record:?}") };
    execution.clone_from(&node.execution);
    let last = node.log.len() - 1;
    node.log[last].0 = record.to_bytes();
    let replayed = crate::fixture::replay(&domain, &node.log);
    assert!(replayed.is_err_and(|why| why.to_string().contains("does not continue")));
}
