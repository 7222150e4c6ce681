//! A real folder: `openat2` beneath it, `fallocate`, `fdatasync`, `fsync` of folders.
//!
//! Files are 0600 and folders 0700, whatever the umask adds; no symbolic link is followed and every
//! descriptor closes on exec.
use super::{Disk, DiskError, DiskFile};
use crate::limits::{BLOCK_BYTES, UNSYNCED_BYTES_MAX};
use crate::paths::WAL_FOLDER;
use rustix::fs::{
    AtFlags, FallocateFlags, FileType, FlockOperation, Mode, OFlags, ResolveFlags, StatxFlags,
};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A [`Disk`] over one folder of the file system.
#[derive(Debug)]
pub struct FileDisk {
    root: OwnedFd,
    path: PathBuf,
    /// The folder of the write-ahead files, once it was opened: a commit that begins a segment
    /// needs no descriptor.
    wal: OnceLock<OwnedFd>,
}

impl FileDisk {
    /// The existing folder at `path`, to be written by this process.
    ///
    /// # Errors
    /// [`DiskError::LoosePermissions`] or [`DiskError::WrongOwner`] unless only this process's user
    /// may enter the folder and its `wal`, `sealed` and `snapshots`; else what the system reports.
    pub fn open(path: &Path) -> Result<FileDisk, DiskError> {
        let disk = FileDisk::open_read_only(path)?;
        disk.check_access("")?;
        disk.check_access(WAL_FOLDER)?;
        disk.check_access("sealed")?;
        disk.check_access("snapshots")?;
        if let Some(wal) = disk.open_at(WAL_FOLDER, folder_flags())? {
            // Nobody else has it yet.
            let _held = disk.wal.set(wal);
        }
        Ok(disk)
    }

    /// Make the folder at `path` (mode 0700; the one above it must exist), then open it. An
    /// existing folder is taken as it is.
    ///
    /// # Errors
    /// As [`FileDisk::open`].
    pub fn create(path: &Path) -> Result<FileDisk, DiskError> {
        let named = |errno| failed(&path.display().to_string(), errno);
        match rustix::fs::mkdir(path, Mode::from_raw_mode(FOLDER_MODE)) {
            Ok(()) => {
                let above = path.parent().filter(|above| !above.as_os_str().is_empty());
                let above = above.unwrap_or(Path::new("."));
                let folder =
                    rustix::fs::open(above, folder_flags(), Mode::empty()).map_err(named)?;
                rustix::fs::fsync(&folder)
                    .map_err(|errno| unsynced(&above.display().to_string(), errno))?;
            }
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(named(errno)),
        }
        FileDisk::open(path)
    }

    /// The existing folder at `path`, to be read only. Its permissions are not checked: a copy of a
    /// log may be anyone's.
    ///
    /// # Errors
    /// What the system reports.
    pub fn open_read_only(path: &Path) -> Result<FileDisk, DiskError> {
        let root = rustix::fs::open(path, folder_flags(), Mode::empty())
            .map_err(|errno| failed(&path.display().to_string(), errno))?;
        Ok(FileDisk { root, path: path.to_owned(), wal: OnceLock::new() })
    }

    fn check_access(&self, folder: &str) -> Result<(), DiskError> {
        let Some(fd) = self.open_at(folder, folder_flags())? else { return Ok(()) };
        let stat = rustix::fs::fstat(&fd).map_err(|errno| failed(&self.shown(folder), errno))?;
        let user = rustix::process::geteuid().as_raw();
        if stat.st_uid != user {
            let path = self.shown(folder);
            return Err(DiskError::WrongOwner { path, owner: stat.st_uid, user });
        }
        self.check_mode(folder, stat.st_mode, FOLDER_MODE)
    }

    /// The process that put another folder in its place held the lock until then. What is opened by
    /// path from now on must be in this one.
    fn check_path(&self) -> Result<(), DiskError> {
        let named = |errno| failed(&self.shown(""), errno);
        let own = rustix::fs::fstat(&self.root).map_err(named)?;
        match rustix::fs::stat(&self.path) {
            Ok(there) if (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino) => Ok(()),
            Ok(_) | Err(Errno::NOENT) => Err(DiskError::Moved { path: self.shown("") }),
            Err(errno) => Err(named(errno)),
        }
    }

    fn check_mode(&self, path: &str, mode: u32, wanted: u32) -> Result<(), DiskError> {
        if mode & 0o077 == 0 {
            return Ok(());
        }
        let path = self.shown(path);
        Err(DiskError::LoosePermissions { path, mode: mode & 0o7777, wanted })
    }

