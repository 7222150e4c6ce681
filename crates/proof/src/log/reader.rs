use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::{CHECKPOINT_PATH, Error, LogFiles};
use crate::checkpoint::{self, Checkpoint};
use crate::digest::Digest;
use crate::limits::TILE_WIDTH;
use crate::merkle::{self, HashReader};
use crate::note::VerifierKey;
use crate::receipt::Receipt;
use crate::tile::{EntryBundle, Tile};

const WIDTH: u64 = TILE_WIDTH as u64;

/// Reads a log of which nothing is trusted but the key. It is cheap to make; make one a thread.
#[derive(Debug)]
pub struct LogReader<F> {
    files: F,
    signed: String,
    checkpoint: Checkpoint,
    /// The partial tile of each level, empty where a level has none. Checked against the signed
    /// root.
    edge: Vec<Vec<Digest>>,
    /// The last full tile read of each level, checked against the tile above.
    recent: RefCell<BTreeMap<u8, (u64, Vec<Digest>)>>,
}

impl<F: LogFiles> LogReader<F> {
    /// Reads the checkpoint, and the tiles at the tree's right edge, and checks them.
    ///
    /// # Errors
    /// When the checkpoint is missing, malformed, of another log or not signed by the key, or the
    /// tiles at the edge are missing or not those of its root.
    pub fn open(files: F, key: &VerifierKey, origin: &str) -> Result<Self, Error> {
        let bytes = files.read(CHECKPOINT_PATH)?;
        let bytes = bytes.ok_or_else(|| Error::Missing { path: CHECKPOINT_PATH.to_owned() })?;
        let signed = String::from_utf8(bytes).map_err(|_| Error::NotText)?;
        Self::at(files, signed, key, origin)
    }

    /// As [`LogReader::open`], for a signed checkpoint that came another way.
    ///
    /// # Errors
    /// As [`LogReader::open`].
    pub fn at(files: F, signed: String, key: &VerifierKey, origin: &str) -> Result<Self, Error> {
        let checkpoint = checkpoint::open(&signed, key, origin)?;
        let mut reader =
            Self { files, signed, checkpoint, edge: Vec::new(), recent: RefCell::default() };
        reader.load_edge()?;
        Ok(reader)
    }

    fn load_edge(&mut self) -> Result<(), Error> {
        let mut peaks = Vec::new();
        let mut paths = Vec::new();
        for level in 0..8 {
            let hashes = self.hashes_at(level);
            if hashes == 0 {
                break;
            }
            let width = u16::try_from(hashes % WIDTH).unwrap_or_default();
            let mut edge = Vec::new();
            if let Ok(tile) = Tile::new(level, hashes / WIDTH, width) {
                edge = self.read_tile(tile)?;
                paths.insert(0, tile.path());
            }
            peaks.splice(0..0, complete_subtrees(&edge));
            self.edge.push(edge);
        }
        if merkle::join(&peaks) != self.checkpoint.root {
            return Err(Error::Edge { paths });
        }
        Ok(())
    }

    /// The verified head.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The head as it was signed.
    #[must_use]
    pub fn signed_checkpoint(&self) -> &str {
        &self.signed
    }

