//! What a [`super::MemoryDevice`] holds: files as they are, files as they are durable, and faults.
use super::Crash;
use crate::disk::DiskError;
use std::collections::BTreeMap;
use std::io;

/// Sectors are written whole or not at all, or come out as garbage.
const SECTOR_BYTES: usize = 512;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    inodes: BTreeMap<u64, Inode>,
    next_inode: u64,
    pub(super) mounts: u64,
    pub(super) holder: Option<u64>,
    pub(super) epoch: u64,
    pub(super) operations: u64,
    pub(super) power_lost_at: Option<u64>,
    pub(super) syncs: u64,
    pub(super) failing_sync: Option<u64>,
    pub(super) sync_lies: bool,
    pub(super) capacity_bytes: Option<u64>,
}

#[derive(Debug, Default, Clone)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

impl State {
    pub(super) fn check_epoch(&self, epoch: u64, path: &str) -> Result<(), DiskError> {
        if epoch != self.epoch || self.power_is_lost() {
            return Err(lost(path));
        }
        Ok(())
    }

    fn power_is_lost(&self) -> bool {
        self.power_lost_at.is_some_and(|at| self.operations > at)
    }

    /// Count an operation; `Err` when the power goes during it.
    fn operate(&mut self, path: &str) -> Result<(), DiskError> {
        self.operations += 1;
        if self.power_is_lost() { Err(lost(path)) } else { Ok(()) }
    }

    pub(super) fn bytes(&self, inode: u64) -> &[u8] {
        self.inodes.get(&inode).map(|inode| inode.now.as_slice()).unwrap_or_default()
    }

    pub(super) fn durable_bytes(&self, inode: u64) -> &[u8] {
        self.inodes.get(&inode).map(|inode| inode.durable.as_slice()).unwrap_or_default()
    }

    pub(super) fn content(&self, path: &str) -> Option<&[u8]> {
        self.names.get(path).map(|inode| self.bytes(*inode))
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    pub(super) fn list(&self, folder: &str) -> Vec<String> {
        names_in(folder, self.names.keys())
    }

    pub(super) fn create(&mut self, path: &str, len_bytes: u64) -> Result<u64, DiskError> {
        let replaced = self.content(path).map_or(0, <[u8]>::len) as u64;
        self.check_space(path, len_bytes.saturating_sub(replaced))?;
        let power = self.operate(path);
        let inode = self.next_inode;
        self.next_inode += 1;
        let zeros = vec![0; usize::try_from(len_bytes).unwrap_or(0)];
        let unsynced = vec![(0, zeros.clone())];
        self.inodes.insert(inode, Inode { now: zeros, durable: Vec::new(), unsynced });
        self.names.insert(path.to_owned(), inode);
        power.map(|()| inode)
    }

    pub(super) fn write(
        &mut self,
        path: &str,
        inode: u64,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), DiskError> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX / 2);
        let grown = (offset + bytes.len()).saturating_sub(self.bytes(inode).len());
        self.check_space(path, grown as u64)?;
        let power = self.operate(path);
        if let Some(inode) = self.inodes.get_mut(&inode) {
            overwrite(&mut inode.now, offset, bytes);
            inode.unsynced.push((offset, bytes.to_vec()));
        }
        power
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        let power = self.operate(from);
        let Some(inode) = self.names.remove(from) else {
            let source = io::Error::from(io::ErrorKind::NotFound);
            return Err(DiskError::Io { path: from.to_owned(), source });
        };
        self.names.insert(to.to_owned(), inode);
        power
    }

    pub(super) fn remove(&mut self, path: &str) -> Result<(), DiskError> {
        let power = self.operate(path);
        self.names.remove(path);
        power
    }

    pub(super) fn sync_file(&mut self, path: &str, inode: u64) -> Result<(), DiskError> {
        let begun = self.begin_sync(path);
        let inode = self.inodes.get_mut(&inode);
        match begun {
            Ok(()) if self.sync_lies => {}
            Ok(()) => inode.into_iter().for_each(Inode::sync),
            // As Linux does it: what could not be written counts as written, and is shown.
            Err(DiskError::Sync { .. }) => {
                inode.into_iter().for_each(|inode| inode.unsynced.clear());
            }
            Err(_) => {}
        }
        begun
    }

    pub(super) fn sync_all(&mut self) -> Result<(), DiskError> {
        self.begin_sync("")?;
        if self.sync_lies {
            return Ok(());
        }
        self.inodes.values_mut().for_each(Inode::sync);
        self.durable_names = self.names.clone();
        Ok(())
    }

    pub(super) fn sync_folder(&mut self, folder: &str) -> Result<(), DiskError> {
        self.begin_sync(folder)?;
        if self.sync_lies {
            return Ok(());
        }
        let inside = |path: &str| path.rsplit_once('/').map_or("", |(above, _)| above) == folder;
        self.durable_names.retain(|path, _| !inside(path));
        let now = self.names.iter().filter(|(path, _)| inside(path));
        self.durable_names.extend(now.map(|(path, inode)| (path.clone(), *inode)));
        Ok(())
    }

    fn begin_sync(&mut self, path: &str) -> Result<(), DiskError> {
        self.operate(path)?;
        self.syncs += 1;
        if self.failing_sync.is_some_and(|at| self.syncs > at) {
            self.failing_sync = None;
            let source = io::Error::other("the device failed");
            return Err(DiskError::Sync { path: path.to_owned(), source });
        }
        Ok(())
    }

    fn check_space(&self, path: &str, more_bytes: u64) -> Result<(), DiskError> {
        let Some(capacity_bytes) = self.capacity_bytes else { return Ok(()) };
        let used: u64 = self.names.values().map(|inode| self.bytes(*inode).len() as u64).sum();
        if more_bytes > 0 && used + more_bytes > capacity_bytes {
            return Err(DiskError::Full { path: path.to_owned() });
        }
        Ok(())
    }

    pub(super) fn tamper(&mut self, path: &str, content: Option<Vec<u8>>) {
        self.names.remove(path);
        self.durable_names.remove(path);
        let Some(content) = content else { return };
        let inode = Inode { now: content.clone(), durable: content, unsynced: Vec::new() };
        self.inodes.insert(self.next_inode, inode);
        self.names.insert(path.to_owned(), self.next_inode);
        self.durable_names.insert(path.to_owned(), self.next_inode);
        self.next_inode += 1;
    }

    pub(super) fn crash(&mut self, crash: Crash) {
        self.epoch += 1;
        self.holder = None;
        self.power_lost_at = None;
        let mut draw = match crash {
            Crash::KeepUnsynced => return,
            Crash::DropUnsynced => None,
            Crash::Tear(seed) => Some(Draw(seed)),
        };
        let mut left = self.durable_names.clone();
        if let Some(draw) = &mut draw {
            self.mix_names(&mut left, draw);
        }
        for inode in self.inodes.values_mut() {
            if let Some(draw) = &mut draw {
                inode.durable = inode.torn(draw);
            }
            inode.now = inode.durable.clone();
            inode.unsynced.clear();
        }
        self.names = left.clone();
        self.durable_names = left;
        let names = &self.names;
        self.inodes.retain(|number, _| names.values().any(|inode| inode == number));
    }

    fn mix_names(&self, left: &mut BTreeMap<String, u64>, draw: &mut Draw) {
        let mut changed: Vec<&String> =
            self.names.keys().chain(self.durable_names.keys()).collect();
        changed.sort_unstable();
        changed.dedup();
        changed.retain(|path| self.names.get(*path) != self.durable_names.get(*path));
        for path in changed {
            if draw.below(2) == 0 {
                continue;
            }
            match self.names.get(path) {
                Some(inode) => left.insert(path.clone(), *inode),
                None => left.remove(path),
            };
        }
    }
}

