//! Crashes at every operation, and folders that are not what was written.
use crate::simulation::{Crash, MemoryDevice, MemoryDisk};
use crate::testing::{ORIGIN, SMALL, commit_all, create, entries, entry, open, signer, signer_of};
use crate::{CommitError, Error, Ledger, Reader, WalError};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

#[derive(Debug, Clone)]
enum Step {
    Commit(u64),
    Publish,
    Reopen,
    Blob(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1_u64..24).prop_map(Step::Commit),
        2 => Just(Step::Publish),
        1 => Just(Step::Reopen),
        1 => any::<u8>().prop_map(Step::Blob),
    ];
    prop::collection::vec(step, 1..24)
}

/// What the caller was told, which must be true after any crash.
#[derive(Debug, Default)]
struct Told {
    created: bool,
    /// Records that were acknowledged.
    size: u64,
    /// Records that were handed over, acknowledged or not.
    tried: u64,
    blobs: Vec<(proof::digest::Digest, Vec<u8>)>,
}

/// Run the steps until one fails because the power went.
fn run(device: &MemoryDevice, steps: &[Step], told: &mut Told) -> Result<(), Error> {
    let stopped = |_: CommitError| Error::Stopped;
    let mut ledger = create(device)?;
    told.created = true;
    for step in steps {
        match step {
            Step::Commit(count) => {
                let first = ledger.size();
                told.tried = first + count;
                ledger.commit(&entries(first..first + count)).map_err(stopped)?;
                told.size = first + count;
            }
            Step::Publish => {
                ledger.publish()?;
            }
            Step::Reopen => {
                drop(ledger);
                ledger = open(device)?.0;
            }
            Step::Blob(byte) => {
                let bytes = vec![*byte; 700];
                told.blobs.push((ledger.put_blob(&bytes)?, bytes));
            }
        }
    }
    Ok(())
}

/// After a crash: what was acknowledged is there, what else is there was handed over, and the log
/// goes on.
fn check(device: &MemoryDevice, told: &Told) -> Result<(), TestCaseError> {
    if !told.created {
        return Ok(());
    }
    let (mut ledger, recovery) =
        open(device).map_err(|error| TestCaseError::fail(format!("does not open: {error}")))?;
    prop_assert!(recovery.size >= told.size, "{} of {} are left", recovery.size, told.size);
    prop_assert!(recovery.size <= told.tried, "nobody handed over what is there");
    let size = recovery.size;
    ledger.commit(&entries(size..size + 3)).unwrap();
    ledger.publish().unwrap();
    for (digest, bytes) in &told.blobs {
        let kept = ledger.blob(digest).unwrap();
        prop_assert_eq!(kept.as_ref(), Some(bytes));
    }
    drop(ledger);
    let (_ledger, recovery) = open(device).unwrap();
    prop_assert_eq!((recovery.size, recovery.published), (size + 3, size + 3));
    let reader = Reader::over(device.mount()).unwrap();
    let read: Vec<_> = reader.entries(0).unwrap().collect::<Result<_, _>>().unwrap();
    prop_assert_eq!(read.len() as u64, size + 3);
    for found in read {
        let wanted = entry(found.index);
        prop_assert_eq!((found.record, found.sealed), (wanted.record, Some(wanted.sealed)));
    }
    let log = proof::log::LogReader::open(&reader, &signer().verifier(), ORIGIN).unwrap();
    log.verify_all(&mut |_| {}).unwrap();
    Ok(())
}

/// Crash during operation `at` of the steps (counted from the start), then again while recovering.
fn crash_at(
    steps: &[Step],
    at: u64,
    crash: Crash,
    again: u64,
    sync_lies: bool,
) -> Result<(), TestCaseError> {
    let device = MemoryDevice::new();
    device.danger_sync_does_nothing(sync_lies);
    device.lose_power_at(Some(at));
    let mut told = Told::default();
    // Whether it fails is not the question, but what it was told before.
    let _ended = run(&device, steps, &mut told);
    device.crash(crash);
    if told.created {
        device.lose_power_at(Some(device.operations() + again));
        drop(open(&device));
        device.crash(crash);
    }
    check(&device, &told)
}

/// How many operations the steps take.
fn operations(steps: &[Step]) -> u64 {
    let device = MemoryDevice::new();
    run(&device, steps, &mut Told::default()).unwrap();
    device.operations()
}

