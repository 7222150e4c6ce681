//! A comment ends at column 100, as the code does.

use super::Source;
use crate::tidy::Problem;

const COLUMNS_MAX: usize = 100;

/// No line that is a comment is longer than the code may be.
pub(super) fn check(sources: &[Source<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in sources {
        for (index, line) in source.text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX && line.trim_start().starts_with("//") {
                let what = format!("a comment of {columns} columns ({COLUMNS_MAX} at most)");
                problems.push(Problem::new(source.path, index + 1, what));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests;
