use std::collections::BTreeMap;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// How often it is looked.
const AGAIN: Duration = Duration::from_millis(20);

/// How long the threads of a process have waited for a core, from the first look on: what a busy
/// machine costs it.
pub(crate) struct Queued {
    tasks: std::path::PathBuf,
    /// By thread: the first and the last look.
    threads: BTreeMap<std::ffi::OsString, (u64, u64)>,
}

impl Queued {
    pub(crate) fn of(pid: u32) -> Queued {
        let tasks = format!("/proc/{pid}/task").into();
        let mut queued = Queued { tasks, threads: BTreeMap::new() };
        queued.look();
        queued
    }

    /// Looks again. Threads that have ended meanwhile keep what they had.
    pub(crate) fn look(&mut self) {
        let Ok(threads) = std::fs::read_dir(&self.tasks) else { return };
        for thread in threads.flatten() {
            let Ok(text) = std::fs::read_to_string(thread.path().join("schedstat")) else {
                continue;
            };
            // On a core, waiting for one, and how often: nanoseconds.
            let Some(Ok(waited)) = text.split_whitespace().nth(1).map(str::parse) else { continue };
            self.threads.entry(thread.file_name()).or_insert((waited, waited)).1 = waited;
        }
    }

    /// All its threads together.
    pub(crate) fn waited(&self) -> Duration {
        let waited = self.threads.values().map(|(first, last)| last.saturating_sub(*first));
        Duration::from_nanos(waited.sum())
    }

    /// Waits for the end of the process.
    pub(crate) fn wait_for(&mut self, child: &mut Child) -> ExitStatus {
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            self.look();
            std::thread::sleep(AGAIN);
        }
    }
}

/// What the end of a process took: the time, and how long its threads waited for a core meanwhile.
#[derive(Debug)]
pub(crate) struct Took {
    pub(crate) status: ExitStatus,
    pub(crate) time: Duration,
    pub(crate) queued: Duration,
}

impl Took {
    /// Has a signal end a process.
    pub(crate) fn to_end(child: &mut Child, signal: rustix::process::Signal) -> Took {
        let (begun, mut queued) = (Instant::now(), Queued::of(child.id()));
        rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
        let status = queued.wait_for(child);
        Took { status, time: begun.elapsed(), queued: queued.waited() }
    }
}
