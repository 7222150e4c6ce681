//! A disk that writes nothing: what a benchmark holds the path over a real one against.
//!
//! It answers as a disk does, and keeps only what a ledger reads back in one run: a write-ahead
//! file's bytes until publication has read past them, a file under `tmp/` until it gets its name,
//! lists of snapshots, and files of one block. Anything else is forgotten, and asking for it is an
//! error, never zeros. Nothing is durable: a ledger that was written here can't be opened again.
use crate::disk::{Disk, DiskError, DiskFile};
use crate::files::is_unfinished;
use crate::limits::{BLOCK_BYTES, NOWHERE_BYTES_MAX};
use crate::simulation::state::names_in;
use crate::snapshots::is_list;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that were read past are let go together, so that what follows them is moved seldom.
const LET_GO_BYTES: usize = 1024 * 1024;

/// A [`Disk`] that writes nothing. It is its own only holder.
#[derive(Debug, Default)]
pub struct NowhereDisk {
    names: Mutex<BTreeMap<String, NowhereFile>>,
    kept_bytes: Arc<AtomicUsize>,
}

impl NowhereDisk {
    /// An empty one.
    #[must_use]
    pub fn new() -> NowhereDisk {
        NowhereDisk::default()
    }

    /// Bytes that are kept of all files together.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.kept_bytes.load(Ordering::Relaxed)
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<String, NowhereFile>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for NowhereDisk {
    type File = NowhereFile;

    fn lock(&self) -> Result<(), DiskError> {
        Ok(())
    }

    fn create(&self, path: &str, len_bytes: u64) -> Result<NowhereFile, DiskError> {
        let content = FileContent { len_bytes, is_log: len_bytes > 0, ..FileContent::default() };
        let file = NowhereFile {
            path: path.to_owned(),
            content: Arc::new(Mutex::new(KeptFile { content, all: Arc::clone(&self.kept_bytes) })),
        };
        self.names().insert(path.to_owned(), file.clone());
        Ok(file)
    }

    fn open(&self, path: &str, _writable: bool) -> Result<Option<NowhereFile>, DiskError> {
        Ok(self.names().get(path).cloned())
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        Ok(names_in(folder, self.names().keys()))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let mut names = self.names();
        let missing = || io_error(from, io::ErrorKind::NotFound);
        let mut file = names.remove(from).ok_or_else(missing)?;
        to.clone_into(&mut file.path);
        file.kept().change(|content| {
            let is_small = content.len_bytes <= BLOCK_BYTES as u64;
            if !content.is_log && !is_small && !is_unfinished(to) && !is_list(to) {
                content.forget_all();
            }
        });
        names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        self.names().remove(path);
        Ok(())
    }

    fn sync_folder(&self, _folder: &str) -> Result<(), DiskError> {
        Ok(())
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        Ok(())
    }
}

/// A file of a [`NowhereDisk`].
#[derive(Debug, Clone)]
pub struct NowhereFile {
    path: String,
    content: Arc<Mutex<KeptFile>>,
}

impl NowhereFile {
    fn kept(&self) -> MutexGuard<'_, KeptFile> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DiskFile for NowhereFile {
    fn len_bytes(&self) -> Result<u64, DiskError> {
        Ok(self.kept().content.len_bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        let mut kept = self.kept();
        let forgotten = || io_error(&self.path, io::ErrorKind::Unsupported);
        let count = kept.content.read(offset, buffer).ok_or_else(forgotten)?;
        if kept.content.is_log {
            kept.change(|content| content.forget_before(offset));
        }
        Ok(count)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let mut kept = self.kept();
        if kept.all.load(Ordering::Relaxed).saturating_add(bytes.len()) > NOWHERE_BYTES_MAX {
            return Err(DiskError::Full { path: self.path.clone() });
        }
        let forgotten = || io_error(&self.path, io::ErrorKind::Unsupported);
        kept.change(|content| content.write(offset, bytes)).ok_or_else(forgotten)
    }

    fn sync(&self) -> Result<(), DiskError> {
        Ok(())
    }
}

/// The bytes that are kept of a file, counted with those of all others.
#[derive(Debug)]
struct KeptFile {
    content: FileContent,
    all: Arc<AtomicUsize>,
}

impl KeptFile {
    fn change<T>(&mut self, change: impl FnOnce(&mut FileContent) -> T) -> T {
        let before = self.content.kept_bytes();
        let changed = change(&mut self.content);
        self.all.fetch_add(self.content.kept_bytes(), Ordering::Relaxed);
        self.all.fetch_sub(before, Ordering::Relaxed);
        changed
    }
}

impl Drop for KeptFile {
    fn drop(&mut self) {
        self.all.fetch_sub(self.content.kept_bytes(), Ordering::Relaxed);
    }
}

/// Its first block, if it is a write-ahead file, and what is kept after what was forgotten; zeros
/// follow up to its length.
#[derive(Debug, Default)]
struct FileContent {
    len_bytes: u64,
    is_log: bool,
    first_block: Vec<u8>,
    /// Where `rest` begins, in bytes.
    from: u64,
    rest: Vec<u8>,
}

impl FileContent {
    fn kept_bytes(&self) -> usize {
        self.first_block.len().saturating_add(self.rest.len())
    }

    /// `None` where any of it is forgotten.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> Option<usize> {
        let left = self.len_bytes.saturating_sub(offset);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..count)?;
        buffer.fill(0);
        let is_first = self.is_log && offset == 0 && count <= BLOCK_BYTES;
        let kept = match offset.checked_sub(self.from) {
            _ if is_first => self.first_block.as_slice(),
            Some(at) => self.rest.get(usize::try_from(at).ok()?..).unwrap_or_default(),
            None => return (count == 0).then_some(0),
        };
        for (to, from) in buffer.iter_mut().zip(kept) {
            *to = *from;
        }
        Some(count)
    }

    /// `None` where it would change what is forgotten.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Option<()> {
        if self.is_log && offset == 0 && bytes.len() <= BLOCK_BYTES {
            self.first_block = bytes.to_vec();
        }
        let at = usize::try_from(offset.checked_sub(self.from)?).ok()?;
        let end = at.checked_add(bytes.len())?;
        if self.rest.len() < end {
            self.rest.resize(end, 0);
        }
        self.rest.get_mut(at..end)?.copy_from_slice(bytes);
        self.len_bytes = self.len_bytes.max(offset.checked_add(bytes.len() as u64)?);
        Some(())
    }

    /// A reader of a write-ahead file from here on needs nothing that lies before.
    fn forget_before(&mut self, offset: u64) {
        let at = usize::try_from(offset.saturating_sub(self.from)).unwrap_or(usize::MAX);
        let at = at.min(self.rest.len());
        if at >= LET_GO_BYTES {
            self.rest.drain(..at);
            self.from = self.from.saturating_add(at as u64);
        }
    }

    fn forget_all(&mut self) {
        self.rest = Vec::new();
        self.from = self.len_bytes;
    }
}

fn io_error(path: &str, kind: io::ErrorKind) -> DiskError {
    let what = match kind {
        io::ErrorKind::NotFound => "there is no such file",
        _ => "this disk keeps nothing that was read: use a folder for what is to be read again",
    };
    DiskError::Io { path: path.to_owned(), source: io::Error::new(kind, what) }
}

#[cfg(test)]
mod tests;
