//! Files that nothing leads to: documents, specifications and tests nobody refers to, sources in no module tree.

use std::collections::BTreeSet;

use super::Problem;
use super::lexed::Lexed;
use super::tree::Tree;
use super::workspace::Workspace;

/// Folders whose files must be referred to.
const REFERRED: [&str; 3] = ["docs/", "spec/", "tests/"];

/// No file is dead.
pub(super) fn check(tree: &Tree, workspace: &Workspace) -> Vec<Problem> {
    let roots: Vec<String> =
        workspace.packages.iter().flat_map(|package| package.roots.clone()).collect();
    let mut problems = unreferred(tree);
    problems.extend(in_no_module_tree(tree, &roots));
    problems
}

/// A file is referred to by its own name, or (unless it is a document) by the path of a folder that holds it.
fn unreferred(tree: &Tree) -> Vec<Problem> {
    let candidates =
        tree.files().filter(|(path, _)| REFERRED.iter().any(|folder| path.starts_with(folder)));
    candidates
        .filter(|(path, _)| !names(path).iter().any(|name| mentioned(tree, path, name)))
        .map(|(path, _)| Problem::new(path, 0, "nothing refers to this file"))
        .collect()
}

fn names(path: &str) -> Vec<&str> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut names = Vec::new();
    if name != "README.md" {
        names.push(name);
    }
    if name == "README.md" || !name.ends_with(".md") {
        let mut holder = folder;
        while holder.contains('/') {
            names.push(holder);
            holder = holder.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    // The index of a whole top folder is found by anyone who opens the folder.
    if name == "README.md" && !folder.contains('/') {
        names.push("");
    }
    names
}

fn mentioned(tree: &Tree, path: &str, name: &str) -> bool {
    tree.files().any(|(other, text)| other != path && text.contains(name))
}

/// Sources which no crate's module tree reaches are never compiled.
fn in_no_module_tree(tree: &Tree, roots: &[String]) -> Vec<Problem> {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<(String, bool)> = roots.iter().map(|root| (root.clone(), true)).collect();
    while let Some((path, is_root)) = open.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        let Some(text) = tree.text(&path) else { continue };
        for module in modules(text) {
            open.extend(candidates(&path, is_root, &module).into_iter().map(|path| (path, false)));
        }
        open.extend(elsewhere(&path, text).into_iter().map(|path| (path, false)));
    }
    tree.with_extension("rs")
        .filter(|(path, _)| !reached.contains(*path))
        .map(|(path, _)| Problem::new(path, 0, "no module tree reaches this source"))
        .collect()
}

/// The modules that a source declares as files of their own.
fn modules(source: &str) -> Vec<String> {
    let lexed = Lexed::of(source);
    let tokens = lexed.tokens();
    let declared = tokens.windows(3).filter_map(|three| match three {
        [keyword, name, end] if keyword.text == "mod" && end.text == ";" => {
            Some(name.text.to_owned())
        }
        _ => None,
    });
    declared.collect()
}

/// The files that `#[path = ".."]` names, relative to the source's own folder.
fn elsewhere(path: &str, source: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let named = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("#[path = \"")?.strip_suffix("\"]"));
    named.map(|name| joined(folder, name)).collect()
}

/// The path without `..`.
fn joined(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in name.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// Where the file of a module may lie.
fn candidates(path: &str, is_root: bool, module: &str) -> [String; 2] {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folder = if is_root || stem.ends_with("/mod") { folder } else { stem };
    [format!("{folder}/{module}.rs"), format!("{folder}/{module}/mod.rs")]
}

#[cfg(test)]
mod tests;
