use super::{Append, AppendReply, CommitRun, Purpose, Queue, extent_bytes};
use crate::entry::Entry;
use crate::testing::entries;
use std::sync::{Arc, mpsc};
use std::time::Duration;

const EVER: Duration = Duration::from_secs(3_600);
const BYTES_MAX: usize = 1024 * 1024;

fn queue(company: Duration) -> Arc<Queue> {
    Arc::new(Queue::new(
        company,
        BYTES_MAX,
        Box::new(|why| panic!("nothing should fail here: {why}")),
    ))
}

fn append(index: u64) -> Append {
    let told = AppendReply::Committed(Box::new(|_| {}));
    Append::new(entries(index..index + 1), Some(index), Purpose::Stop, told)
}

/// What a writer would commit, one run after the other, until the queue is closed.
fn runs(queue: &Arc<Queue>) -> mpsc::Receiver<Vec<u64>> {
    let (sender, runs) = mpsc::channel();
    let queue = Arc::clone(queue);
    std::thread::spawn(move || {
        while queue.wait_for_appends() {
            let Some(CommitRun { appends, .. }) = queue.next_run() else { continue };
            let indexes = appends.iter().filter_map(|append| append.expected).collect();
            sender.send(indexes).unwrap();
        }
    });
    runs
}

#[test]
fn deferred_records_go_with_the_next_batch() {
    let queue = queue(EVER);
    let runs = runs(&queue);
    queue.push(append(0).unhurried()).unwrap();
    queue.push(append(1).unhurried()).unwrap();
    // It waits for as long as it is let: only a queue that does not wait can fail here.
    assert!(runs.recv_timeout(Duration::from_millis(50)).is_err());
    queue.push(append(2)).unwrap();
    assert_eq!(runs.recv().unwrap(), [0, 1, 2]);
    queue.push(append(3)).unwrap();
    assert_eq!(runs.recv().unwrap(), [3]);
    queue.push(append(4).unhurried()).unwrap();
    queue.close();
    assert_eq!(runs.recv().unwrap(), [4], "closing commits what waits");
    assert!(runs.recv().is_err());
}

#[test]
fn deferred_records_go_alone_after_their_time() {
    let queue = queue(Duration::from_millis(5));
    let runs = runs(&queue);
    queue.push(append(0).unhurried()).unwrap();
    assert_eq!(runs.recv().unwrap(), [0]);
    queue.push(append(1).unhurried()).unwrap();
    assert_eq!(runs.recv().unwrap(), [1]);
    queue.close();
}

#[test]
fn flush_commits_deferred_appends() {
    let queue = queue(EVER);
    let runs = runs(&queue);
    queue.hurry();
    queue.push(append(0).unhurried()).unwrap();
    queue.push(append(1).unhurried()).unwrap();
    assert!(runs.recv_timeout(Duration::from_millis(50)).is_err());
    queue.hurry();
    assert_eq!(runs.recv().unwrap(), [0, 1]);
    // What comes after it waits again.
    queue.push(append(2).unhurried()).unwrap();
    assert!(runs.recv_timeout(Duration::from_millis(50)).is_err());
    queue.close();
    assert_eq!(runs.recv().unwrap(), [2]);
}

#[test]
fn a_quiet_push_is_taken_by_its_thread_or_a_woken_one() {
    let queue = queue(EVER);
    queue.push(append(0).quiet()).unwrap();
    let CommitRun { appends, .. } = queue.next_run().unwrap();
    assert_eq!(appends.len(), 1);
    assert!(queue.next_run().is_none(), "it is taken once");
    let runs = runs(&queue);
    queue.push(append(1).quiet()).unwrap();
    queue.wake_if_awaited();
    assert_eq!(runs.recv().unwrap(), [1]);
    queue.close();
}

/// Appends that wait together are counted as the batches that they make, and not as one each.
#[test]
fn pending_records_are_counted_by_batch() {
    const TAKES_AT_MOST: usize = 3;
    for (size_bytes, stops_each) in [(500, 0), (3_000, 7), (40_000, 0), (400_000, 2)] {
        let queue = queue(EVER);
        let (mut pushed, mut committed_bytes) = (0_usize, 0);
        let mut take = |queue: &Queue| {
            let Some(run) = queue.next_run() else { return };
            let bytes: usize = run.appends.iter().map(|append| append.bytes).sum();
            assert_eq!(run.extent_bytes, extent_bytes(bytes as u64), "what it takes, exactly");
            queue.settle(run.extent_bytes);
            committed_bytes += run.extent_bytes;
        };
        for round in 0..40 {
            // A few more wait, and then some of them are taken: never where the counting ended
            // only.
            for _ in 0..=round % 9 {
                let is_stop = stops_each > 0 && pushed.is_multiple_of(stops_each);
                let purpose = if is_stop { Purpose::Stop } else { Purpose::Ordinary };
                let entry = Entry { record: vec![b'x'; 1_000], sealed: vec![0; size_bytes] };
                let told = AppendReply::Committed(Box::new(|_| {}));
                queue.push(Append::new(vec![entry], None, purpose, told)).unwrap();
                pushed += 1;
            }
            (0..round % TAKES_AT_MOST).for_each(|_| take(&queue));
        }
        while !queue.waiting().appends.is_empty() {
            take(&queue);
        }
        assert_eq!(queue.unsettled_bytes(), 0);
        let alone = pushed as u64 * extent_bytes(1_000 + size_bytes as u64);
        let is_fewer = committed_bytes < alone || stops_each == 2;
        assert!(is_fewer && committed_bytes <= alone, "{committed_bytes} of {alone}");
    }
}
