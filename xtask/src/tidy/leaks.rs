//! What a repository must not tell: where its packages were fetched from, and where it was built.

use super::Problem;
use super::tree::Tree;

/// Parts of host names that stand for a package registry or its mirror.
const REGISTRIES: [&str; 9] = [
    "registry.",
    "pypi",
    "pythonhosted",
    "npmjs",
    "index.crates.io",
    "static.crates.io",
    "mirror",
    "artifactory",
    "deb.debian",
];

/// Folders of the machines that this is built on; split so that this file does not hold them.
const FOLDERS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tm", "p/")];

/// Samples speak of the paths of imaginary machines.
const SAMPLES: &str = "bundles/";

/// Files outside the repository which its readers do not have.
const OUTSIDE: [&str; 4] = [
    concat!("shared/", "DESIGN"),
    concat!("shared/", "STYLE"),
    concat!(".lib", "rary/"),
    concat!("issues ", "show"),
];

/// Looks at every line of every file.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.files() {
        for (index, line) in text.lines().enumerate() {
            if let Some(what) = leak(path, line) {
                problems.push(Problem::new(path, index + 1, what));
            }
        }
    }
    problems
}

fn leak(path: &str, line: &str) -> Option<String> {
    if path.ends_with("package-lock.json") && line.trim_start().starts_with("\"resolved\"") {
        return Some("a lock file names no address: strip its `resolved` members".to_owned());
    }
    if let Some(host) = hosts(line).find(|host| REGISTRIES.iter().any(|part| host.contains(part))) {
        return Some(format!(
            "`{host}` is a registry's host: packages are named, their addresses are not"
        ));
    }
    if let Some(folder) = FOLDERS.iter().find(|folder| has_path(line, folder))
        && !path.starts_with(SAMPLES)
    {
        return Some(format!("`{folder}` is a path of one machine"));
    }
    let outside = OUTSIDE.iter().find(|file| line.contains(*file))?;
    Some(format!("`{outside}` is not in this repository"))
}

/// The hosts of the addresses in a line.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).map(|rest| {
        let authority = rest.split(['/', '"', '`', ' ', ')', '>']).next().unwrap_or(rest);
        authority.rsplit('@').next().unwrap_or(authority)
    })
}

/// Whether an absolute path that begins with `folder` stands in a line.
fn has_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|before| {
            !before.is_alphanumeric() && !matches!(before, '.' | '_' | '-' | '~' | '}' | ')')
        })
    })
}

#[cfg(test)]
mod tests;
