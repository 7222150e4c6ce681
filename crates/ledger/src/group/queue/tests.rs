use super::{Append, Purpose, Queue, Run, Told};
use crate::testing::entries;
use std::sync::{Arc, mpsc};
use std::time::Duration;

const EVER: Duration = Duration::from_secs(3_600);
const BYTES_MAX: usize = 1024 * 1024;

fn queue(company: Duration) -> Arc<Queue> {
    Arc::new(Queue::new(company, Box::new(|why| panic!("nothing should fail here: {why}"))))
}

fn append(index: u64) -> Append {
    let told = Told::Committed(Box::new(|_| {}));
    Append::new(entries(index..index + 1), Some(index), Purpose::Stop, told)
}

/// What a writer would commit, one run after the other, until the queue is closed.
fn runs(queue: &Arc<Queue>) -> mpsc::Receiver<Vec<u64>> {
    let (sender, runs) = mpsc::channel();
    let queue = Arc::clone(queue);
    std::thread::spawn(move || {
        while queue.wait_for_appends() {
            let Some(Run { appends, .. }) = queue.next_run(BYTES_MAX) else { continue };
            let indexes = appends.iter().filter_map(|append| append.expected).collect();
            sender.send(indexes).unwrap();
        }
    });
    runs
}

#[test]
fn what_nobody_waits_for_goes_with_what_comes_next() {
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
fn what_nobody_waits_for_goes_alone_after_its_time() {
    let queue = queue(Duration::from_millis(5));
    let runs = runs(&queue);
    queue.push(append(0).unhurried()).unwrap();
    assert_eq!(runs.recv().unwrap(), [0]);
    queue.push(append(1).unhurried()).unwrap();
    assert_eq!(runs.recv().unwrap(), [1]);
    queue.close();
}

#[test]
fn what_is_pushed_quietly_is_taken_by_who_pushed_it_or_by_who_is_woken() {
    let queue = queue(EVER);
    queue.push(append(0).quiet()).unwrap();
    let Run { appends, .. } = queue.next_run(BYTES_MAX).unwrap();
    assert_eq!(appends.len(), 1);
    assert!(queue.next_run(BYTES_MAX).is_none(), "it is taken once");
    let runs = runs(&queue);
    queue.push(append(1).quiet()).unwrap();
    queue.wake_if_awaited();
    assert_eq!(runs.recv().unwrap(), [1]);
    queue.close();
}
