//! Plain files: opening one never waits, and nothing else is taken for one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a plain file for reading. A FIFO, a device or a folder is refused, at once: opened as
/// usual, a FIFO would wait for its writer.
///
/// # Errors
/// What the operating system says; `InvalidInput` for what is no plain file.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().read(true))
}

/// The same, with other rights.
pub(crate) fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = options.custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file")),
    }
}

/// The bytes of a plain file.
///
/// # Errors
/// As [`open`]; `FileTooLarge` above so many bytes.
pub fn read(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() <= bytes_max {
        true => Ok(bytes),
        false => {
            let what = format!("it is longer than {bytes_max} bytes");
            Err(io::Error::new(io::ErrorKind::FileTooLarge, what))
        }
    }
}

/// The text of a plain file.
///
/// # Errors
/// As [`read`]; `InvalidData` for what is not UTF-8.
pub fn read_text(path: &Path, bytes_max: usize) -> io::Result<String> {
    String::from_utf8(read(path, bytes_max)?)
        .map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why.utf8_error()))
}

#[cfg(test)]
mod tests;
