use std::collections::BTreeMap;

use proof::json::Value;
use record::governance::{Change, Subject};
use record::lineage::{Body, Completion, LineageRecord, SnapshotMark};

use super::*;
use crate::fixture::{Domain, NODE, ORIGIN, TestNode};
use crate::limits::{
    MONITORS_BYTES_MAX, MONITORS_BYTES_PER_EVENT, MONITORS_EVENTS_MIN, REMEMBERED_SHARE,
    SNAPSHOT_PAGE_BYTES, SNAPSHOT_PAGE_ITEMS,
};
use crate::replay::{Replay, ReplayError, ReplayOutcome, SealedPart};
use crate::state::{CommittedInputs, GovernanceLog, NodeState};
use crate::step::{Effect, Input};

type Log = Vec<(Vec<u8>, Vec<u8>)>;

/// Pieces in memory. What is sealed under a key that is gone is not there.
#[derive(Default, Clone)]
struct Drawer {
    pieces: BTreeMap<(Option<String>, Digest), Vec<u8>>,
    erased: Vec<String>,
}

impl Drawer {
    fn keep(&mut self, pieces: Vec<Piece>) {
        for Piece { name, execution, bytes } in pieces {
            self.pieces.insert((execution, name), bytes);
        }
    }
}

impl Pieces for Drawer {
    fn piece(&mut self, execution: Option<&str>, name: &Digest) -> Result<Vec<u8>, Unreadable> {
        if execution.is_some_and(|id| self.erased.iter().any(|erased| erased == id)) {
            return Err(Unreadable::NoKey);
        }
        let key = (execution.map(str::to_owned), *name);
        self.pieces.get(&key).cloned().ok_or(Unreadable::Missing)
    }
}

/// A snapshot of a state, made from nothing.
fn taken(state: &NodeState) -> (SnapshotMark, Drawer) {
    let taken = SnapshotBuilder::default().take(state);
    let mut drawer = Drawer::default();
    drawer.keep(taken.pieces);
    let private = taken.private.expect("nothing is lost");
    (SnapshotMark { size: state.size(), public: taken.public, private }, drawer)
}

fn back(domain: &Domain, mark: &SnapshotMark, drawer: &mut Drawer) -> Result<Restored, Unusable> {
    restore(NODE, domain.log(), mark, drawer)
}

/// Compares the fold of a log with the fold of the rest of the log over a restored snapshot, at
/// every so many of its records: all are the same, to the byte.
pub(crate) fn check_prefixes(
    domain: &Domain,
    log: &[(Vec<u8>, Vec<u8>)],
    live: &NodeState,
    most: usize,
) {
    let whole = domain.log();
    let mut replay = Replay::new(NODE, ORIGIN, whole.records, whole.blobs);
    let mut snapshots = Vec::new();
    let every = (log.len() / most).max(1);
    for (n, (record, sealed)) in log.iter().enumerate() {
        snapshots.extend((n % every == 0).then(|| (n, taken(replay.state()))));
        replay.apply(record, sealed).unwrap();
    }
    let (end, _) = taken(replay.state());
    assert_eq!(taken(live).0, end, "the live state is the one that replay folds");
    for (n, (mark, mut drawer)) in snapshots {
        let restored = back(domain, &mark, &mut drawer).unwrap();
        assert_eq!(taken(&restored.state).0, mark, "after {n} records");
        assert_eq!(restored.builder.clone().take(&restored.state).pieces.len(), 2, "all is there");
        if n % (3 * every) == 0 {
            let mut replay =
                Replay::resume(restored.state, restored.builder, whole.records, whole.blobs);
            for (record, sealed) in &log[n..] {
                let outcome = replay.apply(record, sealed).unwrap();
                assert!(
                    matches!(outcome, ReplayOutcome::Followed | ReplayOutcome::Identical),
                    "after {n}: {outcome:?}"
                );
            }
            assert_eq!(taken(replay.state()).0, end, "from {n} on");
        }
    }
}

