//! Files and functions stay small, also where clippy does not look: `fuzz/`, other platforms, macros.

use super::Problem;
use super::lexed::{Lexed, Token};
use super::tree::Tree;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// No file of code is over its limit outside tests, and no function anywhere.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.with_extension("rs") {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX && !is_test(path) {
            let what = format!("{lines} lines: split it by idea ({FILE_LINES_MAX} at most)");
            problems.push(Problem::new(path, 0, what));
        }
        for (line, name, lines) in long_functions(text) {
            let what = format!("`{name}` has {lines} lines of code ({FUNCTION_LINES_MAX} at most)");
            problems.push(Problem::new(path, line, what));
        }
    }
    problems
}

/// Whether the file is a test's.
pub(super) fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn long_functions(source: &str) -> Vec<(usize, String, usize)> {
    let lexed = Lexed::of(source);
    let tokens = lexed.tokens();
    let mut long = Vec::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let [keyword, name] = pair else { continue };
        // `fn(` is a type: a function has a name.
        if keyword.text != "fn"
            || !name.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
        {
            continue;
        }
        let lines = body_lines(tokens.get(index..).unwrap_or_default());
        if lines > FUNCTION_LINES_MAX {
            long.push((keyword.line, name.text.to_owned(), lines));
        }
    }
    long
}

/// The lines with code between a function's braces, of tokens that begin with its `fn`.
fn body_lines(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    let mut lines = 0;
    let mut open = 0;
    let mut last = 0;
    for token in tokens {
        match token.text {
            ";" if depth == 0 && open == 0 => return 0,
            "(" | "[" if open == 0 => depth += 1,
            ")" | "]" if open == 0 => depth = depth.saturating_sub(1),
            "{" if open == 0 && depth == 0 => {
                open = 1;
                last = token.line;
            }
            "{" if open > 0 => open += 1,
            "}" if open == 1 => return if token.line == last { lines.max(1) - 1 } else { lines },
            "}" if open > 1 => open -= 1,
            _ => {}
        }
        if open > 0 && token.line != last {
            lines += 1;
            last = token.line;
        }
    }
    lines
}

#[cfg(test)]
mod tests;
