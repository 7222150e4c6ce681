//! One durable log in one folder: made, opened, appended to.
use crate::blob::Blobs;
use crate::disk::Disk;
use crate::entry::{Committed, Entry};
use crate::error::{CommitError, Error};
use crate::files::{remove_unfinished, replace};
use crate::head::{Head, SharedHead};
use crate::limits::{BLOCK_BYTES, CHECKPOINT_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
use crate::open::{Recovery, recover};
use crate::paths::{VKEY_PATH, log_id};
use crate::publish::{Publisher, sign_checkpoint};
use crate::snapshots::Snapshots;
use crate::wal;
use crate::wal::room::Room;
use crate::wal::writer::{Purpose, Sizes, WriteError, Writer};
use proof::digest::Digest;
use proof::log::CHECKPOINT_PATH;
use proof::merkle::{Frontier, empty_root, leaf_hash};
use proof::note::Signer;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A log that this process alone writes.
pub struct Ledger<D: Disk> {
    writer: Writer<D>,
    frontier: Frontier,
    head: SharedHead,
    publisher: Arc<Mutex<Publisher<D>>>,
    blobs: Blobs<D>,
    snapshots: Snapshots<D>,
    stopped: bool,
}

impl<D: Disk> Ledger<D> {
    /// Make a new, empty log in a folder that has none, and open it. `origin` is its name and, by
    /// C2SP convention, the name of its key.
    ///
    /// # Errors
    /// [`Error::AlreadyThere`] when the folder holds a log or the remains of one, else what the
    /// disk reports.
    pub fn create(disk: D, signer: Box<dyn Signer + Send>, origin: &str) -> Result<Self, Error> {
        Self::create_with(disk, signer, origin, Sizes::default())
    }

    /// As [`Ledger::create`], with write-ahead files of other sizes.
    ///
    /// # Errors
    /// As [`Ledger::create`], and [`Error::Sizes`].
    pub fn create_with(
        disk: D,
        signer: Box<dyn Signer + Send>,
        origin: &str,
        sizes: Sizes,
    ) -> Result<Self, Error> {
        check_sizes(sizes)?;
        disk.lock()?;
        if disk.open(CHECKPOINT_PATH, false)?.is_some() {
            return Err(Error::AlreadyThere { path: CHECKPOINT_PATH.to_owned() });
        }
        if let Some(number) = wal::segments(&disk)?.first() {
            return Err(Error::AlreadyThere { path: wal::segment_path(*number) });
        }
        remove_unfinished(&disk)?;
        Writer::create(&disk, sizes, log_id(origin))?;
        replace(&disk, VKEY_PATH, format!("{}\n", signer.verifier()).as_bytes())?;
        let empty = Head { size: 0, root: empty_root() };
        let checkpoint = sign_checkpoint(&*signer, origin, empty)?;
        // The last file: a folder without it is no ledger yet.
        disk.sync_folder("")?;
        replace(&disk, CHECKPOINT_PATH, checkpoint.as_bytes())?;
        disk.sync_folder("")?;
        Ok(Self::open_with(disk, signer, origin, sizes)?.0)
    }

    /// Open a log: take its folder, check it, recover its end.
    ///
    /// # Errors
    /// [`Error::NotThere`] without a log; [`Error::Disk`] when another process has it; all else
    /// means that the folder is not what was written, and nothing was changed in it.
    pub fn open(
        disk: D,
        signer: Box<dyn Signer + Send>,
        origin: &str,
    ) -> Result<(Self, Recovery), Error> {
        Self::open_with(disk, signer, origin, Sizes::default())
    }

    /// As [`Ledger::open`], with new write-ahead files of other sizes.
    ///
    /// # Errors
    /// As [`Ledger::open`], and [`Error::Sizes`].
    pub fn open_with(
        disk: D,
        signer: Box<dyn Signer + Send>,
        origin: &str,
        sizes: Sizes,
    ) -> Result<(Self, Recovery), Error> {
        check_sizes(sizes)?;
        disk.lock()?;
        check_key(&disk, &*signer)?;
        let (recovered, recovery) = recover(&disk, &signer.verifier(), origin)?;
        let disk = Arc::new(disk);
        let writer = Writer::resume(Arc::clone(&disk), sizes, &recovered.end)?;
        let head =
            SharedHead::new(Head { size: recovery.size, root: recovery.root }, writer.free_space());
        let publisher = Publisher {
            disk: Arc::clone(&disk),
            signer,
            origin: origin.to_owned(),
            log: log_id(origin),
            sizes,
            head: head.clone(),
            spare: writer.spare(),
            published: recovered.published,
            progress: None,
        };
        let publisher = Arc::new(Mutex::new(publisher));
        let frontier = recovered.frontier;
        let (blobs, snapshots) = (Blobs::new(Arc::clone(&disk)), Snapshots::new(disk));
        let ledger = Ledger { writer, frontier, head, publisher, blobs, snapshots, stopped: false };
        Ok((ledger, recovery))
    }

    /// How many records are durable.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The Merkle root over the durable records.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    /// Append entries as one batch: one write, one sync. They are durable when this returns.
    ///
    /// # Errors
    /// [`CommitError::Entry`] and [`CommitError::Full`]: nothing was written and the ledger is as
    /// usable as before. [`CommitError::Fatal`] and [`CommitError::Stopped`]: the process must end.
    pub fn commit(&mut self, entries: &[Entry]) -> Result<Committed, CommitError> {
        self.commit_for(entries, Purpose::Ordinary)
    }

    /// As [`Ledger::commit`], for stops: it may use the space that is kept for them when the disk
    /// is full.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub fn commit_reserved(&mut self, entries: &[Entry]) -> Result<Committed, CommitError> {
        self.commit_for(entries, Purpose::Stop)
    }

    fn commit_for(
        &mut self,
        entries: &[Entry],
        purpose: Purpose,
    ) -> Result<Committed, CommitError> {
        if self.stopped {
            return Err(CommitError::Stopped);
        }
        let first = self.frontier.size();
        match self.writer.append(entries, purpose) {
            Ok(()) => {}
            Err(WriteError::Entry(error)) => return Err(error.into()),
            Err(WriteError::Full(error)) => return Err(CommitError::Full(error)),
            Err(WriteError::Fatal(error)) => {
                // INVARIANT: after this nothing is acknowledged any more.
                self.stopped = true;
                return Err(CommitError::Fatal(error));
            }
        }
        for entry in entries {
            self.frontier.push(leaf_hash(&entry.record));
        }
        let head = Head { size: self.frontier.size(), root: self.frontier.root() };
        self.head.advance(head, self.writer.free_space());
        Ok(Committed { first, count: entries.len() as u64 })
    }

    /// Payload bytes that one batch may have.
    #[must_use]
    pub fn batch_bytes_max(&self) -> usize {
        self.writer.batch_bytes_max()
    }

    /// Keep a blob; durable when this returns.
    ///
    /// # Errors
    /// As [`Blobs::put`].
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<Digest, Error> {
        self.blobs.put(bytes)
    }

    /// The blob with this digest, its content checked.
    ///
    /// # Errors
    /// As [`Blobs::get`].
    pub fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        self.blobs.get(digest)
    }

    /// A handle for blobs that other threads may use.
    #[must_use]
    pub fn blobs(&self) -> Blobs<D> {
        self.blobs.clone()
    }

    /// The stored snapshots of the log's fold, for any thread.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots<D> {
        self.snapshots.clone()
    }

    /// Publish what is durable: tiles, bundles, then the signed checkpoint.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub fn publish(&mut self) -> Result<Head, Error> {
        self.locked_publisher().publish()
    }

    /// Publish everything and let the folder go, so that it is complete without `wal`.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub fn close(self) -> Result<Head, Error> {
        self.locked_publisher().publish_last()
    }

    /// The publisher, to run on a thread of its own.
    #[must_use]
    pub fn publisher(&self) -> Arc<Mutex<Publisher<D>>> {
        Arc::clone(&self.publisher)
    }

    pub(crate) fn shared_head(&self) -> SharedHead {
        self.head.clone()
    }

    pub(crate) fn room(&self) -> Room<D> {
        self.writer.room(self.head.clone())
    }

    /// Whether the next segment had better be made.
    pub(crate) fn lacks_spare(&self) -> bool {
        self.writer.free_space().wants_spare && self.writer.spare().is_missing()
    }

    fn locked_publisher(&self) -> MutexGuard<'_, Publisher<D>> {
        self.publisher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_sizes(sizes: Sizes) -> Result<(), Error> {
    let Sizes { segment_bytes, reserve_bytes } = sizes;
    let whole = segment_bytes.is_multiple_of(BLOCK_BYTES as u64);
    let possible = (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&segment_bytes);
    if whole && possible && reserve_bytes <= segment_bytes / 2 {
        return Ok(());
    }
    Err(Error::Sizes { segment_bytes, reserve_bytes })
}

fn check_key<D: Disk>(disk: &D, signer: &dyn Signer) -> Result<(), Error> {
    let missing = || Error::NotThere { path: VKEY_PATH.to_owned() };
    let vkey = disk.read(VKEY_PATH, CHECKPOINT_BYTES_MAX)?.ok_or_else(missing)?;
    let expected = signer.verifier().to_string();
    let found = String::from_utf8_lossy(&vkey);
    if found.trim_end() == expected {
        return Ok(());
    }
    Err(Error::OtherKey { found: found.trim_end().chars().take(200).collect(), expected })
}

#[cfg(test)]
mod tests;
