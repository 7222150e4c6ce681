//! A type name is defined once.

use std::collections::BTreeMap;

use super::Source;
use crate::tidy::Problem;
use crate::tidy::lexed::{Lexed, Token};

/// Names that more than one module defines, each with its reason.
const TWICE: [(&str, &str); 7] = [
    ("Subject", "record's is a domain's word; policy's is private to the checks of a decision"),
    ("Error", "Rust's name for the one error of a module, which is read with it: `merkle::Error`"),
    ("ErrorKind", "Rust's name for the fault that a module's `Error` has, as in `std::io`"),
    ("Value", "JSON's word: proof's is canonical, wire's is as it was read"),
    ("Object", "JSON's word: proof's is canonical, wire's is as it was read"),
    ("Request", "JSON-RPC's word in wire, Cedar's in policy"),
    ("Entity", "Cedar's word in policy; in wire AuthZEN's for a subject or a resource"),
];

/// No two types have one name, but those with a reason.
pub(super) fn check(sources: &[Source<'_>]) -> Vec<Problem> {
    let lexed: Vec<_> = sources.iter().map(|source| (source, Lexed::of(source.text))).collect();
    let mut places: BTreeMap<String, Vec<(&str, usize)>> = BTreeMap::new();
    for (source, lexed) in &lexed {
        for name in defined(&lexed.tokens()) {
            places.entry(name.text.to_owned()).or_default().push((source.path, name.line));
        }
    }
    let mut problems = Vec::new();
    for (name, places) in places {
        let Some(((first, _), others)) = places.split_first() else { continue };
        if TWICE.iter().any(|(allowed, _)| *allowed == name) {
            continue;
        }
        for (path, line) in others {
            let what = format!("`{name}` is the name of a type in {first} already");
            problems.push(Problem::new(path, *line, what));
        }
    }
    problems
}

/// The names that types get here. A `type` within braces belongs to a trait.
fn defined<'s>(tokens: &[Token<'s>]) -> Vec<Token<'s>> {
    let (mut names, mut nesting) = (Vec::new(), 0_usize);
    for pair in tokens.windows(2) {
        let [keyword, name] = pair else { continue };
        match keyword.text {
            "{" => nesting += 1,
            "}" => nesting = nesting.saturating_sub(1),
            "struct" | "enum" | "trait" | "union" if is_type_name(name.text) => names.push(*name),
            "type" if nesting == 0 && is_type_name(name.text) => names.push(*name),
            _ => {}
        }
    }
    names
}

fn is_type_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

#[cfg(test)]
mod tests;
