//! The files of a published log, of which a copy of a running one may lack some: those are made
//! from the write-ahead segments.
//!
//! A copy is made file by file while the log goes on, so the newest tiles and bundles may have come
//! after their folder was copied, and partial ones may have gone before. Whatever the copied
//! checkpoint covers stands in the copied segments. Nothing made here is believed: the reader
//! compares it with the signed root.
use crate::disk::{Disk, DiskError};
use crate::entry::Entry;
use crate::error::Error;
use crate::files::{folder_of, replace};
use crate::paths::{WIDTH, bundle_boundary, sealed_path};
use crate::sealed;
use crate::wal::segments::Segments;
use proof::digest::Digest;
use proof::limits::{FILE_BYTES_MAX, TILE_WIDTH};
use proof::log::{LogFiles, LogReader, ReadError};
use proof::merkle::{leaf_hash, root_of};
use proof::tile::{EntryBundle, Tile, bundles_between, tiles_between};
use std::collections::BTreeSet;

/// A log's folder, completed from segments.
pub(crate) struct Completed<'a, D: Disk> {
    pub(crate) disk: &'a D,
    pub(crate) segments: &'a Segments<D>,
}

impl<D: Disk> Completed<'_, D> {
    /// A file of the published log as it is, or as the segments have it. `None`: neither has it.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        if let Some(bytes) = self.disk.read(path, FILE_BYTES_MAX)? {
            return Ok(Some(bytes));
        }
        if let Ok(bundle) = EntryBundle::parse(path) {
            return self.bundle(bundle);
        }
        let Ok(tile) = Tile::parse(path) else { return Ok(None) };
        Ok(self.hashes(tile)?.map(|hashes| Tile::encode(&hashes)))
    }

    /// The sealed parts of a bundle that is not in the folder.
    pub(crate) fn sealed(&self, bundle: EntryBundle) -> Result<Option<Vec<u8>>, Error> {
        let entries = self.entries(bundle)?;
        Ok(entries.map(|entries| sealed::encode(entries.iter().map(|entry| &*entry.sealed))))
    }

    /// The entries of a bundle, from the segments.
    pub(crate) fn entries(&self, bundle: EntryBundle) -> Result<Option<Vec<Entry>>, Error> {
        let first = bundle.index().saturating_mul(WIDTH);
        let end = first.saturating_add(u64::from(bundle.width()));
        Ok(self.segments.entries(first..end)?)
    }

    fn bundle(&self, bundle: EntryBundle) -> Result<Option<Vec<u8>>, Error> {
        let full = EntryBundle::new(bundle.index(), TILE_WIDTH)?;
        if let Some(bytes) = self.disk.read(&full.path(), FILE_BYTES_MAX)? {
            let Ok(entries) = full.decode(&bytes) else { return Ok(None) };
            let entries = entries.get(..usize::from(bundle.width())).unwrap_or_default();
            return Ok(Some(EntryBundle::encode(entries)?));
        }
        let Some(entries) = self.entries(bundle)? else { return Ok(None) };
        let records: Vec<_> = entries.into_iter().map(|entry| entry.record).collect();
        Ok(Some(EntryBundle::encode(&records)?))
    }

    fn hashes(&self, tile: Tile) -> Result<Option<Vec<Digest>>, Error> {
        for kept in [tile, tile.full()] {
            if let Some(bytes) = self.disk.read(&kept.path(), FILE_BYTES_MAX)? {
                let Ok(mut hashes) = kept.decode(&bytes) else { return Ok(None) };
                hashes.truncate(usize::from(tile.width()));
                return Ok(Some(hashes));
            }
        }
        if !self.is_recent(tile) {
            return Ok(None);
        }
        let Some(level) = tile.level().checked_sub(1) else {
            let bundle = EntryBundle::new(tile.index(), tile.width())?;
            let Some(bytes) = self.read(&bundle.path())? else { return Ok(None) };
            let Ok(entries) = bundle.decode(&bytes) else { return Ok(None) };
            return Ok(Some(entries.into_iter().map(leaf_hash).collect()));
        };
        let first = tile.index().saturating_mul(WIDTH);
        let mut hashes = Vec::new();
        for index in first..first.saturating_add(u64::from(tile.width())) {
            let Some(below) = self.hashes(Tile::new(level, index, TILE_WIDTH)?)? else {
                return Ok(None);
            };
            hashes.push(root_of(&below));
        }
        Ok(Some(hashes))
    }

    /// Whether a tile ends where segments reach: an older one that is missing is damage.
    fn is_recent(&self, tile: Tile) -> bool {
        let hashes = tile.index().saturating_mul(WIDTH).saturating_add(u64::from(tile.width()));
        let covers = 1_u64.checked_shl(8 * u32::from(tile.level())).unwrap_or(u64::MAX);
        let end = hashes.saturating_mul(covers);
        self.segments.first().is_some_and(|first| end > first)
    }
}

impl<D: Disk> LogFiles for Completed<'_, D> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        Completed::read(self, path).map_err(|error| ReadError::new(&error.to_string()))
    }
}

/// Writes what a copy lacks of a log whose head is verified: all of it is checked against the
/// signed root before.
pub(crate) fn complete<D: Disk>(
    log: &LogReader<&Completed<'_, D>>,
    files: &Completed<'_, D>,
) -> Result<(), Error> {
    let Completed { disk, segments } = files;
    let size = log.size();
    let Some(first) = segments.first() else { return Ok(()) };
    let first = first.next_multiple_of(WIDTH).min(bundle_boundary(size));
    let is_missing = |path: &String| Ok::<_, DiskError>(disk.open(path, false)?.is_none());
    let published = bundles_between(first, size).map(|bundle| bundle.path());
    let mut missing = Vec::new();
    for path in published.chain(tiles_between(first, size).map(|tile| tile.path())) {
        if is_missing(&path)? {
            missing.push((path, None));
        }
    }
    for bundle in bundles_between(first, size).filter(EntryBundle::is_full) {
        let path = sealed_path(&bundle);
        if is_missing(&path)? {
            missing.push((path, Some(bundle)));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    log.entries(first..size).try_for_each(|entry| entry.map(drop))?;
    let mut folders = BTreeSet::new();
    for (path, sealed) in missing {
        let bytes = match sealed {
            Some(bundle) => files.sealed(bundle)?,
            None => files.read(&path)?,
        };
        let bytes = bytes.ok_or_else(|| Error::Damaged { path: path.clone() })?;
        replace(*disk, &path, &bytes)?;
        folders.insert(folder_of(&path).to_owned());
    }
    Ok(folders.iter().try_for_each(|folder| disk.sync_folder(folder))?)
}

#[cfg(test)]
mod tests;