/// A node that did all kinds of things and took snapshots on the way, with what it kept of each.
fn lived() -> (Domain, TestNode, Vec<(u64, Drawer)>) {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let mut kept = Vec::new();
    let mut drawer = Drawer::default();
    for number in 0..30_i64 {
        node.now.wall_ms += 7;
        let (tool, arguments) = match number % 3 {
            0 => ("read_file", format!("{{\"path\":\"reports/{number}\"}}")),
            1 => ("fetch_page", format!("{{\"url\":\"https://news.test/{number}\"}}")),
            _ => ("send_mail", "{\"to\":\"eve@evil.test\",\"body\":\"x\"}".to_owned()),
        };
        let (ticket, _) = node.call(tool, &arguments);
        if number % 4 != 0 {
            node.complete(ticket, Completion::Result);
        }
        if number == 20 {
            domain.change(Change::HaltOrdered { subject: Subject::Zone("other".into()) });
            node.follow(&domain);
        }
        if number % 9 == 8 {
            kept.push(snapshot(&mut node, &mut drawer));
        }
    }
    (domain, node, kept)
}

fn snapshot(node: &mut TestNode, drawer: &mut Drawer) -> (u64, Drawer) {
    let mut effects = node.step(Input::Snapshot);
    let Some(Effect::StorePieces { index, pieces, names }) = effects.pop() else { panic!() };
    drawer.keep(pieces);
    let there: Vec<&Digest> = drawer.pieces.keys().map(|(_, name)| name).collect();
    assert!(names.iter().all(|name| there.contains(&name)), "what is not new was kept before");
    (index, drawer.clone())
}

fn mark_at(log: &Log, index: u64) -> SnapshotMark {
    let record = &log[usize::try_from(index).unwrap()].0;
    let Body::Snapshot(mark) = LineageRecord::parse(record).unwrap().body else { panic!() };
    mark
}

#[test]
fn every_restored_prefix_continues_to_the_same_bytes() {
    let (domain, node, _) = lived();
    check_prefixes(&domain, &node.log, node.kernel.state(), usize::MAX);
}

#[test]
fn a_recorded_snapshot_is_derived_again_and_restored() {
    let (domain, node, kept) = lived();
    assert_eq!(kept.len(), 3);
    let outcome = node.replay(&domain).unwrap();
    assert!(
        outcome
            .iter()
            .all(|outcome| matches!(outcome, ReplayOutcome::Followed | ReplayOutcome::Identical))
    );
    for (index, mut drawer) in kept {
        let mark = mark_at(&node.log, index);
        assert_eq!(mark.size, index);
        let restored = back(&domain, &mark, &mut drawer).unwrap();
        let log = domain.log();
        let mut replay = Replay::resume(restored.state, restored.builder, log.records, log.blobs);
        for (record, sealed) in &node.log[usize::try_from(index).unwrap()..] {
            assert!(matches!(
                replay.apply(record, sealed),
                Ok(ReplayOutcome::Followed | ReplayOutcome::Identical)
            ));
        }
        assert_eq!(taken(replay.state()).0, taken(node.kernel.state()).0);
    }
}

#[test]
fn a_false_snapshot_record_is_different_or_broken() {
    let (domain, node, kept) = lived();
    let index = usize::try_from(kept[1].0).unwrap();
    let with = |change: fn(&mut SnapshotMark)| {
        let mut log = node.log[..=index].to_vec();
        let mut record = LineageRecord::parse(&log[index].0).unwrap();
        let Body::Snapshot(mark) = &mut record.body else { panic!() };
        change(mark);
        log[index].0 = record.to_bytes();
        crate::fixture::replay(&domain, &log)
    };
    let is_different = |outcome: &ReplayOutcome| matches!(outcome, ReplayOutcome::Different { .. });
    assert!(!with(|_| ()).unwrap().iter().any(is_different));
    assert!(is_different(with(|mark| mark.public = Digest::of(b"x")).unwrap().last().unwrap()));
    assert!(is_different(with(|mark| mark.private = Digest::of(b"x")).unwrap().last().unwrap()));
    assert!(matches!(with(|mark| mark.size -= 1), Err(ReplayError::Broken { .. })));
}

#[test]
fn unchanged_pieces_are_not_built_again() {
    let (_, mut node, _) = lived();
    let pieces = |node: &mut TestNode| match node.step(Input::Snapshot).pop() {
        Some(Effect::StorePieces { pieces, .. }) => pieces.len(),
        other => panic!("{other:?}"),
    };
    pieces(&mut node);
    // The list of private parts, and the index, which has the new size.
    assert_eq!(pieces(&mut node), 2);
    assert_eq!(node.kernel.prepare_snapshot(8), vec![]);
}

