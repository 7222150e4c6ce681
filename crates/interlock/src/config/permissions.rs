use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::exit::{Exit, Failure};

/// Refuses a file that anybody but its owner can write.
pub(super) fn check_written_by_owner(path: &Path) -> Result<(), Failure> {
    check(path, 0o022, "others can write it", "chmod go-w")
}

/// Refuses a file that anybody but its owner can read or write.
pub(super) fn check_private(path: &Path) -> Result<(), Failure> {
    check(path, 0o077, "others can read or write it", "chmod go=")
}

/// Refuses a domain whose keys or logs anybody but their owner can reach. A domain that has none yet passes.
pub(super) fn check_private_folders(domain: &Path) -> Result<(), Failure> {
    for log in ["governance", "lineage"].map(|name| domain.join(name)) {
        if log.exists() {
            check_private(&log)?;
        }
    }
    let keys = domain.join("keys");
    let entries = match fs::read_dir(&keys) {
        Ok(entries) => entries,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(unreadable(&keys, &why)),
    };
    check_private(&keys)?;
    for entry in entries {
        check_private(&entry.map_err(|why| unreadable(&keys, &why))?.path())?;
    }
    Ok(())
}

fn check(path: &Path, forbidden: u32, why: &str, remedy: &str) -> Result<(), Failure> {
    let mode = fs::metadata(path).map_err(|why| unreadable(path, &why))?.mode();
    if mode & forbidden == 0 {
        return Ok(());
    }
    let shown = path.display();
    Err(Failure::new(Exit::Config, format!("`{shown}` has loose permissions"))
        .why(format!("{why} (mode {:o})", mode & 0o777))
        .help(format!("`{remedy} {shown}`")))
}

fn unreadable(path: &Path, why: &io::Error) -> Failure {
    Failure::io(format!("`{}` cannot be read", path.display()), why)
}
