//! The golden vectors in `spec/vectors`: written by an example of `proof`, read by everyone.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, run};

const FOLDER: &str = "spec/vectors";

/// Writes the vectors anew.
pub(crate) fn write(root: &Root) -> anyhow::Result<Outcome> {
    let arguments =
        ["run", "--quiet", "--locked", "--package", "interlock-proof", "--example", "vectors"];
    run(command(root.path(), "cargo", &arguments))?;
    Ok(Outcome::Passed)
}

/// Writes the vectors anew and compares them, byte for byte, with what was there.
pub(crate) fn check(root: &Root) -> anyhow::Result<Outcome> {
    let folder = root.join(FOLDER);
    let before = read(&folder)?;
    if before.is_empty() {
        bail!("`{FOLDER}` holds no vectors: run `cargo xtask vectors` and commit what it writes");
    }
    write(root)?;
    let after = read(&folder)?;
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let drifted: Vec<&str> = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path))
        .map(String::as_str)
        .collect();
    if !drifted.is_empty() {
        bail!(
            "the code no longer writes the vectors that are checked in: {} (`git diff {FOLDER}` shows how; if the \
             format was meant to change, commit them with a starred line in CHANGELOG.md)",
            drifted.join(", ")
        );
    }
    println!("  {} files, no drift", after.len());
    Ok(Outcome::Passed)
}

/// The second verifier, in plain Python, reads the same vectors.
pub(crate) fn python(root: &Root) -> anyhow::Result<Outcome> {
    run(command(root.path(), "python3", &["spec/verify.py", "vectors", FOLDER]))?;
    Ok(Outcome::Passed)
}

fn read(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("`{}` can't be read", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.display().to_string(), std::fs::read(&path)?);
            }
        }
    }
    Ok(files)
}
