//! Group commit: one thread commits whatever waits as one batch, another publishes, a third makes
//! the next write-ahead segment.
//!
//! ```text
//!  append ─┐
//!  append ─┼─ queue ─ writer thread: one write, one sync ─ done(Committed)
//!  append ─┘                       publisher thread: tiles, then the checkpoint
//!                                  spare thread: the next segment's zeros
//! ```
//!
//! A caller that appends alone and has nothing else to do commits on its own thread
//! ([`GroupCommit::append_here`]).
mod queue;
mod threads;

use crate::blob::Blobs;
use crate::disk::{Disk, FileDisk};
use crate::entry::{Committed, Entry, EntryError, check_entries};
use crate::error::Error;
use crate::head::{Head, SharedHead};
use crate::ledger::Ledger;
use crate::limits::{GROUP_BYTES_MAX, SPACE_MARGIN_BYTES, UNHURRIED_MS};
use crate::promised::Promised;
use crate::publish::Publisher;
use crate::wal::format::extent_bytes;
use crate::wal::room::Room;
use crate::wal::writer::Purpose;
use queue::{Append, Queue};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Called once, from the writer or the publisher thread, when what is durable is unknown. The
/// process must end, and nothing that is not yet released may be.
type OnFatal = Box<dyn Fn(&str) + Send + Sync>;

/// Called once with an append's outcome, on the thread that commits it.
type Done<T> = Box<dyn FnOnce(Result<T, AppendError>) + Send>;

/// How the caller of an append gets its outcome.
enum AppendReply {
    /// Only where it went.
    Committed(Done<Committed>),
    /// Its batch too, to make a promise of.
    Promised(Done<Promised>),
}

impl AppendReply {
    fn refuse(self, error: AppendError) {
        match self {
            AppendReply::Committed(done) => done(Err(error)),
            AppendReply::Promised(done) => done(Err(error)),
        }
    }
}

/// Why entries were not committed. None of them is in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The entries are no batch.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Too much waits already (`refused.overload`).
    #[error("too many appends wait for the disk: try again later")]
    Overload,
    /// No space (`refused.storage`). Whatever was built on these entries fails as
    /// [`AppendError::Misplaced`].
    #[error("{why}")]
    Full {
        /// The disk's own words.
        why: String,
    },
    /// The log did not have the size that these entries were made for.
    #[error(
        "these entries belong at index {expected}, but the log is at {actual}: something before them was not committed"
    )]
    Misplaced {
        /// Where they belong.
        expected: u64,
        /// Where the log is.
        actual: u64,
    },
    /// The ledger stopped: the process is about to end, or it was closed.
    #[error("the ledger has stopped")]
    Stopped,
}

