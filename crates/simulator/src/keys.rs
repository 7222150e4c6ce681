//! Keys of executions on the simulated disk: kept and destroyed as `identity` does it with files,
//! but for the encryption. What is sealed lies in the open here, and only a holder of the key reads
//! it. only.

use std::collections::BTreeSet;

use kernel::replay::SealedPart;
use kernel::state::Unreadable;
use ledger::simulation::{MemoryDevice, MemoryDisk};
use ledger::{Disk, DiskError, DiskFile};
use proof::digest::Digest;

const FOLDER: &str = "keys";
/// The file that becomes the next key.
const NEXT: &str = "keys/next";
const KEY_BYTES: usize = 32;

/// The store.
pub(crate) struct Keys(MemoryDisk);

/// Executions whose sealed parts can be read.
pub(crate) type Readable = BTreeSet<String>;

impl Keys {
    pub(crate) fn on(device: &MemoryDevice) -> Self {
        Self(device.mount())
    }

    /// Makes the key of an execution: durable when this returns.
    pub(crate) fn begin(&self, execution: &str) -> Result<(), DiskError> {
        let next = self.0.create(NEXT, KEY_BYTES as u64)?;
        next.write_at(0, Digest::of(execution.as_bytes()).as_bytes())?;
        next.sync()?;
        self.0.rename(NEXT, &path(execution))?;
        self.0.sync_folder(FOLDER)
    }

    pub(crate) fn destroy(&self, execution: &str) -> Result<(), DiskError> {
        let path = path(execution);
        let Some(file) = self.0.open(&path, true)? else { return Ok(()) };
        file.write_at(0, &[0; KEY_BYTES])?;
        file.sync()?;
        self.0.remove(&path)?;
        self.0.sync_folder(FOLDER)
    }

    /// All executions of which there is a file, whatever is in it.
    pub(crate) fn executions(&self) -> Result<Vec<String>, DiskError> {
        let names = self.0.list(FOLDER)?.into_iter();
        Ok(names.filter_map(|name| name.strip_prefix("of.").map(str::to_owned)).collect())
    }

    pub(crate) fn readable(&self) -> Result<Readable, DiskError> {
        let mut readable = Readable::new();
        for execution in self.executions()? {
            let found = self.0.read(&path(&execution), KEY_BYTES)?;
            if found.as_deref() == Some(Digest::of(execution.as_bytes()).as_bytes().as_slice()) {
                readable.insert(execution);
            }
        }
        Ok(readable)
    }
}

fn path(execution: &str) -> String {
    format!("{FOLDER}/of.{execution}")
}

/// A record's sealed part, as the node finds it that has these keys.
pub(crate) fn part<'a>(
    readable: &Readable,
    execution: Option<&str>,
    sealed: &'a Vec<u8>,
) -> SealedPart<'a> {
    let is_open = sealed.is_empty() || execution.is_none_or(|id| readable.contains(id));
    if is_open { SealedPart::from(sealed) } else { SealedPart::Unreadable(Unreadable::NoKey) }
}
