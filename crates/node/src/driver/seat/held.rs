//! A disk whose syncs can be held up, and that remembers who waited for the last one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, ThreadId};

use ledger::simulation::{MemoryDevice, MemoryDisk};
use ledger::{Disk, DiskError, DiskFile};

/// What a test does with the syncs of files. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<Syncs>, Condvar)>);

#[derive(Default)]
struct Syncs {
    held: HeldSyncs,
    waiting: Vec<ThreadId>,
    last: Option<ThreadId>,
}

/// Whose syncs are held up.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum HeldSyncs {
    #[default]
    Nobodys,
    Everybodys,
    Of(ThreadId),
}

impl Gate {
    fn syncs(&self) -> MutexGuard<'_, Syncs> {
        self.0.0.lock().unwrap()
    }

    fn wait_while(&self, condition: impl FnMut(&mut Syncs) -> bool) {
        drop(self.0.1.wait_while(self.syncs(), condition).unwrap());
    }

    /// Whose sync was the last.
    pub(super) fn last(&self) -> Option<ThreadId> {
        self.syncs().last
    }

    pub(super) fn hold(&self) {
        self.syncs().held = HeldSyncs::Everybodys;
    }

    /// Holds up this thread's syncs alone: logs are published meanwhile.
    pub(super) fn hold_of(&self, thread: ThreadId) {
        self.syncs().held = HeldSyncs::Of(thread);
    }

    /// Waits until somebody waits for a sync that is held.
    pub(super) fn await_waiting(&self) {
        self.wait_while(|syncs| syncs.waiting.is_empty());
    }

    /// Waits until this thread waits for a sync that is held; false where it was let go before.
    pub(super) fn await_waiting_of(&self, thread: ThreadId) -> bool {
        self.wait_while(|syncs| {
            syncs.held != HeldSyncs::Nobodys && !syncs.waiting.contains(&thread)
        });
        self.syncs().waiting.contains(&thread)
    }

    pub(super) fn let_go(&self) {
        self.syncs().held = HeldSyncs::Nobodys;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let own = thread::current().id();
        self.syncs().waiting.push(own);
        self.0.1.notify_all();
        self.wait_while(|syncs| [HeldSyncs::Everybodys, HeldSyncs::Of(own)].contains(&syncs.held));
        let mut syncs = self.syncs();
        syncs.waiting.retain(|waiting| *waiting != own);
        syncs.last = Some(own);
    }
}

pub(super) struct HeldDisk {
    disk: MemoryDisk,
    gate: Gate,
}

pub(super) struct HeldFile {
    file: <MemoryDisk as Disk>::File,
    gate: Gate,
}

impl HeldDisk {
    pub(super) fn new(gate: &Gate) -> Self {
        Self { disk: MemoryDevice::new().mount(), gate: gate.clone() }
    }

    fn held(&self, file: <MemoryDisk as Disk>::File) -> HeldFile {
        HeldFile { file, gate: self.gate.clone() }
    }
}

impl Disk for HeldDisk {
    type File = HeldFile;

    fn lock(&self) -> Result<(), DiskError> {
        self.disk.lock()
    }

    fn create(&self, path: &str, len_bytes: u64) -> Result<HeldFile, DiskError> {
        self.disk.create(path, len_bytes).map(|file| self.held(file))
    }

    fn open(&self, path: &str, writable: bool) -> Result<Option<HeldFile>, DiskError> {
        Ok(self.disk.open(path, writable)?.map(|file| self.held(file)))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        self.disk.list(folder)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        self.disk.remove(path)
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.disk.sync_folder(folder)
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        self.disk.sync_all()
    }
}

impl DiskFile for HeldFile {
    fn len_bytes(&self) -> Result<u64, DiskError> {
        self.file.len_bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        self.file.write_at(offset, bytes)
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.gate.pass();
        self.file.sync()
    }
}