/// A node whose execution has done much, what it kept, and the mark of its last snapshot.
fn lived_long() -> (Domain, TestNode, Drawer, SnapshotMark) {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let mut drawer = Drawer::default();
    let calls = |node: &mut TestNode, numbers: std::ops::Range<usize>| {
        for number in numbers {
            node.now.wall_ms += 7;
            let (tool, argument) = match number % 5 {
                0 => ("fetch_page", format!("{{\"url\":\"https://news.test/{number}\"}}")),
                _ => ("read_file", format!("{{\"path\":\"reports/{number}\"}}")),
            };
            let (ticket, _) = node.call(tool, &argument);
            node.complete(ticket, Completion::Result);
        }
    };
    calls(&mut node, 0..200);
    drawer.keep(node.kernel.prepare_snapshot(8));
    calls(&mut node, 200..230);
    let (index, kept) = snapshot(&mut node, &mut drawer);
    let mark = mark_at(&node.log, index);
    (domain, node, kept, mark)
}

/// What the monitors know of the execution's events, and the same built from the events alone.
fn monitors(node: &TestNode, state: &NodeState) -> (Vec<u8>, Vec<u8>) {
    let history = state.execution(&node.execution).unwrap().history().unwrap();
    let anew = history.monitors_of_first(history.events());
    (history.monitors().expect("they are there before they are asked"), anew.unwrap())
}

/// The one piece that tells of monitors, by its key.
fn streams(drawer: &Drawer) -> (Option<String>, Digest) {
    let is_of_streams =
        |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("\"snapshot.streams\"");
    let mut found = drawer.pieces.iter().filter(|(_, bytes)| is_of_streams(bytes));
    let key = found.next().expect("it was made").0.clone();
    assert!(found.next().is_none(), "one is enough for so few events");
    key
}

#[test]
fn monitors_resumed_from_a_piece_equal_those_of_the_events() {
    let (domain, node, mut drawer, mark) = lived_long();
    streams(&drawer);
    let restored = back(&domain, &mark, &mut drawer).unwrap();
    let (kept, anew) = monitors(&node, &restored.state);
    assert_eq!(kept, anew);
    // It is not made again, and goes with the next snapshot.
    let mut builder = restored.builder.clone();
    let again = builder.take(&restored.state);
    let (_, name) = streams(&drawer);
    assert!(again.names.contains(&name) && !again.pieces.iter().any(|piece| piece.name == name));
    // What a stop makes last takes every event.
    let mut last = Vec::new();
    let mut hand_over = |piece: Piece| {
        last.push(piece.name);
        true
    };
    assert!(builder.prepare_last(&restored.state, &mut hand_over));
    assert!(builder.prepare_last(&restored.state, &mut hand_over));
    assert_eq!(last.len(), 1);
}

#[test]
fn the_work_before_a_stop_ends_at_the_first_refused_piece() {
    let (_, node, ..) = lived_long();
    let made = |builder: &mut SnapshotBuilder, most: usize| {
        let mut names = Vec::new();
        let is_whole = builder.prepare_last(node.kernel.state(), |piece| {
            names.push(piece.name);
            names.len() < most
        });
        (is_whole, names)
    };
    let (is_whole, all) = made(&mut SnapshotBuilder::new(0), usize::MAX);
    assert!(is_whole && all.len() > 1, "{}", all.len());
    let mut builder = SnapshotBuilder::new(0);
    let (is_whole, first) = made(&mut builder, 1);
    assert!(!is_whole);
    // It goes on where it ended.
    let (is_whole, rest) = made(&mut builder, usize::MAX);
    assert!(is_whole);
    assert_eq!([first, rest].concat(), all);
}

#[test]
fn monitors_without_their_piece_are_built_from_the_events() {
    let (domain, node, drawer, mark) = lived_long();
    let key = streams(&drawer);
    let whole = drawer.pieces[&key].clone();
    let mut wrong: Vec<Option<Vec<u8>>> =
        vec![None, Some(vec![]), Some(drawer.pieces.values().next().unwrap().clone())];
    for place in [0, 40, whole.len() / 2, whole.len() - 1] {
        let mut other = whole.clone();
        other[place] ^= 1;
        wrong.extend([Some(other), Some(whole[..place].to_vec())]);
    }
    for bytes in wrong {
        let mut drawer = drawer.clone();
        match bytes {
            Some(bytes) => drawer.pieces.insert(key.clone(), bytes),
            None => drawer.pieces.remove(&key),
        };
        let restored = back(&domain, &mark, &mut drawer).unwrap();
        let (built, anew) = monitors(&node, &restored.state);
        assert_eq!(built, anew);
        assert_eq!(taken(&restored.state).0, mark);
    }
}

