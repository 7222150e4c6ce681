//! Going on from an older copy of a domain, which its operator must confirm: what that undoes, and
//! the steps that allow it.

use std::fs;
use std::path::{Path, PathBuf};

use ledger::{Disk, DiskError, FileDisk, Reader};
use proof::note::{Signer as _, VerifierKey};
use record::governance::Change;

use crate::client::AcceptedBy;
use crate::domain;
use crate::marks::{Mark, Undone};
use crate::{Accepted, Authority, Error, Options, keys, sealing};

/// The locks of both logs in a domain's folder. While they are held no node runs or starts from it,
/// and no order is recorded in it.
#[derive(Debug)]
pub struct Locked {
    governance: Option<FileDisk>,
    lineage: Option<FileDisk>,
}

/// Takes the locks that a node has which serves the domain, of those logs that are there.
///
/// # Errors
/// `locked` where a node or a command has one, `ledger` where that can't be told.
pub fn lock(options: &Options) -> Result<Locked, Error> {
    let governance = lock_log("governance", &options.governance_folder())?;
    Ok(Locked { governance, lineage: lock_log("lineage", &options.lineage_folder())? })
}

fn lock_log(log: &str, folder: &Path) -> Result<Option<FileDisk>, Error> {
    if fs::symlink_metadata(folder).is_err() {
        return Ok(None);
    }
    let disk = FileDisk::open_read_only(folder).map_err(|why| Error::ledger(log, &why))?;
    match disk.lock() {
        Ok(()) => Ok(Some(disk)),
        Err(why @ DiskError::Locked { .. }) => Err(Error::locked(log, &why)),
        Err(why) => Err(Error::ledger(log, &why)),
    }
}

/// How the copies that lie in a domain's folder compare with what was seen of both logs.
#[derive(Debug, Default)]
pub struct Standing {
    /// Logs that lack something.
    pub undone: Vec<Undone>,
    /// Whether the lineage log rests on governance records that the governance log here does not
    /// hold: it cannot be gone on from then.
    pub lineage_is_ahead: bool,
    /// Whether there is no lineage log that can be read.
    pub lineage_is_lost: bool,
}

/// Compares them.
///
/// # Errors
/// `ledger` where the governance log cannot be read, `keys`.
pub fn standing(options: &Options, _: &Locked) -> Result<Standing, Error> {
    let mut standing = Standing::default();
    let key = keys::read(&options.folder, "governance")?.verifier();
    let governance = Mark::governance(options).undone(&key, &options.governance_origin())?;
    standing.undone.extend(governance);
    match lineage(options) {
        Ok((undone, governance)) => {
            standing.undone.extend(undone);
            standing.lineage_is_ahead = governance > domain::governance(options)?.position().size;
        }
        Err(_) => standing.lineage_is_lost = true,
    }
    Ok(standing)
}

/// The records of a domain that a backup lacks. `backup` is the folder in which it is unpacked.
///
/// # Errors
/// `ledger` where a log of the backup can't be read.
pub fn undone_by(options: &Options, _: &Locked, backup: &Path) -> Result<Vec<Undone>, Error> {
    let governance = Mark::governance(options).beyond(&backup.join("governance"))?;
    let lineage = Mark::lineage(options).beyond(&backup.join("lineage"))?;
    Ok([governance, lineage].into_iter().flatten().collect())
}

/// What the lineage log lacks, and the size of the governance log that its last record rests on.
fn lineage(options: &Options) -> Result<(Option<Undone>, u64), Error> {
    let key: VerifierKey = keys::read(&options.folder, "lineage")?.verifier();
    let undone = Mark::lineage(options).undone(&key, &options.lineage_origin())?;
    let failed = |why: &dyn std::fmt::Display| Error::ledger("lineage", why);
    let reader = Reader::open(&options.lineage_folder()).map_err(|why| failed(&why))?;
    let mut governance = 0;
    for entry in reader.entries(0).map_err(|why| failed(&why))? {
        let entry = entry.map_err(|why| failed(&why))?;
        let record = record::lineage::LineageRecord::parse(&entry.record);
        governance = record.map_err(|why| failed(&why))?.header.governance.size.max(governance);
    }
    Ok((undone, governance))
}

/// Takes the copies that are here for the newest: what was seen beyond them is put aside, as
/// `NAME.undone`.
///
/// # Errors
/// `ledger` where a log is damaged or another process has it; `rollback` where the marks cannot be
/// written.
pub fn go_on(options: &Options, locked: Locked) -> Result<(), Error> {
    let (governance, lineage) = (Mark::governance(options), Mark::lineage(options));
    governance.forget()?;
    if options.lineage_folder().is_dir() {
        lineage.forget()?;
        lineage.remember()?;
    }
    governance.remember()?;
    // It opens the log as a start does, under a lock of its own, and remembers what its records
    // changed. The lineage log's lock keeps every node out meanwhile.
    drop(locked.governance);
    let mut authority = Authority::open(options)?;
    authority.publish()?;
    drop(locked.lineage);
    Ok(())
}

/// Begins a new lineage log under a new node's name, where the old one is lost or cannot be gone on
/// from. What is there of the old one is kept beside, as `lineage.NODE`. The node may decide once
/// governance registers it.
///
/// # Errors
/// `governance` where the name is registered already; `folder`, `keys`, `ledger`.
pub fn new_lineage(old: &Options, new: &Options, _: &Locked) -> Result<(), Error> {
    let governance = domain::governance(old)?;
    if governance.node_key(&new.node).is_some() {
        let what = format!("the node `{}` is registered already: choose another name", new.node);
        return Err(Error::governance(&what));
    }
    let aside = |name: &str| old.folder.join(format!("{name}.{}", old.node));
    put_aside(&old.lineage_folder(), aside("lineage"))?;
    put_aside(&old.key_file("lineage"), aside("keys/lineage.skey"))?;
    put_aside(&old.folder.join("keys/sealing.key"), aside("keys/sealing.key"))?;
    for mark in ["marks/lineage", "governance/seen-lineage"] {
        put_aside(&old.folder.join(mark), aside(mark))?;
    }
    domain::create_lineage_folder(new)?;
    let lineage = keys::create(&new.folder, "lineage", &new.lineage_origin())?;
    domain::create_lineage(new, lineage)?;
    Mark::lineage(new).remember()?;
    sealing::create(new)
}

/// Registers the node's new lineage key, signed by the officer's key in the domain's folder.
///
/// # Errors
/// As [`domain::govern`]: `governance` where others must sign too.
pub fn register(options: &Options) -> Result<(Accepted, AcceptedBy), Error> {
    domain::govern(options, registration(options)?, None)
}

/// The change that registers the node's lineage key.
///
/// # Errors
/// `keys` where the key cannot be read.
pub fn registration(options: &Options) -> Result<Change, Error> {
    let key = keys::read(&options.folder, "lineage")?.verifier();
    Ok(Change::NodeRegistered { node: options.node.clone(), key })
}

/// Renames what is there, and never over something else.
fn put_aside(from: &Path, to: PathBuf) -> Result<(), Error> {
    if fs::symlink_metadata(from).is_err() {
        return Ok(());
    }
    if fs::symlink_metadata(&to).is_ok() {
        return Err(Error::folder(&to, &"it is there already; move it elsewhere"));
    }
    fs::rename(from, &to).map_err(|why| Error::folder(from, &why))
}

#[cfg(test)]
mod tests;
