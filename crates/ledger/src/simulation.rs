//! A disk in memory that remembers what was synced and forgets the rest when it crashes.
//!
//! For tests and the simulator; beside it lies [`NowhereDisk`], for benchmarks. It is as unkind as
//! the contract of [`Disk`] lets it be: unsynced bytes survive a crash in any mixture of 512-byte
//! sectors, unsynced names in any mixture of names.
mod nowhere;
mod state;

pub use nowhere::{NowhereDisk, NowhereFile};

use crate::disk::{Disk, DiskError, DiskFile};
use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a crash leaves of changes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Nothing: every unsynced write and name is gone.
    DropUnsynced,
    /// Everything: the process died, the machine did not.
    KeepUnsynced,
    /// Any sector of any write and any name, drawn from this seed; some sectors hold garbage.
    Tear(u64),
}

/// The device: outlives crashes, and is where a test decides what goes wrong.
#[derive(Debug, Clone, Default)]
pub struct MemoryDevice {
    state: Arc<Mutex<State>>,
}

impl MemoryDevice {
    /// An empty device without faults and without a limit on its space.
    #[must_use]
    pub fn new() -> MemoryDevice {
        MemoryDevice::default()
    }

    /// A disk over this device. It stops working at the next [`MemoryDevice::crash`].
    #[must_use]
    pub fn mount(&self) -> MemoryDisk {
        let mut state = self.state();
        state.mounts += 1;
        MemoryDisk { device: self.clone(), mount: state.mounts, epoch: state.epoch }
    }

    /// Crash now. Mounted disks fail from here on; mount again to see what is left.
    pub fn crash(&self, crash: Crash) {
        self.state().crash(crash);
    }

    /// How many operations that change something were asked for so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Lose power during the operation with this number (see [`MemoryDevice::operations`]): it and
    /// all later ones fail until [`MemoryDevice::crash`] is called.
    pub fn lose_power_at(&self, operation: Option<u64>) {
        self.state().power_lost_at = operation;
    }

    /// Let the `n`th sync from now on fail (0: the next one), once. What it should have made
    /// durable stays to be seen and counts as synced: only writing it again makes it durable.
    pub fn fail_sync_after(&self, syncs: u64) {
        let mut state = self.state();
        state.failing_sync = Some(state.syncs + syncs);
    }

    /// Let every sync report success and do nothing: a disk that lies. Laws fail on it, as they
    /// must.
    pub fn danger_sync_does_nothing(&self, lies: bool) {
        self.state().sync_lies = lies;
    }

    /// Bytes that all files together may take. `None`: no limit.
    pub fn set_capacity_bytes(&self, capacity_bytes: Option<u64>) {
        self.state().capacity_bytes = capacity_bytes;
    }

    /// The present content of a file, durable or not.
    #[must_use]
    pub fn content(&self, path: &str) -> Option<Vec<u8>> {
        self.state().content(path).map(<[u8]>::to_vec)
    }

    /// Replace a file, durably: what an attacker or a bad sector does.
    pub fn tamper(&self, path: &str, content: Option<Vec<u8>>) {
        self.state().tamper(path, content);
    }

    /// Every file's path.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.state().paths()
    }

    /// An independent copy of what is there now, durable or not.
    #[must_use]
    pub fn fork(&self) -> MemoryDevice {
        let fork = MemoryDevice::new();
        for path in self.paths() {
            fork.tamper(&path, self.content(&path));
        }
        fork
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Disk`] over a [`MemoryDevice`].
#[derive(Debug)]
pub struct MemoryDisk {
    device: MemoryDevice,
    mount: u64,
    epoch: u64,
}

impl MemoryDisk {
    fn state(&self, path: &str) -> Result<MutexGuard<'_, State>, DiskError> {
        let state = self.device.state();
        state.check_epoch(self.epoch, path)?;
        Ok(state)
    }

    fn file(&self, path: &str, inode: u64) -> MemoryFile {
        let device = self.device.clone();
        MemoryFile { device, epoch: self.epoch, path: path.to_owned(), inode }
    }
}

impl Drop for MemoryDisk {
    fn drop(&mut self) {
        let mut state = self.device.state();
        if state.holder == Some(self.mount) {
            state.holder = None;
        }
    }
}

impl Disk for MemoryDisk {
    type File = MemoryFile;

    fn lock(&self) -> Result<(), DiskError> {
        let mut state = self.state("")?;
        if state.holder.is_some_and(|holder| holder != self.mount) {
            return Err(DiskError::Locked { path: "memory".to_owned() });
        }
        state.holder = Some(self.mount);
        Ok(())
    }

    fn create(&self, path: &str, len_bytes: u64) -> Result<MemoryFile, DiskError> {
        let inode = self.state(path)?.create(path, len_bytes)?;
        Ok(self.file(path, inode))
    }

    fn open(&self, path: &str, _writable: bool) -> Result<Option<MemoryFile>, DiskError> {
        let inode = self.state(path)?.names.get(path).copied();
        Ok(inode.map(|inode| self.file(path, inode)))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        Ok(self.state(folder)?.list(folder))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        self.state(from)?.rename(from, to)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        self.state(path)?.remove(path)
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.state(folder)?.sync_folder(folder)
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        self.state("")?.sync_all()
    }
}

/// A file of a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryFile {
    device: MemoryDevice,
    epoch: u64,
    path: String,
    inode: u64,
}

impl MemoryFile {
    fn state(&self) -> Result<MutexGuard<'_, State>, DiskError> {
        let state = self.device.state();
        state.check_epoch(self.epoch, &self.path)?;
        Ok(state)
    }
}

impl DiskFile for MemoryFile {
    fn len_bytes(&self) -> Result<u64, DiskError> {
        Ok(self.state()?.bytes(self.inode).len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        let state = self.state()?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = state.bytes(self.inode).get(offset..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn read_durable_at(&self, offset: u64, len: usize) -> Result<Option<Vec<u8>>, DiskError> {
        let state = self.state()?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = state.durable_bytes(self.inode).get(offset..).unwrap_or_default();
        Ok(Some(rest.get(..len).unwrap_or(rest).to_vec()))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        self.state()?.write(&self.path, self.inode, offset, bytes)
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.state()?.sync_file(&self.path, self.inode)
    }
}

#[cfg(test)]
mod tests;