fn any_crash() -> impl Strategy<Value = Crash> {
    prop_oneof![
        1 => Just(Crash::DropUnsynced),
        1 => Just(Crash::KeepUnsynced),
        4 => any::<u64>().prop_map(Crash::Tear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_acknowledged_is_lost_in_any_crash(
        steps in steps(), at in any::<prop::sample::Index>(), crash in any_crash(), again in 0_u64..12,
    ) {
        let at = at.index(usize::try_from(operations(&steps)).unwrap()) as u64;
        crash_at(&steps, at, crash, again, false)?;
    }
}

#[test]
fn a_crash_loses_nothing_acknowledged() {
    let steps = [
        Step::Commit(20),
        Step::Blob(1),
        Step::Commit(20),
        Step::Publish,
        Step::Commit(23),
        Step::Commit(23),
        Step::Commit(23),
        Step::Commit(23),
        Step::Reopen,
        Step::Commit(23),
        Step::Commit(23),
        Step::Commit(23),
        Step::Commit(23),
        Step::Commit(23),
        Step::Commit(23),
        Step::Publish,
        Step::Commit(9),
        Step::Publish,
    ];
    for at in 0..operations(&steps) {
        let crash = if at % 2 == 0 { Crash::DropUnsynced } else { Crash::Tear(at) };
        crash_at(&steps, at, crash, at % 12, false).unwrap();
    }
}

/// The test above can fail: over a disk whose syncs do nothing it does.
#[test]
fn with_the_sync_taken_out_the_same_test_fails() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 384,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    });
    let inputs = (steps(), any::<prop::sample::Index>(), any_crash(), 0_u64..12);
    let outcome = runner.run(&inputs, |(steps, at, crash, again)| {
        let at = at.index(usize::try_from(operations(&steps)).unwrap()) as u64;
        crash_at(&steps, at, crash, again, true)
    });
    let Err(TestError::Fail(reason, _)) = outcome else { panic!("lost syncs were not noticed") };
    let reason = reason.to_string();
    assert!(reason.contains("are left") || reason.contains("does not open"), "{reason}");
}

/// A ledger of 60 records in batches of 20, of which the first 40 are published, and two segments
/// or more.
fn written() -> MemoryDevice {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    commit_all(&mut ledger, 0..40);
    ledger.publish().unwrap();
    commit_all(&mut ledger, 40..100);
    drop(ledger);
    device
}

fn segment_paths(device: &MemoryDevice) -> Vec<String> {
    device.paths().into_iter().filter(|path| path.starts_with("wal/")).collect()
}

fn refusal(device: &MemoryDevice) -> Error {
    let before: Vec<_> = device.paths().iter().map(|path| device.content(path)).collect();
    let error = open(device).err().expect("this folder must be refused");
    let after: Vec<_> = device.paths().iter().map(|path| device.content(path)).collect();
    assert!(before == after, "a refused folder is left as it was");
    error
}

fn edit(device: &MemoryDevice, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut content = device.content(path).unwrap();
    change(&mut content);
    device.tamper(path, Some(content));
}

#[test]
fn a_flipped_bit_in_an_earlier_batch_refuses_to_start() {
    let device = written();
    let mut ledger = open(&device).unwrap().0;
    ledger.commit(&entries(100..101)).unwrap();
    ledger.commit(&entries(101..102)).unwrap();
    drop(ledger);
    for path in segment_paths(&device) {
        for offset in [4096, 4096 + 60, 4096 + 167, 4096 + 168, 5000] {
            let fork = device.fork();
            edit(&fork, &path, |bytes| bytes[offset] ^= 1);
            let error = refusal(&fork);
            let named = matches!(&error, Error::Wal(WalError::InvalidBeforeValid { path: named, .. }) if *named == path);
            assert!(named, "{path} at {offset}: {error}");
            assert!(error.to_string().contains("restore the whole folder"), "{error}");
        }
    }
}

