//! Every direct dependency has its line in `docs/internals/dependencies.md`, and every line its dependency; every
//! dependency that is declared is used.

use std::collections::BTreeSet;

use super::Problem;
use super::lexed::Lexed;
use super::markdown::{cells, code_spans, unfenced};
use super::tree::Tree;
use super::workspace::{Package, Workspace};

const DOCUMENT: &str = "docs/internals/dependencies.md";

/// Compares the document's tables with what cargo says.
pub(super) fn check(tree: &Tree, workspace: &Workspace) -> Vec<Problem> {
    let used: BTreeSet<&str> = workspace
        .packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| !dependency.ours)
        .map(|dependency| dependency.name.as_str())
        .collect();
    let mut problems = compare(tree.text(DOCUMENT).unwrap_or_default(), &used);
    problems.extend(workspace.packages.iter().flat_map(|package| unused(tree, package)));
    problems.extend(left_over(tree));
    problems
}

fn compare(document: &str, used: &BTreeSet<&str>) -> Vec<Problem> {
    let mut explained = BTreeSet::new();
    let mut problems = Vec::new();
    for (number, line) in unfenced(document) {
        let Some(cells) = cells(line) else { continue };
        let names: Vec<&str> =
            cells.first().map(|cell| code_spans(cell).collect()).unwrap_or_default();
        if cells.len() < 2 || cells.iter().any(|cell| cell.is_empty()) {
            problems.push(Problem::new(
                DOCUMENT,
                number,
                "a line says why this one, and what instead",
            ));
        }
        for name in names {
            if !used.contains(name) {
                problems.push(Problem::new(DOCUMENT, number, format!("nothing uses `{name}`")));
            }
            explained.insert(name);
        }
    }
    for name in used.difference(&explained) {
        problems.push(Problem::new(
            DOCUMENT,
            0,
            format!("`{name}` has no line: why this one, what instead"),
        ));
    }
    problems
}

/// Dependencies of a crate which none of its sources names.
fn unused(tree: &Tree, package: &Package) -> Vec<Problem> {
    let folder = format!("{}/", package.folder);
    let mut named: BTreeSet<String> = BTreeSet::new();
    for (_, text) in tree.with_extension("rs").filter(|(path, _)| path.starts_with(&folder)) {
        named.extend(Lexed::of(text).tokens().into_iter().map(|token| token.text.to_owned()));
    }
    let manifest = format!("{folder}Cargo.toml");
    let unused = package.dependencies.iter().filter(|known| !named.contains(&known.imported));
    unused
        .map(|known| {
            Problem::new(&manifest, 0, format!("`{}` is declared and not used", known.name))
        })
        .collect()
}

/// Lines of the workspace's table that no crate takes.
fn left_over(tree: &Tree) -> Vec<Problem> {
    const ROOT: &str = "Cargo.toml";
    let (_, table) = tree
        .text(ROOT)
        .and_then(|text| text.split_once("[workspace.dependencies]\n"))
        .unwrap_or_default();
    let keys = table
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "));
    keys.map(|(key, _)| key)
        .filter(|key| {
            let taken =
                [format!("\n{key}.workspace = true"), format!("\n{key} = {{ workspace = true")];
            !tree
                .with_extension("toml")
                .any(|(_, text)| taken.iter().any(|line| text.contains(line)))
        })
        .map(|key| Problem::new(ROOT, 0, format!("no crate takes the workspace's `{key}`")))
        .collect()
}

#[cfg(test)]
mod tests;
