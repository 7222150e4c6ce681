//! The tokens of a policy file, without comments and blanks.

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
}

impl Token {
    pub(crate) fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.span.clone()).unwrap_or_default()
    }
}

/// Cuts a text into tokens. Never fails: what is no token of the language becomes a sign, for the parser to refuse.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        if first.is_whitespace() {
            at = at.saturating_add(first.len_utf8());
            continue;
        }
        if rest.starts_with("//") {
            at = at.saturating_add(rest.find(['\n', '\r']).unwrap_or(rest.len()));
            continue;
        }
        let (kind, bytes) = if first == '"' {
            (TokenKind::Text, string_bytes(rest))
        } else if is_word(first) {
            (TokenKind::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
        } else {
            (TokenKind::Sign, sign_bytes(rest, first))
        };
        found.push(Token { kind, span: at..at.saturating_add(bytes) });
        at = at.saturating_add(bytes);
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn string_bytes(rest: &str) -> usize {
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return offset.saturating_add(1),
            _ => {}
        }
    }
    rest.len()
}

fn sign_bytes(rest: &str, first: char) -> usize {
    let two = ["||", "&&", "==", "!=", "<=", ">=", "::"];
    if two.iter().any(|sign| rest.starts_with(sign)) { 2 } else { first.len_utf8() }
}
