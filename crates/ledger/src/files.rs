//! Writing a whole file: under another name, synced, then renamed.
use crate::disk::{Disk, DiskError, DiskFile};
use crate::limits::UNSYNCED_BYTES_MAX;
use proof::log::{LogFiles, ReadError};

const FOLDER: &str = "tmp";

/// Give `path` this content, atomically. The name is durable once its folder is synced.
pub(crate) fn replace<D: Disk>(disk: &D, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
    replace_by(disk, path, |unfinished| write(disk, unfinished, bytes)?.sync())
}

/// As [`replace`], and nothing of it is durable before [`Disk::sync_all`].
pub(crate) fn replace_unsynced<D: Disk>(
    disk: &D,
    path: &str,
    bytes: &[u8],
) -> Result<(), DiskError> {
    replace_by(disk, path, |unfinished| write(disk, unfinished, bytes).map(drop))
}

fn replace_by<D: Disk>(
    disk: &D,
    path: &str,
    write: impl FnOnce(&str) -> Result<(), DiskError>,
) -> Result<(), DiskError> {
    let unfinished = unfinished_path(path);
    let written = write(&unfinished).and_then(|()| disk.rename(&unfinished, path));
    if matches!(written, Err(DiskError::Full { .. })) {
        disk.remove(&unfinished)?;
    }
    written
}

fn write<D: Disk>(disk: &D, path: &str, bytes: &[u8]) -> Result<D::File, DiskError> {
    let file = disk.create(path, 0)?;
    write_in_pieces(&file, 0, bytes)?;
    Ok(file)
}

/// Writes bytes and syncs them as they are written, but for the last of them.
pub(crate) fn write_in_pieces<F: DiskFile>(
    file: &F,
    offset: u64,
    bytes: &[u8],
) -> Result<(), DiskError> {
    let mut at = offset;
    for piece in bytes.chunks(UNSYNCED_BYTES_MAX) {
        if at > offset {
            file.sync()?;
        }
        file.write_at(at, piece)?;
        at += piece.len() as u64;
    }
    Ok(())
}

/// Where a file is made before it gets the name `path`.
pub(crate) fn unfinished_path(path: &str) -> String {
    format!("{FOLDER}/{}", path.replace('/', "-"))
}

/// Whether a path is such a place.
pub(crate) fn is_unfinished(path: &str) -> bool {
    folder_of(path) == FOLDER
}

/// Remove what a crash left unfinished.
pub(crate) fn remove_unfinished<D: Disk>(disk: &D) -> Result<(), DiskError> {
    disk.list(FOLDER)?.iter().try_for_each(|name| disk.remove(&format!("{FOLDER}/{name}")))
}

/// Make the present content of a file durable, also where another process wrote it.
pub(crate) fn sync_again<D: Disk>(disk: &D, path: &str) -> Result<(), DiskError> {
    disk.open(path, true)?.map_or(Ok(()), |file| file.sync())
}

/// The folder that a path lies in.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A [`Disk`] as `proof` reads a log.
#[derive(Debug)]
pub(crate) struct DiskFiles<'a, D: Disk>(pub(crate) &'a D);

impl<D: Disk> LogFiles for DiskFiles<'_, D> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let read = self.0.read(path, proof::limits::FILE_BYTES_MAX);
        read.map_err(|error| ReadError::new(&error.to_string()))
    }
}
