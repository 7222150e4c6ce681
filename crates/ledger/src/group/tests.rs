use crate::limits::SPARES;
use crate::simulation::{Crash, MemoryDevice, MemoryDisk};
use crate::testing::{ORIGIN, SMALL, create, entries, entry, open, signer};
use crate::{AppendError, Committed, Disk, Entry, FileDisk, GroupCommit, Ledger, Promised, Reader};
use proof::log::LogReader;
use proof::promise::Kept;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

const OFTEN: Duration = Duration::from_millis(5);
const NEVER: Duration = Duration::from_secs(3600);

fn start(device: &MemoryDevice, interval: Duration) -> GroupCommit<MemoryDisk> {
    let fatal = |why: &str| panic!("nothing should fail here: {why}");
    GroupCommit::start(create(device).unwrap(), interval, fatal).unwrap()
}

#[test]
fn every_caller_gets_its_own_index_and_a_durable_record() {
    let device = MemoryDevice::new();
    let group = start(&device, OFTEN);
    let told: Vec<(u64, Vec<u8>)> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8_u64)
            .map(|caller| {
                let group = &group;
                scope.spawn(move || {
                    let append = |n: u64| {
                        let own = entry(caller * 1000 + n);
                        let committed = group.append_and_wait(vec![own.clone()]).unwrap();
                        (committed.first, own.record)
                    };
                    (0..60).map(append).collect::<Vec<_>>()
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    assert_eq!(told.len(), 480);
    // The power goes before anything is closed.
    device.crash(Crash::DropUnsynced);
    drop(group);
    let (ledger, recovery) = open(&device).unwrap();
    assert_eq!(recovery.size, 480);
    drop(ledger);
    let reader = Reader::over(device.mount()).unwrap();
    let read: Vec<_> = reader.entries(0).unwrap().map(|entry| entry.unwrap().record).collect();
    for (index, record) in told {
        assert_eq!(read[usize::try_from(index).unwrap()], record);
    }
}

#[test]
fn append_here_commits_on_the_callers_thread() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    for index in 0..20 {
        let (sender, outcome) = mpsc::channel();
        let done = move |outcome| sender.send((outcome, std::thread::current().id())).unwrap();
        group.append_here(entries(index..index + 1), Some(index), done).unwrap();
        let (outcome, thread) = outcome.try_recv().expect("it is durable when this returns");
        assert_eq!(outcome, Ok(Committed { first: index, count: 1 }));
        assert_eq!(thread, std::thread::current().id());
    }
    device.crash(Crash::DropUnsynced);
    drop(group);
    assert_eq!(open(&device).unwrap().1.size, 20);
}

#[test]
fn append_here_keeps_order_while_the_writer_works() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    let (gate, opened) = mpsc::channel::<()>();
    let (at_work, is_at_work) = mpsc::channel::<()>();
    let hold = move |_| {
        at_work.send(()).unwrap();
        opened.recv().unwrap();
    };
    group.append(entries(0..1), None, hold).unwrap();
    is_at_work.recv().unwrap();
    let (sender, outcomes) = mpsc::channel();
    for index in 1..=30 {
        let sender = sender.clone();
        let done = move |outcome| sender.send(outcome).unwrap();
        let own = entries(index..index + 1);
        match index % 3 {
            0 => group.append_unhurried(own, Some(index), done).unwrap(),
            1 => group.append_here(own, Some(index), done).unwrap(),
            _ => group.append_reserved(own, Some(index), done).unwrap(),
        }
    }
    assert!(outcomes.try_recv().is_err(), "nothing goes past what is being committed");
    gate.send(()).unwrap();
    for index in 1..=30 {
        assert_eq!(outcomes.recv().unwrap(), Ok(Committed { first: index, count: 1 }));
    }
}

#[test]
fn waiting_appends_share_a_sync() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    let before = device.operations();
    let (sender, outcomes) = mpsc::channel();
    let (gate, opened) = mpsc::channel::<()>();
    // The first callback holds the writer up, so that the others wait together.
    group.append(entries(0..1), None, move |_| opened.recv().unwrap()).unwrap();
    for index in 1..=50 {
        let sender = sender.clone();
        let done = move |outcome| sender.send(outcome).unwrap();
        let own = Entry { record: format!("{index}").into_bytes(), sealed: Vec::new() };
        group.append(vec![own], Some(index), done).unwrap();
    }
    gate.send(()).unwrap();
    for index in 1..=50 {
        assert_eq!(outcomes.recv().unwrap().unwrap().first, index);
    }
    // Two batches or three, each of one write and one sync.
    assert!(device.operations() - before <= 6, "{} operations", device.operations() - before);
}

