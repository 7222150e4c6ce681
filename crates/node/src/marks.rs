//! High-water marks: the newest head that was published of each log, remembered in `marks/` and in
//! the folder of the other log, so that no start goes on from an older copy of one folder. Beside
//! them stands what the newest governance records changed, so that a refusal can say what the older
//! copy would undo.

mod changes;
mod copies;

use std::path::{Path, PathBuf};

use ledger::{Disk, DiskFile, FileDisk, Head, Reader};
use proof::checkpoint::{self, Checkpoint};
use proof::limits::FILE_BYTES_MAX;
use proof::note::VerifierKey;

use crate::{Error, Options};
pub use changes::SeenChange;
pub(crate) use changes::in_words;
use copies::LogCopy;

/// The newest signed checkpoint of one log, as it is remembered.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// `governance` or `lineage`: the log's folder, and the mark's file.
    log: &'static str,
    log_folder: PathBuf,
    folder: PathBuf,
    /// The folder of the other log, which has a copy: `seen-LOG`.
    other: PathBuf,
}

/// One of the files that hold a mark.
struct MarkCopy<'m> {
    folder: &'m Path,
    name: String,
}

impl MarkCopy<'_> {
    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

/// How an older copy of a log compares with what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// `governance` or `lineage`.
    pub log: &'static str,
    /// How many records it has.
    pub has: u64,
    /// How many it had.
    pub seen: u64,
    /// The first record of what it had that it lacks; 0 where nobody knows where two histories
    /// part.
    pub from: u64,
    /// Whether it is another history, and not only a shorter one.
    pub is_fork: bool,
    /// What the governance records changed that it lacks, as far as that is remembered.
    pub changes: Vec<SeenChange>,
}

impl Mark {
    pub(crate) fn governance(options: &Options) -> Self {
        Self {
            log: "governance",
            log_folder: options.governance_folder(),
            folder: options.folder.join("marks"),
            other: options.lineage_folder(),
        }
    }

    pub(crate) fn lineage(options: &Options) -> Self {
        Self {
            log: "lineage",
            log_folder: options.lineage_folder(),
            folder: options.folder.join("marks"),
            other: options.governance_folder(),
        }
    }

    /// The name of the copy in the other log's folder.
    fn seen(&self) -> String {
        format!("seen-{}", self.log)
    }

    /// The files that remember something of the log, by their paths in the domain's folder.
    pub(crate) fn paths(&self) -> [String; 4] {
        let other = match self.log {
            "lineage" => "governance",
            _ => "lineage",
        };
        let (own, other) = (format!("marks/{}", self.log), format!("{other}/{}", self.seen()));
        [changes::name(&own), own, changes::name(&other), other]
    }

    /// Both copies: the mark's own, and the one in the other log's folder.
    fn copies(&self) -> [MarkCopy<'_>; 2] {
        [
            MarkCopy { folder: &self.folder, name: self.log.to_owned() },
            MarkCopy { folder: &self.other, name: self.seen() },
        ]
    }

    /// Makes the folder of marks of a new domain.
    pub(crate) fn create_folder(options: &Options) -> Result<(), Error> {
        let folder = options.folder.join("marks");
        FileDisk::create(&folder).map(drop).map_err(|why| Error::folder(&folder, &why))
    }

    /// Whether the log's published head goes on from the one that is remembered, in either place.
    ///
    /// # Errors
    /// `rollback` where it is older, or of another history, or nothing is remembered of it.
    pub(crate) fn check(&self, key: &VerifierKey, origin: &str) -> Result<(), Error> {
        for copy in self.copies() {
            let Some(seen) = self.read(&copy)? else { continue };
            let unreadable = |why: &dyn std::fmt::Display| self.unreadable(&copy.path(), why);
            let seen = checkpoint::open(&seen, key, origin).map_err(|why| unreadable(&why))?;
            let written = self.head_at(seen.size, key, origin)?;
            if written.size < seen.size {
                let undone = self.undone_of(&copy, written.size, seen.size);
                return Err(Error::rollback(self.log, &undone));
            }
            if written.root != seen.root {
                let forked = proof::log::Error::Forked { size: seen.size };
                return Err(Error::rollback(self.log, &forked));
            }
        }
        Ok(())
    }

