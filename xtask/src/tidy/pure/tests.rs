use super::{DENIED, check};
use crate::tidy::tree::Tree;
use crate::tidy::workspace::{Package, Workspace, example};

const LINTS: &str = "[lints]\nworkspace = true\n";

fn problems(library: &str, manifest: &str, package: Package) -> usize {
    let tree =
        Tree::of([("crates/proof/src/lib.rs", library), ("crates/proof/Cargo.toml", manifest)]);
    check(&tree, &Workspace { packages: vec![package] }).len()
}

#[test]
fn a_pure_crate_that_keeps_its_promises_passes() {
    let library = format!("//! Docs.\n{DENIED}\n");
    assert_eq!(problems(&library, LINTS, example("interlock-proof", &[("sha2", false)])), 0);
}

#[test]
fn each_broken_promise_is_named() {
    let package = || example("interlock-proof", &[("sha2", false)]);
    let library = format!("{DENIED}\n");
    assert_eq!(problems("//! Docs.\n", LINTS, package()), 1);
    assert_eq!(problems(&format!("// {DENIED}\n"), LINTS, package()), 1);
    assert_eq!(problems(&library, "", package()), 1);
    assert_eq!(problems(&library, LINTS, example("interlock-proof", &[("tokio", false)])), 1);
}
