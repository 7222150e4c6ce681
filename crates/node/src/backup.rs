//! A domain as it is at one moment, file by file, whether its node runs or not. Nothing of the
//! node's is locked or waited for.
//!
//! The order makes it whole. Marks come first: they may be older than the logs, never newer. Then
//! the keys of executions, so that none is missing that is erased meanwhile. Then the moment of the
//! lineage log, and that of the governance log after it, since lineage records name governance
//! records. Then the keys of executions that began before that moment, and the logs themselves.

use std::collections::BTreeSet;
use std::io::Read;

use ledger::{Backup, BackupError, BackupSink, Disk, FileDisk, Head, Reader, copy_file};

use crate::marks::Mark;
use crate::{Error, Options};

const EXECUTION_KEYS: &str = "lineage/keys";

/// What of a domain is copied beside both logs, blobs and marks.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The signing keys, the sealing key, and the keys of executions.
    pub keys: bool,
    /// Snapshots of the state, which a start can make again.
    pub snapshots: bool,
}

/// The moment of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMoment {
    /// Its origin.
    pub origin: String,
    /// Its signed head.
    pub head: Head,
    /// How many records it has: those after the signed head too.
    pub written: u64,
}

/// The moment of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Of the governance log.
    pub governance: LogMoment,
    /// Of the lineage log.
    pub lineage: LogMoment,
}

/// Hands on a domain's files, by their paths in its folder.
///
/// # Errors
/// `ledger` where a log can't be read, `folder` where another file can't, `output` where one could
/// not be handed on.
pub fn copy(options: &Options, wanted: Wanted, take: &mut dyn BackupSink) -> Result<Moment, Error> {
    let folder = &options.folder;
    let disk = FileDisk::open_read_only(folder).map_err(|why| Error::folder(folder, &why))?;
    let files = DomainFiles { options, disk };
    let marks = [Mark::governance(options), Mark::lineage(options)];
    for path in marks.iter().flat_map(Mark::paths) {
        files.copy(&path, take)?;
    }
    let mut copied = BTreeSet::new();
    if wanted.keys {
        files.copy_folder("keys", &mut BTreeSet::new(), take)?;
        files.copy_folder(EXECUTION_KEYS, &mut copied, take)?;
    }
    let lineage = log("lineage", &options.lineage_folder())?;
    let governance = log("governance", &options.governance_folder())?;
    if wanted.keys {
        files.copy_folder(EXECUTION_KEYS, &mut copied, take)?;
    }
    for (name, backup) in [("governance", &governance), ("lineage", &lineage)] {
        let failed = |why: BackupError| failed(name, &why);
        let mut below = |path: &str, bytes: u64, content: &mut dyn Read| {
            take(&format!("{name}/{path}"), bytes, content)
        };
        backup.copy(&mut below).map_err(failed)?;
        backup.copy_blobs(&mut below).map_err(failed)?;
        if wanted.snapshots {
            backup.copy_snapshots(&mut below).map_err(failed)?;
        }
    }
    Ok(Moment {
        governance: moment(options.governance_origin(), &governance),
        lineage: moment(options.lineage_origin(), &lineage),
    })
}

fn log(name: &str, folder: &std::path::Path) -> Result<Backup<FileDisk>, Error> {
    let backup = Reader::open(folder).and_then(|reader| reader.backup());
    backup.map_err(|why| Error::ledger(name, &why))
}

fn moment(origin: String, backup: &Backup<FileDisk>) -> LogMoment {
    LogMoment { origin, head: backup.head(), written: backup.written() }
}

fn failed(log: &str, why: &BackupError) -> Error {
    match why {
        BackupError::Written(why) => Error::output(why),
        why => Error::ledger(log, why),
    }
}

/// The domain's folder.
struct DomainFiles<'a> {
    options: &'a Options,
    disk: FileDisk,
}

impl DomainFiles<'_> {
    /// Hands on a file, if it is there.
    fn copy(&self, path: &str, take: &mut dyn BackupSink) -> Result<(), Error> {
        match copy_file(&self.disk, path, take) {
            Ok(_) => Ok(()),
            Err(BackupError::Written(why)) => Err(Error::output(&why)),
            Err(why) => Err(Error::folder(&self.options.folder.join(path), &why)),
        }
    }

    /// Hands on the files of a folder that were not before.
    fn copy_folder(
        &self,
        folder: &str,
        copied: &mut BTreeSet<String>,
        take: &mut dyn BackupSink,
    ) -> Result<(), Error> {
        let names = self.disk.list(folder);
        let failed =
            |why: &dyn std::fmt::Display| Error::folder(&self.options.folder.join(folder), why);
        for name in names.map_err(|why| failed(&why))? {
            if copied.insert(name.clone()) {
                self.copy(&format!("{folder}/{name}"), take)?;
            }
        }
        Ok(())
    }
}