#[test]
fn an_append_after_a_failed_one_fails_too() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    group.append_and_wait(entries(0..1)).unwrap();
    // In one batch or in several: each is told of its own.
    let outcomes = [5, 1, 1, 2].map(|expected| {
        let (sender, outcome) = mpsc::channel();
        let done = move |told| sender.send(told).unwrap();
        group.append(entries(1..2), Some(expected), done).unwrap();
        outcome
    });
    let outcomes = outcomes.map(|outcome| outcome.recv().unwrap());
    assert_eq!(outcomes[0], Err(AppendError::Misplaced { expected: 5, actual: 1 }));
    assert_eq!(outcomes[1].as_ref().unwrap().first, 1);
    assert_eq!(outcomes[2], Err(AppendError::Misplaced { expected: 1, actual: 2 }));
    assert_eq!(outcomes[3].as_ref().unwrap().first, 2);
}

#[test]
fn a_full_disk_refuses_and_stops_still_pass() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    assert!(group.has_space(0));
    device.set_capacity_bytes(Some(70 * 1024));
    while group.has_space(0) {
        group.append_and_wait(entries(1..2)).unwrap();
    }
    let refused = loop {
        if let Err(error) = group.append_and_wait(entries(1..2)) {
            break error;
        }
    };
    assert!(matches!(refused, AppendError::Full { .. }), "{refused}");
    let (sender, stopped) = mpsc::channel();
    let done = move |outcome| sender.send(outcome).unwrap();
    group.append_reserved(entries(1..2), None, done).unwrap();
    stopped.recv().unwrap().unwrap();
    device.set_capacity_bytes(None);
    assert!(group.has_space(0));
    group.append_and_wait(entries(1..2)).unwrap();
}

/// What `has_space` says is kept: as long as it says yes before each append, none fails.
#[test]
fn space_that_was_found_stays_found() {
    for capacity_blocks in 17..60 {
        let device = MemoryDevice::new();
        let group = start(&device, OFTEN);
        device.set_capacity_bytes(Some(capacity_blocks * 4096));
        for index in 0..60 {
            if !group.has_space(0) {
                break;
            }
            group.append_and_wait(entries(index..index + 1)).unwrap();
        }
    }
}

