//! `spec/vectors/SHA256SUMS`: the digests of the vectors that are frozen, as `sha256sum` writes and checks them. The list only
//! grows: each line stays for good, and a file that is in it never changes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::root::Root;
use crate::run::{command, output, works};

const LIST: &str = "SHA256SUMS";

/// Adds the files that are not in the list yet, in the order of their paths. How many there were.
pub(super) fn freeze(folder: &Path) -> anyhow::Result<usize> {
    let path = folder.join(LIST);
    let mut list = if path.exists() { std::fs::read_to_string(&path)? } else { String::new() };
    let listed: BTreeSet<String> = lines(&list)?.into_iter().map(|(_, file)| file).collect();
    let mut added = 0;
    for (file, digest) in digests(folder)? {
        if !listed.contains(&file) {
            let _ = writeln!(list, "{digest}  {file}");
            added += 1;
        }
    }
    std::fs::write(path, list)?;
    check(folder)?;
    Ok(added)
}

/// Whether each file of the folder is in the list, and is what it was when it was frozen, and nothing is missing.
pub(super) fn check(folder: &Path) -> anyhow::Result<()> {
    let path = folder.join(LIST);
    let list = std::fs::read_to_string(&path).with_context(|| {
        format!("`{}` can't be read: `cargo xtask vectors` makes it", path.display())
    })?;
    let listed: BTreeSet<(String, String)> = lines(&list)?.into_iter().collect();
    let found: BTreeSet<(String, String)> =
        digests(folder)?.into_iter().map(|(file, digest)| (digest, file)).collect();
    let differs: BTreeSet<&str> =
        listed.symmetric_difference(&found).map(|(_, file)| file.as_str()).collect();
    if differs.is_empty() {
        return Ok(());
    }
    let differs: Vec<&str> = differs.into_iter().collect();
    bail!(
        "not as it was frozen, or not in `{LIST}`: {}; a frozen file never changes, and `cargo xtask vectors` adds new ones",
        differs.join(", ")
    )
}

/// Whether each version of the list that was ever committed is the beginning of this one. How many there were; none where
/// there is no history to look at.
pub(super) fn check_history(root: &Root, folder: &str) -> anyhow::Result<usize> {
    let path = format!("{folder}/{LIST}");
    let now = std::fs::read_to_string(root.join(&path))?;
    if !works(command(root.path(), "git", &["rev-parse", "--git-dir"])) {
        println!("  SKIPPED: whether the list only grew: there is no git history here");
        return Ok(0);
    }
    let commits = output(command(root.path(), "git", &["log", "--format=%H", "--", &path]))?;
    for commit in commits.lines() {
        let shown = format!("{commit}:{path}");
        // A commit that took the file away has no version of it, and the ones before it have.
        let Ok(before) = output(command(root.path(), "git", &["show", &shown])) else { continue };
        if let Some(line) = missing(&before, &now) {
            bail!("`{path}` lost or changed a line that was there in {commit}: {line}");
        }
    }
    Ok(commits.lines().count())
}

/// The first line of a list that is not at the same place of a later one.
fn missing<'a>(before: &'a str, now: &str) -> Option<&'a str> {
    let mut later = now.lines();
    before.lines().find(|line| later.next() != Some(line))
}

/// Digest and path of each line.
fn lines(list: &str) -> anyhow::Result<Vec<(String, String)>> {
    let one = |line: &str| {
        let (digest, file) =
            line.split_once("  ").with_context(|| format!("`{line}` is no line of `{LIST}`"))?;
        Ok((digest.to_owned(), file.to_owned()))
    };
    let all: Vec<(String, String)> = list.lines().map(one).collect::<anyhow::Result<_>>()?;
    let files: BTreeSet<&str> = all.iter().map(|(_, file)| file.as_str()).collect();
    if files.len() != all.len() {
        bail!("`{LIST}` names a file twice");
    }
    Ok(all)
}

/// Path and digest of every file but the list itself.
fn digests(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for (path, bytes) in super::read(folder)? {
        let path = Path::new(&path).strip_prefix(folder)?.to_string_lossy().into_owned();
        if path != LIST {
            let hex = Sha256::digest(&bytes).iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            all.push((path, hex));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
