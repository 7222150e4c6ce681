//! The state that a lineage log says, and the keys of what it sealed.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use identity::Vault;
use kernel::replay::{Replay, ReplayOutcome, Tally};
use kernel::snapshot::{PrivatePart, Restoring, SnapshotBuilder, Unusable};
use kernel::state::{GovernanceLog, NodeState, Unreadable};
use ledger::{FileDisk, Ledger, Reader, Snapshots};
use proof::log::LogReader;
use proof::note::VerifierKey;
use record::MalformedRecord;
use record::lineage::{Body, LineageRecord, SnapshotMark};

use crate::authority::GovernanceBlobs;
use crate::sealing::{self, Opened, Opener};
use crate::{Error, Options, follow};

/// What a node goes on from.
pub(crate) struct Folded {
    pub(crate) state: NodeState,
    /// What makes the next snapshot of it.
    pub(crate) maker: SnapshotBuilder,
    pub(crate) vault: Vault,
}

/// The governance log as it lies in its folder.
#[derive(Clone, Copy)]
pub(crate) struct GovernanceRecords<'a> {
    /// All of them, from the first one on.
    pub(crate) records: &'a [Vec<u8>],
    /// The blobs beside the log.
    pub(crate) blobs: &'a Arc<GovernanceBlobs>,
}

/// The lineage log as it lies in its folder.
#[derive(Clone, Copy)]
struct LineageLog<'a> {
    ledger: &'a Ledger<FileDisk>,
    reader: &'a Reader,
    key: &'a VerifierKey,
}