    /// What the log lacks of what was seen of it. None where it lacks nothing.
    pub(crate) fn undone(&self, key: &VerifierKey, origin: &str) -> Result<Option<Undone>, Error> {
        let mut most: Option<Undone> = None;
        for copy in self.copies() {
            let Ok(Some(seen)) = self.read(&copy) else { continue };
            let Ok(seen) = checkpoint::open(&seen, key, origin) else { continue };
            if most.as_ref().is_some_and(|most| seen.size <= most.seen) {
                continue;
            }
            let head = self.head_at(seen.size, key, origin)?;
            if head.size < seen.size {
                most = Some(self.undone_of(&copy, head.size, seen.size));
            } else if head.root != seen.root {
                // Where they part is not known.
                let has = self.head_at(u64::MAX, key, origin)?.size;
                let all = self.undone_of(&copy, 0, seen.size);
                most = Some(Undone { has, is_fork: true, ..all });
            }
        }
        Ok(most)
    }

    fn head_at(&self, size: u64, key: &VerifierKey, origin: &str) -> Result<Head, Error> {
        let copy = LogCopy::open_with(&self.log_folder, key, origin);
        copy.and_then(|copy| copy.head_at(size)).map_err(|why| self.failed(&why))
    }

    fn undone_of(&self, copy: &MarkCopy<'_>, has: u64, seen: u64) -> Undone {
        let changes = changes::read(copy.folder, &copy.name).into_iter();
        let changes = changes.filter(|one| one.index >= has).collect();
        Undone { log: self.log, has, seen, from: has, is_fork: false, changes }
    }

    /// The records of the log here that a copy elsewhere lacks: all beyond the end of the copy, or
    /// from where both part. A log here that can no longer be read is compared by its marks.
    pub(crate) fn beyond(&self, copy: &Path) -> Result<Option<Undone>, Error> {
        let copy = LogCopy::open(copy).map_err(|why| self.failed(&why))?;
        let written = copy.head_at(u64::MAX).map_err(|why| self.failed(&why))?.size;
        let own = LogCopy::open(&self.log_folder).ok();
        let own = own.map(|own| (own.common(&copy), own.written(), own.key != copy.key));
        let (common, seen, is_other) = own.unwrap_or((written, 0, false));
        let from = common.min(written);
        let is_fork = is_other || (from < written && from < seen);
        let mut most =
            Undone { log: self.log, has: written, seen, from, is_fork, changes: Vec::new() };
        for mark in self.copies() {
            let seen = self.read(&mark).ok().flatten();
            let seen = seen.and_then(|seen| {
                let note = proof::note::SignedNote::parse(&seen).ok()?;
                Checkpoint::parse(note.text()).ok()
            });
            let Some(seen) = seen else { continue };
            most.seen = most.seen.max(seen.size);
            let head = copy.head_at(seen.size).map_err(|why| self.failed(&why))?;
            let is_known = own.is_some_and(|(_, written, _)| written >= seen.size);
            if !is_known && head.size == seen.size && head.root != seen.root {
                // Where they part is not known then.
                (most.is_fork, most.from) = (true, 0);
            }
        }
        for mark in self.copies() {
            let changes = self.undone_of(&mark, most.from, most.seen).changes;
            if changes.len() > most.changes.len() {
                most.changes = changes;
            }
        }
        Ok((most.is_fork || most.seen > written).then_some(most))
    }