    /// Open beneath the root without following any link. `None`: there is no such file.
    fn open_at(&self, path: &str, flags: OFlags) -> Result<Option<OwnedFd>, DiskError> {
        let path_or_dot = if path.is_empty() { "." } else { path };
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mode = if flags.contains(OFlags::CREATE) {
            Mode::from_raw_mode(FILE_MODE)
        } else {
            Mode::empty()
        };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        let opened = match rustix::fs::openat2(&self.root, path_or_dot, flags, mode, resolve) {
            // Kernels before 5.6 and some sandboxes lack it; the last part still can't be a link.
            Err(Errno::NOSYS) => rustix::fs::openat(&self.root, path_or_dot, flags, mode),
            other => other,
        };
        match opened {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(failed(&self.shown(path), errno)),
        }
    }

    /// Make every missing folder above `path`, each synced in the one above it.
    fn create_folders_above(&self, path: &str) -> Result<(), DiskError> {
        let Some((folder, _)) = path.rsplit_once('/') else { return Ok(()) };
        match rustix::fs::mkdirat(&self.root, folder, Mode::from_raw_mode(FOLDER_MODE)) {
            Ok(()) => self.sync_folder(folder.rsplit_once('/').map_or("", |(above, _)| above)),
            Err(Errno::EXIST) => Ok(()),
            Err(Errno::NOENT) => {
                self.create_folders_above(folder)?;
                self.create_folders_above(path)
            }
            Err(errno) => Err(failed(&self.shown(folder), errno)),
        }
    }

    fn allocate(&self, file: &PlainFile, len_bytes: u64) -> Result<(), DiskError> {
        if len_bytes == 0 {
            return Ok(());
        }
        match rustix::fs::fallocate(&file.fd, FallocateFlags::empty(), 0, len_bytes) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(errno) => return Err(failed(&file.path, errno)),
        }
        // Written zeros, not a promise of them: a later `fdatasync` then has no extent to convert.
        let zeros = vec![0; UNSYNCED_BYTES_MAX];
        let mut offset = 0;
        while offset < len_bytes {
            let piece = usize::try_from(len_bytes - offset)
                .unwrap_or(UNSYNCED_BYTES_MAX)
                .min(UNSYNCED_BYTES_MAX);
            file.write_at(offset, zeros.get(..piece).unwrap_or(&zeros))?;
            // As they are written: all of them at once would keep the disk from every commit.
            file.sync()?;
            offset += piece as u64;
        }
        Ok(())
    }

    fn shown(&self, path: &str) -> String {
        if path.is_empty() {
            return self.path.display().to_string();
        }
        self.path.join(path).display().to_string()
    }
}

impl Disk for FileDisk {
    type File = PlainFile;

    fn lock(&self) -> Result<(), DiskError> {
        match rustix::fs::flock(&self.root, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => self.check_path(),
            Err(Errno::WOULDBLOCK) => Err(DiskError::Locked { path: self.shown("") }),
            Err(errno) => Err(failed(&self.shown(""), errno)),
        }
    }

    fn create(&self, path: &str, len_bytes: u64) -> Result<PlainFile, DiskError> {
        self.create_folders_above(path)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC;
        let Some(fd) = self.open_at(path, flags)? else {
            return Err(failed(&self.shown(path), Errno::NOENT));
        };
        let file = PlainFile { fd, path: self.shown(path) };
        if let Err(error) = self.allocate(&file, len_bytes) {
            self.remove(path)?;
            return Err(error);
        }
        Ok(file)
    }

