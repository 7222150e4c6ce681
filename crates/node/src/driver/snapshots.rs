//! When a snapshot of the state is made. Making one is the kernel's, writing it a thread's of its
//! own.

use std::collections::BTreeSet;
use std::time::Instant;

use identity::Vault;
use kernel::snapshot::{Piece, SnapshotBuilder};
use kernel::step::Input;
use ledger::{Disk, Entry};
use proof::digest::Digest;

use super::Driver;
use crate::keeper::{Keeper, WaitingPiece};
use crate::limits::{
    END_BYTES, PIECES_WAITING_BYTES, PREPARE_PIECES_MAX, PREPARE_RECORDS, SNAPSHOT_BYTES,
    SNAPSHOT_STOP_RECORDS,
};

/// What the driver knows of the snapshots that it has kept.
pub(crate) struct Keeping {
    keeper: Keeper,
    /// After how many records one is made.
    records: u64,
    /// Bytes of records and sealed parts that were appended since the last one.
    new_bytes: usize,
    /// Size of the log when pieces were made ahead last.
    prepared: u64,
    /// The snapshot whose record is not known to be durable: index and names of its pieces. One
    /// that is listed has its record.
    unlisted: Option<(u64, BTreeSet<Digest>)>,
}

impl Keeping {
    pub(crate) fn new(keeper: Keeper, records: u64) -> Self {
        Self { keeper, records, new_bytes: 0, prepared: 0, unlisted: None }
    }

    /// Counts what is appended to the log.
    pub(super) fn count(&mut self, Entry { record, sealed }: &Entry) {
        let bytes = record.len().saturating_add(sealed.len());
        self.new_bytes = self.new_bytes.saturating_add(bytes);
    }

    /// Has the snapshot listed whose record is among so many durable ones.
    fn list(&mut self, durable: u64) {
        if let Some((index, names)) = self.unlisted.take_if(|(index, _)| *index < durable) {
            self.keeper.finish(index, names);
        }
    }

    /// Hands a piece to the thread that seals it under its execution's key and writes it.
    fn keep(&mut self, vault: &mut Vault, Piece { name, execution, bytes }: Piece) {
        match execution.map(|execution| vault.piece_sealer(&execution)).transpose() {
            Ok(sealer) => self.keeper.keep(WaitingPiece { name, bytes, sealer }),
            Err(why) => self.keeper.failed(&why),
        }
    }

    /// Lists the last one, as the log has this size, and waits until all is written, or until then.
    pub(super) fn close(mut self, durable: u64, until: Instant) {
        self.list(durable);
        self.keeper.close(until);
    }
}

impl<D: Disk> Driver<D> {
    /// Whether there is something for [`Driver::keep_up`] to do.
    pub(super) fn wants_to_keep_up(&self) -> bool {
        self.keeping.unlisted.is_some() || self.is_due() || self.has_pieces_to_make()
    }

    fn is_due(&self) -> bool {
        self.keeping.new_bytes >= SNAPSHOT_BYTES
            || self.kernel.snapshot_is_due(self.keeping.records)
    }

    /// Whether there are enough new records to make pieces of the next snapshot ahead.
    fn has_pieces_to_make(&self) -> bool {
        let size = self.kernel.state().size();
        size.saturating_sub(self.keeping.prepared) >= PREPARE_RECORDS
    }

    /// Makes the snapshot that is due, or some of its pieces ahead, unless earlier ones still wait
    /// for the disk. A node that is to stop begins nothing of that here.
    pub(super) fn keep_up(&mut self) {
        if self.keeping.keeper.take_failure() {
            // Nothing is known to be kept: the next one is made whole, when it is due again.
            // Nor is the last one listed: some of its pieces may be missing.
            self.keeping.unlisted = None;
            self.kernel.resume_snapshots(SnapshotBuilder::new(self.kernel.state().size()));
        }
        if self.keeping.unlisted.is_some() {
            self.keeping.list(self.log.head().size);
        }
        if self.keeping.unlisted.is_some() {
            // INVARIANT: what is made for the next snapshot is written after the last one is
            // listed: its list lets go of pieces that it does not name.
            return;
        }
        let is_due = self.is_due();
        if (!is_due && !self.has_pieces_to_make()) || self.mailbox.inbox.is_closed() {
            return;
        }
        if self.keeping.keeper.waiting_bytes() >= PIECES_WAITING_BYTES {
            return;
        }
        if is_due {
            self.snapshot();
        } else {
            self.keeping.prepared = self.kernel.state().size();
            self.prepare();
        }
    }

    /// Makes some pieces ahead, one by one: a stop waits for one of them at most.
    fn prepare(&mut self) {
        for _ in 0..PREPARE_PIECES_MAX {
            let pieces = self.kernel.prepare_snapshot(1);
            let is_last = pieces.is_empty();
            self.keep(pieces, None);
            if is_last || self.mailbox.inbox.is_closed() {
                return;
            }
        }
    }

    /// An orderly stop leaves a short tail for the next start, where there is time for it until
    /// then.
    pub(super) fn keep_last(&mut self, until: Instant) {
        let is_due = self.kernel.snapshot_is_due(self.keeping.records.min(SNAPSHOT_STOP_RECORDS));
        if !is_due || self.keeping.unlisted.is_some() {
            return;
        }
        let Self { kernel, keeping, vault, .. } = self;
        let has_time = || Instant::now() < until;
        let is_whole = kernel.prepare_last_snapshot(|piece| {
            keeping.keep(vault, piece);
            has_time()
        });
        if is_whole && has_time() {
            self.snapshot();
        } else {
            crate::say(format_args!(
                "the stop leaves no snapshot for want of time: the next start reads more of the log"
            ));
        }
    }

    /// A snapshot is no decision: on a full disk it is left for later, as space is kept for ends
    /// and stops.
    fn snapshot(&mut self) {
        if self.keeping.unlisted.is_none() && self.has_space_for(END_BYTES) {
            self.step(Input::Snapshot);
            self.keeping.new_bytes = 0;
        }
    }

    /// Hands pieces to the thread that writes them, each execution's to be sealed under its key;
    /// with all of a snapshot, the index of its record and the names of its pieces.
    pub(super) fn keep(&mut self, pieces: Vec<Piece>, whole: Option<(u64, BTreeSet<Digest>)>) {
        for piece in pieces {
            self.keeping.keep(&mut self.vault, piece);
        }
        if whole.is_some() {
            self.keeping.unlisted = whole;
        }
    }
}

#[cfg(test)]
mod tests;
