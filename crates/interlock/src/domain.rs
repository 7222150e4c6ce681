//! The folders of a domain and of its logs, found and opened for reading.
//!
//! A domain's folder holds `governance/` and `lineage/`; each is a log with `checkpoint`, `tile/`
//! and `vkey`. Every command takes the domain's folder or one log's.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ledger::{ReadEntry, Reader};
use proof::log::LogReader;
use proof::note::VerifierKey;

use crate::exit::{Exit, Failure};

/// Which log of a domain: `--log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogChoice {
    /// The governance log.
    Governance,
    /// The lineage log.
    Lineage,
    /// The log in this folder.
    Folder(PathBuf),
}

impl FromStr for LogChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "governance" => Self::Governance,
            "lineage" => Self::Lineage,
            folder => Self::Folder(PathBuf::from(folder)),
        })
    }
}

/// One log's folder, opened for reading.
pub(crate) struct Log {
    /// `governance`, `lineage`, or the folder's name.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Its files.
    pub(crate) reader: Reader,
    /// Its public key: the one beside it, unless another was given.
    pub(crate) key: VerifierKey,
}

impl Log {
    /// Opens the log in a folder. Without `key`, the key that lies beside it is used.
    pub(crate) fn open(folder: &Path, key: Option<VerifierKey>) -> Result<Self, Failure> {
        let failed = |why: &dyn std::fmt::Display| unreadable(folder, why);
        let reader = Reader::open(folder).map_err(|why| failed(&why))?;
        let key = match key {
            Some(key) => key,
            None => {
                let text = reader.vkey().map_err(|why| failed(&why))?;
                text.parse().map_err(|why| failed(&why))?
            }
        };
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| folder.display().to_string());
        Ok(Self { name, folder: folder.to_owned(), reader, key })
    }

    /// The published part, its head and right edge verified with the key.
    pub(crate) fn verified(&self) -> Result<LogReader<&Reader>, Failure> {
        LogReader::open(&self.reader, &self.key, self.key.name())
            .map_err(|why| self.not_verified(&why))
    }

    /// Entries from this index on, those not yet published too.
    pub(crate) fn entries(
        &self,
        first: u64,
    ) -> Result<impl Iterator<Item = Result<ReadEntry, Failure>> + '_, Failure> {
        let entries = self.reader.entries(first).map_err(|why| unreadable(&self.folder, &why))?;
        Ok(entries.map(|entry| entry.map_err(|why| unreadable(&self.folder, &why))))
    }

    /// The entry at this index, published or not.
    pub(crate) fn entry(&self, index: u64) -> Result<ReadEntry, Failure> {
        match self.entries(index)?.next() {
            Some(entry) => entry,
            None => {
                let what = format!("the {} log has no record {index}", self.name);
                Err(Failure::new(Exit::NoInput, what)
                    .help("`interlock log tail` shows the last records"))
            }
        }
    }

    /// The number of entries that the signed head covers.
    pub(crate) fn published(&self) -> Result<u64, Failure> {
        Ok(self.verified()?.size())
    }

    /// The failure that says that a log is not what its key signed.
    pub(crate) fn not_verified(&self, why: &dyn std::fmt::Display) -> Failure {
        Failure::new(Exit::Denied, format!("the {} log does not verify", self.name))
            .code("not_verified")
            .why(why)
            .help("do not trust this copy: compare it with another, or restore it from a backup")
    }
}

/// The logs of a domain, by the names of their folders.
const LOGS: [&str; 2] = ["governance", "lineage"];

/// The logs below a domain's folder, or the one log in it, or the one that was chosen.
pub(crate) fn logs(folder: &Path, which: Option<&LogChoice>) -> Result<Vec<PathBuf>, Failure> {
    let names: &[&str] = match which {
        Some(LogChoice::Folder(log)) => return Ok(vec![log.clone()]),
        Some(LogChoice::Governance) => &["governance"],
        Some(LogChoice::Lineage) => &["lineage"],
        None if is_log(folder) => return Ok(vec![folder.to_owned()]),
        None => &LOGS,
    };
    let mut found = Vec::new();
    for log in names.iter().map(|name| folder.join(name)) {
        match std::fs::metadata(log.join("checkpoint")) {
            // A log that may not be read is an error, and not skipped.
            Err(why) if why.kind() == ErrorKind::PermissionDenied => return Err(hidden(folder)),
            Ok(checkpoint) if checkpoint.is_file() => found.push(log),
            _ => {}
        }
    }
    if found.is_empty() { Err(no_log(folder, names)) } else { Ok(found) }
}

/// The log that was chosen; the lineage log where none was.
pub(crate) fn log(folder: &Path, which: Option<&LogChoice>) -> Result<Log, Failure> {
    let which = match which {
        None if !is_log(folder) => Some(&LogChoice::Lineage),
        which => which,
    };
    let found = logs(folder, which)?;
    Log::open(found.first().ok_or_else(|| no_domain(folder))?, None)
}

/// Both logs of a domain.
pub(crate) struct DomainLogs {
    /// The governance log.
    pub(crate) governance: Log,
    /// The node's lineage log.
    pub(crate) lineage: Log,
}

impl DomainLogs {
    /// Opens both logs below a domain's folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        Ok(Self {
            governance: log(folder, Some(&LogChoice::Governance))?,
            lineage: log(folder, Some(&LogChoice::Lineage))?,
        })
    }
}

fn is_log(folder: &Path) -> bool {
    folder.join("checkpoint").is_file()
}

/// The failure where this OS user may not read the logs of a folder.
fn hidden(folder: &Path) -> Failure {
    let owner = std::fs::metadata(folder).map(|found| format!(" (uid {})", found.uid()));
    let what = format!("your OS user may not read the logs in `{}`", folder.display());
    let help = format!(
        "run it as the OS user that owns the folder{}, or read the logs that the node publishes: `interlock serve --listen`",
        owner.unwrap_or_default()
    );
    Failure::new(Exit::Io, what).code("io").help(help)
}

/// The failure where the wanted log is not in the folder. Another one may be.
fn no_log(folder: &Path, wanted: &[&str]) -> Failure {
    let [wanted] = wanted else { return no_domain(folder) };
    let shown = folder.display();
    let what = if is_log(folder) {
        format!("`{shown}` holds one log, and this needs the {wanted} log of a domain's folder")
    } else if LOGS.iter().any(|name| is_log(&folder.join(name))) {
        format!("`{shown}` holds no {wanted} log")
    } else {
        return no_domain(folder);
    };
    Failure::new(Exit::NoInput, what)
        .help(format!("name a folder in which {wanted}/ holds a checkpoint"))
}

fn no_domain(folder: &Path) -> Failure {
    if !folder.exists() {
        let what = format!("`{}` is not there", folder.display());
        return Failure::new(Exit::NoInput, what).help(DOMAIN_HELP);
    }
    Failure::new(Exit::NoInput, format!("`{}` holds no log", folder.display())).help(DOMAIN_HELP)
}

const DOMAIN_HELP: &str = "name a domain's folder (it holds governance/ and lineage/), or a log's (it holds a checkpoint)";

fn unreadable(folder: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Data, format!("the log in `{}` cannot be read", folder.display())).why(why)
}