#[test]
fn too_much_waiting_is_overload_but_not_for_stops() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    let (gate, opened) = mpsc::channel::<()>();
    let (begun, held) = mpsc::channel();
    let first = move |_| {
        begun.send(()).unwrap();
        opened.recv().unwrap();
    };
    group.append(entries(0..1), None, first).unwrap();
    held.recv().unwrap();
    let mut accepted = 0;
    let refused = loop {
        match group.append(entries(1..2), None, |_| {}) {
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((refused, accepted), (AppendError::Overload, crate::limits::QUEUE_APPENDS_MAX));
    group.append_reserved(entries(1..2), None, |_| {}).unwrap();
    gate.send(()).unwrap();
    assert_eq!(group.close().unwrap().size, 2 + accepted as u64);
}

#[test]
fn a_failed_sync_calls_the_hook_once() {
    let device = MemoryDevice::new();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let on_fatal = move |_: &str| {
        counted.fetch_add(1, Ordering::SeqCst);
    };
    let group = GroupCommit::start(create(&device).unwrap(), NEVER, on_fatal).unwrap();
    group.append_and_wait(entries(0..1)).unwrap();
    device.fail_sync_after(0);
    assert_eq!(group.append_and_wait(entries(1..2)), Err(AppendError::Stopped));
    assert_eq!(group.append_and_wait(entries(1..2)), Err(AppendError::Stopped));
    assert!(group.append_reserved(entries(1..2), None, |_| {}).is_err());
    assert!(group.close().is_err());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(group.head().size, 1);
}

#[test]
fn a_failed_sync_while_publishing_stops_commits_too() {
    let device = MemoryDevice::new();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let on_fatal = move |_: &str| {
        counted.fetch_add(1, Ordering::SeqCst);
    };
    let group = GroupCommit::start(create(&device).unwrap(), NEVER, on_fatal).unwrap();
    group.append_and_wait(entries(0..1)).unwrap();
    device.fail_sync_after(0);
    assert!(group.publish().unwrap_err().is_fatal());
    assert_eq!(group.append_and_wait(entries(1..2)), Err(AppendError::Stopped));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn closing_commits_what_waits_and_publishes_it_on_a_real_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let ledger = Ledger::create(FileDisk::create(&path).unwrap(), signer(), ORIGIN).unwrap();
    let group = GroupCommit::start(ledger, OFTEN, |why: &str| panic!("{why}")).unwrap();
    for index in 0..700 {
        group
            .append(entries(index..index + 1), Some(index), |outcome| assert!(outcome.is_ok()))
            .unwrap();
    }
    let digest = group.blobs().put(b"a bundle").unwrap();
    assert_eq!(group.close().unwrap().size, 700);
    assert!(group.append(entries(0..1), None, |_| {}).is_err());
    drop(group);
    let reader = Reader::open(&path).unwrap();
    let log =
        proof::log::LogReader::open(&reader, &reader.vkey().unwrap().parse().unwrap(), ORIGIN)
            .unwrap();
    assert_eq!(log.verify_all(&mut |_| {}).unwrap().records, 700);
    assert_eq!(reader.blob(&digest).unwrap().unwrap(), b"a bundle");
    // Without its write-ahead files it is as complete.
    std::fs::remove_dir_all(path.join("wal")).unwrap();
    let read = reader.entries(0).unwrap().map(Result::unwrap);
    assert!(read.eq((0..700).map(|index| {
        let Entry { record, sealed } = entry(index);
        crate::ReadEntry { index, record, sealed: Some(sealed) }
    })));
}

#[test]
fn a_close_without_time_leaves_publication_to_the_next_start() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    for index in 0..300 {
        group.append_and_wait(entries(index..index + 1)).unwrap();
    }
    let why = group.close_until(Instant::now()).unwrap_err();
    assert!(why.is_unpublished() && !why.is_fatal(), "{why}");
    drop(group);
    let (mut ledger, recovery) = open(&device).unwrap();
    assert_eq!(recovery.size, 300);
    assert_eq!(ledger.publish().unwrap().size, 300);
    let reader = Reader::over(device.mount()).unwrap();
    let log = LogReader::open(&reader, &signer().verifier(), ORIGIN).unwrap();
    assert_eq!(log.verify_all(&mut |_| {}).unwrap().records, 300);
}

#[test]
fn a_close_with_time_publishes_all() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    group.append_and_wait(entries(0..5)).unwrap();
    assert_eq!(group.close_until(Instant::now() + NEVER).unwrap().size, 5);
}

/// A reader beside a writer that publishes and removes segments sees each entry once, in order.
#[test]
fn a_reader_follows_a_log_that_moves() {
    let device = MemoryDevice::new();
    let group = start(&device, Duration::from_millis(1));
    std::thread::scope(|scope| {
        let device = &device;
        let writer = scope.spawn(|| {
            for index in 0..1500 {
                group.append_and_wait(entries(index..index + 1)).unwrap();
            }
        });
        while !writer.is_finished() {
            let reader = Reader::over(device.mount()).unwrap();
            for (index, found) in (0..).zip(reader.entries(0).unwrap()) {
                let found = found.unwrap();
                assert_eq!((found.index, found.record), (index, entry(index).record));
            }
        }
    });
}

