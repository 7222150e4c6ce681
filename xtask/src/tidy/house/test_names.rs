//! A test's name states one fact in a few words.

use super::Source;
use crate::tidy::Problem;
use crate::tidy::lexed::{Lexed, Token};

const LETTERS_MAX: usize = 60;

/// Words that a name begins with which does not say what it is about.
const VAGUE: [&str; 3] = ["what_", "who_", "it_"];

/// No test's name is a sentence, or begins with a word for anything.
pub(super) fn check(sources: &[Source<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in sources {
        for name in tests(&Lexed::of(source.text).tokens()) {
            if name.text.len() > LETTERS_MAX {
                let what = format!("`{}` is longer than {LETTERS_MAX} letters", name.text);
                problems.push(Problem::new(source.path, name.line, what));
            }
            if VAGUE.iter().any(|vague| name.text.starts_with(vague)) {
                let what = format!("`{}` does not begin with what it is about", name.text);
                problems.push(Problem::new(source.path, name.line, what));
            }
        }
    }
    problems
}

/// The names of functions after `#[test]` or `#[tokio::test]`.
fn tests<'s>(tokens: &[Token<'s>]) -> Vec<Token<'s>> {
    let (mut names, mut is_test) = (Vec::new(), false);
    for window in tokens.windows(2) {
        match window {
            [name, end] if name.text == "test" && (end.text == "]" || end.text == "(") => {
                is_test = true;
            }
            [keyword, name] if keyword.text == "fn" => {
                names.extend(is_test.then_some(*name));
                is_test = false;
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests;