#[test]
fn monitors_of_other_events_are_not_gone_on_from() {
    let (domain, _, mut drawer, _) = lived_long();
    let key = streams(&drawer);
    // The same execution in another course of events: everything but its past is as it was.
    let mut node = TestNode::new(&domain);
    for number in 0..230 {
        node.now.wall_ms += 7;
        let (ticket, _) = node.call("read_file", &format!("{{\"path\":\"other/{number}\"}}"));
        node.complete(ticket, Completion::Result);
    }
    let stale = drawer.pieces.remove(&key).unwrap();
    let mut other = Drawer::default();
    other.keep(node.kernel.prepare_snapshot(8));
    let own = streams(&other);
    let (index, mut kept) = snapshot(&mut node, &mut other);
    let mark = mark_at(&node.log, index);
    // Whoever can write there points at the piece that was another's past.
    let list = kept
        .pieces
        .iter_mut()
        .find(|(_, bytes)| String::from_utf8_lossy(bytes).contains("\"snapshot.monitors\""));
    let (_, bytes) = list.unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let pointing = text.replace(&own.1.to_string(), &key.1.to_string());
    assert_ne!(pointing, text);
    *bytes = pointing.into_bytes();
    kept.pieces.insert((own.0, key.1), stale);
    let restored = back(&domain, &mark, &mut kept).unwrap();
    let (built, anew) = monitors(&node, &restored.state);
    assert_eq!(built, anew);
}

/// A node whose monitors keep every body that was mailed, after so many mails of so many bytes.
fn mailed(mails: usize, bytes: usize) -> TestNode {
    let mut domain = Domain::new();
    let policies = "@id(\"mailing\") permit (principal, action == Action::\"send_mail\", resource);\n\
        @id(\"twice\") forbid (principal, action == Action::\"send_mail\", resource) when temporal {\n\
        formerly within 1h Action::\"send_mail\"::response{ input.body: context.input.body } };";
    domain.publish(&crate::fixture::bundle(policies));
    let mut node = TestNode::new(&domain);
    mail(&mut node, 0..mails, bytes);
    node
}

fn mail(node: &mut TestNode, numbers: std::ops::Range<usize>, bytes: usize) {
    for number in numbers {
        node.now.wall_ms += 7;
        let body = format!("{number}{}", "x".repeat(bytes));
        let (ticket, _) =
            node.call("send_mail", &format!("{{\"body\":\"{body}\",\"to\":\"a@b.test\"}}"));
        node.complete(ticket, Completion::Result);
    }
}

/// Whether pieces that are made ahead tell of monitors.
fn tells_of_monitors(node: &mut TestNode) -> bool {
    let mut drawer = Drawer::default();
    drawer.keep(node.kernel.prepare_snapshot(usize::MAX));
    let texts = drawer.pieces.values().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    texts.into_iter().any(|text| text.contains("\"snapshot.streams\""))
}

#[test]
fn monitors_that_know_too_much_are_not_kept() {
    let bytes = 60_000;
    let mut node = mailed(MONITORS_BYTES_MAX / bytes + 1, bytes);
    assert!(!tells_of_monitors(&mut node));
    assert!(!tells_of_monitors(&mut mailed(MONITORS_EVENTS_MIN / 2 - 1, 1)), "too few events");
    assert!(tells_of_monitors(&mut mailed(MONITORS_EVENTS_MIN / 2, 1)));
}

#[test]
fn monitors_are_stored_again_after_enough_events() {
    let mails = MONITORS_EVENTS_MIN / 2;
    let mut node = mailed(mails, 2_000);
    assert!(tells_of_monitors(&mut node));
    let worth = mails * 2_000 / MONITORS_BYTES_PER_EVENT;
    mail(&mut node, mails..mails + worth / 2 - 8, 1);
    assert!(!tells_of_monitors(&mut node));
    mail(&mut node, 10_000..10_200, 1);
    assert!(tells_of_monitors(&mut node));
}

