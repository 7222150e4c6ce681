//! The files of a bundle's folder. All of them belong to the bundle: none is skipped, and no link
//! is followed.

use std::fs;
use std::io;
use std::path::Path;

use node::plain;
use policy::limits::{FILE_BYTES_MAX, FILES_MAX};
use policy::{Bundle, Files, LoadErrors};

use crate::exit::{Exit, Failure};

#[cfg(test)]
mod tests;

/// Reads and loads a bundle. An error in either step ends a command that uses the bundle.
pub(crate) fn load_bundle(folder: &Path) -> Result<Bundle, Failure> {
    Bundle::load(&read(folder)?).map_err(|errors| unsound(folder, &errors))
}

/// All files below a folder, by their relative paths.
pub(crate) fn read(folder: &Path) -> Result<Files, Failure> {
    let mut files = Files::new();
    let found = fs::metadata(folder).map_err(|why| unreadable(folder, &why))?;
    if !found.is_dir() {
        let what = format!("`{}` is no folder", folder.display());
        return Err(
            Failure::new(Exit::NoInput, what).help("name the folder that holds `bundle.toml`")
        );
    }
    collect(folder, "", &mut files)?;
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Files) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|why| unreadable(folder, &why))?;
    for entry in entries {
        let entry = entry.map_err(|why| unreadable(folder, &why))?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| refused(&path, "its name is not UTF-8"))?;
        let relative = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(|why| unreadable(&path, &why))?;
        if kind.is_dir() {
            collect(&path, &format!("{relative}/"), files)?;
        } else if kind.is_file() {
            files.insert(relative, content(&path)?);
        } else {
            return Err(refused(&path, "it is a link or a device, and a bundle holds plain files"));
        }
        if files.len() > FILES_MAX {
            return Err(refused(folder, &format!("it holds more than {FILES_MAX} files")));
        }
    }
    Ok(())
}

/// The bytes of one file, as long as a bundle's may be.
pub(crate) fn content(path: &Path) -> Result<Vec<u8>, Failure> {
    content_of(path, FILE_BYTES_MAX)
}

/// The bytes of one file, at most so many.
pub(crate) fn content_of(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    plain::read(path, bytes_max).map_err(|why| match why.kind() {
        io::ErrorKind::FileTooLarge | io::ErrorKind::InvalidInput => {
            refused(path, &why.to_string())
        }
        _ => unreadable(path, &why),
    })
}

fn unreadable(path: &Path, why: &io::Error) -> Failure {
    Failure::io(format!("`{}` cannot be read", path.display()), why)
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Data, format!("`{}` cannot be used", path.display())).why(why)
}

fn unsound(folder: &Path, errors: &LoadErrors) -> Failure {
    let first = errors.iter().next().map(ToString::to_string).unwrap_or_default();
    let more = errors.count().saturating_sub(1);
    let why = if more == 0 { first } else { format!("{first} (and {more} more)") };
    Failure::new(Exit::Data, format!("the bundle in `{}` is not sound", folder.display()))
        .why(why)
        .code("bundle.unsound")
        .help(format!(
            "`interlock bundle check {}` shows each problem and its place",
            folder.display()
        ))
}
