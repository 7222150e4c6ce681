//! The threads of group commit.
use super::queue::{Append, CommitRun, Queue};
use super::{AppendError, AppendReply};
use crate::disk::Disk;
use crate::entry::{Committed, Entry};
use crate::error::{CommitError, Error};
use crate::ledger::Ledger;
use crate::promised::{DurableBatch, Promised};
use crate::publish::Publisher;
use crate::wal::room::Room;
use crate::wal::writer::Purpose;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub(super) fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, Error> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map_err(|source| Error::Thread { source })
}

/// Fails the queue if its thread unwinds: nobody may wait for it for ever.
struct Guard<'a>(&'a Queue);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("a thread of the ledger ended unexpectedly");
        }
    }
}

/// Make the next segments whenever some are wanted, until the queue is closed: their zeros are as
/// many bytes as the log writes into them, and nobody who decides or commits is to wait for them.
pub(super) fn prepare<D: Disk>(queue: &Queue, room: &Room<D>, again: Duration) {
    let _guard = Guard(queue);
    while queue.wait_until_spare_is_wanted() {
        // The caller that needs it and the publisher meet the same failure, and report it. Without
        // space there may be some later.
        if room.fill_spares().is_err() && !queue.sleep(again) {
            return;
        }
    }
}

/// Commit run after run until the queue is closed and empty.
pub(super) fn write<D: Disk>(queue: &Queue, ledger: &Mutex<Ledger<D>>) {
    let _guard = Guard(queue);
    while queue.wait_for_appends() {
        let Ok(mut ledger) = ledger.lock() else {
            return queue.fail("a thread ended while it committed");
        };
        write_next(queue, &mut ledger);
    }
}

/// Commit the next run, if one waits still.
pub(super) fn write_next<D: Disk>(queue: &Queue, ledger: &mut Ledger<D>) {
    if let Some(run) = queue.next_run() {
        commit(queue, ledger, run);
    }
}

fn commit<D: Disk>(queue: &Queue, ledger: &mut Ledger<D>, run: CommitRun) {
    let (entries, placed) = place(run.appends, ledger.size());
    if placed.is_empty() {
        queue.settle(run.extent_bytes);
        return;
    }
    let outcome = match run.purpose {
        Purpose::Ordinary => ledger.commit(&entries),
        Purpose::Stop => ledger.commit_reserved(&entries),
    };
    if ledger.lacks_spare() {
        queue.want_spare();
    }
    // Before anybody is told, so that who asks for space next does not count these twice.
    queue.settle(run.extent_bytes);
    let error = match outcome {
        // The publisher may have failed meanwhile: then nothing more may be released.
        Ok(_) if queue.has_failed() => AppendError::Stopped,
        Ok(batch) => return tell(placed, batch.first, entries),
        Err(CommitError::Entry(error)) => AppendError::Entry(error),
        Err(CommitError::Full(error)) => AppendError::Full { why: error.to_string() },
        Err(error @ (CommitError::Fatal(_) | CommitError::Stopped)) => {
            queue.fail(&error.to_string());
            AppendError::Stopped
        }
    };
    for (append, _) in placed {
        append.done.refuse(error.clone());
    }
}

/// Tell each append its place; the batch goes with those that may want its promise.
fn tell(placed: Vec<(Append, Committed)>, first: u64, entries: Vec<Entry>) {
    let is_asked = placed.iter().any(|(append, _)| matches!(append.done, AppendReply::Promised(_)));
    let batch = is_asked.then(|| DurableBatch::new(first, entries));
    for (append, committed) in placed {
        match (append.done, &batch) {
            (AppendReply::Promised(done), Some(batch)) => {
                done(Ok(Promised::new(committed, Arc::clone(batch))));
            }
            (AppendReply::Promised(done), None) => done(Err(AppendError::Stopped)),
            (AppendReply::Committed(done), _) => done(Ok(committed)),
        }
    }
}

/// Give each append its place; those that expected another one are told so and left out.
fn place(appends: Vec<Append>, size: u64) -> (Vec<Entry>, Vec<(Append, Committed)>) {
    let mut entries = Vec::new();
    let mut placed = Vec::with_capacity(appends.len());
    let mut actual = size;
    for mut append in appends {
        if let Some(expected) = append.expected.filter(|expected| *expected != actual) {
            append.done.refuse(AppendError::Misplaced { expected, actual });
            continue;
        }
        let count = append.entries.len() as u64;
        let committed = Committed { first: actual, count };
        entries.append(&mut append.entries);
        placed.push((append, committed));
        actual += count;
    }
    (entries, placed)
}

/// Publish at each interval until the queue is closed.
pub(super) fn publish<D: Disk>(
    queue: &Queue,
    publisher: &Arc<Mutex<Publisher<D>>>,
    interval: Duration,
) {
    let _guard = Guard(queue);
    while queue.sleep(interval) {
        let is_out_of_time = || queue.is_out_of_time();
        let mut publisher = publisher.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = publisher.publish_as(false, &is_out_of_time);
        drop(publisher);
        // What is not fatal (a full disk) is tried again; meanwhile the write-ahead files have it
        // all.
        if let Err(error) = outcome {
            queue.fail_if_fatal(&error);
        }
    }
}