/// A ledger with its threads. Share it in an `Arc`.
pub struct GroupCommit<D: Disk = FileDisk> {
    queue: Arc<Queue>,
    /// Its holder takes the next run from the queue, so that runs are committed in the queue's
    /// order.
    ledger: Arc<Mutex<Ledger<D>>>,
    head: SharedHead,
    blobs: Blobs<D>,
    publisher: Arc<Mutex<Publisher<D>>>,
    room: Room<D>,
    batch_bytes_max: usize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl<D: Disk> GroupCommit<D> {
    /// Start the threads over an open ledger, publishing at each interval (100 ms to 1 s).
    ///
    /// `on_fatal` is called once, from either thread, with the reason, when what is durable is
    /// unknown: the process must end, and may release nothing more.
    ///
    /// # Errors
    /// [`Error::Thread`] when the system gives no thread.
    pub fn start(
        ledger: Ledger<D>,
        publish_interval: Duration,
        on_fatal: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let company = Duration::from_millis(UNHURRIED_MS);
        let batch_bytes_max = GROUP_BYTES_MAX.min(ledger.batch_bytes_max());
        let queue = Arc::new(Queue::new(company, batch_bytes_max, Box::new(on_fatal)));
        let (publisher, spare_room) = (ledger.publisher(), ledger.room());
        let group = GroupCommit {
            queue: Arc::clone(&queue),
            head: ledger.shared_head(),
            blobs: ledger.blobs(),
            publisher: ledger.publisher(),
            room: ledger.room(),
            batch_bytes_max: ledger.batch_bytes_max(),
            ledger: Arc::new(Mutex::new(ledger)),
            threads: Mutex::default(),
        };
        let publishing = threads::spawn("ledger-publish", {
            let queue = Arc::clone(&queue);
            move || threads::publish(&queue, &publisher, publish_interval)
        })?;
        group.keep(publishing);
        let preparing = threads::spawn("ledger-spare", {
            let queue = Arc::clone(&queue);
            move || threads::prepare(&queue, &spare_room, publish_interval)
        })?;
        group.keep(preparing);
        let ledger = Arc::clone(&group.ledger);
        group.keep(threads::spawn("ledger-write", move || threads::write(&queue, &ledger))?);
        Ok(group)
    }

    /// Queue entries, to be committed together in this order. `done` gets the outcome, `Ok` only
    /// once they are durable; it runs on the thread that commits, so it must be quick and must not
    /// block. If `expected` is given, they are committed only at that index: an append that was
    /// built on one that failed then fails too.
    ///
    /// # Errors
    /// [`AppendError::Entry`], [`AppendError::Overload`] or [`AppendError::Stopped`], at once;
    /// `done` is then dropped without being called.
    pub fn append(
        &self,
        entries: Vec<Entry>,
        expected: Option<u64>,
        done: impl FnOnce(Result<Committed, AppendError>) + Send + 'static,
    ) -> Result<(), AppendError> {
        let done = AppendReply::Committed(Box::new(done));
        self.enqueue(Append::new(entries, expected, Purpose::Ordinary, done))
    }

    /// As [`GroupCommit::append`], and `done` gets what a promise of these entries can be made
    /// from. Nothing is hashed or signed for it on the writer thread: do not do it in `done`
    /// either.
    ///
    /// # Errors
    /// As [`GroupCommit::append`].
    pub fn append_promised(
        &self,
        entries: Vec<Entry>,
        expected: Option<u64>,
        done: impl FnOnce(Result<Promised, AppendError>) + Send + 'static,
    ) -> Result<(), AppendError> {
        let done = AppendReply::Promised(Box::new(done));
        self.enqueue(Append::new(entries, expected, Purpose::Ordinary, done))
    }

    /// As [`GroupCommit::append`], for stops: never refused as overload, and it may use the space
    /// that is kept for stops when the disk is full.
    ///
    /// # Errors
    /// [`AppendError::Entry`] or [`AppendError::Stopped`].
    pub fn append_reserved(
        &self,
        entries: Vec<Entry>,
        expected: Option<u64>,
        done: impl FnOnce(Result<Committed, AppendError>) + Send + 'static,
    ) -> Result<(), AppendError> {
        let done = AppendReply::Committed(Box::new(done));
        self.enqueue(Append::new(entries, expected, Purpose::Stop, done))
    }

    /// As [`GroupCommit::append_reserved`], for what nobody waits for: it is committed together
    /// with what comes after it that somebody waits for, or alone after
    /// [`crate::limits::UNHURRIED_MS`]. It saves a sync, and the next caller's wait for it.
    ///
    /// # Errors
    /// As [`GroupCommit::append_reserved`].
    pub fn append_unhurried(
        &self,
        entries: Vec<Entry>,
        expected: Option<u64>,
        done: impl FnOnce(Result<Committed, AppendError>) + Send + 'static,
    ) -> Result<(), AppendError> {
        let done = AppendReply::Committed(Box::new(done));
        self.enqueue(Append::new(entries, expected, Purpose::Stop, done).unhurried())
    }

    /// Has what waits for company wait no longer.
    pub fn hurry(&self) {
        self.queue.hurry();
    }

    /// As [`GroupCommit::append_reserved`], and commits what waits on this thread, so that no other
    /// needs to be woken: for who appends alone, and has nothing to do before it is durable. `done`
    /// was called when this returns, unless the writer thread is at work: then it goes on with
    /// this.
    ///
    /// # Errors
    /// As [`GroupCommit::append_reserved`].
    pub fn append_here(
        &self,
        entries: Vec<Entry>,
        expected: Option<u64>,
        done: impl FnOnce(Result<Committed, AppendError>) + Send + 'static,
    ) -> Result<(), AppendError> {
        let done = AppendReply::Committed(Box::new(done));
        self.enqueue(Append::new(entries, expected, Purpose::Stop, done).quiet())?;
        if let Ok(mut ledger) = self.ledger.try_lock() {
            threads::write_next(&self.queue, &mut ledger);
        }
        // What is left, or came meanwhile, is for the writer thread.
        self.queue.wake_if_awaited();
        Ok(())
    }

    /// Append and wait until it is durable.
    ///
    /// # Errors
    /// Any [`AppendError`].
    pub fn append_and_wait(&self, entries: Vec<Entry>) -> Result<Committed, AppendError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        // The receiver waits below; were it gone, nobody would want the answer.
        self.append(entries, None, move |outcome| drop(sender.send(outcome)))?;
        receiver.recv().unwrap_or(Err(AppendError::Stopped))
    }