    /// The number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The entries of the range in order, each checked. The first error ends them.
    #[must_use]
    pub fn entries(&self, range: Range<u64>) -> LogEntries<'_, F> {
        LogEntries { reader: self, range, bundle: Vec::new().into_iter() }
    }

    /// One entry, checked.
    ///
    /// # Errors
    /// When the log has no such entry, or it, or a tile above it, is missing or altered.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, Error> {
        let outside = merkle::Error::OutOfRange { index, size: self.size() };
        if index >= self.size() {
            return Err(outside.into());
        }
        let place = usize::try_from(index % WIDTH).unwrap_or_default();
        self.bundle_entries(index / WIDTH)?.into_iter().nth(place).ok_or_else(|| outside.into())
    }

    /// The receipt of the record at that index, with the record in it.
    ///
    /// # Errors
    /// As [`LogReader::entry`].
    pub fn receipt(&self, index: u64) -> Result<Receipt, Error> {
        let record = self.entry(index)?;
        Receipt::build(self, index, self.size(), &self.signed, Some(&record))
    }

    /// The inclusion proof of the entry at that index.
    ///
    /// # Errors
    /// When the log has no such entry, or a tile is missing or altered.
    pub fn inclusion_proof(&self, index: u64) -> Result<Vec<Digest>, Error> {
        merkle::inclusion_proof(self, index, self.size())
    }

    /// The consistency proof from the log's first `old` entries to this head.
    ///
    /// # Errors
    /// When the log is smaller, or a tile is missing or altered.
    pub fn consistency_proof(&self, old: u64) -> Result<Vec<Digest>, Error> {
        merkle::consistency_proof(self, old, self.size())
    }

    /// Checks that an older head, already verified, is of this log's past.
    ///
    /// # Errors
    /// When it is of another log, larger, or of other entries; or a tile is missing or altered.
    pub fn extends(&self, older: &Checkpoint) -> Result<(), Error> {
        if older.origin != self.checkpoint.origin {
            return Err(Error::OtherLog { origin: older.origin.clone() });
        }
        if older.size > self.size() {
            return Err(merkle::Error::OutOfRange { index: older.size, size: self.size() }.into());
        }
        if merkle::root(self, older.size)? != older.root {
            return Err(Error::Forked { size: older.size });
        }
        Ok(())
    }

    /// Shows the entries of a bundle with their indexes, each checked against its leaf before.
    pub(super) fn bundle(
        &self,
        index: u64,
        mut show: impl FnMut(u64, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let leaves = self.tile(0, index)?;
        let (bundle, bytes) = self.read_bundle(index, leaves.len())?;
        let shape = |error| Error::Shape { path: bundle.path(), error };
        let entries = bundle.decode(&bytes).map_err(shape)?;
        for ((entry, leaf), place) in entries.into_iter().zip(&leaves).zip(0..) {
            let index = index * WIDTH + place;
            if merkle::leaf_hash(entry) != *leaf {
                return Err(Error::Entry { index, path: bundle.path() });
            }
            show(index, entry)?;
        }
        Ok(())
    }

    /// The entries of a bundle, each checked against its leaf.
    fn bundle_entries(&self, index: u64) -> Result<Vec<Vec<u8>>, Error> {
        let mut entries = Vec::new();
        self.bundle(index, |_, entry| {
            entries.push(entry.to_vec());
            Ok(())
        })?;
        Ok(entries)
    }

    /// The hashes of a tile of this tree, checked up to the signed root.
    // INVARIANT: a full tile has its root in the level above, and the topmost level is partial: so
    // this ends.
    pub(super) fn tile(&self, level: u8, index: u64) -> Result<Vec<Digest>, Error> {
        let hashes = self.hashes_at(level);
        if index >= hashes / WIDTH {
            let edge = self.edge.get(usize::from(level)).filter(|_| index == hashes / WIDTH);
            let edge = edge.filter(|edge| !edge.is_empty()).cloned();
            return edge.ok_or_else(|| self.outside(level, index));
        }
        if let Some((recent, hashes)) = self.recent.borrow().get(&level)
            && *recent == index
        {
            return Ok(hashes.clone());
        }
        let tile = Tile::new(level, index, TILE_WIDTH)?;
        let hashes = self.read_tile(tile)?;
        let above = self.tile(level + 1, index / WIDTH)?;
        let place = usize::try_from(index % WIDTH).unwrap_or_default();
        if above.get(place) != Some(&merkle::root_of(&hashes)) {
            return Err(Error::Tile { path: tile.path() });
        }
        self.recent.borrow_mut().insert(level, (index, hashes.clone()));
        Ok(hashes)
    }

    /// How many hashes a level has.
    const fn hashes_at(&self, level: u8) -> u64 {
        match self.checkpoint.size.checked_shr(8 * level as u32) {
            Some(hashes) => hashes,
            None => 0,
        }
    }

    fn outside(&self, level: u8, index: u64) -> Error {
        let first = index.saturating_mul(WIDTH.saturating_pow(u32::from(level) + 1));
        merkle::Error::OutOfRange { index: first, size: self.size() }.into()
    }

    /// A tile's file; where a partial one is gone, the beginning of the full one, as `tlog-tiles`
    /// allows.
    fn read_tile(&self, tile: Tile) -> Result<Vec<Digest>, Error> {
        let shape = |tile: Tile| move |error| Error::Shape { path: tile.path(), error };
        if let Some(bytes) = self.files.read(&tile.path())? {
            return tile.decode(&bytes).map_err(shape(tile));
        }
        let missing = || Error::Missing { path: tile.path() };
        let full = tile.full();
        let bytes = self.files.read(&full.path())?.ok_or_else(missing)?;
        let mut hashes = full.decode(&bytes).map_err(shape(full))?;
        hashes.truncate(usize::from(tile.width()));
        Ok(hashes)
    }

    fn read_bundle(&self, index: u64, entries: usize) -> Result<(EntryBundle, Vec<u8>), Error> {
        let width = u16::try_from(entries).unwrap_or_default();
        let bundle = EntryBundle::new(index, width)?;
        if let Some(bytes) = self.files.read(&bundle.path())? {
            return Ok((bundle, bytes));
        }
        let full = EntryBundle::new(index, TILE_WIDTH)?;
        let missing = || Error::Missing { path: bundle.path() };
        Ok((full, self.files.read(&full.path())?.ok_or_else(missing)?))
    }
}

