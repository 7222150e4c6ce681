//! Decision records: each with a number of its own, one page each, all in the index. Numbers are taken when work begins,
//! so records may land in another order.

use std::collections::BTreeSet;

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
    let mut taken = BTreeSet::new();
    for (path, text) in records {
        let name = path.strip_prefix(FOLDER).unwrap_or(path);
        let number = name.get(..4).unwrap_or_default();
        problems.extend(record(path, name, number, text));
        if !taken.insert(number.to_owned()) {
            problems.push(Problem::new(path, 0, format!("the number {number} is taken")));
        }
        if !index.contains(&format!("]({name})")) {
            problems.push(Problem::new(path, 0, format!("`{INDEX}` does not list it")));
        }
    }
    problems
}

fn record(path: &str, name: &str, number: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_named = name.starts_with(&format!("{number}-"));
    if !is_number || !is_named || !text.starts_with(&format!("# {number}. ")) {
        let what = "a record has the same number of four digits in its file's name and in its title (`# 0001. ..`)";
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
