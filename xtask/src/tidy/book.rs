//! The book for users stands alone: its contents list every page, and no page leads out of it, since its web pages have
//! nothing else of the repository.

use super::Problem;
use super::links::resolve;
use super::markdown::{prose, targets};
use super::tree::Tree;

/// Where `docs/book.toml` says that the pages lie.
const FOLDER: &str = "docs/book/";
const CONTENTS: &str = "docs/book/SUMMARY.md";

/// Checks the pages and the contents.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let contents = tree.text(CONTENTS).unwrap_or_default();
    let listed: Vec<String> = links(CONTENTS, contents).map(|(_, file)| file).collect();
    let mut problems = Vec::new();
    let pages = tree.with_extension("md");
    for (path, text) in pages.filter(|(path, _)| path.starts_with(FOLDER) && *path != CONTENTS) {
        if !listed.iter().any(|file| file == path) {
            problems.push(Problem::new(path, 0, format!("`{CONTENTS}` does not list this page")));
        }
        for (line, file) in links(path, text) {
            if !file.starts_with(FOLDER) {
                let what = format!("`{file}` is not in the book: name it without a link");
                problems.push(Problem::new(path, line, what));
            }
        }
    }
    problems
}

/// The files of the repository to which a page's links lead, with their lines.
fn links<'a>(path: &'a str, text: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
    prose(text).into_iter().flat_map(move |line| {
        let inside = targets(&line.text).into_iter().filter(|target| !target.contains("://"));
        let files = inside.filter_map(|target| {
            let file = target.split_once('#').map_or(target, |(file, _)| file);
            resolve(path, file)
        });
        let files: Vec<(usize, String)> = files.map(|file| (line.number, file)).collect();
        files
    })
}

#[cfg(test)]
mod tests;
