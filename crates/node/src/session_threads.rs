//! A thread for each workload that has sessions, on which all of them run.
//!
//! A shared pool runs what is ready in the order in which it became so: a quiet session waits at
//! each of its steps for all that two hundred busy ones have ready. Between threads the operating
//! system shares out the cores, and lets go first who used them least.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::limits::SESSIONS_STOP_MS_MAX;

/// The threads that have sessions.
#[derive(Clone)]
pub(crate) struct SessionThreads {
    threads: Arc<Mutex<Threads>>,
    /// Disconnected once all threads have ended.
    ended: Arc<Mutex<Receiver<()>>>,
    is_stopping: Arc<watch::Sender<bool>>,
}

struct Threads {
    of_workloads: BTreeMap<Arc<str>, SessionThread>,
    /// Of which each thread holds one. None once no session begins any more.
    running: Option<Sender<()>>,
}

struct SessionThread {
    sessions: UnboundedSender<BoxedSession>,
}

type BoxedSession = Pin<Box<dyn Future<Output = ()> + Send>>;

impl SessionThreads {
    pub(crate) fn new() -> Self {
        let (running, ended) = channel();
        let threads = Threads { of_workloads: BTreeMap::new(), running: Some(running) };
        Self {
            threads: Arc::new(Mutex::new(threads)),
            ended: Arc::new(Mutex::new(ended)),
            is_stopping: Arc::new(watch::Sender::new(false)),
        }
    }

    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a session on its workload's thread. Gives it back where there is no thread for it.
    pub(crate) fn run<T, F>(
        &self,
        workload: &Arc<str>,
        session: T,
        serve: impl FnOnce(T) -> F,
    ) -> Result<(), T>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut threads = self.threads();
        let has_thread = threads.of_workloads.get(workload).is_some_and(SessionThread::takes_more);
        if !has_thread {
            let Some(running) = threads.running.clone() else { return Err(session) };
            let Some(thread) = self.start(workload, running) else { return Err(session) };
            threads.of_workloads.insert(Arc::clone(workload), thread);
        }
        let Some(thread) = threads.of_workloads.get(workload) else { return Err(session) };
        let serving = Box::pin(serve(session));
        // It takes sessions until it is removed, under this lock.
        let _taken = thread.sessions.send(serving);
        Ok(())
    }

    /// None where the system gives no thread, or no descriptors for it.
    fn start(&self, workload: &Arc<str>, running: Sender<()>) -> Option<SessionThread> {
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let (sessions, more) = unbounded_channel();
        let (threads, workload) = (self.clone(), Arc::clone(workload));
        let thread = std::thread::Builder::new().name("sessions".to_owned());
        // Requests are read here.
        let thread = thread.stack_size(policy::limits::DECIDE_STACK_BYTES);
        let thread = thread.spawn(move || {
            run(runtime, more, |more| threads.ends(&workload, more));
            drop(running);
        });
        thread.ok().map(|_detached| SessionThread { sessions })
    }

    /// Whether the workload's thread may end: no session is on its way to it, and none comes from
    /// here on.
    fn ends(&self, workload: &Arc<str>, more: &UnboundedReceiver<BoxedSession>) -> bool {
        let mut threads = self.threads();
        let may_end = more.is_empty();
        if may_end {
            threads.of_workloads.remove(workload);
        }
        may_end
    }

    /// Resolves when the node stops: each session ends then, and completes what is open.
    pub(crate) fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut is_stopping = self.is_stopping.subscribe();
        async move {
            // Threads that are gone have stopped too.
            let _stops = is_stopping.wait_for(|stops| *stops).await;
        }
    }

    /// Lets no session begin, tells those that run, gives them [`SESSIONS_STOP_MS_MAX`] to end, and
    /// ends them.
    pub(crate) fn stop(&self) {
        self.is_stopping.send_replace(true);
        let running = {
            let mut threads = self.threads();
            // Each thread hears of it by the end of its channel.
            threads.of_workloads.clear();
            threads.running.take()
        };
        drop(running);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        // Twice as long, for a core that is busy.
        let _ended = ended.recv_timeout(Duration::from_millis(2 * SESSIONS_STOP_MS_MAX));
    }
}

impl SessionThread {
    /// Not one that has panicked.
    fn takes_more(&self) -> bool {
        !self.sessions.is_closed()
    }
}

/// Runs sessions until none is left and `ends` says that none comes, or until the node stops.
fn run(
    runtime: Runtime,
    mut more: UnboundedReceiver<BoxedSession>,
    ends: impl Fn(&UnboundedReceiver<BoxedSession>) -> bool,
) {
    runtime.block_on(async {
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                session = more.recv() => match session {
                    Some(session) => drop(sessions.spawn(session)),
                    None => break,
                },
                // One that panicked has ended too, and its server with it.
                Some(_) = sessions.join_next() => if sessions.is_empty() && ends(&more) {
                    return;
                },
            }
        }
        let all = async { while sessions.join_next().await.is_some() {} };
        let _ended = timeout(Duration::from_millis(SESSIONS_STOP_MS_MAX), all).await;
    });
    runtime.shutdown_background();
}

#[cfg(test)]
mod tests;
