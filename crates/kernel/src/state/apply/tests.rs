use std::collections::BTreeMap;

use record::lineage::{EndedBy, ErasedFor};

use super::*;
use crate::fixture::{Domain, NODE, ORIGIN, OS_USER, TestNode};
use crate::replay::Replay;

/// The state of a node whose execution has begun, and the execution's id.
fn begun() -> (NodeState, String) {
    let domain = Domain::new();
    let node = TestNode::new(&domain);
    let mut replay = Replay::new(NODE, ORIGIN, &domain.records, domain.shelf.as_ref());
    for (record, sealed) in &node.log {
        replay.apply(record, sealed).unwrap();
    }
    (replay.into_state(), node.execution)
}

/// Applies a body as the next record, of an execution or of none.
fn apply(
    state: &mut NodeState,
    execution: Option<&str>,
    body: Body,
    behind: CommittedInputs,
) -> Result<(), Unfounded> {
    let record = state.next_record(state.time(0), execution, body);
    let digest = Digest::of(&record.to_bytes());
    state.apply(&record, digest, behind)
}

#[test]
fn an_execution_begins_once() {
    let (mut state, id) = begun();
    let body = Body::Started { workload: "agent".into(), os_user: OS_USER, delegation: None };
    assert_eq!(apply(&mut state, Some(&id), body, CommittedInputs::Nothing), Err(Unfounded));
}

#[test]
fn only_what_ended_is_erased() {
    let (mut state, id) = begun();
    let body = |id: &str| {
        let execution = id.to_owned();
        Body::Erased { execution, os_user: OS_USER, reason: ErasedFor::Asked }
    };
    assert_eq!(apply(&mut state, None, body(&id), CommittedInputs::Nothing), Err(Unfounded));
    let ended = Body::Ended { by: EndedBy::Officer };
    assert_eq!(apply(&mut state, Some(&id), ended, CommittedInputs::Nothing), Ok(()));
    assert_eq!(apply(&mut state, None, body(&id), CommittedInputs::Nothing), Ok(()));
}

#[test]
fn only_an_open_transition_completes() {
    for behind in [CommittedInputs::Completed(Ok(None)), CommittedInputs::Nothing] {
        let (mut state, id) = begun();
        let body = Body::Completed {
            decided_seq: 7,
            outcome: Completion::Result,
            withheld: None,
            charges: Vec::new(),
            labels: Labels::NONE,
            commitments: BTreeMap::new(),
        };
        assert_eq!(apply(&mut state, Some(&id), body, behind), Err(Unfounded));
    }
}

#[test]
fn an_execution_that_ended_is_gone_after_its_last_record() {
    let (mut state, id) = begun();
    let size = state.size();
    let ended = Body::Ended { by: EndedBy::Officer };
    assert_eq!(apply(&mut state, Some(&id), ended, CommittedInputs::Nothing), Ok(()));
    assert!(state.execution(&id).is_none() && state.ended_at(&id).is_some());
    assert_eq!(state.size(), size + 1);
}