/// Appends of one batch carry one signature, and each its own path; what they carry is kept by the
/// published log.
#[test]
fn a_published_log_keeps_its_promises() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    let (gate, opened) = mpsc::channel::<()>();
    let (entered, first_is_told) = mpsc::channel();
    let hold = move |_| {
        entered.send(()).unwrap();
        opened.recv().unwrap();
    };
    group.append(entries(0..3), None, hold).unwrap();
    // The writer is held up from here on, so that all that follows is one batch.
    first_is_told.recv().unwrap();
    let (sender, outcomes) = mpsc::channel();
    for index in 3..43 {
        let told = sender.clone();
        let done = move |outcome| told.send(outcome).unwrap();
        group.append_promised(vec![entry(index)], Some(index), done).unwrap();
    }
    // One that does not ask lies in the same batch, and one that is misplaced in none.
    group.append(vec![entry(43)], Some(43), |outcome| assert!(outcome.is_ok())).unwrap();
    let told = sender.clone();
    let done = move |outcome: Result<Promised, _>| told.send(outcome).unwrap();
    group.append_promised(vec![entry(50)], Some(50), done).unwrap();
    drop(sender);
    gate.send(()).unwrap();
    let mut outcomes: Vec<_> = outcomes.iter().collect();
    let misplaced = outcomes.remove(0).map(|_| ());
    assert_eq!(misplaced, Err(AppendError::Misplaced { expected: 50, actual: 44 }));
    assert_eq!(group.close().unwrap().size, 44);

    let paths = device.paths().into_iter();
    let files: BTreeMap<_, _> =
        paths.map(|path| (path.clone(), device.content(&path).unwrap())).collect();
    let signer = signer();
    let key = signer.verifier();
    let log = LogReader::open(&files, &key, ORIGIN).unwrap();
    let mut signatures = BTreeSet::new();
    for (index, outcome) in (3..43).zip(outcomes) {
        let promised = outcome.unwrap();
        assert_eq!(promised.committed(), Committed { first: index, count: 1 });
        assert!(promised.record(index + 1, &*signer).is_err(), "only one's own records");
        let record = promised.record(index, &*signer).unwrap();
        let (bytes, promise) = record.verify_own(&key).unwrap();
        assert_eq!((bytes, promise.first, promise.count), (&*entry(index).record, 3, 41));
        signatures.insert(record.promise);
        assert_eq!(promise.kept_by(&log), Ok(Kept::Kept));
    }
    assert_eq!(signatures.len(), 1);
}

/// What was refused, or whose sync failed, has nothing that could be signed.
#[test]
fn nothing_is_promised_that_is_not_durable() {
    let device = MemoryDevice::new();
    let group = GroupCommit::start(create(&device).unwrap(), NEVER, |_| {}).unwrap();
    device.fail_sync_after(0);
    let (sender, outcomes) = mpsc::channel();
    let done =
        move |outcome: Result<Promised, AppendError>| sender.send(outcome.map(|_| ())).unwrap();
    group.append_promised(vec![entry(0)], None, done).unwrap();
    assert_eq!(outcomes.recv().unwrap(), Err(AppendError::Stopped));
}

/// Nothing is published meanwhile, and nobody asks for space.
#[test]
fn the_next_segment_is_made_before_anybody_needs_it() {
    let device = MemoryDevice::new();
    let group = start(&device, NEVER);
    let disk = device.mount();
    let made = || disk.list("tmp").unwrap().into_iter().filter(|name| name.starts_with("segment"));
    let is_made = || made().count() == SPARES;
    assert_eq!(made().count(), 0);
    let mut size = 0;
    while group.head.free_space().bytes > (SMALL.segment_bytes - SMALL.reserve_bytes) / 2 {
        group.append_and_wait(entries(size..size + 1)).unwrap();
        size += 1;
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_made() {
        assert!(Instant::now() < deadline, "no spare was made");
        std::thread::yield_now();
    }
}
