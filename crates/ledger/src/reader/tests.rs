use std::sync::Mutex;

use super::Reader;
use crate::simulation::{MemoryDevice, MemoryDisk};
use crate::testing::{create, entries, entry};
use crate::wal::segment_path;
use crate::{Disk, DiskError};

/// A disk on which something happens just before a file is opened for the first time.
struct Meanwhile<H: FnOnce() + Send + 'static> {
    disk: MemoryDisk,
    path: String,
    happens: Mutex<Option<H>>,
}

impl<H: FnOnce() + Send + 'static> Disk for Meanwhile<H> {
    type File = <MemoryDisk as Disk>::File;

    fn open(&self, path: &str, writable: bool) -> Result<Option<Self::File>, DiskError> {
        if path == self.path
            && let Some(happens) = self.happens.lock().unwrap().take()
        {
            happens();
        }
        self.disk.open(path, writable)
    }

    fn lock(&self) -> Result<(), DiskError> {
        self.disk.lock()
    }

    fn create(&self, path: &str, len_bytes: u64) -> Result<Self::File, DiskError> {
        self.disk.create(path, len_bytes)
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

/// The reader sees no more in a segment; before it looks for the next one, the writer fills this
/// one and begins the next.
#[test]
fn a_segment_that_is_filled_beside_its_reader_is_read_on() {
    let device = MemoryDevice::new();
    let mut ledger = create(&device).unwrap();
    ledger.commit(&entries(0..3)).unwrap();
    let (disk, other, path) = (device.mount(), device.mount(), segment_path(1));
    let next = path.clone();
    let happens = move || {
        let mut index = 3;
        while other.open(&next, false).unwrap().is_none() || index < 25 {
            ledger.commit(&[entry(index)]).unwrap();
            index += 1;
        }
    };
    let disk = Meanwhile { disk, path, happens: Mutex::new(Some(happens)) };
    let reader = Reader::over(disk).unwrap();
    let read: Vec<_> = reader.entries(0).unwrap().map(|read| read.unwrap()).collect();
    assert!(read.len() >= 25, "{}", read.len());
    for (index, read) in (0..).zip(read) {
        assert_eq!((read.index, read.record), (index, entry(index).record));
    }
}
