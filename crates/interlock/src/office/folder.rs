use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::OfficeError;
use crate::limits::{OFFICE_FILE_BYTES_MAX, OFFICE_LIST_MAX};

/// One folder, and nothing outside of it.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, OfficeError> {
        let shown = path.display().to_string();
        let path = fs::canonicalize(path).map_err(|why| OfficeError::Io { path: shown, why })?;
        Ok(Self { path })
    }

    /// The text of a file.
    pub(super) fn read(&self, relative: &str) -> Result<String, OfficeError> {
        let path = self.resolve(relative)?;
        let found = fs::metadata(&path).map_err(|why| failed(relative, why))?;
        if !found.is_file() || found.len() > OFFICE_FILE_BYTES_MAX {
            return Err(OfficeError::NotText(relative.to_owned()));
        }
        fs::read_to_string(&path).map_err(|why| failed(relative, why))
    }

    /// Writes a whole file; its folder is made where there is none.
    pub(super) fn write(&self, relative: &str, text: &str) -> Result<(), OfficeError> {
        let path = self.resolve(relative)?;
        if u64::try_from(text.len()).is_ok_and(|bytes| bytes > OFFICE_FILE_BYTES_MAX) {
            return Err(OfficeError::NotText(relative.to_owned()));
        }
        let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
        parent.and_then(|()| fs::write(&path, text)).map_err(|why| failed(relative, why))
    }

    /// Deletes a file.
    pub(super) fn delete(&self, relative: &str) -> Result<(), OfficeError> {
        fs::remove_file(self.resolve(relative)?).map_err(|why| failed(relative, why))
    }

    /// The names in a folder, sorted; folders end in `/`.
    pub(super) fn list(&self, relative: &str) -> Result<Vec<String>, OfficeError> {
        let path = self.resolve(relative)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(|why| failed(relative, why))?.take(OFFICE_LIST_MAX)
        {
            let entry = entry.map_err(|why| failed(relative, why))?;
            let kind = entry.file_type().map_err(|why| failed(relative, why))?;
            let slash = if kind.is_dir() { "/" } else { "" };
            names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
        }
        names.sort();
        Ok(names)
    }

    /// The path behind plain names joined by `/`; no part of it that exists is a link.
    fn resolve(&self, relative: &str) -> Result<PathBuf, OfficeError> {
        let refused = || OfficeError::Path(relative.chars().take(200).collect());
        let mut path = self.path.clone();
        for name in relative.trim_end_matches('/').split('/').filter(|_| !relative.is_empty()) {
            if matches!(name, "" | "." | "..") || name.contains(['\\', '\0']) || name.len() > 200 {
                return Err(refused());
            }
            path.push(name);
            if fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_symlink()) {
                return Err(refused());
            }
        }
        Ok(path)
    }
}

fn failed(relative: &str, why: io::Error) -> OfficeError {
    let path = relative.to_owned();
    match why.kind() {
        io::ErrorKind::NotFound => OfficeError::Missing(path),
        io::ErrorKind::InvalidData => OfficeError::NotText(path),
        _ => OfficeError::Io { path, why },
    }
}
