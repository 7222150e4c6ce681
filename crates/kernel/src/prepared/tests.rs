use std::sync::Arc;

use policy::Bundle;
use record::lineage::{Body, LineageRecord};

use crate::Prepared;
use crate::fixture::{Domain, TestNode, call, code, load};
use crate::replay::{Replay, ReplayOutcome};
use crate::step::{Effect, Input};

/// A bundle in which a tool's name stands for another action each time it is another number.
fn bundle(number: u8) -> Bundle {
    let manifest = format!(
        r#"
name = "turns"
version = "{number}"
semantics = 2
[tools."office/read_file"]
action = "read_{number}"
resource = {{ type = "File", argument = "path" }}
"#
    );
    let schema = format!(
        "entity Workload, File; action read_{number} appliesTo {{ principal: Workload, resource: File, \
         context: {{ input: {{ path: String }} }} }};"
    );
    let policies = r#"@id("agents") permit (principal == Workload::"agent", action, resource);"#;
    load([
        ("bundle.toml", &manifest),
        ("schema.cedarschema", &schema),
        ("policies/all.dw", policies),
    ])
}

fn ask(node: &mut TestNode, transition: Prepared) -> String {
    let (ticket, execution) = (node.ticket(), node.execution.clone());
    let mut entropy = [6; 32];
    entropy[..8].copy_from_slice(&ticket.to_be_bytes());
    let transition = Box::new(transition);
    let mut effects = node.step(Input::Request { ticket, execution, transition, entropy });
    effects.extend(node.durable());
    match effects.pop() {
        Some(Effect::Answer { answer, .. }) => code(&answer).to_owned(),
        other => panic!("{other:?}"),
    }
}

fn last_action(node: &TestNode) -> String {
    match LineageRecord::parse(&node.log.last().unwrap().0).unwrap().body {
        Body::Decided(decided) => decided.action,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_prepared_for_another_bundle_is_prepared_again() {
    let mut domain = Domain::new();
    domain.publish(&bundle(1));
    let mut node = TestNode::new(&domain);
    let path = || call("read_file", r#"{"path":"notes"}"#);
    let ahead = |node: &TestNode, of: &str| {
        Prepared::ahead(path(), of, &Arc::clone(node.kernel.state().bundle()))
    };

    let (early, strange) = (ahead(&node, "agent"), ahead(&node, "somebody-else"));
    assert_eq!(ask(&mut node, strange), "permitted", "it is the agent's execution that asks");
    assert_eq!(last_action(&node), "read_1");

    domain.publish(&bundle(2));
    node.follow(&domain);
    assert_eq!(ask(&mut node, early), "permitted");
    assert_eq!(last_action(&node), "read_2", "as the bundle says that decides");
    let late = ahead(&node, "agent");
    assert_eq!(ask(&mut node, late), "permitted");

    let outcome = node.replay(&domain).unwrap();
    assert!(
        outcome
            .iter()
            .all(|outcome| matches!(outcome, ReplayOutcome::Identical | ReplayOutcome::Followed)),
        "{outcome:?}"
    );
}

#[test]
fn a_replay_that_read_ahead_of_a_new_bundle_derives_the_same() {
    let mut domain = Domain::new();
    domain.publish(&bundle(1));
    let mut node = TestNode::new(&domain);
    for number in 2..5 {
        assert_eq!(ask(&mut node, call("read_file", r#"{"path":"notes"}"#).into()), "permitted");
        domain.publish(&bundle(number));
        node.follow(&domain);
    }
    let mut replay = Replay::new(
        crate::fixture::NODE,
        crate::fixture::ORIGIN,
        &domain.records,
        domain.shelf.as_ref(),
    );
    // Everything is read against the bundle that a node has before its first.
    let first = Arc::clone(replay.state().bundle());
    let all: Vec<_> = node
        .log
        .iter()
        .map(|(record, sealed)| {
            crate::replay::PrefetchedRecord::of(&first, record, |_, _| sealed.into())
        })
        .collect();
    let identical = all
        .into_iter()
        .map(|ahead| replay.apply_prefetched(ahead).unwrap())
        .filter(|outcome| *outcome == ReplayOutcome::Identical);
    assert_eq!(identical.count(), 3);
}

/// The same requests, sealed ahead with the fresh bytes of their decision, with others, or not at
/// all, make the same log.
#[test]
fn requests_sealed_ahead_make_the_same_records() {
    let mut domain = Domain::new();
    domain.publish(&bundle(1));
    let fresh = |ticket: u64| {
        let mut entropy = [6; 32];
        entropy[..8].copy_from_slice(&ticket.to_be_bytes());
        entropy
    };
    let log = |seal: &dyn Fn(Prepared, u64) -> Prepared| {
        let mut node = TestNode::new(&domain);
        let ticket = node.ticket() + 1;
        let path = call("read_file", r#"{"path":"notes"}"#);
        let ahead = Prepared::ahead(path, "agent", &Arc::clone(node.kernel.state().bundle()));
        assert_eq!(ask(&mut node, seal(ahead, ticket)), "permitted");
        let outcome = node.replay(&domain).unwrap();
        assert!(
            outcome.iter().all(|outcome| matches!(
                outcome,
                ReplayOutcome::Identical | ReplayOutcome::Followed
            )),
            "{outcome:?}"
        );
        node.log
    };
    let plain = log(&|ahead, _| ahead);
    let sealed = log(&|ahead, ticket| {
        let sealed = ahead.sealed(fresh(ticket));
        assert_eq!(sealed.entropy(), Some(fresh(ticket)));
        sealed
    });
    assert_eq!(sealed, plain);
    assert_eq!(log(&|ahead, ticket| ahead.sealed(fresh(ticket + 1))), plain, "with other bytes");
}

#[test]
fn a_request_sealed_ahead_of_a_new_bundle_is_sealed_again() {
    let mut domain = Domain::new();
    domain.publish(&bundle(1));
    let mut node = TestNode::new(&domain);
    let path = call("read_file", r#"{"path":"notes"}"#);
    let early = Prepared::ahead(path, "agent", &Arc::clone(node.kernel.state().bundle()));
    domain.publish(&bundle(2));
    node.follow(&domain);
    let mut entropy = [6; 32];
    let ticket = node.ticket() + 1;
    entropy[..8].copy_from_slice(&ticket.to_be_bytes());
    assert_eq!(ask(&mut node, early.sealed(entropy)), "permitted");
    assert_eq!(last_action(&node), "read_2");
    let outcome = node.replay(&domain).unwrap();
    assert!(
        outcome
            .iter()
            .all(|outcome| matches!(outcome, ReplayOutcome::Identical | ReplayOutcome::Followed)),
        "{outcome:?}"
    );
}