#[test]
fn a_snapshot_is_due_after_a_share_of_what_is_remembered() {
    let mut state = NodeState::new(NODE, ORIGIN);
    for number in 0..REMEMBERED_SHARE * 3 {
        state.begin(&format!("e{number}"), "agent", 1, None);
    }
    let builder = SnapshotBuilder::default();
    for records in 1..=3 {
        let record = state.next_record(1, None, Body::Refused { counts: BTreeMap::new() });
        let digest = Digest::of(&record.to_bytes());
        state.apply(&record, digest, CommittedInputs::Nothing).unwrap();
        assert_eq!(builder.is_due(&state, 1), records == 3, "after {records} records");
    }
}

#[test]
fn pages_that_were_made_ahead_are_not_made_again() {
    let (_, mut node, _) = lived();
    let events = i64::try_from(policy::limits::HISTORY_PAGE_EVENTS).unwrap() * 2;
    for number in 0..events {
        node.call("read_file", &format!("{{\"path\":\"reports/{number}\"}}"));
    }
    let ahead = node.kernel.prepare_snapshot(1);
    assert_eq!(ahead.len(), 1);
    // The second page, and what the monitors know.
    let more = node.kernel.prepare_snapshot(8);
    assert_eq!(more.len(), 2);
    assert_eq!(node.kernel.prepare_snapshot(8), vec![]);
    let Some(Effect::StorePieces { pieces, names, .. }) = node.step(Input::Snapshot).pop() else {
        panic!()
    };
    for piece in ahead.iter().chain(&more) {
        assert!(names.contains(&piece.name) && !pieces.contains(piece));
    }
}

#[test]
fn a_missing_or_changed_piece_is_never_restored() {
    let (domain, node, kept) = lived();
    let (index, drawer) = kept.last().unwrap();
    let mark = mark_at(&node.log, *index);
    let (_, own) = taken(&back(&domain, &mark, &mut drawer.clone()).unwrap().state);
    let bytes: Vec<Vec<u8>> = own.pieces.values().cloned().collect();
    for (key, piece) in &own.pieces {
        let mut without = own.clone();
        without.pieces.remove(key);
        assert!(back(&domain, &mark, &mut without).is_err());
        let mut cut = own.clone();
        cut.pieces.insert(key.clone(), piece[..piece.len() - 1].to_vec());
        assert!(back(&domain, &mark, &mut cut).is_err());
        for other in bytes.iter().filter(|other| *other != piece) {
            let mut swapped = own.clone();
            swapped.pieces.insert(key.clone(), other.clone());
            assert!(back(&domain, &mark, &mut swapped).is_err());
        }
    }
    let later = mark_at(&node.log, kept[0].0);
    let wrong_size = SnapshotMark { size: mark.size, ..later };
    assert!(back(&domain, &wrong_size, &mut drawer.clone()).is_err(), "another size of the log");
    let whole = domain.log();
    let other = restore("node-2", whole, &mark, &mut own.clone());
    assert!(other.is_err(), "another node");
    let shorter = GovernanceLog { records: &domain.records[..2], ..whole };
    assert!(restore(NODE, shorter, &mark, &mut own.clone()).is_err(), "shorter governance");
}

#[test]
fn an_erased_execution_has_no_private_part_in_a_snapshot() {
    let (domain, node, kept) = lived();
    let (index, drawer) = kept.last().unwrap();
    let mark = mark_at(&node.log, *index);
    let mut drawer = drawer.clone();
    drawer.erased.push(node.execution.clone());
    let restored = back(&domain, &mark, &mut drawer).unwrap();
    assert_eq!(restored.without_key, vec![node.execution.clone()]);
    assert!(!restored.state.is_intact(&node.execution));
    let again = SnapshotBuilder::default().take(&restored.state);
    assert_eq!((again.public, again.private), (mark.public, None));

    // Whoever replays without the key compares the public digest, and finds it the same.
    let mut replay = Replay::new(NODE, ORIGIN, &domain.records, domain.shelf.as_ref());
    for (record, sealed) in &node.log {
        let part = if sealed.is_empty() {
            SealedPart::from(sealed)
        } else {
            SealedPart::Unreadable(Unreadable::NoKey)
        };
        let outcome = replay.apply(record, part).unwrap();
        assert!(!matches!(outcome, ReplayOutcome::Different { .. }), "{outcome:?}");
    }
}

