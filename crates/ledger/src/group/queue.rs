//! What waits for the writer thread, and whether there still is one.
use super::{AppendError, AppendReply, OnFatal};
use crate::entry::Entry;
use crate::error::Error;
use crate::limits::{BATCH_ENTRIES_MAX, QUEUE_APPENDS_MAX, QUEUE_BYTES_MAX};
use crate::wal::format::extent_bytes;
use crate::wal::writer::Purpose;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Entries that are to be committed together.
pub(super) struct Append {
    pub(super) entries: Vec<Entry>,
    pub(super) expected: Option<u64>,
    pub(super) done: AppendReply,
    purpose: Purpose,
    /// Somebody waits for it.
    is_awaited: bool,
    /// The caller that pushes it takes the next run, or wakes the writer thread.
    is_quiet: bool,
    bytes: usize,
    /// Bytes that it takes on the disk, at most: what the batch grows by that it goes with.
    extent_bytes: u64,
}

impl Append {
    pub(super) fn new(
        entries: Vec<Entry>,
        expected: Option<u64>,
        purpose: Purpose,
        done: AppendReply,
    ) -> Append {
        let bytes = entries.iter().map(Entry::payload_bytes).sum();
        let (is_awaited, is_quiet, extent_bytes) = (true, false, 0);
        Append { entries, expected, done, purpose, is_awaited, is_quiet, bytes, extent_bytes }
    }

    /// The same, when nobody waits for it.
    pub(super) fn unhurried(self) -> Append {
        Append { is_awaited: false, ..self }
    }

    /// The same, without waking the writer thread.
    pub(super) fn quiet(self) -> Append {
        Append { is_quiet: true, ..self }
    }
}

/// How large a batch of these appends gets.
#[derive(Clone, Copy)]
struct BatchSize {
    purpose: Purpose,
    bytes: usize,
    entries: usize,
}

impl BatchSize {
    fn of(append: &Append) -> BatchSize {
        BatchSize { purpose: append.purpose, bytes: append.bytes, entries: append.entries.len() }
    }

    /// The same with this append, if it goes with it. Log order is queue order: a stop is not moved
    /// ahead, but it is a batch of its own.
    fn with(self, append: &Append, bytes_max: usize) -> Option<BatchSize> {
        let (bytes, entries) = (self.bytes + append.bytes, self.entries + append.entries.len());
        let goes =
            append.purpose == self.purpose && bytes <= bytes_max && entries <= BATCH_ENTRIES_MAX;
        goes.then_some(BatchSize { bytes, entries, ..self })
    }

    fn extent_bytes(self) -> u64 {
        extent_bytes(self.bytes as u64)
    }
}

/// Appends of one purpose that make one batch.
pub(super) struct CommitRun {
    pub(super) purpose: Purpose,
    pub(super) appends: Vec<Append>,
    /// Bytes that they take on the disk, at most.
    pub(super) extent_bytes: u64,
}

/// The appends that wait, and what the threads are to do.
#[derive(Default)]
struct QueueState {
    appends: VecDeque<Append>,
    /// What the last of them goes into so far. None where none waits.
    last: Option<BatchSize>,
    /// How many of them somebody waits for.
    awaited: usize,
    /// Until when the others wait for company. None while there are none.
    company_until: Option<Instant>,
    /// How many were ever pushed.
    pushed: u64,
    /// The writer thread looks only when it is woken.
    is_asleep: bool,
    /// The next segment is to be made.
    wants_spare: bool,
    bytes: usize,
    /// Bytes on the disk that appends may take which are not committed or refused yet.
    unsettled_bytes: u64,
    closing: bool,
    failed: bool,
}

pub(super) struct Queue {
    waiting: Mutex<QueueState>,
    changed: Condvar,
    closing: Condvar,
    spare: Condvar,
    /// How long what nobody waits for waits for company.
    company: Duration,
    /// Bytes after which nothing more goes into a batch.
    batch_bytes_max: usize,
    /// Until when what is durable may be published, once the queue closes.
    publish_until: OnceLock<Instant>,
    on_fatal: OnFatal,
}

