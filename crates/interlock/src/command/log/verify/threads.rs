use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use proof::checkpoint::Checkpoint;
use proof::log::{Error, LogReader, Summary};

use crate::domain::Log;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Records below which one thread does it all.
const SHARED_FROM: u64 = 20_000;

/// Verifies all of a log's published part, shared between the machine's cores.
pub(in crate::command) fn verify(log: &Log, output: &Output) -> Result<Summary, Failure> {
    let head = log.verified()?;
    let (signed, checkpoint) = (head.signed_checkpoint().to_owned(), head.checkpoint().clone());
    let done = AtomicU64::new(0);
    let mut progress = output.progress("verifying");
    let outcomes = thread::scope(|scope| {
        let work = |range: Range<u64>| {
            let (done, signed) = (&done, signed.clone());
            scope.spawn(move || verify_range(log, signed, range, done))
        };
        let threads: Vec<_> = shares(checkpoint.size).into_iter().map(work).collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            progress.at(done.load(Ordering::Relaxed), Some(checkpoint.size));
            thread::sleep(std::time::Duration::from_millis(if checkpoint.size < SHARED_FROM {
                1
            } else {
                20
            }));
        }
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut records: u64 = 0;
    for outcome in outcomes {
        let outcome =
            outcome.map_err(|_| Failure::new(Exit::Failed, "a verifying thread ended"))?;
        records = records.saturating_add(outcome.map_err(|why| log.not_verified(&why))?);
    }
    let Checkpoint { origin, size, root, .. } = checkpoint;
    Ok(Summary { origin, size, root, records })
}

fn verify_range(
    log: &Log,
    signed: String,
    range: Range<u64>,
    done: &AtomicU64,
) -> Result<u64, Error> {
    let reader = LogReader::at(&log.reader, signed, &log.key, log.key.name())?;
    let mut before = 0;
    let summary = reader.verify_range(range, &mut |progress| {
        done.fetch_add(progress.done - before, Ordering::Relaxed);
        before = progress.done;
    })?;
    Ok(summary.records)
}

/// Ranges that begin with a whole bundle, one for each core.
fn shares(size: u64) -> Vec<Range<u64>> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cores = if size < SHARED_FROM { 1 } else { u64::try_from(cores).unwrap_or(1) };
    let bundles = size.div_ceil(u64::from(proof::limits::TILE_WIDTH));
    let share = bundles.div_ceil(cores).max(1).saturating_mul(u64::from(proof::limits::TILE_WIDTH));
    let starts = (0..cores).map(|nth| nth.saturating_mul(share)).filter(|start| *start < size);
    starts.map(|start| start..start.saturating_add(share).min(size)).collect()
}

#[cfg(test)]
mod tests;