/// Why a snapshot is not used.
#[derive(Debug, thiserror::Error)]
enum SnapshotError {
    /// It is of a record that the log does not have.
    #[error("the log does not reach so far")]
    BeyondLog,
    /// The records that are not published yet end before it.
    #[error("the log ends before it")]
    LogEnds,
    /// The record at its index is another one.
    #[error("its record is not one of a snapshot")]
    OtherRecord,
    /// The key of an execution is gone, and no record says that it was erased.
    #[error("the key of the execution `{execution}` is missing")]
    KeyMissing { execution: String },
    /// A thread that read pieces panicked.
    #[error("a thread that read it ended")]
    ThreadEnded,
    /// The published part of the log.
    #[error(transparent)]
    Published(#[from] proof::log::Error),
    /// The log on the disk.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The record at its index is malformed.
    #[error(transparent)]
    Malformed(#[from] MalformedRecord),
    /// Its pieces, or the state that they make.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The keys, or the records after it.
    #[error(transparent)]
    Node(#[from] Error),
}

/// Folds the lineage log: the records after the newest snapshot that is what its record says, else
/// all. What was erased is left out, as records say; what is lost otherwise is damage, and not gone
/// on from.
///
/// Whatever is wrong with the log itself is found by folding all of it. Once there is a state,
/// snapshots that could not be used are let go.
pub(crate) fn fold(
    options: &Options,
    ledger: &Ledger<FileDisk>,
    key: &VerifierKey,
    governance: GovernanceRecords<'_>,
) -> Result<Folded, Error> {
    let snapshots = ledger.snapshots();
    let reader = Reader::open(&options.lineage_folder()).map_err(|why| lineage(&why))?;
    let log = LineageLog { ledger, reader: &reader, key };
    let mut unusable = Vec::new();
    let mut folded = None;
    for index in snapshots.newest_first().map_err(|why| lineage(&why))? {
        let resumed =
            mark_at(options, log, index).and_then(|mark| resume(options, log, governance, &mark));
        match resumed {
            Ok(resumed) => {
                folded = Some(resumed);
                break;
            }
            Err(why) => {
                crate::say(format_args!(
                    "the snapshot of record {index} is not used, an older one or the whole log is: {why}"
                ));
                unusable.push(index);
            }
        }
    }
    let folded = folded.map_or_else(|| whole(options, &reader, governance), Ok)?;
    for index in unusable {
        snapshots.discard(index).map_err(|why| lineage(&why))?;
    }
    Ok(folded)
}

fn whole(
    options: &Options,
    reader: &Reader,
    governance: GovernanceRecords<'_>,
) -> Result<Folded, Error> {
    let GovernanceRecords { records, blobs } = governance;
    let replay = Replay::new(&options.node, &options.governance_origin(), records, &**blobs);
    let mut vault = sealing::vault(options)?;
    let state = follow(options, replay, reader, 0)?;
    sealing::settle(&mut vault, &state)?;
    Ok(Folded { state, maker: SnapshotBuilder::default(), vault })
}

/// What the record at this index says of the state before it: out of the signed tree, where it is
/// published.
fn mark_at(
    options: &Options,
    log: LineageLog<'_>,
    index: u64,
) -> Result<SnapshotMark, SnapshotError> {
    let LineageLog { ledger, reader, key } = log;
    if index >= ledger.size() {
        return Err(SnapshotError::BeyondLog);
    }
    let tree = LogReader::open(reader, key, &options.lineage_origin())?;
    let record = if index < tree.size() {
        tree.entry(index)?
    } else {
        let mut rest = reader.entries(index)?;
        rest.next().ok_or(SnapshotError::LogEnds)??.record
    };
    match LineageRecord::parse(&record)?.body {
        Body::Snapshot(mark) if mark.size == index => Ok(mark),
        _ => Err(SnapshotError::OtherRecord),
    }
}

/// Puts the state together that a record speaks of, and folds what came after. The record itself is
/// folded too, and so compares what was put together with what it says.
fn resume(
    options: &Options,
    log: LineageLog<'_>,
    governance: GovernanceRecords<'_>,
    mark: &SnapshotMark,
) -> Result<Folded, SnapshotError> {
    let mut vault = sealing::vault(options)?;
    let snapshots = log.ledger.snapshots();
    let mut pieces = Opened { snapshots: &snapshots, vault: &mut vault };
    let GovernanceRecords { records, blobs } = governance;
    let origin = options.governance_origin();
    let governance = GovernanceLog { origin: &origin, records, blobs: &**blobs };
    let restoring = Restoring::begin(&options.node, governance, mark, &mut pieces)?;
    let ended = kernel::governance::ended(records);
    let parts = private_parts(options, &snapshots, &restoring, &ended)?;
    let restored = restoring.finish(parts)?;
    let replay = Replay::resume(restored.state, restored.builder.clone(), records, &**blobs);
    let state = follow(options, replay, log.reader, mark.size)?;
    sealing::settle(&mut vault, &state)?;
    if let Some(id) = restored.without_key.iter().find(|id| state.erased(id).is_none()) {
        return Err(SnapshotError::KeyMissing { execution: id.clone() });
    }
    Ok(Folded { state, maker: restored.builder, vault })
}

/// The private parts of a snapshot's executions, read on all cores. Those of executions that have
/// ended are not read, however large they are: an officer's word frees a node that could not hold
/// them.
fn private_parts(
    options: &Options,
    snapshots: &Snapshots<FileDisk>,
    restoring: &Restoring,
    ended: &BTreeSet<String>,
) -> Result<Vec<PrivatePart>, SnapshotError> {
    let (all, bundle) = (restoring.private(), restoring.bundle());
    let next = AtomicUsize::new(0);
    let read = || -> Result<Vec<(usize, PrivatePart)>, SnapshotError> {
        let mut vault = sealing::vault(options)?;
        let mut pieces = Opened { snapshots, vault: &mut vault };
        let mut parts = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(listed) = all.get(number) else { return Ok(parts) };
            if ended.contains(&listed.execution) {
                parts.push((number, PrivatePart::LeftOut));
                continue;
            }
            let part = PrivatePart::read(bundle, listed, &mut pieces);
            // Nobody needs to read what comes after a failure.
            let part = part.inspect_err(|_| next.store(all.len(), Ordering::Relaxed))?;
            parts.push((number, part));
        }
    };
    let mut parts = Vec::new();
    for read in follow::on_all_cores(all.len(), read) {
        parts.extend(read.map_err(|_| SnapshotError::ThreadEnded)??);
    }
    parts.sort_by_key(|(number, _)| *number);
    Ok(parts.into_iter().map(|(_, part)| part).collect())
}

/// Follows a log from this record on, to its end.
fn follow(
    options: &Options,
    mut replay: Replay<'_>,
    reader: &Reader,
    first: u64,
) -> Result<NodeState, Error> {
    let openers = Opener::to_follow(&options.lineage_folder(), &options.lineage_origin())?;
    let entries = reader.entries(first).map_err(|why| lineage(&why))?;
    let entries = entries.map(|entry| entry.map_err(|why| lineage(&why)));
    let mut tally = Tally::default();
    follow::follow(&mut replay, entries, openers, |replay, read| {
        let fed = replay.apply_prefetched(read.ahead).map_err(|why| Error::replay(&why))?;
        match &fed {
            ReplayOutcome::Different { .. } => {
                let what = "a decision or a snapshot comes out differently with this program";
                return Err(Error::replay(&what));
            }
            ReplayOutcome::NotReplayable {
                why: why @ (Unreadable::Missing | Unreadable::Damaged),
                execution,
            } => {
                let what = format!("record {} of `{execution}`: {}", read.index, why.as_str());
                return Err(Error::replay(&what));
            }
            _ => tally.add(&fed),
        }
        Ok(())
    })?;
    let state = replay.into_state();
    if let Some(execution) = tally.without_reason(&state) {
        let what = format!(
            "the key of the execution `{execution}` is missing, and no record says that it was erased"
        );
        return Err(Error::replay(&what));
    }
    Ok(state)
}

fn lineage(why: &dyn Display) -> Error {
    Error::ledger("lineage", why)
}
