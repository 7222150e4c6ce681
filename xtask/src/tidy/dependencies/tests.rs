use std::collections::BTreeSet;

use super::{compare, left_over, unused};
use crate::tidy::tree::Tree;
use crate::tidy::workspace::example;

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

#[test]
fn what_no_source_names_is_unused() {
    let package = || example("interlock-proof", &[("ed25519-dalek", false), ("sha2", false)]);
    let tree = |source: &str| Tree::of([("crates/proof/src/lib.rs", source)]);
    assert_eq!(unused(&tree("use ed25519_dalek::Signer; fn a() { sha2::a() }"), &package()), []);
    assert_eq!(unused(&tree("use ed25519_dalek::Signer; // sha2"), &package()).len(), 1);
}

#[test]
fn a_line_of_the_workspace_that_no_crate_takes_is_left_over() {
    let root = "[workspace.dependencies]\nsha2 = \"0.11\"\ntoml = { version = \"1\" }\n\n[profile.dev]\na = 1\n";
    let tree = |manifest: &str| Tree::of([("Cargo.toml", root), ("crates/a/Cargo.toml", manifest)]);
    let both =
        "[dependencies]\nsha2.workspace = true\ntoml = { workspace = true, features = [] }\n";
    assert_eq!(left_over(&tree(both)), []);
    assert_eq!(left_over(&tree("[dependencies]\ntoml.workspace = true\n")).len(), 1);
}
