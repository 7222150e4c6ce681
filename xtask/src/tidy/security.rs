//! `SECURITY.md` says what is not held, and `docs/internals/status.md` what is not built: neither says what the other denies.

use std::collections::BTreeSet;

use super::Problem;
use super::markdown::{cells, unfenced};
use super::tree::Tree;

const SECURITY: &str = "SECURITY.md";
const STATUS: &str = "docs/internals/status.md";

/// How a row of status says that something is missing in its part.
const MISSING: [&str; 8] = [
    "not built",
    "not yet",
    "no ",
    "not decided again",
    "only",
    "until ",
    "denies from",
    "come with",
];

/// Each row of the tables below "Not held" names a part of status that says what is missing in it; each such part of status
/// stands there, or below "Not built, and no hole".
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let (Some(security), Some(status)) = (tree.text(SECURITY), tree.text(STATUS)) else {
        return vec![Problem::new(SECURITY, 0, format!("it or {STATUS} is missing"))];
    };
    let parts = rows(status, "Status");
    let mut problems = Vec::new();
    let mut named = BTreeSet::new();
    for heading in ["Not held", "Not built, and no hole"] {
        let found = rows(security, heading);
        if found.is_empty() {
            problems.push(Problem::new(SECURITY, 0, format!("it has no table below `{heading}`")));
        }
        for (line, cells) in found {
            let part = cells.last().copied().unwrap_or_default();
            named.insert(part);
            match parts.iter().find(|(_, cells)| cells.first() == Some(&part)) {
                None => {
                    let what = format!("{STATUS} has no part `{part}`: the last cell names one");
                    problems.push(Problem::new(SECURITY, line, what));
                }
                Some((_, cells)) if !lacks(cells) => {
                    let what = format!("{STATUS} says that nothing is missing in `{part}`");
                    problems.push(Problem::new(SECURITY, line, what));
                }
                Some(_) => {}
            }
        }
    }
    for (line, cells) in parts.iter().filter(|(_, cells)| lacks(cells)) {
        let part = cells.first().copied().unwrap_or_default();
        if !named.contains(part) {
            let what =
                format!("{SECURITY} does not say what `{part}` lacks, or why that is no hole");
            problems.push(Problem::new(STATUS, *line, what));
        }
    }
    problems
}

/// Whether a row of status says that something is missing.
fn lacks(cells: &[&str]) -> bool {
    let state = cells.last().copied().unwrap_or_default();
    MISSING.iter().any(|word| state.contains(word))
}

/// The rows of the tables between a heading and the next one, without their heads.
fn rows<'a>(document: &'a str, heading: &str) -> Vec<(usize, Vec<&'a str>)> {
    let mut found = Vec::new();
    let (mut is_below, mut in_table) = (false, false);
    for (number, line) in unfenced(document) {
        if line.starts_with('#') {
            is_below = line.trim_start_matches('#').trim() == heading;
        }
        let is_row = line.trim_start().starts_with('|');
        if is_below && is_row && in_table {
            found.extend(cells(line).map(|cells| (number, cells)));
        }
        in_table = is_row;
    }
    found
}

#[cfg(test)]
mod tests;
