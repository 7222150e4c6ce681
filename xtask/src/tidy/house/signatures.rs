//! A function's arguments have names, and its errors are types.

use super::Source;
use crate::tidy::Problem;
use crate::tidy::lexed::{Lexed, Token};

/// A function as far as it is declared.
struct Signature<'t, 's> {
    name: Token<'s>,
    arguments: &'t [Token<'s>],
    result: &'t [Token<'s>],
}

/// No argument is a tuple.
pub(super) fn check_tuples(sources: &[Source<'_>]) -> Vec<Problem> {
    check(sources, |_, signature| {
        let name = signature.name.text;
        has_tuple(signature.arguments)
            .then(|| format!("`{name}` has a tuple for an argument: a struct with names"))
    })
}

/// Functions whose error is a string because somebody else's trait has it so, with their files.
const PRESCRIBED: [(&str, &str, &str); 1] =
    [("crates/policy/src/temporal.rs", "evaluate", "the engine that Dogwood runs conditions by")];

/// No error is a string.
pub(super) fn check_errors(sources: &[Source<'_>]) -> Vec<Problem> {
    check(sources, |source, signature| {
        let name = signature.name.text;
        let is_prescribed =
            PRESCRIBED.iter().any(|(path, known, _)| *path == source.path && *known == name);
        (is_string_error(signature.result) && !is_prescribed)
            .then(|| format!("`{name}` has a string for an error: a type (`thiserror`)"))
    })
}

fn check(
    sources: &[Source<'_>],
    problem: impl Fn(&Source<'_>, &Signature<'_, '_>) -> Option<String>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in sources {
        let lexed = Lexed::of(source.text);
        let tokens = lexed.tokens();
        for signature in signatures(&tokens) {
            let what = problem(source, &signature);
            problems.extend(what.map(|what| Problem::new(source.path, signature.name.line, what)));
        }
    }
    problems
}

fn signatures<'t, 's>(tokens: &'t [Token<'s>]) -> Vec<Signature<'t, 's>> {
    let mut found = Vec::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let [keyword, name] = pair else { continue };
        if keyword.text != "fn" || !name.text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            continue;
        }
        let rest = tokens.get(index + 2..).unwrap_or_default();
        let begin = argument_begin(rest);
        let rest = rest.get(begin..).unwrap_or_default();
        let end = closing(rest);
        let (arguments, rest) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        let result_end = rest
            .iter()
            .position(|token| ["{", ";", "where"].contains(&token.text))
            .unwrap_or(rest.len());
        let result = rest.get(..result_end).unwrap_or_default();
        found.push(Signature { name: *name, arguments, result });
    }
    found
}

/// Where the arguments begin: after the generic parameters and one bracket.
fn argument_begin(tokens: &[Token<'_>]) -> usize {
    let mut angles = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "<" => angles += 1,
            ">" if !is_arrow(tokens, index) => angles = angles.saturating_sub(1),
            "(" if angles == 0 => return index + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Where the bracket closes that is open when the tokens begin.
fn closing(tokens: &[Token<'_>]) -> usize {
    let mut open = 1_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "(" => open += 1,
            ")" => open -= 1,
            _ => {}
        }
        if open == 0 {
            return index;
        }
    }
    tokens.len()
}

/// Whether the type of an argument is a tuple: `name: (A, B)`, also behind a reference.
fn has_tuple(arguments: &[Token<'_>]) -> bool {
    let colons = arguments.iter().enumerate().filter(|(index, token)| {
        let around = [index.checked_sub(1), index.checked_add(1)];
        let is_path = around.iter().flatten().filter_map(|at| arguments.get(*at));
        token.text == ":" && is_path.filter(|near| near.text == ":").count() == 0
    });
    colons.into_iter().any(|(index, _)| {
        let mut rest = arguments.get(index + 1..).unwrap_or_default();
        while let Some((first, after)) = rest.split_first()
            && ["&", "mut"].contains(&first.text)
        {
            rest = after;
        }
        let Some((first, inner)) = rest.split_first() else { return false };
        first.text == "(" && has_comma(inner.get(..closing(inner)).unwrap_or_default())
    })
}

fn has_comma(tokens: &[Token<'_>]) -> bool {
    tokens.iter().any(|token| token.text == ",")
}

/// Whether a result is `Result<_, String>` or `Result<_, &'static str>`, also within others.
fn is_string_error(result: &[Token<'_>]) -> bool {
    let begins = result.windows(2).enumerate().filter(
        |(_, pair)| matches!(pair, [name, angle] if name.text == "Result" && angle.text == "<"),
    );
    begins.into_iter().any(|(index, _)| {
        let last = last_argument(result.get(index + 2..).unwrap_or_default());
        let texts: Vec<&str> = last.iter().map(|token| token.text).collect();
        texts == ["String"] || texts == ["&", "'", "static", "str"]
    })
}

/// The last of several type arguments in the angle that is open when the tokens begin: a result
/// with one argument has somebody else's error, such as `io::Result<String>`.
fn last_argument<'t, 's>(tokens: &'t [Token<'s>]) -> &'t [Token<'s>] {
    let (mut open, mut begin) = (1_usize, 0);
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "<" | "(" | "[" => open += 1,
            ">" if is_arrow(tokens, index) => {}
            ">" | ")" | "]" => open -= 1,
            "," if open == 1 => begin = index + 1,
            _ => {}
        }
        if open == 0 && begin > 0 {
            return tokens.get(begin..index).unwrap_or_default();
        }
        if open == 0 {
            break;
        }
    }
    &[]
}

fn is_arrow(tokens: &[Token<'_>], index: usize) -> bool {
    index.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|t| t.text == "-")
}

#[cfg(test)]
mod tests;
