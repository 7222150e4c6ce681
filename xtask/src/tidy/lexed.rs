//! Rust source split into code and comments: enough for checks that must not be fooled by text in a string.

/// Source split in two texts with the same lines. What belongs to the other text is blank; in `code`, what a
/// string or character literal holds is replaced by quotation marks.
pub(super) struct Lexed {
    pub(super) code: String,
    pub(super) comments: String,
}

/// A name, a number, or one other character of code.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) struct Token<'a> {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) text: &'a str,
}

enum Kind {
    Code,
    Comment,
    Literal,
}

impl Lexed {
    /// Splits a source file.
    pub(super) fn of(source: &str) -> Lexed {
        let mut lexed = Lexed { code: String::new(), comments: String::new() };
        let mut rest = source;
        let mut after_name = false;
        while let Some(first) = rest.chars().next() {
            let (kind, length) = next(rest, first, after_name);
            let (piece, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
            lexed.push(&kind, piece);
            after_name = piece.ends_with(is_name);
            rest = tail;
        }
        lexed
    }

    /// The tokens of the code.
    pub(super) fn tokens(&self) -> Vec<Token<'_>> {
        let mut tokens = Vec::new();
        for (number, line) in self.code.lines().enumerate() {
            let mut rest = line.trim_start();
            while let Some(first) = rest.chars().next() {
                let length = if is_name(first) {
                    rest.find(|other| !is_name(other)).unwrap_or(rest.len())
                } else {
                    first.len_utf8()
                };
                let (text, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
                tokens.push(Token { line: number + 1, text });
                rest = tail.trim_start();
            }
        }
        tokens
    }

    fn push(&mut self, kind: &Kind, piece: &str) {
        for character in piece.chars() {
            let (code, comment) = match kind {
                _ if character.is_whitespace() => (character, character),
                Kind::Code => (character, ' '),
                Kind::Comment => (' ', character),
                Kind::Literal => ('"', ' '),
            };
            self.code.push(code);
            self.comments.push(comment);
        }
    }
}

/// What the text begins with, and how many bytes of it.
fn next(rest: &str, first: char, after_name: bool) -> (Kind, usize) {
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if !after_name && let Some(length) = raw_string(rest) {
        return (Kind::Literal, length);
    }
    match first {
        '"' => (Kind::Literal, 1 + quoted(rest.get(1..).unwrap_or_default(), '"')),
        '\'' => match character(rest) {
            Some(length) => (Kind::Literal, length),
            None => (Kind::Code, 1),
        },
        _ => (Kind::Code, first.len_utf8()),
    }
}

/// Block comments nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(first) = rest.chars().next()
    {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += first.len_utf8();
        }
    }
    text.len()
}

/// The length of `r#"..."#` with any number of marks, also after `b` or `c`.
fn raw_string(text: &str) -> Option<usize> {
    let after_prefix = text.strip_prefix(['b', 'c']).unwrap_or(text).strip_prefix('r')?;
    let marks = after_prefix.find(|character| character != '#')?;
    let body = after_prefix.get(marks..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(marks));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(text.len() - body.len() + length)
}

/// The length of a literal's rest, its closing mark included.
fn quoted(body: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, character) in body.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == mark {
            return at + 1;
        }
    }
    body.len()
}

/// The length of a character literal; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let body = text.get(1..)?;
    let mut characters = body.chars();
    let first = characters.next()?;
    (first == '\\' || characters.next() == Some('\'')).then(|| 1 + quoted(body, '\''))
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests;
