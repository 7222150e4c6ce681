//! The officers' way: a socket, a thread, a runtime and places of their own, so that nothing that
//! agents, servers or strangers do keeps an order out.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use crate::driver::halt;
use crate::limits::{OFFICERS_MAX, OFFICERS_PER_USER_MAX, OFFICERS_RESERVED, OFFICERS_STOP_MS_MAX};
use crate::listeners::Listeners;
use crate::places::{PlaceBounds, Places};
use crate::shared::{Shared, Way};
use crate::socket;
use crate::{Error, Options, bring};

/// Threads that wait for the governance log at most: one for each order that is under way, and one
/// for what is owed.
const LOG_THREADS: usize = OFFICERS_MAX + 1;

/// How long a thread that waited for the log stays for the next order: for good.
const KEPT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The running thread.
pub(crate) struct Officers {
    ends: watch::Sender<bool>,
    thread: std::thread::JoinHandle<()>,
}

/// The runtime of the officers' thread. Orders that come over the other socket are carried out on
/// it too.
pub(crate) struct OfficerRuntime(Option<Runtime>);

impl OfficerRuntime {
    /// None once it is shut down.
    pub(crate) fn handle(&self) -> Option<Handle> {
        self.0.as_ref().map(|runtime| runtime.handle().clone())
    }

    /// Runs a task to its end, and then waits for what others are doing, for a time.
    fn run(mut self, task: impl Future<Output = ()>) {
        if let Some(runtime) = self.0.take() {
            runtime.block_on(task);
            runtime.shutdown_timeout(Duration::from_millis(OFFICERS_STOP_MS_MAX));
        }
    }
}

impl Drop for OfficerRuntime {
    /// Dropped where the node could not start, within another runtime: nothing may be waited for
    /// there.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) fn runtime(options: &Options) -> Result<OfficerRuntime, Error> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(LOG_THREADS).thread_keep_alive(KEPT);
    let runtime = builder.build().map_err(|why| Error::socket(&options.officer_socket, &why))?;
    // One thread is there before anybody can use up what threads need.
    let _first = runtime.spawn_blocking(|| ());
    Ok(OfficerRuntime(Some(runtime)))
}

impl Officers {
    pub(crate) fn start(
        runtime: OfficerRuntime,
        listeners: Listeners,
        shared: Arc<Shared>,
    ) -> Result<Self, Error> {
        let (ends, mut ended) = watch::channel(false);
        let socket = shared.options.officer_socket.clone();
        let serve = async move {
            let listeners = match listeners.register() {
                Ok(listeners) => listeners,
                Err(why) => halt(&format!("the officers' socket: {why}")),
            };
            let places = Places::new(PlaceBounds {
                all: OFFICERS_MAX,
                per_user: OFFICERS_PER_USER_MAX,
                reserved: OFFICERS_RESERVED,
                assured: 0,
                newcomers: 0,
            });
            tokio::select! {
                () = socket::serve(listeners, Arc::clone(&shared), Way::Officers, places) => {}
                () = bring::keep_bringing(shared) => {}
                _ = ended.wait_for(|ended| *ended) => {}
            }
        };
        let thread = std::thread::Builder::new()
            .name("officers".to_owned())
            .spawn(move || runtime.run(serve));
        let thread = thread.map_err(|why| Error::socket(&socket, &why))?;
        Ok(Self { ends, thread })
    }

    /// Serves nobody any more. Waits for what the log is doing, for a time.
    pub(crate) fn stop(self) {
        self.ends.send_replace(true);
        // One that panicked has ended too.
        let _ended = self.thread.join();
    }
}
