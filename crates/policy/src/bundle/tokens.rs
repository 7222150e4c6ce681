//! The tokens of Cedar's and Dogwood's texts, without comments and blanks.
//!
//! A `temporal` block and the body of a macro are cut out by Dogwood before they are read: by their
//! braces, with strings but without comments. So a brace or a quote in a comment counts there, as
//! it does here.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// An identifier, a keyword or a number.
    Word,
    /// A string with its quotes.
    Text,
    /// Anything else: an operator or a bracket.
    Sign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Range<usize>,
    /// Of a brace that begins a block which is cut out: how deep the braces inside of it are
    /// nested, itself counted.
    pub(crate) block_depth: usize,
}

impl Token {
    pub(crate) fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.span.clone()).unwrap_or_default()
    }
}

/// Cuts a policy file into tokens. Never fails: what is no token of the language becomes a sign,
/// for the parser to refuse.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    cut(source, 0..source.len(), Language::Policies, &mut found);
    found
}

/// Cuts a schema, or any text without blocks, into tokens. Never fails.
pub(crate) fn schema_tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    cut(source, 0..source.len(), Language::Plain, &mut found);
    found
}

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    /// Policies and macros, or the body of a `cedar` macro: with blocks.
    Policies,
    /// A schema, or what stands in a block.
    Plain,
}

fn cut(source: &str, range: Range<usize>, language: Language, found: &mut Vec<Token>) {
    let mut at = range.start;
    // The kind of the macro whose body is still to come.
    let mut macro_body = None;
    while let Some(rest) = source.get(at..range.end).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        if first.is_whitespace() {
            at = at.saturating_add(first.len_utf8());
            continue;
        }
        if rest.starts_with("//") {
            at = at.saturating_add(rest.find(['\n', '\r']).unwrap_or(rest.len()));
            continue;
        }
        let (kind, bytes) = token_at(rest, first);
        let end = at.saturating_add(bytes);
        if language == Language::Policies {
            begins_macro(source, found, at..end, &mut macro_body);
        }
        let block = (language == Language::Policies && first == '{')
            .then(|| block(source, found, macro_body.take()))
            .flatten();
        let Some(inner) = block else {
            found.push(Token { kind, span: at..end, block_depth: 0 });
            at = end;
            continue;
        };
        let (length, depth) = block_extent(source.get(end..range.end).unwrap_or_default());
        found.push(Token { kind, span: at..end, block_depth: depth });
        at = end.saturating_add(length);
        cut(source, end..at, inner, found);
    }
}

fn token_at(rest: &str, first: char) -> (TokenKind, usize) {
    if first == '"' {
        (TokenKind::Text, string_bytes(rest).unwrap_or(rest.len()))
    } else if is_word(first) {
        (TokenKind::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
    } else {
        (TokenKind::Sign, sign_bytes(rest, first))
    }
}

/// Notes a macro whose head begins: `def` at the start of a statement, and its kind after it.
fn begins_macro(
    source: &str,
    before: &[Token],
    span: Range<usize>,
    macro_body: &mut Option<Language>,
) {
    let mut last = before.iter().rev().map(|token| token.text(source));
    let (Some("def"), None | Some(";")) = (last.next(), last.next()) else { return };
    *macro_body = match source.get(span) {
        Some("cedar") => Some(Language::Policies),
        _ => Some(Language::Plain),
    };
}

/// What the block is written in that a brace after these tokens begins; none where it begins none.
fn block(source: &str, before: &[Token], macro_body: Option<Language>) -> Option<Language> {
    if macro_body.is_some() {
        return macro_body;
    }
    let mut last = before.iter().rev().map(|token| token.text(source));
    // After the end of a scope or a condition, it stands where `when` should.
    let is_tag = last.next() == Some("temporal") && !matches!(last.next(), Some(")" | "}"));
    is_tag.then_some(Language::Plain)
}

/// Bytes of a block up to the brace that ends it, and how deep braces are nested in it, its own
/// counted.
fn block_extent(text: &str) -> (usize, usize) {
    let (mut at, mut open, mut deepest) = (0_usize, 1_usize, 1_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        match first {
            '{' => open = open.saturating_add(1),
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            break;
        }
        deepest = deepest.max(open);
        // A quote without an end is a character as any other.
        let string = (first == '"').then(|| string_bytes(rest)).flatten();
        at = at.saturating_add(string.unwrap_or(first.len_utf8()));
    }
    (at, deepest)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// With both quotes; none where it has no end.
fn string_bytes(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(offset.saturating_add(1)),
            _ => {}
        }
    }
    None
}

fn sign_bytes(rest: &str, first: char) -> usize {
    let two = ["||", "&&", "==", "!=", "<=", ">=", "::"];
    if two.iter().any(|sign| rest.starts_with(sign)) { 2 } else { first.len_utf8() }
}

#[cfg(test)]
mod tests;
