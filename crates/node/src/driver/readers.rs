//! Threads that read large messages ahead. On those of the runtime every other session would wait
//! meanwhile: these take turns by workload and bytes, and give way to the rest of the node.
//!
//! While small messages are asked for too, each rests after what it has read, three times as long
//! as that took: what a large message costs afterwards, on the kernel's thread, at the disk and in
//! the published log, is about as much. So all that large messages cause takes about half of the
//! cores, and who asks for little finds one free.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kernel::Prepared;
use kernel::lineage::Transition;
use tokio::sync::oneshot;

use super::ahead::ShownBundle;
use super::turns::{Turns, Waiter};
use crate::limits::{READER_REST_MS_MAX, READER_RESTS, REQUEST_WAIT_MS_MAX, SMALL_LATELY_MS};
use crate::machine::cores;
use crate::priority::give_way;

/// The longest rest.
const REST_MAX: Duration = Duration::from_millis(READER_REST_MS_MAX);

/// The way to these threads.
pub(super) struct LargeReaders {
    queue: Arc<ReaderQueue>,
    /// How many there are.
    threads: usize,
}

#[derive(Default)]
struct ReaderQueue {
    waiting: Mutex<QueuedReads>,
    changed: Condvar,
    closing: Condvar,
}

#[derive(Default)]
struct QueuedReads {
    turns: Turns<Arc<str>, QueuedRead>,
    /// When a small message came last, and of which workload; and the same of the last other
    /// workload.
    small: [Option<(Instant, Arc<str>)>; 2],
    is_closed: bool,
}

/// A message that is to be read, and who waits for it.
struct QueuedRead {
    shown: ShownBundle,
    workload: Arc<str>,
    transition: Transition,
    /// Gets none where it waited too long.
    reply: oneshot::Sender<Option<Prepared>>,
}

impl QueuedReads {
    /// Refuses the requests that have waited for too long.
    fn refuse_late(&mut self) {
        let longest = Duration::from_millis(REQUEST_WAIT_MS_MAX);
        let late = Instant::now().checked_sub(longest).map(|than| self.turns.take_older(than));
        for read in late.into_iter().flatten() {
            let _gone = read.reply.send(None);
        }
    }

    /// The next in turn that somebody waits for.
    fn next(&mut self) -> Option<QueuedRead> {
        self.refuse_late();
        std::iter::from_fn(|| self.turns.take())
            .map(|next| next.what)
            .find(|read| !read.reply.is_closed())
    }
}

impl ReaderQueue {
    fn waiting(&self) -> MutexGuard<'_, QueuedReads> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next in turn. None: there will be no more.
    fn next(&self) -> Option<QueuedRead> {
        let mut waiting = self.waiting();
        loop {
            if let Some(next) = waiting.next() {
                return Some(next);
            }
            if waiting.is_closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&self) {
        give_way();
        while let Some(QueuedRead { shown, workload, transition, reply }) = self.next() {
            let began = Instant::now();
            let read = || shown.prepare(transition, &workload);
            // Where a reader panics, the dropped sender tells the caller; the other readers go on.
            if let Ok(prepared) = catch_unwind(AssertUnwindSafe(read)) {
                let _gone = reply.send(Some(prepared));
            }
            self.rest(began.elapsed().saturating_mul(READER_RESTS).min(REST_MAX), &workload);
        }
    }

    /// Leaves the cores to others than this workload for so long, where there are any.
    fn rest(&self, long: Duration, workload: &Arc<str>) {
        let waiting = self.waiting();
        let lately = Duration::from_millis(SMALL_LATELY_MS);
        let mut small = waiting.small.iter().flatten();
        if small.any(|(at, of)| of != workload && at.elapsed() < lately) {
            let is_open = |waiting: &mut QueuedReads| !waiting.is_closed;
            let _closed = self.closing.wait_timeout_while(waiting, long, is_open);
        }
    }
}

impl LargeReaders {
    /// Starts them: half as many as the node has cores, so that the others are there for everybody
    /// else.
    pub(super) fn start() -> Self {
        let queue = Arc::new(ReaderQueue::default());
        let start = |_: &usize| {
            let reader = std::thread::Builder::new().name("reader".to_owned());
            let queue = Arc::clone(&queue);
            let reader = reader.stack_size(policy::limits::DECIDE_STACK_BYTES);
            reader.spawn(move || queue.run()).is_ok()
        };
        let threads = (0..(cores() / 2).max(1)).filter(start).count();
        Self { queue, threads }
    }

    /// A small message of this workload is asked for.
    pub(super) fn note_small(&self, workload: &Arc<str>) {
        let mut waiting = self.queue.waiting();
        let now = Instant::now();
        match &mut waiting.small {
            [Some((at, of)), _] if of == workload => *at = now,
            [last, before] => *before = last.replace((now, Arc::clone(workload))),
        }
    }

    /// Refuses the requests that have waited for too long, also while all threads are busy.
    pub(super) fn refuse_late(&self) {
        self.queue.waiting().refuse_late();
    }

    /// Reads a message ahead in its workload's turn. What comes is none where it waited too long.
    pub(super) fn prepare(
        &self,
        shown: ShownBundle,
        workload: Arc<str>,
        transition: Transition,
    ) -> oneshot::Receiver<Option<Prepared>> {
        let (reply, prepared) = oneshot::channel();
        if self.threads == 0 {
            let _awaited = reply.send(Some(shown.prepare(transition, &workload)));
            return prepared;
        }
        let (of, bytes) = (Arc::clone(&workload), transition.message.len());
        let what = QueuedRead { shown, workload, transition, reply };
        let waits = Waiter { what, bytes, is_refusable: true, since: Instant::now() };
        self.queue.waiting().turns.push(&of, waits);
        self.queue.changed.notify_one();
        prepared
    }
}

impl Drop for LargeReaders {
    fn drop(&mut self) {
        self.queue.waiting().is_closed = true;
        self.queue.changed.notify_all();
        self.queue.closing.notify_all();
    }
}

#[cfg(test)]
mod tests;