impl<F: LogFiles> HashReader for LogReader<F> {
    type Error = Error;

    fn hash(&self, height: u8, index: u64) -> Result<Digest, Error> {
        let (level, inner) = (height / 8, u32::from(height % 8));
        let outside = || Error::from(merkle::Error::OutOfRange { index, size: self.size() });
        let first = index.checked_mul(1 << inner).ok_or_else(outside)?;
        let hashes = self.tile(level, first / WIDTH)?;
        let start = usize::try_from(first % WIDTH).unwrap_or_default();
        let covered = hashes.get(start..start + (1 << inner)).ok_or_else(outside)?;
        Ok(merkle::root_of(covered))
    }
}

/// The roots of the largest complete subtrees over these hashes, from the left.
fn complete_subtrees(mut hashes: &[Digest]) -> Vec<Digest> {
    let mut roots = Vec::new();
    while let Some(height) = hashes.len().checked_ilog2() {
        let (covered, rest) = hashes.split_at_checked(1 << height).unwrap_or((hashes, &[]));
        roots.push(merkle::root_of(covered));
        hashes = rest;
    }
    roots
}

/// Entries in order, each with its index.
#[derive(Debug)]
pub struct LogEntries<'a, F> {
    reader: &'a LogReader<F>,
    range: Range<u64>,
    bundle: std::vec::IntoIter<Vec<u8>>,
}

impl<F: LogFiles> Iterator for LogEntries<'_, F> {
    type Item = Result<(u64, Vec<u8>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.range.next()?;
        let entry = self.entry(index);
        if entry.is_err() {
            self.range.start = self.range.end;
        }
        Some(entry.map(|entry| (index, entry)))
    }
}

impl<F: LogFiles> LogEntries<'_, F> {
    fn entry(&mut self, index: u64) -> Result<Vec<u8>, Error> {
        if index >= self.reader.size() {
            return Err(merkle::Error::OutOfRange { index, size: self.reader.size() }.into());
        }
        if self.bundle.len() == 0 {
            self.bundle = self.reader.bundle_entries(index / WIDTH)?.into_iter();
            let before = usize::try_from(index % WIDTH).unwrap_or_default();
            self.bundle.by_ref().take(before).for_each(drop);
        }
        let missing = merkle::Error::OutOfRange { index, size: self.reader.size() };
        self.bundle.next().ok_or_else(|| missing.into())
    }
}
