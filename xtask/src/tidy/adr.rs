//! Decision records: numbered without a gap, one page each, all in the index.

use super::Problem;
use super::tree::Tree;

const FOLDER: &str = "docs/adr/";
const INDEX: &str = "docs/adr/README.md";
const LINES_MAX: usize = 70;
const PARTS: [&str; 3] = ["## Context", "## Decision", "## Consequences"];

/// Checks the records and their index.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let index = tree.text(INDEX).unwrap_or_default();
    let mut problems = Vec::new();
    let records = tree.files().filter(|(path, _)| path.starts_with(FOLDER) && *path != INDEX);
    for (count, (path, text)) in records.enumerate() {
        let name = path.strip_prefix(FOLDER).unwrap_or(path);
        problems.extend(record(path, name, count + 1, text));
        if !index.contains(&format!("]({name})")) {
            problems.push(Problem::new(path, 0, format!("`{INDEX}` does not list it")));
        }
    }
    problems
}

fn record(path: &str, name: &str, number: usize, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let expected = format!("{number:04}");
    if !name.starts_with(&format!("{expected}-")) || !text.starts_with(&format!("# {expected}. ")) {
        let what = format!(
            "this record is number {expected}, in its file's name and in its title (`# {expected}. ..`)"
        );
        problems.push(Problem::new(path, 1, what));
    }
    for part in PARTS {
        if !text.lines().any(|line| line == part) {
            problems.push(Problem::new(path, 0, format!("`{part}` is missing")));
        }
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        problems.push(Problem::new(
            path,
            0,
            format!("{lines} lines: a record is one page ({LINES_MAX} at most)"),
        ));
    }
    problems
}

#[cfg(test)]
mod tests;