#[test]
fn an_ended_executions_private_part_is_not_read() {
    let (mut domain, node, kept) = lived();
    let (index, drawer) = kept.last().unwrap();
    let mark = mark_at(&node.log, *index);
    domain.change(Change::ExecutionEnded { execution: node.execution.clone() });
    let ended = crate::governance::ended(&domain.records);
    assert!(ended.contains(&node.execution) && ended.len() == 1);

    let governance = domain.log();
    let mut drawer = drawer.clone();
    let restoring = Restoring::begin(NODE, governance, &mark, &mut drawer).unwrap();
    let bundle = std::sync::Arc::clone(restoring.bundle());
    let read = |listed: &PrivatePartRef| match ended.contains(&listed.execution) {
        true => PrivatePart::LeftOut,
        false => PrivatePart::read(&bundle, listed, &mut drawer).unwrap(),
    };
    let parts = restoring.private().iter().map(read).collect();
    let restored = restoring.finish(parts).unwrap();
    assert!(restored.without_key.is_empty());
    assert!(!restored.state.is_intact(&node.execution));

    // What came after is followed, its decisions are not derived again; nothing of it is different.
    let mut replay =
        Replay::resume(restored.state, restored.builder, governance.records, governance.blobs);
    for (record, sealed) in node.log.iter().skip(usize::try_from(*index).unwrap()) {
        let outcome = replay.apply(record, SealedPart::from(sealed)).unwrap();
        assert!(!matches!(outcome, ReplayOutcome::Different { .. }), "{outcome:?}");
    }
    assert!(!replay.into_state().is_intact(&node.execution));
}

#[test]
fn nothing_private_stands_in_a_public_piece() {
    let (_, node, kept) = lived();
    let (_, drawer) = kept.last().unwrap();
    let quotes = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.contains("news.test") || text.contains("reports/") || text.contains("evil")
    };
    let (public, private): (Vec<_>, Vec<_>) =
        drawer.pieces.iter().partition(|((execution, _), _)| execution.is_none());
    assert!(public.iter().all(|(_, bytes)| !quotes(bytes)));
    assert!(private.iter().any(|(_, bytes)| quotes(bytes)));
    // The secret makes the names of private pieces tell nothing.
    let secret = node.kernel.state().execution(&node.execution).unwrap().secret().unwrap();
    let has_it = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(&secret.to_string());
    assert!(private.iter().all(|(_, bytes)| has_it(bytes)));
    assert!(!public.iter().any(|(_, bytes)| has_it(bytes)));
}

#[test]
fn a_page_of_long_events_is_restored() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let mut drawer = Drawer::default();
    for number in 0..70 {
        let path = format!("{{\"path\":\"reports/{number}{}\"}}", "b".repeat(3_900));
        let (ticket, _) = node.call("read_file", &path);
        node.complete(ticket, Completion::Result);
    }
    let (index, mut kept) = snapshot(&mut node, &mut drawer);
    let longest = kept.pieces.values().map(Vec::len).max().unwrap();
    assert!(longest > proof::limits::JSON_VALUES_MAX, "{longest}");
    back(&domain, &mark_at(&node.log, index), &mut kept).expect("the piece is what was written");
}

#[test]
fn a_page_of_items_ends_at_its_limits() {
    let lengths = |items: Vec<Value>| -> Vec<usize> {
        super::page::pages(items).iter().map(Vec::len).collect()
    };
    assert_eq!(lengths(vec![]), Vec::<usize>::new());
    let many = vec![Value::Integer(1); SNAPSHOT_PAGE_ITEMS + 1];
    assert_eq!(lengths(many), vec![SNAPSHOT_PAGE_ITEMS, 1]);
    // With its two quotes each is a quarter of what a page takes.
    let quarter = Value::from("x".repeat(SNAPSHOT_PAGE_BYTES / 4 - 2));
    assert_eq!(lengths(vec![quarter; 5]), vec![4, 1]);
    let large = Value::from("x".repeat(SNAPSHOT_PAGE_BYTES));
    assert_eq!(lengths(vec![large.clone(), large, Value::Integer(1)]), vec![1, 1, 1]);
}
