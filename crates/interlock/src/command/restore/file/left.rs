//! The folder into which a backup is unpacked, and the folders that killed restores have left
//! behind.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::output::stderr;

/// The beginning of the names of such folders.
const PREFIX: &str = ".restoring-";

/// Makes a folder that no other OS user may enter, since keys are unpacked there. It is locked as
/// long as the file is open.
pub(super) fn make(above: &Path) -> io::Result<(PathBuf, File)> {
    let private = fs::Permissions::from_mode(0o700);
    let made = tempfile::Builder::new().prefix(PREFIX).permissions(private).tempdir_in(above)?;
    let lock = File::open(made.path())?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    Ok((made.keep(), lock))
}

/// Prints which of these folders lie there without a restore that works on them.
pub(super) fn print(above: &Path) {
    for folder in found(above) {
        let holds = match folder.join("keys").exists() || folder.join("lineage/keys").exists() {
            true => "it holds a domain's keys",
            false => "it holds what was unpacked of a domain",
        };
        let shown = folder.display();
        stderr(format!("`{shown}` is left of a restore that was killed: {holds}; remove it"));
    }
}

fn found(above: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(above).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    let mut found: Vec<PathBuf> =
        named.map(|entry| entry.path()).filter(|path| is_left(path)).collect();
    found.sort();
    found
}

/// Whether no restore has it locked. A folder that can't be opened belongs to another OS user.
fn is_left(folder: &Path) -> bool {
    let lock = File::open(folder);
    lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok())
}
