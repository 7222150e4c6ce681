//! The modules of a crate form no circle.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;
use crate::tidy::Problem;
use crate::tidy::lexed::{Lexed, Token};

/// The modules that each module of one crate names.
type Edges<'t> = BTreeMap<&'t str, BTreeSet<String>>;

/// No module of a crate reaches itself through others.
pub(super) fn check(sources: &[Source<'_>]) -> Vec<Problem> {
    let mut crates: BTreeMap<&str, Edges<'_>> = BTreeMap::new();
    for source in sources {
        let Some(path) = source.in_crate() else { continue };
        let module = top_module(path);
        let used = used_modules(&Lexed::of(source.text).tokens(), depth(path));
        let edges = crates.entry(source.package).or_default().entry(module).or_default();
        edges.extend(used.into_iter().filter(|used| used != module));
    }
    let rings = crates.iter().flat_map(|(package, edges)| {
        rings(edges).into_iter().map(move |ring| {
            let what = format!("its modules form a circle: {}", ring.join(", "));
            Problem::new(&format!("crates/{package}"), 0, what)
        })
    });
    rings.collect()
}

/// The module right below the crate that a file belongs to.
fn top_module(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// How many `super` lead from a file to the crate.
fn depth(path: &str) -> usize {
    match path {
        "lib.rs" | "main.rs" => 0,
        _ => path.split('/').count(),
    }
}

/// The modules right below the crate that code names, by `crate::` or by as many `super::`.
fn used_modules(tokens: &[Token<'_>], depth: usize) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (index, token) in tokens.iter().enumerate() {
        let rest = tokens.get(index + 1..).unwrap_or_default();
        let after = match token.text {
            "crate" => path_after(rest),
            "super" => above(rest, depth),
            _ => None,
        };
        used.extend(after.map(first_names).unwrap_or_default());
    }
    used
}

/// The tokens after `::`.
fn path_after<'t, 's>(tokens: &'t [Token<'s>]) -> Option<&'t [Token<'s>]> {
    match tokens {
        [first, second, rest @ ..] if first.text == ":" && second.text == ":" => Some(rest),
        _ => None,
    }
}

/// The tokens after a chain of `super` that ends at the crate; the first one is read.
fn above<'t, 's>(tokens: &'t [Token<'s>], depth: usize) -> Option<&'t [Token<'s>]> {
    let mut rest = path_after(tokens)?;
    let mut climbed = 1;
    while let Some((first, after)) = rest.split_first()
        && first.text == "super"
    {
        climbed += 1;
        rest = path_after(after)?;
    }
    (climbed == depth).then_some(rest)
}

/// The first name of a path, or of each path in braces.
fn first_names(tokens: &[Token<'_>]) -> Vec<String> {
    let Some((first, rest)) = tokens.split_first() else { return Vec::new() };
    if first.text != "{" {
        return vec![first.text.to_owned()];
    }
    let (mut names, mut nesting, mut is_first) = (Vec::new(), 1_usize, true);
    for token in rest {
        match token.text {
            "{" => nesting += 1,
            "}" => nesting = nesting.saturating_sub(1),
            "," if nesting == 1 => is_first = true,
            name if is_first && nesting == 1 => {
                names.push(name.to_owned());
                is_first = false;
            }
            _ => {}
        }
        if nesting == 0 {
            break;
        }
    }
    names
}

/// The sets of modules that reach one another, each once.
fn rings(edges: &Edges<'_>) -> Vec<Vec<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        edges.keys().map(|start| (*start, reach(edges, start))).collect();
    let mut rings: Vec<Vec<String>> = Vec::new();
    for (start, own) in &reached {
        if rings.iter().flatten().any(|module| module == start) || !own.contains(start) {
            continue;
        }
        let back = |module: &&&str| reached.get(**module).is_some_and(|to| to.contains(start));
        rings.push(own.iter().filter(back).map(|module| (*module).to_owned()).collect());
    }
    rings
}

/// The modules that one leads to.
fn reach<'e>(edges: &'e Edges<'_>, start: &str) -> BTreeSet<&'e str> {
    let (mut found, mut left) = (BTreeSet::new(), vec![start]);
    while let Some(module) = left.pop() {
        for to in edges.get(module).into_iter().flatten() {
            if edges.contains_key(to.as_str()) && found.insert(to.as_str()) {
                left.push(to);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