    fn open(&self, path: &str, writable: bool) -> Result<Option<PlainFile>, DiskError> {
        let access = if writable { OFlags::RDWR } else { OFlags::RDONLY };
        let Some(fd) = self.open_at(path, access | OFlags::NONBLOCK)? else { return Ok(None) };
        let file = PlainFile { fd, path: self.shown(path) };
        let stat = rustix::fs::fstat(&file.fd).map_err(|errno| failed(&file.path, errno))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(failed(&file.path, Errno::INVAL));
        }
        if writable {
            self.check_mode(path, stat.st_mode, FILE_MODE)?;
        }
        Ok(Some(file))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        let Some(fd) = self.open_at(folder, folder_flags())? else { return Ok(Vec::new()) };
        let named = |errno| failed(&self.shown(folder), errno);
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&fd).map_err(named)? {
            let name = entry.map_err(named)?.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        self.create_folders_above(to)?;
        rustix::fs::renameat(&self.root, from, &self.root, to)
            .map_err(|errno| failed(&self.shown(to), errno))
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        match rustix::fs::unlinkat(&self.root, path, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::ISDIR) => {
                let removed = rustix::fs::unlinkat(&self.root, path, AtFlags::REMOVEDIR);
                removed.map_err(|errno| failed(&self.shown(path), errno))
            }
            Err(errno) => Err(failed(&self.shown(path), errno)),
        }
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        let failed = |errno| unsynced(&self.shown(folder), errno);
        let held = match folder {
            "" => Some(&self.root),
            WAL_FOLDER => self.wal.get(),
            _ => None,
        };
        if let Some(fd) = held {
            return rustix::fs::fsync(fd).map_err(failed);
        }
        let fd = self.open_at(folder, folder_flags())?.ok_or_else(|| failed(Errno::NOENT))?;
        rustix::fs::fsync(&fd).map_err(failed)?;
        if folder == WAL_FOLDER {
            // Another thread may have been first.
            let _held = self.wal.set(fd);
        }
        Ok(())
    }

    fn is_held(&self, folder: &str) -> Result<bool, DiskError> {
        let Some(fd) = self.open_at(folder, folder_flags())? else { return Ok(false) };
        match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(false),
            Err(Errno::WOULDBLOCK) => Ok(true),
            Err(errno) => Err(failed(&self.shown(folder), errno)),
        }
    }

    /// Its inode, and when that was made where the file system knows.
    fn place(&self, folder: &str) -> Result<Option<String>, DiskError> {
        let wanted = StatxFlags::INO | StatxFlags::BTIME;
        let found = rustix::fs::statx(&self.root, folder, AtFlags::SYMLINK_NOFOLLOW, wanted);
        let found = match found {
            Ok(found) => found,
            Err(Errno::NOENT | Errno::NOSYS) => return Ok(None),
            Err(errno) => return Err(failed(&self.shown(folder), errno)),
        };
        let made = found.stx_btime;
        let is_known = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME);
        let made = is_known.then(|| format!(" {}.{:09}", made.tv_sec, made.tv_nsec));
        Ok(Some(format!("{}{}\n", found.stx_ino, made.unwrap_or_default())))
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        rustix::fs::syncfs(&self.root).map_err(|errno| unsynced(&self.shown(""), errno))
    }
}

/// A regular file of a [`FileDisk`].
#[derive(Debug)]
pub struct PlainFile {
    fd: OwnedFd,
    path: String,
}

impl DiskFile for PlainFile {
    fn len_bytes(&self) -> Result<u64, DiskError> {
        let stat = rustix::fs::fstat(&self.fd).map_err(|errno| failed(&self.path, errno))?;
        Ok(u64::try_from(stat.st_size).unwrap_or(0))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match rustix::io::pread(&self.fd, rest, offset + read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed(&self.path, errno)),
            }
        }
        Ok(read)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match rustix::io::pwrite(&self.fd, rest, offset + written as u64) {
                Ok(0) => return Err(failed(&self.path, Errno::IO)),
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed(&self.path, errno)),
            }
        }
        Ok(())
    }

    fn read_durable_at(&self, offset: u64, len: usize) -> Result<Option<Vec<u8>>, DiskError> {
        let Ok(flags) = rustix::fs::fcntl_getfl(&self.fd) else { return Ok(None) };
        if rustix::fs::fcntl_setfl(&self.fd, flags | OFlags::DIRECT).is_err() {
            return Ok(None);
        }
        // Such a read wants memory at a whole block too.
        let mut bytes = vec![0; len.saturating_add(BLOCK_BYTES)];
        let skipped = bytes.as_ptr().align_offset(BLOCK_BYTES);
        let end = skipped.saturating_add(len);
        let read = bytes.get_mut(skipped..end).map(|aligned| self.read_at(offset, aligned));
        rustix::fs::fcntl_setfl(&self.fd, flags).map_err(|errno| failed(&self.path, errno))?;
        match read {
            Some(Ok(read)) if read == len => {
                bytes.truncate(end);
                Ok(Some(bytes.split_off(skipped)))
            }
            _ => Ok(None),
        }
    }

    fn sync(&self) -> Result<(), DiskError> {
        rustix::fs::fdatasync(&self.fd).map_err(|errno| unsynced(&self.path, errno))
    }
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC
}

fn failed(path: &str, errno: Errno) -> DiskError {
    let path = path.to_owned();
    match errno {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => DiskError::Full { path },
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => {
            DiskError::Exhausted { path, source: io::Error::from(errno) }
        }
        _ => DiskError::Io { path, source: io::Error::from(errno) },
    }
}

fn unsynced(path: &str, errno: Errno) -> DiskError {
    DiskError::Sync { path: path.to_owned(), source: io::Error::from(errno) }
}

#[cfg(test)]
mod tests;