    fn enqueue(&self, append: Append) -> Result<(), AppendError> {
        check_entries(&append.entries, self.batch_bytes_max)?;
        self.queue.push(append)
    }

    /// Whether everything that waits, entries of `bytes` more, and about 1 MiB surely fit: ask
    /// before deciding anything whose record must not fail, and refuse (`refused.storage`) if it is
    /// `false`. It may take as long as making the next segment does. Space that it found stays
    /// found: segments are filled with zeros beforehand.
    #[must_use]
    pub fn has_space(&self, bytes: usize) -> bool {
        let margin_bytes = SPACE_MARGIN_BYTES.min(self.batch_bytes_max / 4);
        let wanted_bytes = margin_bytes.saturating_add(bytes).min(self.batch_bytes_max) as u64;
        self.room.is_there(self.queue.unsettled_bytes() + extent_bytes(wanted_bytes))
    }

    /// Bytes of free disk with which [`GroupCommit::has_space`] finds room: those of a segment.
    #[must_use]
    pub fn segment_bytes(&self) -> u64 {
        self.room.sizes.segment_bytes
    }

    /// The durable head: size and root.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head.get()
    }

    /// The ledger's blobs.
    #[must_use]
    pub fn blobs(&self) -> &Blobs<D> {
        &self.blobs
    }

    /// Publish now rather than at the next interval, and wait for it.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub fn publish(&self) -> Result<Head, Error> {
        let outcome = self.publisher.lock().unwrap_or_else(PoisonError::into_inner).publish();
        outcome.inspect_err(|error| self.queue.fail_if_fatal(error))
    }

    /// Commit what waits, publish all of it, end the threads. Later appends are refused.
    ///
    /// # Errors
    /// As [`Publisher::publish_last`].
    pub fn close(&self) -> Result<Head, Error> {
        self.close_as(&|| false)
    }

    /// As [`GroupCommit::close`], but entries that are not published by then are left to the next
    /// opening of the ledger.
    ///
    /// # Errors
    /// As [`Publisher::publish_last`]; [`Error::OutOfTime`].
    pub fn close_until(&self, until: Instant) -> Result<Head, Error> {
        self.queue.publish_until(until);
        self.close_as(&|| self.queue.is_out_of_time())
    }

    fn close_as(&self, is_out_of_time: &dyn Fn() -> bool) -> Result<Head, Error> {
        self.end_threads();
        let mut publisher = self.publisher.lock().unwrap_or_else(PoisonError::into_inner);
        if self.queue.has_failed() {
            return Err(Error::Stopped);
        }
        let published = publisher.publish_as(true, is_out_of_time);
        published.inspect_err(|error| self.queue.fail_if_fatal(error))
    }

    fn keep(&self, thread: JoinHandle<()>) {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
    }

    fn end_threads(&self) {
        self.queue.close();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // A thread that panicked has failed the queue already, by its guard.
            drop(thread.join());
        }
    }
}

impl<D: Disk> Drop for GroupCommit<D> {
    fn drop(&mut self) {
        self.end_threads();
    }
}

#[cfg(test)]
mod tests;