impl Inode {
    fn sync(&mut self) {
        for (offset, bytes) in std::mem::take(&mut self.unsynced) {
            overwrite(&mut self.durable, offset, &bytes);
        }
    }

    /// The bytes on the platter when some sectors of the unsynced writes arrived.
    fn torn(&self, draw: &mut Draw) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (offset, write) in &self.unsynced {
            // Half of the writes arrive whole or not at all; the others in any mixture of sectors.
            let fate = draw.below(4);
            for (number, sector) in write.chunks(SECTOR_BYTES).enumerate() {
                let kept = match fate {
                    0 => false,
                    1 => true,
                    _ => draw.below(2) == 0,
                };
                let at = offset + number * SECTOR_BYTES;
                if kept {
                    overwrite(&mut bytes, at, sector);
                } else if fate == 3 && draw.below(8) == 0 {
                    overwrite(&mut bytes, at, &vec![0xA5; sector.len()]);
                }
            }
        }
        bytes
    }
}

/// The names in a folder, files and folders, when these are all paths, in order.
pub(super) fn names_in<'a>(folder: &str, paths: impl Iterator<Item = &'a String>) -> Vec<String> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let below = paths.filter_map(|path| path.strip_prefix(&prefix));
    let mut names: Vec<String> =
        below.filter_map(|rest| rest.split('/').next()).map(str::to_owned).collect();
    names.dedup();
    names
}

fn overwrite(bytes: &mut Vec<u8>, offset: usize, with: &[u8]) {
    if with.is_empty() {
        return;
    }
    if bytes.len() < offset + with.len() {
        bytes.resize(offset + with.len(), 0);
    }
    if let Some(place) = bytes.get_mut(offset..offset + with.len()) {
        place.copy_from_slice(with);
    }
}

fn lost(path: &str) -> DiskError {
    DiskError::Io { path: path.to_owned(), source: io::Error::other("the power went") }
}

/// SplitMix64: a draw that a seed repeats.
#[derive(Debug)]
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}
