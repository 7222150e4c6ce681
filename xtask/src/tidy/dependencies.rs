//! Every direct dependency has its line in `docs/internals/dependencies.md`, and every line its dependency.

use std::collections::BTreeSet;

use super::Problem;
use super::markdown::{cells, code_spans, unfenced};
use super::tree::Tree;
use super::workspace::Workspace;

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
    compare(tree.text(DOCUMENT).unwrap_or_default(), &used)
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

#[cfg(test)]
mod tests;
