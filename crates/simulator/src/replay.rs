//! The log read back and replayed: each decision must come out to the byte.

use kernel::replay::{Counts, Replay, ReplayOutcome, Tally};
use kernel::state::{NodeState, Unreadable};
use ledger::simulation::MemoryDevice;
use ledger::{Entry, Reader};

use crate::authority::SimulatedAuthority;
use crate::broken::{Broken, Law, holds};
use crate::keys::{Readable, part};
use crate::names::{NODE, ORIGIN};

/// Reads every entry of the log, by the reader that takes no lock.
pub(crate) fn read(device: &MemoryDevice) -> Result<Vec<Entry>, Broken> {
    let reader = Reader::over(device.mount()).map_err(Broken::run)?;
    let entries = reader.entries(0).map_err(Broken::run)?;
    let entry = |entry: Result<ledger::ReadEntry, ledger::Error>| {
        let entry = entry.map_err(Broken::run)?;
        Ok(Entry { record: entry.record, sealed: entry.sealed.unwrap_or_default() })
    };
    entries.map(entry).collect()
}

/// Derives the state from the log and the keys that are left. Every decision must come out to the
/// byte, but for those of executions that were erased.
pub(crate) fn fold(
    log: &[Entry],
    authority: &SimulatedAuthority,
    readable: &Readable,
) -> Result<(NodeState, Counts), Broken> {
    let replay = Replay::new(NODE, ORIGIN, &authority.records, authority.shelf.as_ref());
    follow(replay, log, 0, readable)
}

/// Follows the records from this one on.
pub(crate) fn follow(
    mut replay: Replay<'_>,
    log: &[Entry],
    first: usize,
    readable: &Readable,
) -> Result<(NodeState, Counts), Broken> {
    let mut tally = Tally::default();
    for (index, entry) in log.iter().enumerate().skip(first) {
        let sealed = &entry.sealed;
        let fed = replay.apply_sealed(&entry.record, |of, _, _| part(readable, of, sealed));
        let fed = fed.map_err(|why| Broken::new(Law::Bytes, format!("record {index}: {why}")))?;
        let is_derived = match &fed {
            ReplayOutcome::Followed | ReplayOutcome::Identical => true,
            ReplayOutcome::NotReplayable { why, .. } => *why == Unreadable::NoKey,
            ReplayOutcome::Different { .. } => false,
        };
        holds(is_derived, Law::Bytes, || format!("record {index} replays as {fed:?}"))?;
        tally.add(&fed);
    }
    let state = replay.into_state();
    let without_reason = tally.without_reason(&state).map(str::to_owned);
    holds(without_reason.is_none(), Law::Durable, || {
        format!("the key of {without_reason:?} is gone, and no record says that it was erased")
    })?;
    let counts = tally.finish(&state);
    Ok((state, counts))
}
