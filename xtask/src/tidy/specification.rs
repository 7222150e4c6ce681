//! Each promise in `SPECIFICATION.md` names a test that is there, or says that it is not yet held.

use super::Problem;
use super::markdown::{cells, code_spans, unfenced};
use super::tree::Tree;

const DOCUMENT: &str = "SPECIFICATION.md";
const NOT_YET: &str = "not yet held";

/// The last column of every table row: `crate::path::test` in backticks, or `not yet held` with why.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let Some(document) = tree.text(DOCUMENT) else {
        return vec![Problem::new(DOCUMENT, 0, "it is missing")];
    };
    let mut problems = Vec::new();
    let mut in_table = false;
    for (number, line) in unfenced(document) {
        let row = line.trim_start().starts_with('|');
        // The first row of a table is its head.
        if row
            && in_table
            && let Some(cells) = cells(line)
        {
            let last = cells.last().copied().unwrap_or_default();
            problems.extend(held_by(tree, number, last));
        }
        in_table = row;
    }
    problems
}

fn held_by(tree: &Tree, line: usize, cell: &str) -> Vec<Problem> {
    if cell.contains(NOT_YET) {
        return Vec::new();
    }
    let names: Vec<&str> = code_spans(cell).filter(|name| name.contains("::")).collect();
    if names.is_empty() {
        let what = format!("this promise names no test: `crate::path::test`, or \"{NOT_YET}\"");
        return vec![Problem::new(DOCUMENT, line, what)];
    }
    names
        .into_iter()
        .filter(|name| !exists(tree, name))
        .map(|name| Problem::new(DOCUMENT, line, format!("there is no test `{name}`")))
        .collect()
}

/// Whether the crate has a test of that name in a file of that path.
fn exists(tree: &Tree, name: &str) -> bool {
    let parts: Vec<&str> = name.split("::").collect();
    let [package, modules @ .., function] = parts.as_slice() else { return false };
    let folder =
        if *package == "xtask" { "xtask/".to_owned() } else { format!("crates/{package}/") };
    tree.with_extension("rs").any(|(path, text)| {
        path.strip_prefix(&folder).is_some_and(|file| is_module(file, modules))
            && has_test(text, function)
    })
}

/// Whether a file, from its crate's folder, is the module; a last `tests` may be written inside its parent.
fn is_module(file: &str, modules: &[&str]) -> bool {
    let Some((top, path)) = file.trim_end_matches(".rs").split_once('/') else { return false };
    if !["src", "tests", "benches"].contains(&top) {
        return false;
    }
    let own: Vec<&str> =
        path.split('/').filter(|part| !["lib", "main", "mod"].contains(part)).collect();
    own == modules
        || modules.split_last().is_some_and(|(last, rest)| *last == "tests" && own == rest)
}

/// Whether a function of that name follows an attribute which makes it a test.
fn has_test(text: &str, function: &str) -> bool {
    const ATTRIBUTES_MAX: usize = 12;
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().enumerate().any(|(index, line)| {
        let after = line.split_once("fn ").map(|(_, after)| after).unwrap_or_default();
        let named = after.strip_prefix(function).is_some_and(|rest| rest.starts_with(['(', '<']));
        let before = lines.get(index.saturating_sub(ATTRIBUTES_MAX)..index).unwrap_or_default();
        named
            && before
                .iter()
                .rev()
                .take_while(|line| !line.starts_with('}'))
                .any(|line| line.contains("test"))
    })
}

#[cfg(test)]
mod tests;
