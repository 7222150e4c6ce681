use record::governance::{Change, Workload};
use record::lineage::Completion;

use super::*;
use crate::fixture::{Domain, OS_USER, TestNode, call};
use crate::limits::OPEN_PAGES_BYTES_MAX;
use crate::step::Input;

impl SnapshotBuilder {
    /// Whether anything of an execution is kept here.
    pub(crate) fn knows(&self, execution: &str) -> bool {
        self.executions.contains_key(execution)
    }

    /// How many events of an execution are written ahead on its open page.
    fn written_ahead(&self, execution: &str) -> Option<usize> {
        let known = self.executions.get(execution)?;
        Some(known.open.as_ref()?.end() - known.first_open())
    }

    fn open_bytes(&self) -> usize {
        OPEN_PAGES_BYTES_MAX - self.room().bytes()
    }
}

/// A node with executions of so many workloads.
fn node(executions: usize) -> (TestNode, Vec<String>) {
    let mut domain = Domain::new();
    let names: Vec<String> = (0..executions).map(|number| format!("agent-{number}")).collect();
    for name in &names {
        let (name, zone) = (name.clone(), "prod".to_owned());
        domain.change(Change::WorkloadRegistered(Workload { name, os_user: OS_USER, zone }));
    }
    let mut node = TestNode::new(&domain);
    let ids = names.iter().map(|name| node.join(name, OS_USER).unwrap()).collect();
    (node, ids)
}

/// Adds two events to the history of an execution, of so many bytes about.
fn mail(node: &mut TestNode, id: &str, bytes: usize) {
    let ticket = node.ticket();
    let to = format!("to-{}", ticket % 5);
    let asked = call("send_mail", &format!(r#"{{"body":"{}","to":"{to}"}}"#, "x".repeat(bytes)));
    let (execution, transition) = (id.to_owned(), Box::new(asked.into()));
    let mut entropy = [0; 32];
    entropy[..8].copy_from_slice(&ticket.to_be_bytes());
    node.step(Input::Request { ticket, execution, transition, entropy });
    node.durable();
    node.complete(ticket, Completion::Result);
}

/// Takes a snapshot that is what one would be of which nothing was made before.
fn take(builder: &mut SnapshotBuilder, node: &TestNode) -> Snapshot {
    let state = node.kernel.state();
    let (taken, anew) = (builder.take(state), SnapshotBuilder::default().take(state));
    assert_eq!((taken.public, taken.private), (anew.public, anew.private));
    assert!(anew.names.is_subset(&taken.names));
    // The others are of monitors.
    for piece in taken.pieces.iter().filter(|piece| anew.names.contains(&piece.name)) {
        assert!(anew.pieces.contains(piece));
        assert_eq!(Digest::of(&piece.bytes), piece.name);
    }
    taken
}

#[test]
fn pages_written_ahead_make_the_same_pieces() {
    let (mut node, ids) = node(3);
    let mut builder = SnapshotBuilder::default();
    for round in 0..150 {
        for (number, id) in ids.iter().enumerate() {
            (0..=number).for_each(|_| mail(&mut node, id, 20));
        }
        if round % 3 == 0 {
            let state = node.kernel.state();
            for piece in builder.prepare(state, 2) {
                assert_eq!(Digest::of(&piece.bytes), piece.name);
            }
            let end = state.execution(&ids[0]).unwrap().history().unwrap().events();
            assert_eq!(builder.written_ahead(&ids[0]), Some(end % 256));
        }
        if round % 40 == 20 {
            take(&mut builder, &node);
        }
    }
    take(&mut builder, &node);
}

#[test]
fn an_open_page_is_written_so_many_bytes_at_a_time() {
    let (mut node, ids) = node(1);
    let bytes = OPEN_PAGES_STEP_BYTES / 4;
    (0..6).for_each(|_| mail(&mut node, &ids[0], bytes));
    let mut builder = SnapshotBuilder::default();
    let mut ends = Vec::new();
    for _ in 0..4 {
        assert_eq!(builder.prepare(node.kernel.state(), 1), vec![]);
        ends.push(builder.written_ahead(&ids[0]).unwrap());
    }
    // Each request and each response has the bytes of the request.
    assert_eq!(ends, [4, 8, 12, 12]);
    take(&mut builder, &node);
}

#[test]
fn open_pages_take_so_much_memory_at_most() {
    let (mut node, ids) = node(20);
    let mut builder = SnapshotBuilder::default();
    for id in &ids {
        // A page of eight events that takes most of what a page can.
        (0..4).for_each(|_| mail(&mut node, id, 110 * 1024));
        (0..8).for_each(|_| drop(builder.prepare(node.kernel.state(), 1)));
        assert!(builder.open_bytes() <= OPEN_PAGES_BYTES_MAX);
    }
    let written = ids.iter().filter(|id| builder.written_ahead(id) == Some(8)).count();
    assert!((5..ids.len()).contains(&written), "{written}");
    take(&mut builder, &node);
    assert!(builder.open_bytes() <= OPEN_PAGES_BYTES_MAX);
}

#[test]
fn the_page_of_an_execution_without_new_events_is_let_go() {
    let (mut node, ids) = node(2);
    let mut builder = SnapshotBuilder::default();
    ids.iter().for_each(|id| mail(&mut node, id, 20));
    builder.prepare(node.kernel.state(), 1);
    take(&mut builder, &node);
    mail(&mut node, &ids[1], 20);
    take(&mut builder, &node);
    assert_eq!((builder.written_ahead(&ids[0]), builder.written_ahead(&ids[1])), (None, Some(4)));
    builder.prepare(node.kernel.state(), 1);
    assert_eq!(builder.written_ahead(&ids[0]), None, "it is idle");
    mail(&mut node, &ids[0], 20);
    builder.prepare(node.kernel.state(), 1);
    assert_eq!(builder.written_ahead(&ids[0]), Some(4));
}
