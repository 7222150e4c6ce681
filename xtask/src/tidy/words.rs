//! Names that say nothing, notes that were meant to be worked off, and lints that were switched off.

use super::Problem;
use super::lexed::{Lexed, Token};
use super::markdown::prose;
use super::tree::Tree;

/// Names for files, folders and modules that could hold anything, and so end up holding everything.
const NAMES: [&str; 8] =
    ["utils", "util", "common", "helpers", "helper", "manager", "managers", "misc"];

/// Notes to oneself: what is open stands in the tracker, or in docs/internals/status.md.
const NOTES: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// Macros that stand for code which is not there.
const HOLES: [&str; 2] = ["todo", "unimplemented"];

/// No banned word in the name of a file, in code, in a comment or in a document.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.files() {
        problems.extend(name(path));
        match path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("rs") => problems.extend(rust(path, text)),
            Some("md") => {
                for line in prose(text) {
                    problems.extend(notes(path, line.number, &line.text));
                }
            }
            Some(
                "py" | "sh" | "toml" | "yml" | "yaml" | "go" | "js" | "mjs" | "ts" | "dw"
                | "cedarschema",
            ) => {
                for (index, line) in text.lines().enumerate() {
                    problems.extend(notes(path, index + 1, line));
                }
            }
            _ => {}
        }
    }
    problems
}

fn name(path: &str) -> Option<Problem> {
    let banned = path.split('/').find_map(|part| {
        let stem = part.split('.').next().unwrap_or(part);
        NAMES.contains(&stem.to_lowercase().as_str()).then_some(stem)
    })?;
    Some(Problem::new(path, 0, format!("`{banned}` says nothing: name it after what it holds")))
}

fn rust(path: &str, text: &str) -> Vec<Problem> {
    let lexed = Lexed::of(text);
    let mut problems = Vec::new();
    for (index, line) in lexed.comments.lines().enumerate() {
        problems.extend(notes(path, index + 1, line));
    }
    let tokens = lexed.tokens();
    for (index, token) in tokens.iter().enumerate() {
        let after = tokens.get(index + 1..).unwrap_or_default();
        if let Some(what) = in_code(token, after) {
            problems.push(Problem::new(path, token.line, what));
        }
    }
    problems
}

fn in_code(token: &Token<'_>, after: &[Token<'_>]) -> Option<String> {
    let next = after.first().map(|token| token.text);
    if HOLES.contains(&token.text) && next == Some("!") {
        return Some(format!("`{}!`: build it, or leave it out", token.text));
    }
    if token.text == "mod" && next.is_some_and(|name| NAMES.contains(&name)) {
        return Some("this module's name says nothing: name it after what it holds".to_owned());
    }
    if token.text == "#" && has_allow(after) {
        return Some(
            "a lint is switched off with `allow`: `#[expect(.., reason = \"..\")]`".to_owned(),
        );
    }
    None
}

/// Whether the attribute whose tokens follow its `#` holds an `allow(..)`.
fn has_allow(after: &[Token<'_>]) -> bool {
    let inner = match after.first().map(|token| token.text) {
        Some("!") => after.get(1..),
        Some("[") => after.get(0..),
        _ => None,
    };
    let mut depth = 0_usize;
    let mut before = "";
    for token in inner.unwrap_or_default() {
        match token.text {
            "[" => depth += 1,
            "]" => depth = depth.saturating_sub(1),
            "(" if before == "allow" => return true,
            _ => {}
        }
        if depth == 0 {
            return false;
        }
        before = token.text;
    }
    false
}

fn notes(path: &str, line: usize, text: &str) -> Option<Problem> {
    let word = text
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .find(|word| NOTES.contains(word))?;
    Some(Problem::new(path, line, format!("`{word}`: do it, or file it")))
}

#[cfg(test)]
mod tests;
