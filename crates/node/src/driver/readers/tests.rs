use super::*;
use crate::fixture::ping;

/// A message that waits since then, and what comes of it once the threads end.
fn waits_since(since: Instant) -> Result<Option<Prepared>, oneshot::error::TryRecvError> {
    let queue = ReaderQueue::default();
    let (reply, mut prepared) = oneshot::channel();
    let (shown, workload) = (ShownBundle::empty(), Arc::<str>::from("agent"));
    let what = QueuedRead { shown, workload: Arc::clone(&workload), transition: ping(), reply };
    let waits = Waiter { what, bytes: 2, is_refusable: true, since };
    queue.waiting().turns.push(&workload, waits);
    queue.waiting().is_closed = true;
    queue.run();
    prepared.try_recv()
}

#[test]
fn a_late_message_is_not_read() {
    assert!(waits_since(Instant::now()).unwrap().is_some());
    let before = Duration::from_millis(REQUEST_WAIT_MS_MAX + 1);
    assert!(waits_since(Instant::now().checked_sub(before).unwrap()).unwrap().is_none());
}

#[tokio::test]
async fn a_message_is_read_here_where_there_is_no_reader() {
    let none = LargeReaders { queue: Arc::default(), threads: 0 };
    for readers in [LargeReaders::start(), none] {
        let prepared = readers.prepare(ShownBundle::empty(), "agent".into(), ping());
        assert!(prepared.await.unwrap().is_some());
    }
}

#[test]
fn a_reader_rests_only_while_small_messages_of_others_come() {
    let (long, short) = (Duration::from_secs(600), Duration::from_millis(20));
    let readers = LargeReaders { queue: Arc::default(), threads: 0 };
    let [agent, other] = ["agent", "other"].map(Arc::<str>::from);
    // Nobody is there; only the workload itself is; others were.
    readers.queue.rest(long, &agent);
    readers.note_small(&agent);
    readers.queue.rest(long, &agent);
    let before = Instant::now().checked_sub(Duration::from_millis(SMALL_LATELY_MS)).unwrap();
    readers.queue.waiting().small[1] = Some((before, Arc::clone(&other)));
    readers.queue.rest(long, &agent);

    readers.note_small(&other);
    readers.note_small(&agent);
    let began = Instant::now();
    readers.queue.rest(short, &agent);
    readers.queue.rest(short, &other);
    assert!(began.elapsed() >= 2 * short);
    // A node that stops waits for none of them.
    readers.queue.waiting().is_closed = true;
    readers.queue.rest(long, &agent);
}

#[test]
fn a_late_message_is_refused_by_the_clock() {
    let readers = LargeReaders { queue: Arc::default(), threads: 1 };
    let mut prepared = readers.prepare(ShownBundle::empty(), "agent".into(), ping());
    readers.refuse_late();
    assert!(prepared.try_recv().is_err(), "not yet");
    let late = Duration::from_millis(REQUEST_WAIT_MS_MAX);
    let until = Instant::now() + 10 * late;
    let told = loop {
        readers.refuse_late();
        if let Ok(told) = prepared.try_recv() {
            break told;
        }
        assert!(Instant::now() < until, "nobody is told");
        std::thread::yield_now();
    };
    assert!(told.is_none());
}
