use std::collections::BTreeSet;

use super::compare;

const DOCUMENT: &str = "| crate | why | instead |\n|---|---|---|\n| `sha2` | small | our own |\n";

#[test]
fn a_line_for_each_and_each_for_a_line() {
    assert_eq!(compare(DOCUMENT, &BTreeSet::from(["sha2"])), []);
}

#[test]
fn what_is_missing_or_left_over_is_named() {
    let whats = |used: &[&str]| -> Vec<String> {
        compare(DOCUMENT, &used.iter().copied().collect())
            .into_iter()
            .map(|problem| problem.what)
            .collect()
    };
    assert_eq!(whats(&["sha2", "toml"]), ["`toml` has no line: why this one, what instead"]);
    assert_eq!(whats(&[]), ["nothing uses `sha2`"]);
}

#[test]
fn a_line_without_a_reason_fails() {
    let document = "| `sha2` | small | |\n";
    assert_eq!(compare(document, &BTreeSet::from(["sha2"])).len(), 1);
}
