//! What a reader stumbles over: circles of modules, arguments hidden in tuples, errors that are
//! strings, type names defined twice, long comment lines, test names that are sentences.
//!
//! Each check names the crates that it holds for. A crate that is in a list stays there.

mod circles;
mod comments;
mod signatures;
mod test_names;
mod type_names;

use super::Problem;
use super::size::is_test;
use super::tree::Tree;

/// Crates whose modules form no circle.
const WITHOUT_CIRCLES: &[&str] = &[
    "api",
    "client",
    "identity",
    "interlock",
    "kernel",
    "ledger",
    "mcp",
    "node",
    "optimised",
    "policy",
    "proof",
    "simulator",
    "testkit",
    "wire",
];

/// Crates without a tuple among the arguments of their functions.
const WITHOUT_TUPLES: &[&str] = &[
    "api",
    "client",
    "interlock",
    "kernel",
    "ledger",
    "mcp",
    "optimised",
    "policy",
    "testkit",
    "wire",
];

/// Crates that return no string for an error.
const WITHOUT_STRING_ERRORS: &[&str] = &[
    "api",
    "client",
    "interlock",
    "kernel",
    "ledger",
    "mcp",
    "optimised",
    "proof",
    "simulator",
    "testkit",
    "wire",
];

/// Crates among which a type name is defined once.
const WITH_OWN_TYPE_NAMES: &[&str] =
    &["client", "identity", "interlock", "kernel", "mcp", "optimised", "policy", "testkit"];

/// Crates whose comments end at column 100.
const WITH_NARROW_COMMENTS: &[&str] = &[
    "client",
    "identity",
    "interlock",
    "kernel",
    "ledger",
    "mcp",
    "node",
    "policy",
    "proof",
    "simulator",
    "testkit",
    "wire",
];

/// Crates whose test names state one fact.
const WITH_SHORT_TEST_NAMES: &[&str] = &[
    "client",
    "identity",
    "interlock",
    "kernel",
    "ledger",
    "mcp",
    "node",
    "policy",
    "proof",
    "simulator",
    "testkit",
    "wire",
];

/// A source file of a crate.
#[derive(Debug, Clone, Copy)]
struct Source<'t> {
    package: &'t str,
    /// From the root of the repository.
    path: &'t str,
    text: &'t str,
}

impl Source<'_> {
    /// The path from the crate's `src`, with `.rs`; none for a file that is not there.
    fn in_crate(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split_once("/src/").map(|(_, path)| path)
    }
}

/// Runs every check over the crates that it holds for.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let production = |crates: &[&str]| -> Vec<Source<'_>> {
        sources(tree, crates)
            .into_iter()
            .filter(|source| !is_test(source.path) && source.in_crate().is_some())
            .collect()
    };
    let mut problems = circles::check(&production(WITHOUT_CIRCLES));
    problems.extend(signatures::check_tuples(&production(WITHOUT_TUPLES)));
    problems.extend(signatures::check_errors(&production(WITHOUT_STRING_ERRORS)));
    problems.extend(type_names::check(&production(WITH_OWN_TYPE_NAMES)));
    problems.extend(comments::check(&sources(tree, WITH_NARROW_COMMENTS)));
    problems.extend(test_names::check(&sources(tree, WITH_SHORT_TEST_NAMES)));
    problems
}

/// The files of these crates.
fn sources<'t>(tree: &'t Tree, crates: &[&str]) -> Vec<Source<'t>> {
    let files = tree.with_extension("rs").filter_map(|(path, text)| {
        let package = path.strip_prefix("crates/")?.split('/').next()?;
        crates.contains(&package).then_some(Source { package, path, text })
    });
    files.collect()
}
