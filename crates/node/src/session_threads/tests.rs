use std::future::pending;
use std::sync::mpsc::RecvTimeoutError;
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::*;

/// Longer than anything here takes; a test that waits for it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs this as a session of a workload.
fn serve<F: Future<Output = ()> + Send + 'static>(
    threads: &SessionThreads,
    workload: &str,
    session: impl FnOnce() -> F,
) {
    let served = threads.run(&workload.into(), (), |()| session());
    served.expect("this test needs threads");
}

/// The thread of a workload's sessions.
fn thread_of(threads: &SessionThreads, workload: &str) -> ThreadId {
    let (tell, told) = channel();
    serve(threads, workload, || async move { tell.send(thread::current().id()).unwrap() });
    told.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn a_workloads_thread_ends_with_its_last_session() {
    let threads = SessionThreads::new();
    let (ends, ended) = tokio::sync::oneshot::channel::<()>();
    serve(&threads, "agent", || async move { drop(ended.await) });
    let agent = thread_of(&threads, "agent");
    assert_eq!(thread_of(&threads, "agent"), agent);
    assert_ne!(thread_of(&threads, "other"), agent);
    ends.send(()).unwrap();
    let until = Instant::now() + PATIENCE;
    while !threads.threads().of_workloads.is_empty() {
        assert!(Instant::now() < until, "threads without a session go on");
        thread::yield_now();
    }
    assert_ne!(thread_of(&threads, "agent"), agent);
}

#[test]
fn a_workload_that_keeps_its_thread_busy_holds_up_no_other() {
    let threads = SessionThreads::new();
    let (go_on, is_held) = channel::<()>();
    serve(&threads, "busy", || async move {
        is_held.recv().unwrap_err();
    });
    thread_of(&threads, "quiet");
    drop(go_on);
}

#[test]
fn a_session_that_panics_leaves_the_others() {
    let threads = SessionThreads::new();
    let (tell, told) = channel::<()>();
    serve(&threads, "agent", || async move {
        pending::<()>().await;
        drop(tell)
    });
    let before = thread_of(&threads, "agent");
    serve(&threads, "agent", || async { panic!("as this test wants it") });
    assert_eq!(thread_of(&threads, "agent"), before);
    assert_eq!(told.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty));
}

#[test]
fn a_stop_ends_sessions_that_do_not_end_and_lets_none_begin() {
    let threads = SessionThreads::new();
    let (tell, told) = channel::<()>();
    serve(&threads, "agent", || async move {
        pending::<()>().await;
        drop(tell)
    });
    let began = Instant::now();
    threads.stop();
    assert!(began.elapsed() >= Duration::from_millis(SESSIONS_STOP_MS_MAX), "it had its time");
    assert_eq!(told.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    assert_eq!(threads.run(&"agent".into(), 7, |_| async {}), Err(7));
}

#[test]
fn a_stop_waits_no_longer_than_the_last_session() {
    let threads = SessionThreads::new();
    thread_of(&threads, "agent");
    let began = Instant::now();
    threads.stop();
    assert!(began.elapsed() < Duration::from_millis(SESSIONS_STOP_MS_MAX));
}

#[test]
fn sessions_hear_of_a_stop_and_end_by_themselves() {
    let threads = SessionThreads::new();
    let (stopping, (tell, told)) = (threads.stopping(), channel());
    serve(&threads, "agent", || async move {
        stopping.await;
        tell.send(()).unwrap();
    });
    let began = Instant::now();
    threads.stop();
    assert!(began.elapsed() < Duration::from_millis(SESSIONS_STOP_MS_MAX));
    assert_eq!(told.try_recv(), Ok(()));
}
