//! Values read where they stand in their text, without being built: for readers of whole logs.
//!
//! A [`Span`] begins with one pass that finds the text canonical. What it has not found so,
//! [`Value::parse`] is asked about, which has the last word and says what is wrong.
use std::borrow::Cow;

use super::plain::plain_bytes;
use super::{Error, Text, Value, checker, parser};

/// A value as it stands in a canonical text.
// INVARIANT: the text is canonical, of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a>(&'a str);

impl<'a> Span<'a> {
    /// The object that this text is. `None`: it is not canonical, no object, or has more bytes or
    /// values than a text may have.
    #[must_use]
    pub fn object(text: &'a [u8]) -> Option<Self> {
        checker::object(text).map(Self)
    }

    /// The value that this text is.
    ///
    /// # Errors
    /// As [`Value::parse`]: exactly what that reads is read here.
    pub fn parse(text: &'a [u8]) -> Result<Self, Error> {
        Self::parse_finding(text, []).map(|(whole, [])| whole)
    }

    /// The same, with the members of these names, where the value is an object that has them: the
    /// pass that finds it canonical finds them too.
    ///
    /// # Errors
    /// As [`Value::parse`].
    pub fn parse_finding<const N: usize>(
        text: &'a [u8],
        wanted: [&str; N],
    ) -> Result<(Self, [Option<Self>; N]), Error> {
        if let Some((whole, found)) = checker::object_finding(text, wanted) {
            let value = |text: &'a [u8]| std::str::from_utf8(text).ok().map(Self);
            return Ok((Self(whole), found.map(|found| found.and_then(value))));
        }
        Value::parse(text)?;
        // What is read is valid UTF-8.
        let whole = Self(std::str::from_utf8(text).unwrap_or_default());
        Ok((whole, wanted.map(|name| whole.members()?.find(name))))
    }

    /// The value of a text that was written as canonical, or was read as such before. What is found
    /// in another text says nothing.
    #[must_use]
    pub const fn known(text: &'a str) -> Self {
        Self(text)
    }

    /// Its canonical text.
    #[must_use]
    pub const fn text(self) -> &'a str {
        self.0
    }

    /// The value, built.
    #[must_use]
    pub fn to_value(self) -> Option<Value> {
        Value::parse(self.0.as_bytes()).ok()
    }

    /// The integer, where this is one.
    #[must_use]
    pub fn integer(self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The string, where this is one; copied only where something in it is escaped.
    #[must_use]
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if plain_bytes(inner.as_bytes()) == inner.len() {
            return Some(Cow::Borrowed(inner));
        }
        parser::string(self.0).map(|text| Cow::Owned(text.into()))
    }

    /// The string, as keys and names are kept.
    #[must_use]
    pub fn short(self) -> Option<Text> {
        self.string().map(Text::new)
    }

    /// The members, where this is an object.
    #[must_use]
    pub fn members(self) -> Option<Members<'a>> {
        self.0.strip_prefix('{').map(Members)
    }

    /// The elements, where this is an array.
    #[must_use]
    pub fn elements(self) -> Option<Elements<'a>> {
        self.0.strip_prefix('[').map(Elements)
    }
}

/// The members of an object, in the order of their keys.
#[derive(Debug, Clone)]
pub struct Members<'a>(&'a str);

impl<'a> Members<'a> {
    /// The next member's value, if it has this key; else nothing is taken. A caller that asks in
    /// the order of keys asks for each member once, and whatever is left at the end was not asked
    /// for.
    pub fn next_if(&mut self, key: &str) -> Option<Span<'a>> {
        let rest = self.0.strip_prefix('"')?.strip_prefix(key)?.strip_prefix("\":")?;
        let (value, rest) = split(rest)?;
        self.0 = rest;
        Some(value)
    }

    /// The value of the member that has this key, if one comes.
    #[must_use]
    pub fn find(mut self, key: &str) -> Option<Span<'a>> {
        self.find_map(|(name, value)| (name == key).then_some(value))
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == "}" || self.0.is_empty()
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Span<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        // A key has no escape, so it ends at the next quote.
        let (key, rest) = self.0.strip_prefix('"')?.split_once('"')?;
        let (value, rest) = split(rest.strip_prefix(':')?)?;
        self.0 = rest;
        Some((key, value))
    }
}

/// The elements of an array, in their order.
#[derive(Debug, Clone)]
pub struct Elements<'a>(&'a str);

impl<'a> Iterator for Elements<'a> {
    type Item = Span<'a>;

    fn next(&mut self) -> Option<Span<'a>> {
        let (value, rest) = split(self.0)?;
        self.0 = rest;
        Some(value)
    }
}

/// The first value of a text, and what stands behind it and its comma or bracket.
fn split(text: &str) -> Option<(Span<'_>, &str)> {
    let (value, rest) = text.split_at_checked(value_bytes(text.as_bytes()))?;
    if value.is_empty() {
        return None;
    }
    let rest = rest.strip_prefix(',').or_else(|| rest.get(1..)).unwrap_or_default();
    Some((Span(value), rest))
}

/// How long the value is that a canonical text begins with.
fn value_bytes(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => string_bytes(text),
        Some(b'{' | b'[') => container_bytes(text),
        _ => text.iter().position(|byte| matches!(byte, b',' | b'}' | b']')).unwrap_or(text.len()),
    }
}

/// With both quotes.
fn string_bytes(text: &[u8]) -> usize {
    let mut rest = text.get(1..).unwrap_or_default();
    loop {
        rest = rest.get(plain_bytes(rest)..).unwrap_or_default();
        match rest {
            [b'\\', _, after @ ..] => rest = after,
            [_, after @ ..] => return text.len() - after.len(),
            [] => return text.len(),
        }
    }
}

/// With both brackets.
fn container_bytes(text: &[u8]) -> usize {
    let (mut rest, mut depth) = (text, 0_usize);
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'"' => {
                rest = rest.get(string_bytes(rest)..).unwrap_or_default();
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return text.len() - after.len(),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        rest = after;
    }
    text.len()
}

#[cfg(test)]
mod tests;