#[test]
fn a_damaged_last_batch_without_a_checkpoint_is_dropped() {
    let device = written();
    let mut ledger = open(&device).unwrap().0;
    ledger.commit(&entries(100..101)).unwrap();
    drop(ledger);
    let last = segment_paths(&device).pop().unwrap();
    let offset = device.content(&last).unwrap().iter().rposition(|byte| *byte != 0).unwrap();
    edit(&device, &last, |bytes| bytes[offset] ^= 1);
    let published = device.fork();
    let (ledger, recovery) = open(&device).unwrap();
    assert_eq!((recovery.size, recovery.dropped_batch), (100, true));
    drop(ledger);
    assert!(!open(&device).unwrap().1.dropped_batch, "it is gone");

    // The same damage after publication is a loss, and refused.
    edit(&published, &last, |bytes| bytes[offset] ^= 1);
    open(&published).unwrap().0.publish().unwrap();
    edit(&published, &last, |bytes| bytes[offset] ^= 1);
    let error = refusal(&published);
    assert!(matches!(error, Error::CheckpointAhead { checkpoint: 101, held: 100 }), "{error}");
}

#[test]
fn a_truncated_write_ahead_file_is_refused() {
    for path in segment_paths(&written()) {
        for len in [0, 100, 4096, 9000, 65_535] {
            let device = written();
            edit(&device, &path, |bytes| bytes.truncate(len));
            let error = refusal(&device);
            let named =
                matches!(error, Error::Wal(WalError::Truncated { .. } | WalError::Header { .. }));
            assert!(named, "{len}: {error}");
        }
    }
}

#[test]
fn a_missing_write_ahead_file_is_refused() {
    let device = written();
    let paths = segment_paths(&device);
    assert!(paths.len() >= 3, "{paths:?}");
    let missing = |path: &String| {
        let fork = device.fork();
        fork.tamper(path, None);
        refusal(&fork)
    };
    let error = missing(&paths[0]);
    assert!(matches!(error, Error::Wal(WalError::Missing { index: 0 })), "{error}");
    let error = missing(&paths[1]);
    assert!(matches!(error, Error::Wal(WalError::Gap { .. })), "{error}");
}

#[test]
fn a_write_ahead_file_of_another_log_is_refused() {
    let other = MemoryDevice::new();
    let origin = "example.org/lineage/node-2";
    let mut ledger = Ledger::create_with(other.mount(), signer_of(origin), origin, SMALL).unwrap();
    ledger.commit(&entries(0..20)).unwrap();
    let device = written();
    let path = segment_paths(&device).remove(0);
    device.tamper(&path, other.content(&path));
    let error = refusal(&device);
    assert!(matches!(error, Error::Wal(WalError::OtherLog { .. })), "{error}");
}

#[test]
fn write_ahead_files_of_different_copies_are_refused() {
    let device = MemoryDevice::new();
    let mut ledger: Ledger<MemoryDisk> = create(&device).unwrap();
    commit_all(&mut ledger, 0..20);
    drop(ledger);
    // Two copies go on apart: one is opened twice, so that its generation is higher.
    let fork = device.fork();
    let mut ledger = open(&fork).unwrap().0;
    commit_all(&mut ledger, 1020..1100);
    drop(ledger);
    for _ in 0..2 {
        let mut ledger = open(&device).unwrap().0;
        let first = ledger.size();
        commit_all(&mut ledger, first..first + 60);
    }
    for path in segment_paths(&fork).iter().skip(1) {
        let mixed = device.fork();
        mixed.tamper(path, fork.content(path));
        let error = refusal(&mixed);
        let named = matches!(
            error,
            Error::Wal(
                WalError::OlderGeneration { .. }
                    | WalError::Chain { .. }
                    | WalError::InvalidBeforeValid { .. }
            )
        );
        assert!(named, "{path}: {error}");
    }
}

#[test]
fn a_segment_of_an_older_generation_is_refused() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    commit_all(&mut ledger, 0..20);
    drop(ledger);
    let older = device.fork();
    let mut ledger = open(&older).unwrap().0;
    commit_all(&mut ledger, 20..100);
    drop(ledger);
    // This copy reaches generation 2 within its first segment, then needs a second.
    for first in [20, 21] {
        open(&device).unwrap().0.commit(&[entry(first)]).unwrap();
    }
    let mut ledger = open(&device).unwrap().0;
    commit_all(&mut ledger, 22..100);
    drop(ledger);
    let path = segment_paths(&older).remove(1);
    device.tamper(&path, older.content(&path));
    let error = refusal(&device);
    assert!(matches!(error, Error::Wal(WalError::OlderGeneration { .. })), "{error}");
}

