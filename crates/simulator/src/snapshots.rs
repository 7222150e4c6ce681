//! Snapshots of the node's state on the simulated disk: kept as `node` keeps them, but for the
//! encryption.

use std::collections::BTreeSet;

use kernel::replay::Replay;
use kernel::snapshot::{Piece, Pieces, SnapshotBuilder, restore};
use kernel::state::{BlobSource, GovernanceLog, NodeState, Unreadable};
use ledger::simulation::MemoryDisk;
use ledger::{Entry, Ledger, Snapshots};
use proof::digest::Digest;
use record::lineage::{Body, LineageRecord};

use crate::authority::SimulatedAuthority;
use crate::broken::{Broken, Law, holds};
use crate::keys::Readable;
use crate::names::{NODE, ORIGIN};
use crate::replay::follow;

/// The stored snapshots, and the one whose record is not durable yet.
pub(crate) struct StoredSnapshots {
    snapshots: Snapshots<MemoryDisk>,
    unlisted: Option<(u64, BTreeSet<Digest>)>,
}

impl StoredSnapshots {
    pub(crate) fn new(snapshots: Snapshots<MemoryDisk>) -> Self {
        Self { snapshots, unlisted: None }
    }

    pub(crate) fn is_unlisted(&self) -> bool {
        self.unlisted.is_some()
    }

    pub(crate) fn forget(&mut self) {
        self.unlisted = None;
    }

    pub(crate) fn pieces(&self, pieces: Vec<Piece>) -> Result<(), ledger::Error> {
        pieces.iter().try_for_each(|piece| self.snapshots.keep(&piece.name, &piece.bytes))
    }

    pub(crate) fn whole(
        &mut self,
        index: u64,
        pieces: Vec<Piece>,
        names: BTreeSet<Digest>,
    ) -> Result<(), ledger::Error> {
        self.pieces(pieces)?;
        self.unlisted = Some((index, names));
        Ok(())
    }

    /// Lists the snapshot whose record is among so many durable ones.
    pub(crate) fn list(&mut self, durable: u64) -> Result<(), ledger::Error> {
        match self.unlisted.take_if(|(index, _)| *index < durable) {
            Some((index, names)) => self.snapshots.finish(index, &names),
            None => Ok(()),
        }
    }
}

/// Goes on from the newest snapshot that is kept. One that is listed has its record and all its
/// pieces, whenever the power went.
pub(crate) fn resume(
    ledger: &Ledger<MemoryDisk>,
    log: &[Entry],
    authority: &SimulatedAuthority,
    readable: &Readable,
) -> Result<Option<(NodeState, SnapshotBuilder)>, Broken> {
    let listed = ledger.snapshots().newest_first().map_err(Broken::run)?;
    let Some(index) = listed.first().copied() else { return Ok(None) };
    let broken = |why: String| Broken::new(Law::Durable, format!("the snapshot of {index}: {why}"));
    let first = usize::try_from(index).unwrap_or(usize::MAX);
    let record = log.get(first).map(|entry| LineageRecord::parse(&entry.record));
    let Some(Ok(LineageRecord { body: Body::Snapshot(mark), .. })) = record else {
        return Err(broken("its record is not there".to_owned()));
    };
    let blobs: &dyn BlobSource = authority.shelf.as_ref();
    let records = authority.records.as_slice();
    let governance = GovernanceLog { origin: ORIGIN, records, blobs };
    let mut pieces = Plain { snapshots: ledger.snapshots(), readable };
    let restored =
        restore(NODE, governance, &mark, &mut pieces).map_err(|why| broken(why.to_string()))?;
    let replay = Replay::resume(restored.state, restored.builder.clone(), records, blobs);
    let (state, _) = follow(replay, log, first, readable).map_err(|why| broken(why.what))?;
    let without_reason = restored.without_key.iter().find(|id| state.erased(id).is_none());
    match without_reason {
        Some(id) => Err(broken(format!("the key of `{id}` is gone, which was not erased"))),
        None => Ok(Some((state, restored.builder))),
    }
}

/// The resumed state equals the fold of the whole log.
pub(crate) fn same(resumed: &NodeState, folded: &NodeState) -> Result<(), Broken> {
    let digests = |state: &NodeState| {
        let taken = SnapshotBuilder::default().take(state);
        (taken.public, taken.private)
    };
    holds(digests(resumed) == digests(folded), Law::Bytes, || {
        "the state that was resumed from a snapshot is not the log's".to_owned()
    })
}

/// Pieces in the open, of executions whose keys are there.
struct Plain<'a> {
    snapshots: Snapshots<MemoryDisk>,
    readable: &'a Readable,
}

impl Pieces for Plain<'_> {
    fn piece(&mut self, execution: Option<&str>, name: &Digest) -> Result<Vec<u8>, Unreadable> {
        if execution.is_some_and(|id| !self.readable.contains(id)) {
            return Err(Unreadable::NoKey);
        }
        self.snapshots.piece(name).map_err(|_| Unreadable::Damaged)?.ok_or(Unreadable::Missing)
    }
}
