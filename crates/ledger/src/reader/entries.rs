//! Entries in order: from full bundles, then from the write-ahead files, else from partial bundles.
use super::ReadEntry;
use crate::completed::Completed;
use crate::disk::Disk;
use crate::entry::Entry;
use crate::error::Error;
use crate::limits::{
    CHECKPOINT_BYTES_MAX, ENTRY_BUNDLE_BYTES_MAX, READ_ATTEMPTS_MAX, SEALED_BUNDLE_BYTES_MAX,
};
use crate::paths::{WIDTH, bundle_boundary, bundle_of, log_id, sealed_path};
use crate::sealed;
use crate::wal::cursor::{Cursor, Found};
use crate::wal::recover::seek;
use crate::wal::segments::Segments;
use crate::wal::{WalError, segments};
use proof::checkpoint::Checkpoint;
use proof::log::CHECKPOINT_PATH;
use proof::note::SignedNote;
use proof::tile::EntryBundle;
use std::collections::VecDeque;

/// An iterator over a log's entries. See [`super::Reader::entries`].
pub struct Entries<'a, D: Disk> {
    disk: &'a D,
    checkpoint: Checkpoint,
    /// Index of the next entry to be read.
    next: u64,
    read: VecDeque<ReadEntry>,
    tail: Option<Cursor<D>>,
    /// The write-ahead segments, once a bundle was missing.
    segments: Option<Segments<D>>,
    ended: bool,
    reads_sealed_parts: bool,
}