#[test]
fn a_checkpoint_that_is_not_this_logs_is_refused() {
    let other = MemoryDevice::new();
    let origin = "example.org/lineage/node-2";
    drop(Ledger::create_with(other.mount(), signer_of(origin), origin, SMALL).unwrap());
    let device = written();
    let fork = device.fork();
    fork.tamper("checkpoint", other.content("checkpoint"));
    let error = refusal(&fork);
    assert!(
        matches!(error, Error::Checkpoint(proof::checkpoint::Error::OtherLog { .. })),
        "{error}"
    );

    edit(&device, "checkpoint", |bytes| bytes[30] ^= 1);
    let error = refusal(&device);
    assert!(matches!(error, Error::Checkpoint(_)), "{error}");
}

#[test]
fn a_checkpoint_that_does_not_fit_the_files_is_refused() {
    // Larger: the same key signed a longer log elsewhere.
    let longer = written();
    let mut ledger = open(&longer).unwrap().0;
    commit_all(&mut ledger, 100..140);
    ledger.publish().unwrap();
    drop(ledger);
    let device = written();
    device.tamper("checkpoint", longer.content("checkpoint"));
    let error = refusal(&device);
    assert!(matches!(error, Error::Published(_)), "its tiles are not here: {error}");
    for path in longer.paths().iter().filter(|path| path.starts_with("tile/")) {
        device.tamper(path, longer.content(path));
    }
    let error = refusal(&device);
    assert!(matches!(error, Error::CheckpointAhead { checkpoint: 140, held: 100 }), "{error}");

    // Smaller, from before segments were removed.
    let device = written();
    let early = device.fork();
    let mut ledger = open(&device).unwrap().0;
    commit_all(&mut ledger, 100..400);
    ledger.publish().unwrap();
    drop(ledger);
    device.tamper("checkpoint", early.content("checkpoint"));
    for path in early.paths().iter().filter(|path| path.starts_with("tile/")) {
        device.tamper(path, early.content(path));
    }
    let error = refusal(&device);
    assert!(matches!(error, Error::Wal(WalError::Missing { index: 0 })), "{error}");
}

#[test]
fn published_records_must_equal_the_write_ahead_files() {
    // The same key, another history.
    let other = MemoryDevice::new();
    let mut ledger = create(&other).unwrap();
    commit_all(&mut ledger, 5..45);
    ledger.publish().unwrap();
    drop(ledger);
    let device = written();
    for path in other.paths().iter().filter(|path| !path.starts_with("wal/")) {
        device.tamper(path, other.content(path));
    }
    let error = refusal(&device);
    assert!(matches!(error, Error::Mismatch { index: 0 }), "{error}");
}

#[test]
fn a_damaged_tile_at_the_edge_is_refused() {
    for path in ["tile/0/000.p/40", "tile/entries/000.p/40"] {
        let device = written();
        edit(&device, path, |bytes| bytes[40] ^= 1);
        assert!(matches!(refusal(&device), Error::Published(_)));
    }
}

#[test]
fn a_missing_tile_at_the_edge_is_made_again_or_refused() {
    for path in ["tile/0/000.p/40", "tile/entries/000.p/40"] {
        let device = written();
        let before = device.content(path);
        device.tamper(path, None);
        let without = device.fork();
        drop(open(&device).unwrap());
        assert_eq!(device.content(path), before, "{path}");
        for path in segment_paths(&without) {
            without.tamper(&path, None);
        }
        if path.contains("entries") {
            assert!(matches!(refusal(&without), Error::Published(_)));
        }
    }
}

#[test]
fn another_key_is_refused() {
    let device = written();
    device
        .tamper("vkey", Some(format!("{}\n", signer_of("example.org/x").verifier()).into_bytes()));
    assert!(matches!(refusal(&device), Error::OtherKey { .. }));
}

#[test]
fn a_batch_whose_sync_failed_is_written_again() {
    for segments in [0, 1, 2] {
        let device = MemoryDevice::new();
        let mut ledger = create(&device).unwrap();
        commit_all(&mut ledger, 0..3 + 40 * segments);
        let size = ledger.size();
        device.fail_sync_after(0);
        ledger.commit(&entries(size..size + 2)).unwrap_err();
        drop(ledger);
        // The process died, the machine did not.
        device.crash(Crash::KeepUnsynced);
        let (ledger, recovery) = open(&device).unwrap();
        assert_eq!(recovery.size, size + 2);
        drop(ledger);
        device.crash(Crash::DropUnsynced);
        assert_eq!(open(&device).unwrap().1.size, size + 2, "what a start counted is gone");
    }
}
