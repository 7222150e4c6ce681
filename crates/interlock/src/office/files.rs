use super::{Office, OfficeError};

impl Office {
    /// The text of a file.
    pub(super) fn read_file(&self, path: &str) -> Result<String, OfficeError> {
        self.root.read(&file(path)?).map_err(|why| shown(why, path))
    }

    /// The names in a folder, one a line.
    pub(super) fn list_files(&self, folder: &str) -> Result<String, OfficeError> {
        let asked = folder;
        let folder = if matches!(folder, "" | ".") { "files".to_owned() } else { file(folder)? };
        let names = self.root.list(&folder).map_err(|why| shown(why, asked))?;
        Ok(names.join("\n"))
    }

    /// Writes a whole file.
    pub(super) fn write_file(&self, path: &str, text: &str) -> Result<String, OfficeError> {
        self.root.write(&file(path)?, text).map_err(|why| shown(why, path))?;
        Ok(format!("wrote {} bytes to {path}", text.len()))
    }

    /// Deletes a file.
    pub(super) fn delete_file(&self, path: &str) -> Result<String, OfficeError> {
        self.root.delete(&file(path)?).map_err(|why| shown(why, path))?;
        Ok(format!("deleted {path}"))
    }
}

fn file(path: &str) -> Result<String, OfficeError> {
    // An absolute path would become one below `files/`, which no caller can mean.
    if path.is_empty() || path.starts_with('/') {
        return Err(OfficeError::Path(path.chars().take(200).collect()));
    }
    Ok(format!("files/{path}"))
}

/// The error with the path as the agent wrote it.
fn shown(why: OfficeError, path: &str) -> OfficeError {
    let path = path.chars().take(200).collect();
    match why {
        OfficeError::Path(_) => OfficeError::Path(path),
        OfficeError::Missing(_) => OfficeError::Missing(path),
        OfficeError::NotText(_) => OfficeError::NotText(path),
        other => other,
    }
}