    /// The remembered head. The copy in the other log's folder need not be there: an earlier build
    /// made none.
    fn read(&self, copy: &MarkCopy<'_>) -> Result<Option<String>, Error> {
        let MarkCopy { folder, name } = copy;
        let unreadable = |why: &dyn std::fmt::Display| self.unreadable(&copy.path(), why);
        let is_own = *folder == self.folder;
        if !is_own && !folder.is_dir() {
            return Ok(None);
        }
        let disk = FileDisk::open(folder).map_err(|why| unreadable(&why))?;
        match disk.read(name, FILE_BYTES_MAX).map_err(|why| unreadable(&why))? {
            Some(seen) => String::from_utf8(seen).map(Some).map_err(|why| unreadable(&why)),
            None if is_own => Err(unreadable(&"it is missing")),
            None => Ok(None),
        }
    }

    /// Remembers the log's published head. Only who holds the log, and has checked it, may.
    pub(crate) fn remember(&self) -> Result<(), Error> {
        let head = self.reader()?.checkpoint().map_err(|why| self.failed(&why))?;
        for copy in self.copies() {
            replace(copy.folder, &copy.name, head.as_bytes())
                .map_err(|why| self.unreadable(&copy.path(), &why))?;
        }
        Ok(())
    }

    /// Remembers what the newest records changed, beside the head.
    pub(crate) fn remember_changes(&self, changes: &[SeenChange]) -> Result<(), Error> {
        let bytes = changes::to_bytes(changes);
        for MarkCopy { folder, name } in self.copies() {
            let name = changes::name(&name);
            replace(folder, &name, &bytes)
                .map_err(|why| self.unreadable(&folder.join(&name), &why))?;
        }
        Ok(())
    }

    /// Remembers what further records changed, after what is remembered already.
    pub(crate) fn remember_more(&self, changes: Vec<SeenChange>) -> Result<(), Error> {
        let mut all = changes::read(&self.folder, self.log);
        all.extend(changes);
        self.remember_changes(&all)
    }

    /// Lets go of what was seen of the log, so that the copy that is here is its newest. Keeps it
    /// beside, as `NAME.undone`.
    pub(crate) fn forget(&self) -> Result<(), Error> {
        for MarkCopy { folder, name } in self.copies() {
            let disk =
                FileDisk::open(folder).map_err(|why| self.unreadable(&folder.join(&name), &why))?;
            for name in [changes::name(&name), name] {
                let failed =
                    |why: &dyn std::fmt::Display| self.unreadable(&folder.join(&name), why);
                if disk.read(&name, FILE_BYTES_MAX).map_err(|why| failed(&why))?.is_some() {
                    disk.rename(&name, &format!("{name}.undone")).map_err(|why| failed(&why))?;
                }
            }
            disk.sync_folder("").map_err(|why| self.failed(&why))?;
        }
        Ok(())
    }

    fn reader(&self) -> Result<Reader<FileDisk>, Error> {
        Reader::open(&self.log_folder).map_err(|why| self.failed(&why))
    }

    fn unreadable(&self, place: &Path, why: &dyn std::fmt::Display) -> Error {
        Error::unseen(self.log, place, why)
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Error {
        Error::ledger(self.log, why)
    }
}

/// Writes beside, syncs, renames: a crash leaves the old bytes or the new ones.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ledger::DiskError> {
    let disk = FileDisk::open(folder)?;
    if disk.read(name, FILE_BYTES_MAX)?.as_deref() == Some(bytes) {
        return Ok(());
    }
    let unfinished = format!("{name}.new");
    let file = disk.create(&unfinished, 0)?;
    file.write_at(0, bytes)?;
    file.sync()?;
    disk.rename(&unfinished, name)?;
    disk.sync_folder("")
}

impl std::fmt::Display for Undone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it has {} records, and had {} already", self.has, self.seen)?;
        if self.is_fork {
            write!(f, "; it is another history")?;
        }
        if self.changes.is_empty() {
            return Ok(());
        }
        let each = self.changes.iter().map(|one| format!("{} (record {})", one.what, one.index));
        write!(f, "; it lacks: {}", each.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests;
