//! The signing keys in a domain's `keys/` folder.
//!
//! Ed25519 keys in the text form of Go's `note` package, one line a file, readable by the owner
//! alone. Who reads `officer.skey` is the domain's officer; who reads `governance.skey` or
//! `lineage.skey` can sign another history of that log.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use identity::plain;
use kernel::limits::OFFICER_NAME_BYTES_MAX;
use proof::note::Ed25519Signer;

use crate::limits::KEY_BYTES_MAX;
use crate::options::key_file;
use crate::{Error, clock};

/// Reads a key. Refuses one that anybody but its owner can read or write.
///
/// # Errors
/// `keys`: missing, loose permissions, or not a key.
pub fn read(folder: &Path, name: &str) -> Result<Ed25519Signer, Error> {
    read_file(&key_file(folder, name))
}

/// Reads a key wherever it lies. Refuses one that anybody but its owner can read or write.
///
/// # Errors
/// As [`read`].
pub fn read_file(path: &Path) -> Result<Ed25519Signer, Error> {
    let mode = fs::metadata(path).map_err(|why| Error::keys(path, &why))?.mode();
    if mode & 0o077 != 0 {
        let why =
            format!("others can read or write it (mode {:o}): run `chmod 600` on it", mode & 0o777);
        return Err(Error::keys(path, &why));
    }
    let text = plain::read_text(path, KEY_BYTES_MAX).map_err(|why| Error::keys(path, &why))?;
    Ed25519Signer::parse(text.trim_end()).map_err(|why| Error::keys(path, &why))
}

/// Makes a new key, and its file. Never overwrites one.
///
/// # Errors
/// `keys` or `entropy`.
pub(crate) fn create(folder: &Path, name: &str, key_name: &str) -> Result<Ed25519Signer, Error> {
    write_new(&key_file(folder, name), key_name)
}

/// Makes a new officer's key in a new file, readable by its owner alone.
///
/// # Errors
/// `keys` (where there is such a file already, or the name is too long, too) or `entropy`.
pub fn create_file(path: &Path, key_name: &str) -> Result<Ed25519Signer, Error> {
    if key_name.len() > OFFICER_NAME_BYTES_MAX {
        let why =
            format!("its name is longer than {OFFICER_NAME_BYTES_MAX} bytes: choose a shorter one");
        return Err(Error::keys(path, &why));
    }
    write_new(path, key_name)
}

fn write_new(path: &Path, key_name: &str) -> Result<Ed25519Signer, Error> {
    let signer = Ed25519Signer::from_seed(key_name, &clock::entropy()?)
        .map_err(|why| Error::keys(path, &why))?;
    let text = format!("{}\n", signer.to_skey());
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|why| Error::keys(path, &why))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|why| Error::keys(path, &why))?;
    Ok(signer)
}

/// Makes the folder that keys lie in.
pub(crate) fn create_folder(folder: &Path) -> Result<(), Error> {
    let path = folder.join("keys");
    DirBuilder::new().mode(0o700).create(&path).map_err(|why| Error::folder(&path, &why))
}

#[cfg(test)]
mod tests;
