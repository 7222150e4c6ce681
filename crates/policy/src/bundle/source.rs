//! Where things stand in a policy file, and how deep its expressions are: known before any parser
//! recurses into it.
//!
//! This is a scan over tokens without recursion. The parser proper is Dogwood's; a file in which
//! both count a different number of policies is refused.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tokens::{Token, TokenKind, tokens};

/// One statement of a policy file: a policy, or a macro definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// From its first token, annotations included, to its semicolon.
    pub(crate) span: Range<usize>,
    /// The macro's name, when it is a definition.
    pub(crate) macro_name: Option<String>,
    pub(crate) annotations: Vec<Annotation>,
    /// An upper bound of the depth of its expressions.
    pub(crate) depth: usize,
    /// Where it first says `guardrails`.
    pub(crate) guardrails: Option<Range<usize>>,
    /// Uses of macro parameters.
    pub(crate) parameter_uses: usize,
    /// How deep macro calls are nested in each other's arguments.
    pub(crate) macro_nesting: usize,
    /// How deep braces are nested in its blocks, those in comments counted.
    pub(crate) block_depth: usize,
}

/// An annotation as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Annotation {
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) span: Range<usize>,
    pub(crate) has_value: bool,
}

/// Scans a policy file. `macros` are the names that count as macro calls.
pub(crate) fn statements(text: &str, macros: &BTreeSet<String>) -> Vec<Statement> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut scan = Scan::default();
    for (index, token) in tokens.iter().enumerate() {
        let rest = tokens.get(index..).unwrap_or_default();
        scan.take(text, token, rest, macros);
        if scan.frames.is_empty() && token.text(text) == ";" {
            found.extend(scan.finish(token.span.end));
        }
    }
    found.extend(scan.finish(text.len()));
    found
}

/// The statement being scanned.
#[derive(Default)]
struct Scan {
    start: Option<usize>,
    macro_name: Option<String>,
    annotations: Vec<Annotation>,
    frames: Vec<BracketScan>,
    outer: BracketScan,
    guardrails: Option<Range<usize>>,
    parameter_uses: usize,
    macro_nesting: usize,
    block_depth: usize,
}

impl Scan {
    fn take(&mut self, text: &str, token: &Token, rest: &[Token], macros: &BTreeSet<String>) {
        let word = token.text(text);
        if self.start.is_none() {
            self.start = Some(token.span.start);
            if word == "def" {
                self.macro_name = rest.get(2).map(|name| name.text(text).to_owned());
            }
        }
        self.block_depth = self.block_depth.max(token.block_depth);
        let next = |nth: usize| rest.get(nth).map(|token| token.text(text)).unwrap_or_default();
        match (token.kind, word) {
            (TokenKind::Text, _) => {}
            (_, "@") if self.frames.is_empty() => {
                let name =
                    rest.get(1).map(|token| token.span.clone()).unwrap_or(token.span.clone());
                let has_value = next(2) == "(";
                self.annotations.push(Annotation {
                    name: next(1).to_owned(),
                    span: name,
                    has_value,
                });
            }
            (_, "(" | "[" | "{") => {
                let frame = BracketScan::default();
                self.frames.push(frame);
            }
            (_, ")" | "]" | "}") => self.close(),
            (_, ",") => self.frame().next_item(),
            (_, "?") => self.parameter_uses = self.parameter_uses.saturating_add(1),
            (TokenKind::Word, name) => {
                if name == "guardrails" && self.guardrails.is_none() {
                    self.guardrails = Some(token.span.clone());
                }
                if macros.contains(name) && next(1) == "(" {
                    self.frame().macro_call = true;
                    let nested = self.frames.iter().filter(|frame| frame.macro_call).count();
                    self.macro_nesting = self.macro_nesting.max(nested);
                }
                self.frame().operator(name);
            }
            (TokenKind::Sign, sign) => self.frame().operator(sign),
        }
    }

    fn frame(&mut self) -> &mut BracketScan {
        self.frames.last_mut().unwrap_or(&mut self.outer)
    }

    fn close(&mut self) {
        if let Some(frame) = self.frames.pop() {
            let depth = frame.depth().saturating_add(1);
            let outer = self.frame();
            outer.inner = outer.inner.max(depth);
        }
    }

    /// Ends the statement, if one was begun, and starts over.
    fn finish(&mut self, end: usize) -> Option<Statement> {
        while !self.frames.is_empty() {
            self.close();
        }
        let done = std::mem::take(self);
        Some(Statement {
            span: done.start?..end,
            macro_name: done.macro_name,
            annotations: done.annotations,
            depth: done.outer.depth(),
            guardrails: done.guardrails,
            parameter_uses: done.parameter_uses,
            macro_nesting: done.macro_nesting,
            block_depth: done.block_depth,
        })
    }
}

/// What stands between two brackets. Its depth is at most: the operators that bind loosest, plus of
/// the deepest operand the `&&`, plus of the deepest operand of these all other operators and its
/// deepest bracket.
#[derive(Debug, Clone, Default)]
struct BracketScan {
    /// The depth of the deepest finished item of a list.
    items: usize,
    loose: usize,
    loose_operand: usize,
    and: usize,
    and_operand: usize,
    other: usize,
    inner: usize,
    /// A macro was called here, so that brackets inside may be its arguments.
    macro_call: bool,
}

impl BracketScan {
    fn operator(&mut self, word: &str) {
        match word {
            "||" | "if" | "then" | "else" | "when" | "unless" => {
                self.loose_operand = self.loose_operand.max(self.operand());
                self.loose = self.loose.saturating_add(1);
                (self.and, self.and_operand, self.other, self.inner) = (0, 0, 0, 0);
            }
            "&&" => {
                self.and_operand = self.and_operand.max(self.other.saturating_add(self.inner));
                self.and = self.and.saturating_add(1);
                (self.other, self.inner) = (0, 0);
            }
            "==" | "!=" | "<" | "<=" | ">" | ">=" | "=" | "+" | "-" | "*" | "/" | "%" | "!"
            | "." | "in" | "has" | "like" | "is" | "since" | "formerly" | "previous" | "exists"
            | "count" | "sum" | "where" => self.other = self.other.saturating_add(1),
            _ => {}
        }
    }

    fn next_item(&mut self) {
        let items = self.items.max(self.item());
        *self = BracketScan { items, macro_call: self.macro_call, ..BracketScan::default() };
    }

    fn operand(&self) -> usize {
        self.and.saturating_add(self.and_operand.max(self.other.saturating_add(self.inner)))
    }

    fn item(&self) -> usize {
        self.loose.saturating_add(self.loose_operand.max(self.operand()))
    }

    fn depth(&self) -> usize {
        self.items.max(self.item())
    }
}

#[cfg(test)]
mod tests;
