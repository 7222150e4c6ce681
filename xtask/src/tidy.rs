//! Style as a test: what no compiler checks, checked on every run.
//!
//! ```text
//! tree, workspace     what is looked at: the repository's files, and cargo's view of its crates
//! lexed, markdown     just enough reading of Rust and of Markdown
//! edges, pure         which crate may use which; what pure crates promise
//! size, words         file and function size; banned words, names and attributes
//! links, dead         links that lead nowhere; files that nothing leads to
//! book                pages that the contents do not list; links out of the book
//! dependencies, adr,
//! specification, security,
//! limits, changelog   documents that must agree with the code
//! house               what a reader stumbles over: circles, tuples, names defined twice, ..
//! leaks               what a repository must not tell of the machines it was made on
//! ```
//!
//! Each check is a function from values to problems, with good and bad examples as its tests.

mod adr;
mod book;
mod changelog;
mod dead;
mod dependencies;
mod edges;
mod house;
mod leaks;
mod lexed;
mod limits;
mod links;
mod markdown;
mod pure;
mod security;
mod size;
mod specification;
mod tree;
mod words;
mod workspace;

use std::fmt;

use crate::report::Outcome;
use crate::root::Root;
use tree::Tree;
use workspace::Workspace;

/// Something to mend, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    path: String,
    /// Counted from 1; 0 when the whole file is meant.
    line: usize,
    what: String,
}

impl Problem {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Problem {
        Problem { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.what),
            line => write!(out, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Runs every check and prints every problem.
pub(crate) fn run(root: &Root) -> anyhow::Result<Outcome> {
    let tree = Tree::read(root)?;
    let workspace = Workspace::read(root)?;
    let checks = [
        edges::check(&workspace),
        edges::drawn(&tree, &workspace),
        pure::check(&tree, &workspace),
        size::check(&tree),
        words::check(&tree),
        links::check(&tree),
        book::check(&tree),
        dead::check(&tree, &workspace),
        dependencies::check(&tree, &workspace),
        adr::check(&tree),
        specification::check(&tree),
        security::check(&tree),
        limits::check(&tree),
        changelog::check(&tree),
        leaks::check(&tree),
        house::check(&tree),
    ];
    let mut problems: Vec<Problem> = checks.into_iter().flatten().collect();
    problems.sort();
    problems.dedup();
    for problem in &problems {
        println!("  {problem}");
    }
    if !problems.is_empty() {
        anyhow::bail!("{} to mend", problems.len());
    }
    println!("  {} files in order", tree.len());
    Ok(Outcome::Passed)
}
