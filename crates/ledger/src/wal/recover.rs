//! Recovery: keep every valid batch, drop an invalid last one, refuse anything else.
use super::cursor::{Cursor, Found, ReadBatch};
use super::{WalError, segment_path, segments};
use crate::disk::{Disk, DiskFile};
use crate::paths::WAL_FOLDER;
use proof::digest::Digest;
use std::ops::Range;

/// Zeros are read and written in pieces of this many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// How a walk over the write-ahead files ended.
pub(crate) struct Walked<D: Disk> {
    /// After the last batch.
    pub(crate) end: Cursor<D>,
    /// Where in that segment another batch could begin, in bytes.
    pub(crate) resume_at: u64,
    /// The last batch: the number of its segment, and where in it, in bytes.
    last: Option<(u64, Range<u64>)>,
}

/// A cursor at the start of the last segment that begins at or before entry `index`, once it is
/// known that no segment after it is missing.
pub(crate) fn seek<D: Disk>(disk: &D, log: Digest, index: u64) -> Result<Cursor<D>, WalError> {
    let numbers = segments(disk)?;
    let mut later = None;
    for number in numbers.into_iter().rev() {
        if let Some(later) = later.filter(|later| number + 1 != *later) {
            return Err(WalError::Gap { path: segment_path(later - 1) });
        }
        later = Some(number);
        let Some(cursor) = Cursor::open(disk, log, number)? else { continue };
        if cursor.chain.index <= index {
            return Ok(cursor);
        }
    }
    Err(WalError::Missing { index })
}

/// Walk from `cursor` to the last batch, handing each one to `visit`.
pub(crate) fn walk<D: Disk, E: From<WalError>>(
    disk: &D,
    mut cursor: Cursor<D>,
    mut visit: impl FnMut(ReadBatch) -> Result<(), E>,
) -> Result<Walked<D>, E> {
    let mut last = None;
    loop {
        let from = cursor.offset;
        match cursor.next()? {
            Found::Batch(batch) => {
                visit(batch)?;
                last = Some((cursor.header.number, from..cursor.offset));
            }
            Found::Nothing { resume_at } => match cursor.next_segment(disk)? {
                Some(next) => cursor = next,
                None => return Ok(Walked { end: cursor, resume_at, last }),
            },
        }
    }
}

/// Refuse if a valid batch lies beyond the end of a [`walk`]: that end is then no torn write.
pub(crate) fn check_end<D: Disk>(walked: &Walked<D>) -> Result<(), WalError> {
    let end = &walked.end;
    let Some(later) = end.any_batch_from(walked.resume_at)? else { return Ok(()) };
    let (path, later_path) = (end.path(), end.path());
    Err(WalError::InvalidBeforeValid { path, offset: end.offset, later_path, later })
}

/// Settle a checked end: wipe what a torn write left, and make all that was kept durable. Returns
/// whether anything was wiped.
///
/// A process that was killed may leave a batch that is whole and not synced: it is kept, so it must
/// be synced before anything is built on it. Where it was the sync that failed, the operating
/// system counts the bytes as written and shows them, and another sync writes nothing: so they are
/// written again. Only the last batch can be one of these, since each is written after the one
/// before it is synced.
pub(crate) fn settle<D: Disk>(disk: &D, walked: &Walked<D>) -> Result<bool, WalError> {
    let end = &walked.end;
    let path = end.path();
    if let Some((number, range)) = &walked.last {
        write_again(disk, *number, range.clone())?;
    }
    let Some(file) = disk.open(&path, true)? else { return Err(WalError::Header { path }) };
    let wiped = wipe(&file, end.offset, end.header.segment_bytes)?;
    file.sync()?;
    disk.sync_folder(WAL_FOLDER)?;
    Ok(wiped)
}

/// Write what a segment shows in this range to it once more, wherever the disk itself holds
/// something else.
///
/// What the disk holds is not touched: a crash in the midst of writing it again could damage what
/// was acknowledged.
fn write_again<D: Disk>(disk: &D, number: u64, range: Range<u64>) -> Result<(), WalError> {
    let path = segment_path(number);
    let Some(file) = disk.open(&path, true)? else { return Err(WalError::Header { path }) };
    // What is only not synced yet is then on the disk.
    file.sync()?;
    let mut shown = vec![0; PIECE_BYTES];
    let mut offset = range.start;
    while offset < range.end {
        let wanted = usize::try_from(range.end - offset).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        shown.resize(wanted, 0);
        let read = file.read_at(offset, &mut shown)?;
        shown.truncate(read);
        if read == 0 {
            break;
        }
        if file.read_durable_at(offset, read)?.is_none_or(|durable| durable != shown) {
            file.write_at(offset, &shown)?;
        }
        offset += read as u64;
    }
    Ok(file.sync()?)
}

/// Write zeros wherever there are none between `from` and `to`.
fn wipe<F: DiskFile>(file: &F, from: u64, to: u64) -> Result<bool, WalError> {
    let mut wiped = false;
    let mut offset = from;
    let zeros = vec![0; PIECE_BYTES];
    let mut piece = zeros.clone();
    while offset < to {
        let wanted = usize::try_from(to - offset).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        piece.resize(wanted, 0);
        let read = file.read_at(offset, &mut piece)?;
        if piece.get(..read).unwrap_or(&piece) != zeros.get(..read).unwrap_or(&zeros) {
            file.write_at(offset, zeros.get(..wanted).unwrap_or(&zeros))?;
            wiped = true;
        }
        offset += wanted as u64;
    }
    Ok(wiped)
}
