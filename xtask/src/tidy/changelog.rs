//! `CHANGELOG.md` keeps the form of keepachangelog.com, with "Safety" before all other kinds of change.

use super::Problem;
use super::markdown::unfenced;
use super::tree::Tree;

const DOCUMENT: &str = "CHANGELOG.md";
const KINDS: [&str; 7] =
    ["Safety", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/// Checks the form.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    match tree.text(DOCUMENT) {
        Some(text) => form(text),
        None => vec![Problem::new(DOCUMENT, 0, "it is missing")],
    }
}

fn form(text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut say = |number: usize, what: String| problems.push(Problem::new(DOCUMENT, number, what));
    let mut versions = 0_usize;
    let mut kind_before = None;
    for (number, line) in unfenced(text) {
        if let Some(version) = line.strip_prefix("## ") {
            let first = versions == 0;
            if !(is_release(version) || first && version == "[Unreleased]") {
                say(
                    number,
                    "a version is `[Unreleased]` (first) or `[1.2.3] - 2026-01-31`".to_owned(),
                );
            }
            versions += 1;
            kind_before = None;
        } else if let Some(kind) = line.strip_prefix("### ") {
            let place = KINDS.iter().position(|known| *known == kind);
            if place.is_none() || place <= kind_before {
                say(number, format!("the kinds of change, in this order: {}", KINDS.join(", ")));
            }
            kind_before = place.or(kind_before);
        } else if kind_before.is_none() && line.starts_with("- ") {
            say(number, "a change stands under a kind of change".to_owned());
        }
    }
    if !text.starts_with("# Changelog\n") || versions == 0 {
        say(1, "it begins with `# Changelog` and has a version".to_owned());
    }
    problems
}

/// `[1.2.3] - 2026-01-31`.
fn is_release(version: &str) -> bool {
    let digits = |text: &str, marks: usize, mark: char| {
        text.matches(mark).count() == marks
            && text
                .split(mark)
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    version.strip_prefix('[').and_then(|rest| rest.split_once("] - ")).is_some_and(
        |(number, date)| digits(number, 2, '.') && digits(date, 2, '-') && date.len() == 10,
    )
}

#[cfg(test)]
mod tests;
