//! The golden vectors in `spec/vectors`: written by examples of `proof` and `kernel`, read by everyone, and frozen.

mod frozen;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::build;
use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, run};

const FOLDER: &str = "spec/vectors";

/// Writes the vectors anew, and freezes those that are new.
pub(crate) fn write(root: &Root) -> anyhow::Result<Outcome> {
    make(root)?;
    let added = frozen::freeze(&root.join(FOLDER))?;
    println!("  {added} files newly frozen");
    Ok(Outcome::Passed)
}

fn make(root: &Root) -> anyhow::Result<()> {
    build::programs(root)?;
    let examples = build::target_folder(root)?.join("debug/examples");
    ["proof_vectors", "record_vectors"]
        .into_iter()
        .try_for_each(|name| run(command(root.path(), examples.join(name), &[])))
}

/// Writes the vectors anew and compares them, byte for byte, with what was there; and what was there with what was frozen.
pub(crate) fn check(root: &Root) -> anyhow::Result<Outcome> {
    let folder = root.join(FOLDER);
    let before = read(&folder)?;
    if before.is_empty() {
        bail!("`{FOLDER}` holds no vectors: run `cargo xtask vectors` and commit what it writes");
    }
    frozen::check(&folder)?;
    let versions = frozen::check_history(root, FOLDER)?;
    make(root)?;
    let after = read(&folder)?;
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let drifted: Vec<&str> = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path))
        .map(String::as_str)
        .collect();
    if !drifted.is_empty() {
        bail!(
            "the code no longer writes the vectors that are checked in: {} (`git diff {FOLDER}` shows how; version 1 of \
             the formats is frozen: put new cases into new files, and see `spec/README.md` for how it grows)",
            drifted.join(", ")
        );
    }
    println!(
        "  {} files, no drift; the frozen list only grew, over {versions} versions",
        after.len()
    );
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
