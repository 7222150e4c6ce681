//! No document's link leads nowhere: the file is there, and so is the heading.

use super::Problem;
use super::markdown::{anchors, prose, targets};
use super::tree::Tree;

/// Every link of every document that stays inside the repository.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.with_extension("md") {
        for line in prose(text) {
            for target in targets(&line.text) {
                if let Some(why) = dead(tree, path, target) {
                    problems.push(Problem::new(
                        path,
                        line.number,
                        format!("the link `{target}` {why}"),
                    ));
                }
            }
        }
    }
    problems
}

fn dead(tree: &Tree, path: &str, target: &str) -> Option<&'static str> {
    if target.starts_with("https://") || target.starts_with("mailto:") {
        return None;
    }
    if target.contains("://") || target.starts_with('/') {
        return Some("is neither https nor relative to its document");
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let Some(file) = resolve(path, file) else { return Some("leads out of the repository") };
    if !tree.has(&file) {
        return Some("leads to no file");
    }
    let document = tree.text(&file).unwrap_or_default();
    (!anchor.is_empty() && !anchors(document).iter().any(|known| known == anchor))
        .then_some("leads to no heading")
}

/// The path from the root of what `file` means in the document `path`; none if it lies outside.
pub(super) fn resolve(path: &str, file: &str) -> Option<String> {
    if file.is_empty() {
        return Some(path.to_owned());
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests;
