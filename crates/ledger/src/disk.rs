//! The disk as the ledger sees it: a folder of files, and exactly which of its changes are durable.
//!
//! Every path is relative to the ledger's folder, with `/` between its parts. The ledger's logic
//! runs over [`Disk`], so that the simulator runs that very code over a disk that forgets.
mod file;

pub use file::FileDisk;

use std::io;

/// A folder that can be made durable.
///
/// Nothing is durable before it is synced: a file's bytes by [`DiskFile::sync`], its name by
/// [`Disk::sync_folder`] on the folder that holds it.
pub trait Disk: Send + Sync + 'static {
    /// An open file.
    type File: DiskFile;

    /// Take the folder for this process alone, until the disk is dropped.
    ///
    /// # Errors
    /// [`DiskError::Locked`] when another holder has it; [`DiskError::Moved`] when another folder
    /// is at its path by now.
    fn lock(&self) -> Result<(), DiskError>;

    /// Make a new file of `len_bytes` zero bytes, whose space is then taken on the disk; missing
    /// folders above it are made and synced. A file of that name is replaced.
    ///
    /// # Errors
    /// [`DiskError::Full`] when there is no space; no file remains then. [`DiskError::Exhausted`]
    /// when it can't be opened now.
    fn create(&self, path: &str, len_bytes: u64) -> Result<Self::File, DiskError>;

    /// Open a file for reading, and for writing if `writable`. `None`: there is no such file.
    ///
    /// # Errors
    /// Whatever the disk reports but absence.
    fn open(&self, path: &str, writable: bool) -> Result<Option<Self::File>, DiskError>;

    /// Names in a folder, sorted. A folder that is not there is empty.
    ///
    /// # Errors
    /// Whatever the disk reports but absence.
    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError>;

    /// Give a file another name, replacing what has that name; missing folders above the new name
    /// are made and synced. Durable once the new name's folder is synced.
    ///
    /// # Errors
    /// Whatever the disk reports.
    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError>;

    /// Remove a file or an empty folder; one that is not there is no error.
    ///
    /// # Errors
    /// Whatever the disk reports but absence.
    fn remove(&self, path: &str) -> Result<(), DiskError>;

    /// Make the names in `folder` durable (`""` is the ledger's own folder).
    ///
    /// # Errors
    /// [`DiskError::Sync`]: what is durable is then unknown, and the process must end.
    fn sync_folder(&self, folder: &str) -> Result<(), DiskError>;

    /// Make everything durable that was written here so far, files and names, on whatever thread.
    ///
    /// # Errors
    /// [`DiskError::Sync`]: what of it is durable is then unknown.
    fn sync_all(&self) -> Result<(), DiskError>;

    /// Whether somebody holds a shared lock (`flock`) on this folder, as who copies it does.
    ///
    /// # Errors
    /// Whatever the disk reports.
    fn is_held(&self, folder: &str) -> Result<bool, DiskError> {
        let _ = folder;
        Ok(false)
    }

    /// What tells this folder from a copy of it. `None` where nothing does.
    ///
    /// # Errors
    /// Whatever the disk reports.
    fn place(&self, folder: &str) -> Result<Option<String>, DiskError> {
        let _ = folder;
        Ok(None)
    }

    /// A file's whole content, if it has at most `bytes_max` bytes. `None`: there is no such file.
    ///
    /// # Errors
    /// [`DiskError::TooLarge`] above the limit, else whatever the disk reports.
    fn read(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, DiskError> {
        let Some(file) = self.open(path, false)? else { return Ok(None) };
        let too_large = || DiskError::TooLarge { path: path.to_owned(), bytes_max };
        let len = usize::try_from(file.len_bytes()?).map_err(|_| too_large())?;
        if len > bytes_max {
            return Err(too_large());
        }
        let mut bytes = vec![0; len];
        let read = file.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(Some(bytes))
    }
}

/// An open file of a [`Disk`].
pub trait DiskFile: Send + Sync + 'static {
    /// The file's length in bytes.
    ///
    /// # Errors
    /// Whatever the disk reports.
    fn len_bytes(&self) -> Result<u64, DiskError>;

    /// Read from `offset` until `buffer` is full or the file ends; returns how many bytes came.
    ///
    /// # Errors
    /// Whatever the disk reports.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError>;

    /// Write all of `bytes` at `offset`, lengthening the file where needed. Not durable yet.
    ///
    /// # Errors
    /// [`DiskError::Full`] when there is no space; part of the bytes may be written then.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError>;

    /// Read so many bytes at `offset`, both of whole blocks, as the disk itself holds them: past a
    /// failed sync, what [`DiskFile::read_at`] shows may be in memory alone. `None` where that
    /// can't be told.
    ///
    /// # Errors
    /// Whatever the disk reports.
    fn read_durable_at(&self, offset: u64, len: usize) -> Result<Option<Vec<u8>>, DiskError> {
        let _ = (offset, len);
        Ok(None)
    }

    /// Make the file's bytes durable (`fdatasync`).
    ///
    /// # Errors
    /// [`DiskError::Sync`]: what is durable is then unknown, and the process must end.
    fn sync(&self) -> Result<(), DiskError>;
}

impl DiskError {
    /// Whether there is no room, or no way to it, for now: nothing is lost, and the same may
    /// succeed later.
    #[must_use]
    pub fn is_for_now(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Exhausted { .. })
    }
}

/// What a disk can report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// No space, or no quota.
    #[error("no space left for `{path}`: free some space on this disk")]
    Full {
        /// The file that could not be made or written.
        path: String,
    },
    /// No file descriptor, or no memory for one: nothing was opened, and nothing has changed.
    #[error("`{path}` could not be opened now: {source}")]
    Exhausted {
        /// The file or folder.
        path: String,
        /// The system's own words.
        source: io::Error,
    },
    /// A sync failed, so that nobody knows what is durable.
    #[error("`{path}` could not be synced ({source}): what is on the disk is unknown")]
    Sync {
        /// The file or folder.
        path: String,
        /// The disk's own words.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error("`{path}` is in use by another process: stop that one first")]
    Locked {
        /// The folder.
        path: String,
    },
    /// The folder at the path is not the one that was opened.
    #[error("`{path}` was replaced while it was opened: try again")]
    Moved {
        /// The folder.
        path: String,
    },
    /// Others than the owner may get at the file.
    #[error(
        "`{path}` has mode {mode:04o}: only its owner may have access, `chmod {wanted:o} {path}` repairs it"
    )]
    LoosePermissions {
        /// The file or folder.
        path: String,
        /// Its mode.
        mode: u32,
        /// The mode it should have.
        wanted: u32,
    },
    /// The folder belongs to another user.
    #[error("`{path}` belongs to user {owner}, but this process runs as user {user}")]
    WrongOwner {
        /// The folder.
        path: String,
        /// Its owner.
        owner: u32,
        /// Who asks.
        user: u32,
    },
    /// The file is larger than anything this ledger writes there.
    #[error("`{path}` is larger than {bytes_max} bytes")]
    TooLarge {
        /// The file.
        path: String,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// Anything else.
    #[error("`{path}`: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// The disk's own words.
        source: io::Error,
    },
}
