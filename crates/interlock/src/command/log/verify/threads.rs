use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use node::machine::cores;
use proof::checkpoint::Checkpoint;
use proof::limits::TILE_WIDTH;
use proof::log::{Error, LogReader, Summary};

use crate::domain::Log;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Records in a thread's share: whole entry bundles, so that none is read twice.
const TAKEN: u64 = 32 * TILE_WIDTH as u64;

/// Verifies the published part of a log on all of the machine's cores.
pub(in crate::command) fn verify(log: &Log, output: &Output) -> Result<Summary, Failure> {
    let head = log.verified()?;
    let Checkpoint { origin, size, root, .. } = head.checkpoint().clone();
    let mut progress = output.progress("verifying");
    let work = Work { log, signed: head.signed_checkpoint(), size, next: AtomicU64::new(0) };
    let records = work.share(|done| progress.at(done, Some(size)))?;
    Ok(Summary { origin, size, root, records })
}

/// The work that the threads share.
struct Work<'a> {
    log: &'a Log,
    signed: &'a str,
    size: u64,
    /// The first record that no thread has claimed.
    next: AtomicU64,
}

impl Work<'_> {
    /// Verifies all records and returns their number. `report_done` gets the number that is done.
    fn share(&self, mut report_done: impl FnMut(u64)) -> Result<u64, Failure> {
        let (done, records_done) = mpsc::channel();
        let (records, outcomes) = thread::scope(|scope| {
            let run = |done: Sender<u64>| scope.spawn(move || self.run(&done));
            let threads: Vec<_> = (0..self.threads()).map(|_| run(done.clone())).collect();
            drop(done);
            let mut records: u64 = 0;
            // Ends with the last thread.
            for done in records_done {
                records = records.saturating_add(done);
                report_done(records);
            }
            let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
            (records, joined.collect::<Vec<_>>())
        });
        let mut failures = Vec::new();
        for outcome in outcomes {
            let ended =
                outcome.map_err(|_| Failure::new(Exit::Failed, "a verifying thread ended"))?;
            failures.extend(ended.err());
        }
        // All shares before the earliest failing one were claimed earlier and verified, so its
        // failure is the first in the log.
        match failures.into_iter().min_by_key(|(first, _)| *first) {
            Some((_, why)) => Err(self.log.not_verified(&why)),
            None => Ok(records),
        }
    }

    fn threads(&self) -> u64 {
        u64::try_from(cores()).unwrap_or(1).min(self.size.div_ceil(TAKEN)).max(1)
    }

    /// Claims shares and verifies them until none is left. A failure comes with the first record of
    /// its share.
    fn run(&self, done: &Sender<u64>) -> Result<(), (u64, Error)> {
        let Log { reader, key, .. } = self.log;
        let reader = LogReader::at(reader, self.signed.to_owned(), key, key.name());
        let reader = reader.map_err(|why| (0, why))?;
        loop {
            let first = self.next.fetch_add(TAKEN, Ordering::Relaxed);
            if first >= self.size {
                return Ok(());
            }
            let range = first..first.saturating_add(TAKEN).min(self.size);
            let verified = reader.verify_range(range, &mut |_| {}).map_err(|why| {
                // The records after a failure need no check.
                self.next.store(self.size, Ordering::Relaxed);
                (first, why)
            })?;
            // The receiver lives until the last thread has ended.
            let _counted = done.send(verified.records);
        }
    }
}

#[cfg(test)]
mod tests;