impl Queue {
    pub(super) fn new(company: Duration, batch_bytes_max: usize, on_fatal: OnFatal) -> Queue {
        let (changed, closing, spare) = (Condvar::new(), Condvar::new(), Condvar::new());
        let waiting = Mutex::default();
        let publish_until = OnceLock::new();
        Queue {
            waiting,
            changed,
            closing,
            spare,
            company,
            batch_bytes_max,
            publish_until,
            on_fatal,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, QueueState> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, mut append: Append) -> Result<(), AppendError> {
        let mut waiting = self.waiting();
        if waiting.closing || waiting.failed {
            return Err(AppendError::Stopped);
        }
        let full = waiting.appends.len() >= QUEUE_APPENDS_MAX
            || waiting.bytes + append.bytes > QUEUE_BYTES_MAX;
        if full && append.purpose == Purpose::Ordinary {
            return Err(AppendError::Overload);
        }
        // Each wake is a system call. What is awaited can't wait until the writer thread looks by
        // itself.
        let is_urgent = waiting.is_asleep || (append.is_awaited && waiting.awaited == 0);
        let wakes = is_urgent && !append.is_quiet;
        waiting.awaited += usize::from(append.is_awaited);
        if waiting.company_until.is_none() {
            waiting.company_until = Instant::now().checked_add(self.company);
        }
        waiting.pushed = waiting.pushed.wrapping_add(1);
        // INVARIANT: what waits is taken batch by batch as it was counted here, so this is what it
        // takes on the disk at most.
        let joined = waiting
            .last
            .and_then(|batch| Some((batch, batch.with(&append, self.batch_bytes_max)?)));
        let (before, batch) = match joined {
            Some((last, batch)) => (last.extent_bytes(), batch),
            None => (0, BatchSize::of(&append)),
        };
        append.extent_bytes = batch.extent_bytes() - before;
        waiting.last = Some(batch);
        waiting.bytes += append.bytes;
        waiting.unsettled_bytes += append.extent_bytes;
        waiting.appends.push_back(append);
        drop(waiting);
        if wakes {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Wake the writer thread if somebody waits.
    pub(super) fn wake_if_awaited(&self) {
        if self.waiting().awaited > 0 {
            self.changed.notify_one();
        }
    }

    /// What waits for company waits no longer.
    pub(super) fn hurry(&self) {
        let mut waiting = self.waiting();
        if !waiting.appends.is_empty() {
            waiting.company_until = Some(Instant::now());
            drop(waiting);
            self.changed.notify_one();
        }
    }

    /// Take those that make the next batch. `None`: none waits, or nothing is to be committed any
    /// more.
    pub(super) fn next_run(&self) -> Option<CommitRun> {
        let mut waiting = self.waiting();
        if waiting.failed {
            return None;
        }
        let first = waiting.appends.pop_front()?;
        let mut batch = BatchSize::of(&first);
        let mut run = CommitRun { purpose: first.purpose, extent_bytes: 0, appends: vec![first] };
        while let Some(next) = waiting.appends.front() {
            let Some(more) = batch.with(next, self.batch_bytes_max) else { break };
            batch = more;
            run.appends.extend(waiting.appends.pop_front());
        }
        waiting.last = waiting.last.filter(|_| !waiting.appends.is_empty());
        waiting.bytes -= run.appends.iter().map(|append| append.bytes).sum::<usize>();
        waiting.awaited -= run.appends.iter().filter(|append| append.is_awaited).count();
        waiting.company_until = waiting.company_until.filter(|_| !waiting.appends.is_empty());
        run.extent_bytes = run.appends.iter().map(|append| append.extent_bytes).sum();
        Some(run)
    }

    /// Wait until there is something that somebody waits for, or that has waited for it long
    /// enough. False: there will be no more.
    pub(super) fn wait_for_appends(&self) -> bool {
        let mut waiting = self.waiting();
        let mut is_idle = false;
        while waiting.awaited == 0 && !waiting.closing && !waiting.failed {
            let pushed = waiting.pushed;
            let until = waiting.company_until;
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            waiting = match left {
                Some(Duration::ZERO) => break,
                // Nothing came for a while. Until then who appends need not wake a thread that
                // looks by itself.
                None if is_idle => {
                    waiting.is_asleep = true;
                    self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner)
                }
                left => {
                    let waited = self.changed.wait_timeout(waiting, left.unwrap_or(self.company));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            waiting.is_asleep = false;
            is_idle = waiting.pushed == pushed;
        }
        let is_over = waiting.failed || (waiting.closing && waiting.appends.is_empty());
        !is_over
    }

    /// A run is committed or refused.
    pub(super) fn settle(&self, extent_bytes: u64) {
        let mut waiting = self.waiting();
        waiting.unsettled_bytes = waiting.unsettled_bytes.saturating_sub(extent_bytes);
    }

    pub(super) fn unsettled_bytes(&self) -> u64 {
        self.waiting().unsettled_bytes
    }

    /// The next segment is to be made.
    pub(super) fn want_spare(&self) {
        self.waiting().wants_spare = true;
        self.spare.notify_one();
    }

    /// Wait until the next segment is to be made. False: no more is.
    pub(super) fn wait_until_spare_is_wanted(&self) -> bool {
        let is_idle =
            |waiting: &mut QueueState| !waiting.wants_spare && !waiting.closing && !waiting.failed;
        let waited = self.spare.wait_while(self.waiting(), is_idle);
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.wants_spare = false;
        !waiting.closing && !waiting.failed
    }

    /// Sleep for an interval, or less when the queue closes. Returns whether to go on.
    pub(super) fn sleep(&self, interval: Duration) -> bool {
        let waiting = self.waiting();
        let ends = |waiting: &mut QueueState| !waiting.closing && !waiting.failed;
        let slept = self.closing.wait_timeout_while(waiting, interval, ends);
        let (waiting, _) = slept.unwrap_or_else(PoisonError::into_inner);
        !waiting.closing && !waiting.failed
    }

    pub(super) fn close(&self) {
        self.waiting().closing = true;
        self.wake_all();
    }

    /// Publication ends then, done or not. The first one counts.
    pub(super) fn publish_until(&self, until: Instant) {
        self.publish_until.get_or_init(|| until);
    }

    pub(super) fn is_out_of_time(&self) -> bool {
        self.publish_until.get().is_some_and(|until| Instant::now() >= *until)
    }

    fn wake_all(&self) {
        self.changed.notify_all();
        self.closing.notify_all();
        self.spare.notify_all();
    }

    pub(super) fn has_failed(&self) -> bool {
        self.waiting().failed
    }

    /// Nothing is acknowledged from here on: everything that waits is told so, then the hook is
    /// called.
    pub(super) fn fail(&self, why: &str) {
        let mut waiting = self.waiting();
        let first = !waiting.failed;
        waiting.failed = true;
        let abandoned = std::mem::take(&mut waiting.appends);
        (waiting.bytes, waiting.awaited, waiting.company_until) = (0, 0, None);
        waiting.last = None;
        drop(waiting);
        self.wake_all();
        if first {
            (self.on_fatal)(why);
        }
        for append in abandoned {
            append.done.refuse(AppendError::Stopped);
        }
    }

    pub(super) fn fail_if_fatal(&self, error: &Error) {
        if error.is_fatal() {
            self.fail(&error.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
