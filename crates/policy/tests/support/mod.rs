//! Reading the starter bundle from the repository.
#![expect(clippy::unwrap_used, reason = "a test that can't go on stops")]
use std::path::{Path, PathBuf};

use interlock_policy::Files;

pub(crate) fn starter_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bundles/starter")
}

pub(crate) fn starter() -> Files {
    let mut files = Files::new();
    read(&starter_folder(), "", &mut files);
    files
}

fn read(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            read(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
}
