//! How deep and how large a schema's types are once the names in them stand for what they name:
//! known before the schema's parser follows them.
//!
//! This is a scan over tokens without recursion. It takes every word that is a type's name for that
//! type, and so never says less than what is there.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::tokens::{Token, TokenKind, schema_tokens};

/// What the types of a schema come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Brackets around the innermost type, in the schema's text alone.
    pub(crate) brackets: usize,
    /// The same, with those of the types that are named, and one for each name.
    pub(crate) depth: usize,
    /// Words and signs, each name counted as what it names.
    pub(crate) size: usize,
}

/// A type that the schema names, or what is outside of all of them.
#[derive(Debug, Default)]
struct Definition {
    brackets: usize,
    size: usize,
    names: Vec<String>,
}

impl Extent {
    pub(crate) fn of(schema: &str) -> Extent {
        let tokens = schema_tokens(schema);
        let (types, outside) = definitions(schema, &tokens);
        let mut known = BTreeMap::new();
        for name in types.keys() {
            measure(name, &types, &mut known);
        }
        let whole = total(&outside, &known);
        let all = types.values().chain([&outside]);
        Extent {
            brackets: all.map(|definition| definition.brackets).max().unwrap_or(0),
            depth: known.values().map(|extent| extent.depth).fold(whole.depth, usize::max),
            size: known.values().fold(whole.size, |sum, extent| sum.saturating_add(extent.size)),
        }
    }
}

/// The types by name, and the rest of the schema as if it were one type.
fn definitions(schema: &str, tokens: &[Token]) -> (BTreeMap<String, Definition>, Definition) {
    let text = |at: usize| tokens.get(at).map(|token| token.text(schema)).unwrap_or_default();
    let is_definition = |at: usize| text(at) == "type" && text(at.saturating_add(2)) == "=";
    let names: BTreeSet<&str> = (0..tokens.len())
        .filter(|at| is_definition(*at))
        .map(|at| text(at.saturating_add(1)))
        .collect();
    let (mut types, mut outside) = (BTreeMap::<String, Definition>::new(), Definition::default());
    let (mut current, mut open, mut base) = (None::<String>, 0_usize, 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        if current.is_none() && is_definition(at) {
            (current, base) = (Some(text(at.saturating_add(1)).to_owned()), open);
            continue;
        }
        let definition = match &current {
            Some(name) => types.entry(name.clone()).or_default(),
            None => &mut outside,
        };
        definition.size = definition.size.saturating_add(1);
        let word = text(at);
        match (token.kind, word) {
            (TokenKind::Sign, "{" | "<" | "<=" | "[" | "(") => open = open.saturating_add(1),
            (TokenKind::Sign, "}" | ">" | ">=" | "]" | ")") => open = open.saturating_sub(1),
            (TokenKind::Sign, ";") if open <= base => current = None,
            // The name of a member is no type.
            (TokenKind::Word, _) if names.contains(word) && !is_member(schema, tokens, at) => {
                definition.names.push(word.to_owned());
            }
            _ => {}
        }
        let inside = open.saturating_sub(if current.is_some() { base } else { 0 });
        definition.brackets = definition.brackets.max(inside);
    }
    (types, outside)
}

fn is_member(schema: &str, tokens: &[Token], at: usize) -> bool {
    let next = tokens.get(at.saturating_add(1)).map(|token| token.text(schema));
    matches!(next, Some(":" | "?"))
}

/// Measures a type after all that it names. One that names itself has no end, which the parser
/// says; here it stops.
fn measure<'t>(
    name: &'t str,
    types: &'t BTreeMap<String, Definition>,
    known: &mut BTreeMap<&'t str, Extent>,
) {
    let (mut waiting, mut begun) = (vec![name], BTreeSet::new());
    while let Some(name) = waiting.last().copied() {
        let Some(definition) = types.get(name).filter(|_| !known.contains_key(name)) else {
            waiting.pop();
            continue;
        };
        if begun.insert(name) {
            let unknown = definition.names.iter().map(String::as_str);
            waiting
                .extend(unknown.filter(|name| !known.contains_key(name) && !begun.contains(name)));
        } else {
            waiting.pop();
            let extent = total(definition, known);
            known.insert(name, extent);
        }
    }
}

/// A type with those that it names, as far as they are known.
fn total(definition: &Definition, known: &BTreeMap<&str, Extent>) -> Extent {
    let Definition { brackets, size, names } = definition;
    let named = names.iter().filter_map(|name| known.get(name.as_str()));
    let mut whole = Extent { brackets: *brackets, depth: *brackets, size: *size };
    for extent in named {
        whole.depth = whole.depth.max(brackets.saturating_add(extent.depth).saturating_add(1));
        whole.size = whole.size.saturating_add(extent.size);
    }
    whole
}

#[cfg(test)]
mod tests;
