//! What a reader stumbles over: circles of modules, arguments hidden in tuples, errors that are
//! strings, type names defined twice, long comment lines, test names that are sentences.
//!
//! Each check holds for all crates but those in its list. A crate that leaves a list stays out.

mod circles;
mod comments;
mod signatures;
mod test_names;
mod type_names;

use super::Problem;
use super::size::is_test;
use super::tree::Tree;

/// Crates that still share names of types with others.
const WITH_SHARED_TYPE_NAMES: &[&str] = &["api", "node"];

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
    let production = |exceptions: &[&str]| -> Vec<Source<'_>> {
        sources(tree, exceptions)
            .filter(|source| !is_test(source.path) && source.in_crate().is_some())
            .collect()
    };
    let all: Vec<Source<'_>> = sources(tree, &[]).collect();
    let mut problems = circles::check(&production(&[]));
    problems.extend(signatures::check_tuples(&production(&[])));
    problems.extend(signatures::check_errors(&production(&[])));
    problems.extend(type_names::check(&production(WITH_SHARED_TYPE_NAMES)));
    problems.extend(comments::check(&all));
    problems.extend(test_names::check(&all));
    problems
}

/// The files of all crates but these.
fn sources<'t>(tree: &'t Tree, exceptions: &[&str]) -> impl Iterator<Item = Source<'t>> {
    tree.with_extension("rs").filter_map(|(path, text)| {
        let package = path.strip_prefix("crates/")?.split('/').next()?;
        (!exceptions.contains(&package)).then_some(Source { package, path, text })
    })
}
