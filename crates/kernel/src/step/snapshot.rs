use record::lineage::{Body, SnapshotMark};

use super::{Effect, Kernel, Now};
use crate::snapshot::{Piece, SnapshotBuilder};

impl Kernel {
    /// Records the state's digests, and hands out the pieces. The record states the state, which
    /// anybody can derive again, and not that the pieces are stored: a start checks that.
    pub(super) fn snapshot(&mut self, now: Now) -> Vec<Effect> {
        let index = self.state.size();
        let taken = self.snapshots.take(&self.state);
        // A node that has lost an execution's sealed parts has no snapshot of it, and checks again
        // after as many records.
        let Some(private) = taken.private else {
            self.snapshots.recorded(index);
            return Vec::new();
        };
        let mark = SnapshotMark { size: index, public: taken.public, private };
        let append = self.append(now, None, Body::Snapshot(mark), Vec::new());
        self.snapshots.recorded(self.state.size());
        vec![append, Effect::StorePieces { index, pieces: taken.pieces, names: taken.names }]
    }

    /// Continues the snapshots from the one that the state was restored from.
    pub fn resume_snapshots(&mut self, builder: SnapshotBuilder) {
        self.snapshots = builder;
    }

    /// Whether so many records have come since the last snapshot, or, if more, a share of the
    /// executions that it lists.
    #[must_use]
    pub fn snapshot_is_due(&self, records: u64) -> bool {
        self.snapshots.is_due(&self.state, records)
    }

    /// Builds pieces of the next snapshot ahead of it, at most `pages_max` pages, so that taking it
    /// is quicker.
    pub fn prepare_snapshot(&mut self, pages_max: usize) -> Vec<Piece> {
        self.snapshots.prepare(&self.state, pages_max)
    }

    /// Builds the slow pieces of the last snapshot before a stop, piece by piece, until one is
    /// answered with false. Returns whether everything was built.
    pub fn prepare_last_snapshot(&mut self, hand_over: impl FnMut(Piece) -> bool) -> bool {
        self.snapshots.prepare_last(&self.state, hand_over)
    }
}