impl<'a, D: Disk> Entries<'a, D> {
    pub(super) fn from(disk: &'a D, first: u64) -> Result<Entries<'a, D>, Error> {
        let checkpoint = read_checkpoint(disk)?;
        let read = VecDeque::new();
        Ok(Entries {
            disk,
            checkpoint,
            next: first,
            read,
            tail: None,
            segments: None,
            ended: false,
            reads_sealed_parts: true,
        })
    }

    pub(super) fn without_sealed_parts(mut self) -> Self {
        self.reads_sealed_parts = false;
        self
    }

    /// Read on; nothing is added at the end.
    fn refill(&mut self) -> Result<(), Error> {
        for _ in 0..READ_ATTEMPTS_MAX {
            if self.tail.is_none() && self.next < bundle_boundary(self.checkpoint.size) {
                return self.read_bundle();
            }
            match self.read_tail() {
                // Published and removed in the meantime: the checkpoint says where it went.
                Err(Error::Wal(WalError::Missing { .. } | WalError::Gap { .. })) => {
                    self.tail = None;
                    let checkpoint = read_checkpoint(self.disk)?;
                    if checkpoint == self.checkpoint && segments(self.disk)?.is_empty() {
                        return if self.next < checkpoint.size {
                            self.read_bundle()
                        } else {
                            Ok(())
                        };
                    }
                    self.checkpoint = checkpoint;
                }
                other => return other,
            }
        }
        Err(Error::Moving { index: self.next, attempts: READ_ATTEMPTS_MAX })
    }

    fn read_bundle(&mut self) -> Result<(), Error> {
        let bundle = bundle_of(self.next, self.checkpoint.size)?;
        let (path, sealed_path) = (bundle.path(), sealed_path(&bundle));
        let damaged = |path: &str| Error::Damaged { path: path.to_owned() };
        let bytes = self.disk.read(&path, ENTRY_BUNDLE_BYTES_MAX)?;
        let sealed_bytes = match self.reads_sealed_parts {
            true => self.disk.read(&sealed_path, SEALED_BUNDLE_BYTES_MAX)?,
            false => None,
        };
        let is_whole = bytes.is_some() && (sealed_bytes.is_some() || !self.reads_sealed_parts);
        if !is_whole && self.read_completed(bundle)? {
            return Ok(());
        }
        let bytes = bytes.ok_or_else(|| damaged(&path))?;
        let records = bundle.decode(&bytes).map_err(|_| damaged(&path))?;
        let width = bundle.width();
        let parts = match &sealed_bytes {
            Some(bytes) => sealed::decode(bytes, width).ok_or_else(|| damaged(&sealed_path))?,
            None => Vec::new(),
        };
        let mut parts = parts.into_iter();
        for (index, record) in (bundle.index() * WIDTH..).zip(records) {
            let sealed = parts.next().map(<[u8]>::to_vec);
            self.push(ReadEntry { index, record: record.to_vec(), sealed });
        }
        Ok(())
    }

    /// A bundle that a copy of a running log lacks, from its write-ahead files. Whether they have
    /// it.
    fn read_completed(&mut self, bundle: EntryBundle) -> Result<bool, Error> {
        if self.segments.is_none() {
            let opened = Segments::open(self.disk, log_id(&self.checkpoint.origin));
            self.segments = Some(opened.unwrap_or_else(|_| Segments::none()));
        }
        let Some(segments) = &self.segments else { return Ok(false) };
        let completed = Completed { disk: self.disk, segments };
        let Ok(Some(entries)) = completed.entries(bundle) else { return Ok(false) };
        for (index, Entry { record, sealed }) in (bundle.index() * WIDTH..).zip(entries) {
            self.push(ReadEntry { index, record, sealed: Some(sealed) });
        }
        Ok(true)
    }

    fn read_tail(&mut self) -> Result<(), Error> {
        let mut cursor = match self.tail.take() {
            Some(cursor) => cursor,
            None => seek(self.disk, log_id(&self.checkpoint.origin), self.next)?,
        };
        let before = self.next;
        let mut is_seen_later = false;
        while self.next == before {
            match cursor.next()? {
                Found::Batch(batch) => {
                    is_seen_later = false;
                    for (index, Entry { record, sealed }) in (batch.first..).zip(batch.entries) {
                        self.push(ReadEntry { index, record, sealed: Some(sealed) });
                    }
                }
                Found::Nothing { .. } => match cursor.next_segment(self.disk) {
                    Ok(Some(segment)) => cursor = segment,
                    Ok(None) => break,
                    // The writer has filled this segment since it was looked at, and begun the
                    // later one: what it wrote here is seen by a second look.
                    Err(WalError::InvalidBeforeValid { .. }) if !is_seen_later => {
                        is_seen_later = true;
                    }
                    Err(error) => return Err(error.into()),
                },
            }
        }
        self.tail = Some(cursor);
        Ok(())
    }

    /// Keep an entry unless it comes before the one that is wanted.
    fn push(&mut self, entry: ReadEntry) {
        if entry.index == self.next {
            self.next += 1;
            self.read.push_back(entry);
        }
    }
}

impl<D: Disk> Iterator for Entries<'_, D> {
    type Item = Result<ReadEntry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read.is_empty() && !self.ended {
            if let Err(error) = self.refill() {
                self.ended = true;
                return Some(Err(error));
            }
            self.ended = self.read.is_empty();
        }
        self.read.pop_front().map(Ok)
    }
}

/// The checkpoint, its signature unchecked: `proof::log` checks it.
pub(super) fn read_checkpoint<D: Disk>(disk: &D) -> Result<Checkpoint, Error> {
    let missing = || Error::NotThere { path: CHECKPOINT_PATH.to_owned() };
    let bytes = disk.read(CHECKPOINT_PATH, CHECKPOINT_BYTES_MAX)?.ok_or_else(missing)?;
    let text = String::from_utf8(bytes);
    parse_checkpoint(&text.map_err(|_| Error::Damaged { path: CHECKPOINT_PATH.to_owned() })?)
}

/// What a checkpoint says, its signature unchecked.
pub(crate) fn parse_checkpoint(text: &str) -> Result<Checkpoint, Error> {
    let damaged = |_| Error::Damaged { path: CHECKPOINT_PATH.to_owned() };
    let note = SignedNote::parse(text).map_err(damaged)?;
    Ok(Checkpoint::parse(note.text())?)
}
