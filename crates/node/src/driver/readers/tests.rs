use super::*;
use crate::fixture::ping;

/// A message that waits since then, and what comes of it once the threads end.
fn waits_since(since: Instant) -> Result<Option<Prepared>, oneshot::error::TryRecvError> {
    let shared = Shared::default();
    let (reply, mut prepared) = oneshot::channel();
    let (shown, workload) = (Shown::empty(), Arc::<str>::from("agent"));
    let what = Job { shown, workload: Arc::clone(&workload), transition: ping(), reply };
    let waits = Waits { what, bytes: 2, is_refusable: true, since };
    shared.waiting().turns.push(&workload, waits);
    shared.waiting().is_closed = true;
    shared.run();
    prepared.try_recv()
}

#[test]
fn what_waited_too_long_is_not_read() {
    assert!(waits_since(Instant::now()).unwrap().is_some());
    let before = Duration::from_millis(REQUEST_WAIT_MS_MAX + 1);
    assert!(waits_since(Instant::now().checked_sub(before).unwrap()).unwrap().is_none());
}

#[tokio::test]
async fn a_message_is_read_on_another_thread_or_here_where_there_is_none() {
    let none = Readers { shared: Arc::default(), threads: 0 };
    for readers in [Readers::start(), none] {
        let prepared = readers.prepare(Shown::empty(), "agent".into(), ping());
        assert!(prepared.await.unwrap().is_some());
    }
}

#[test]
fn a_reader_rests_only_while_small_messages_come() {
    let long = Duration::from_secs(600);
    let lately = Duration::from_millis(SMALL_LATELY_MS);
    for small_at in [None, Instant::now().checked_sub(lately)] {
        let shared = Shared::default();
        shared.waiting().small_at = small_at;
        shared.rest(long);
    }
    let shared = Shared::default();
    shared.waiting().small_at = Some(Instant::now());
    let short = Duration::from_millis(20);
    let began = Instant::now();
    shared.rest(short);
    assert!(began.elapsed() >= short, "and no longer than it is to");
    // A node that stops waits for none of them.
    shared.waiting().is_closed = true;
    shared.rest(long);
}
