//! A log whose published part is damaged anywhere is not gone on from.
//!
//! A start checks the edge of each log, and reads what a snapshot of the state does not cover. What
//! lies before that is read here: before anything is served where that takes no time, else beside
//! it, by a thread that gives way.

use std::path::{Path, PathBuf};

use ledger::Reader;
use proof::limits::TILE_WIDTH;
use proof::log::LogReader;
use proof::note::VerifierKey;

use crate::Error;
use crate::driver::{KernelHandle, halt};
use crate::limits::START_VERIFIED_RECORDS;

/// Records that are verified at a time: whole bundles, so that none is read twice.
const VERIFIED_AT_ONCE: u64 = 16 * TILE_WIDTH as u64;

/// Verifies every published record of a log against the signed root: at once for a log of few
/// records. For a longer one a thread does, and the node ends where it finds damage. It ends with
/// the kernel: what becomes of the folder then is nobody's concern here.
///
/// # Errors
/// `ledger`: the log is damaged.
pub(crate) fn check(
    folder: &Path,
    log: &'static str,
    key: &VerifierKey,
    origin: &str,
    kernel: &KernelHandle,
) -> Result<(), Error> {
    let whole =
        Whole { folder: folder.to_owned(), log, key: key.clone(), origin: origin.to_owned() };
    if whole.size()? <= START_VERIFIED_RECORDS {
        return whole.verify(|| true);
    }
    let kernel = kernel.clone();
    std::thread::Builder::new()
        .name("whole".to_owned())
        .spawn(move || {
            // Of this thread alone: threads that decide go first.
            let _lowered = rustix::process::setpriority_process(None, 19);
            match whole.verify(|| !kernel.has_ended()) {
                Err(why) if !kernel.has_ended() => halt(&why.to_string()),
                Ok(()) | Err(_) => {}
            }
        })
        .map_err(|why| Error::ledger(log, &why))?;
    Ok(())
}

struct Whole {
    folder: PathBuf,
    log: &'static str,
    key: VerifierKey,
    origin: String,
}

impl Whole {
    fn size(&self) -> Result<u64, Error> {
        let reader = Reader::open(&self.folder).map_err(|why| self.failed(&why))?;
        let log = LogReader::open(&reader, &self.key, &self.origin);
        Ok(log.map_err(|why| self.failed(&why))?.size())
    }

    /// Verifies all of it, for as long as that is wanted.
    fn verify(&self, is_wanted: impl Fn() -> bool) -> Result<(), Error> {
        let reader = Reader::open(&self.folder).map_err(|why| self.failed(&why))?;
        let log = LogReader::open(&reader, &self.key, &self.origin);
        let log = log.map_err(|why| self.failed(&why))?;
        let mut from = 0;
        while from < log.size() && is_wanted() {
            let to = from.saturating_add(VERIFIED_AT_ONCE).min(log.size());
            log.verify_range(from..to, &mut |_| {}).map_err(|why| self.failed(&why))?;
            from = to;
        }
        Ok(())
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Error {
        let help = "restore the whole folder from a backup";
        Error::ledger(self.log, &format!("{why}: it is damaged, and is not gone on from; {help}"))
    }
}
