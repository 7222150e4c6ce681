//! Publication: tiles, entry bundles and sealed bundles, then the signed checkpoint. Off the commit
//! path.
//!
//! It reads the write-ahead files back, so that what is signed is what is on the disk, and refuses
//! to sign a root other than that of what was acknowledged.
mod progress;

use crate::disk::{Disk, DiskError};
use crate::error::Error;
use crate::files::{DiskFiles, replace};
use crate::head::{Head, SharedHead};
use crate::limits::SEGMENTS_HELD_MAX;
use crate::paths::{WAL_FOLDER, partials_of, sealed_path};
use crate::wal;
use crate::wal::room::SpareSegments;
use crate::wal::writer::Sizes;
use progress::PublicationFold;
use proof::checkpoint::Checkpoint;
use proof::digest::Digest;
use proof::log::{CHECKPOINT_PATH, LogReader};
use proof::note::Signer;
use proof::tile::{EntryBundle, Tile, bundles_between, tiles_between};
use std::sync::Arc;

/// Publishes one ledger. It shares only the head and the spare segment with the committer.
pub struct Publisher<D: Disk> {
    pub(crate) disk: Arc<D>,
    pub(crate) signer: Box<dyn Signer + Send>,
    pub(crate) origin: String,
    pub(crate) log: Digest,
    pub(crate) sizes: Sizes,
    pub(crate) head: SharedHead,
    pub(crate) spare: Arc<SpareSegments<D>>,
    pub(crate) published: Head,
    pub(crate) progress: Option<PublicationFold<D>>,
}

impl<D: Disk> Publisher<D> {
    /// The size and root of the checkpoint on disk.
    #[must_use]
    pub fn published(&self) -> Head {
        self.published
    }

    /// Publish everything that is durable. Does nothing when all of it is published.
    ///
    /// # Errors
    /// [`Error::is_full`]: try again later, nothing is lost. [`Error::is_fatal`]: the process must
    /// end.
    pub fn publish(&mut self) -> Result<Head, Error> {
        self.publish_as(false, &|| false)
    }

    /// Publish everything, the sealed parts of the last, partial bundle included, so that a copy of
    /// the folder without `wal` is complete.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub fn publish_last(&mut self) -> Result<Head, Error> {
        self.publish_as(true, &|| false)
    }

    /// As [`Publisher::publish_last`], or [`Publisher::publish`], unless time is out before all is
    /// read: then nothing is signed.
    pub(crate) fn publish_as(
        &mut self,
        partial_sealed: bool,
        is_out_of_time: &dyn Fn() -> bool,
    ) -> Result<Head, Error> {
        self.prepare_spare()?;
        let head = self.head.get();
        if head.size == self.published.size && !partial_sealed {
            return Ok(head);
        }
        // What a failure leaves half done is read back from the disk the next time.
        let mut progress = match self.progress.take() {
            Some(progress) => progress,
            None => PublicationFold::load(&*self.disk, self.log, &self.published_log()?)?,
        };
        progress.follow(&*self.disk, head.size, is_out_of_time)?;
        if progress.head() != head {
            return Err(Error::NotAcknowledged { size: head.size });
        }
        progress.settle(&*self.disk, partial_sealed)?;
        let before = self.published;
        if head != before {
            self.sign(head)?;
            self.published = head;
            self.remove_superseded(before.size, head.size)?;
        }
        self.remove_segments(&progress)?;
        self.progress = Some(progress);
        Ok(head)
    }

    /// Make the next segment ahead of time. Without space the committer will find out, and refuse.
    fn prepare_spare(&self) -> Result<(), DiskError> {
        if !self.head.free_space().wants_spare {
            return Ok(());
        }
        match self.spare.prepare(&self.disk, self.sizes.segment_bytes) {
            Err(error) if error.is_for_now() => Ok(()),
            other => other,
        }
    }

    fn published_log(&self) -> Result<LogReader<DiskFiles<'_, D>>, Error> {
        let key = self.signer.verifier();
        Ok(LogReader::open(DiskFiles(&*self.disk), &key, &self.origin)?)
    }

    /// Write the checkpoint of `head`. Everything that it covers must be durable.
    pub(crate) fn sign(&self, head: Head) -> Result<(), Error> {
        let text = sign_checkpoint(&*self.signer, &self.origin, head)?;
        replace(&*self.disk, CHECKPOINT_PATH, text.as_bytes())?;
        Ok(self.disk.sync_folder("")?)
    }

    /// Remove partial tiles and bundles whose full one is published (C2SP `tlog-tiles`, partial
    /// tiles).
    fn remove_superseded(&self, before: u64, now: u64) -> Result<(), Error> {
        for tile in tiles_between(before, now).filter(Tile::is_full) {
            self.remove_all_in(&partials_of(&tile.path()))?;
        }
        for bundle in bundles_between(before, now).filter(EntryBundle::is_full) {
            self.remove_all_in(&partials_of(&bundle.path()))?;
            self.remove_all_in(&partials_of(&sealed_path(&bundle)))?;
        }
        Ok(())
    }

    fn remove_all_in(&self, folder: &str) -> Result<(), DiskError> {
        let names = self.disk.list(folder)?;
        for name in &names {
            self.disk.remove(&format!("{folder}/{name}"))?;
        }
        if names.is_empty() { Ok(()) } else { self.disk.remove(folder) }
    }

    /// Remove segments that hold nothing but full, published bundles. While somebody copies the
    /// folder they stay: the copy's tiles may be older than its segments.
    fn remove_segments(&self, progress: &PublicationFold<D>) -> Result<(), Error> {
        let kept = progress.first_segment();
        let mut superfluous = wal::segments(&*self.disk)?;
        superfluous.retain(|number| *number < kept);
        if !superfluous.is_empty() && self.disk.is_held(WAL_FOLDER)? {
            let over = superfluous.len().saturating_sub(SEGMENTS_HELD_MAX);
            superfluous.truncate(over);
        }
        for number in superfluous {
            self.disk.remove(&wal::segment_path(number))?;
            // One by one: were a later one gone and an earlier one back, the gap would look like a
            // loss.
            self.disk.sync_folder(WAL_FOLDER)?;
        }
        Ok(())
    }
}

pub(crate) fn sign_checkpoint(
    signer: &dyn Signer,
    origin: &str,
    head: Head,
) -> Result<String, Error> {
    let (origin, extensions) = (origin.to_owned(), Vec::new());
    let checkpoint = Checkpoint { origin, size: head.size, root: head.root, extensions };
    checkpoint.sign(signer).map_err(|error| Error::Signer { why: error.to_string() })
}
