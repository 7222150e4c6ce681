//! One JSON text, as a tree that keeps its bytes.
//!
//! RFC 8259 leaves open what readers do with duplicate names, numbers that no `double` holds, lone
//! surrogates and more; readers differ there, and a difference in what is authorised is a way past
//! the decision. So a text is accepted only if
//!
//! - it is UTF-8 without a byte order mark, and one line: no byte below 0x20 at all, so that only
//!   spaces part tokens;
//! - no object has a name twice, nor one that a reader treats as an instruction;
//! - it stays within [`crate::limits`].
//!
//! And in a request ([`Accept::Request`]), which is authorised, only if
//!
//! - it holds no raw U+0085, U+2028 or U+2029, at which some line readers cut, and in which a
//!   second request could hide;
//! - its strings have no lone surrogate and no NUL, its objects no two names that are equal under
//!   Unicode simple case folding (Go reads U+212A as `k`);
//! - its numbers are finite as binary64 values. Of which number readers hold the same value, its
//!   reader asks ([`Number::is_alike`]).

mod canonical;
mod error;
mod fold;
mod number;
mod reader;
mod string;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub use error::{Error, ErrorKind};
pub use fold::{UNICODE_VERSION, fold};
pub use number::Number;

/// The text of a string with its quotes, and nothing after it.
pub(crate) fn read_string(text: &str, accept: Accept) -> Option<Cow<'_, str>> {
    let (string, end) = string::read(text, 0, accept).ok()?;
    (end == text.len()).then_some(string)
}

/// Which texts are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// Text that is authorised: one that every parser reads alike, but for numbers that nothing
    /// looks at.
    Request,
    /// What comes of it: a line of JSON that has one meaning. It names nothing, and is handed on as
    /// its own bytes.
    Result,
    /// The same over several lines: a text that no transport cuts into lines.
    Text,
}

impl Accept {
    fn is_one_line(self) -> bool {
        self != Self::Text
    }
}

/// One value, the bytes it was read from, and where they stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Value<'a> {
    raw: &'a str,
    offset: usize,
    data: Data<'a>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Data<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(Number<'a>),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array's elements, in order.
    Array(Vec<Value<'a>>),
    /// An object's members, in order.
    Object(Object<'a>),
}

/// An object's members in the order of the text; no two names are equal, in a request not under
/// simple case folding either.
#[derive(Debug, Clone, PartialEq)]
pub struct Object<'a> {
    members: Vec<Member<'a>>,
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member<'a> {
    key: Cow<'a, str>,
    raw_key: &'a str,
    offset: usize,
    value: Value<'a>,
}

impl<'a> Value<'a> {
    /// Reads one text that is to be authorised ([`Accept::Request`]).
    ///
    /// # Errors
    /// The first reason to refuse it, with its offset in bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse_with(bytes, Accept::Request)
    }

    /// Reads one text of those that the rule accepts.
    ///
    /// # Errors
    /// The first reason to refuse it, with its offset in bytes.
    pub fn parse_with(bytes: &'a [u8], accept: Accept) -> Result<Self, Error> {
        reader::read(bytes, accept)
    }

    /// The bytes that this value was read from, without the spaces around it.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// Where [`Value::raw`] stands in the whole text, in bytes.
    pub fn span(&self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.raw.len())
    }

    /// What the value is.
    pub fn data(&self) -> &Data<'a> {
        &self.data
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.data == Data::Null
    }

    /// The unescaped text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of `true` or `false`.
    pub fn as_bool(&self) -> Option<bool> {
        match self.data {
            Data::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A number that was written as an integer of at most 53 bits: no fraction, no exponent.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::integer)
    }

    /// A whole number of at most 53 bits, however it was written.
    pub fn as_whole(&self) -> Option<i64> {
        self.as_number().and_then(Number::whole)
    }

    /// A number.
    pub fn as_number(&self) -> Option<&Number<'a>> {
        match &self.data {
            Data::Number(number) => Some(number),
            _ => None,
        }
    }

    /// An array's elements.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match &self.data {
            Data::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// An object.
    pub fn as_object(&self) -> Option<&Object<'a>> {
        match &self.data {
            Data::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The member of an object with exactly this name.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_object().and_then(|object| object.get(key))
    }

    /// As [`Value::get`], without a copy of the tree below.
    pub(crate) fn take(self, key: &str) -> Option<Self> {
        let Data::Object(object) = self.data else { return None };
        object.members.into_iter().find(|member| member.key == key).map(|member| member.value)
    }
}

impl<'a> Object<'a> {
    /// The members in the order of the text.
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The value of the member with exactly this name.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }
}

impl<'a> Member<'a> {
    /// The unescaped name.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The name as it was written, with its quotes.
    pub fn raw_key(&self) -> &'a str {
        self.raw_key
    }

    /// Where the name's opening quote stands in the whole text, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The value.
    pub fn value(&self) -> &Value<'a> {
        &self.value
    }
}
