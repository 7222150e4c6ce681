//! Canonical JSON: the strict subset of RFC 8785 in which one meaning has one byte string.
//!
//! Values are strings, booleans, integers with |n| < 2^53, arrays and objects; keys are
//! `[a-z][a-z0-9_]*`, in byte order, without duplicates. There is no null, no fraction, no
//! exponent, no `-0`, no whitespace, and exactly one way to write each string. [`Value::parse`]
//! accepts that language and nothing else, so for whatever it accepts `parse(b).to_bytes() == b`.
//! `spec/canonical-json.md` has it in words.
pub(crate) mod checker;
mod error;
mod object;
mod parser;
mod plain;
mod span;
mod writer;

pub use error::{Error, Fault};
pub use object::Object;
pub use plain::plain_bytes;
/// A key or a string: short ones lie in place, long ones are shared by their copies.
pub use smol_str::SmolStr as Text;
pub use span::{Elements, Members, Span};
pub use writer::{ObjectWriter, write_array};

/// One value of the canonical language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// An integer, |n| < 2^53.
    Integer(i64),
    /// Any sequence of Unicode scalar values.
    String(Text),
    /// Values in order.
    Array(Vec<Value>),
    /// Members by key.
    Object(Object),
}

impl Value {
    /// Reads one canonical text.
    ///
    /// # Errors
    /// When the bytes are not exactly the canonical text of a value, or exceed a limit of
    /// [`crate::limits`]; the error has the offset and what is wrong there.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        parser::parse(bytes)
    }

    /// The canonical text of this value.
    ///
    /// A value built in code can lie outside of the language (an integer or key out of bounds, too
    /// deep): its text is then one that no reader accepts. [`Value::check`] tells, and
    /// [`crate::record::Record::new`] asks it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::with_capacity(256);
        self.write(&mut text);
        text.into_bytes()
    }

    /// Adds the canonical text of this value to a text.
    pub fn write(&self, text: &mut String) {
        writer::write(self, text);
    }

    /// Whether this value lies in the canonical language.
    ///
    /// # Errors
    /// The first integer, key, depth or size that the language does not have.
    pub fn check(&self) -> Result<(), Error> {
        writer::check(self)
    }

    /// The member of that name, where this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// The string, where this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The integer, where this is one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// The boolean, where this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The elements, where this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(elements) = self { Some(elements) } else { None }
    }

    /// The members, where this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// What kind of value this is, for messages: `a string`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// An object of these members; of two members with one key the last stays.
#[must_use]
pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Object(members.into_iter().collect())
}

/// Whether an object can have this key: `[a-z][a-z0-9_]*`.
#[must_use]
pub fn is_key(key: &str) -> bool {
    parser::is_key(key)
}

/// Adds the canonical text of a string to a text.
pub fn write_string(string: &str, text: &mut String) {
    writer::write_string(string, text);
}

/// A count as an integer: all counts and times of a log stay far below 2^53, and what would not is
/// cut to the largest.
#[must_use]
pub fn number(n: u64) -> Value {
    Value::Integer(i64::try_from(n).unwrap_or(i64::MAX).min(crate::limits::INTEGER_MAX))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl TryFrom<u64> for Value {
    type Error = Error;

    fn try_from(number: u64) -> Result<Self, Error> {
        let number = i64::try_from(number).map_err(|_| Error::new(Fault::IntegerRange, 0))?;
        if number > crate::limits::INTEGER_MAX {
            return Err(Error::new(Fault::IntegerRange, 0));
        }
        Ok(Self::Integer(number))
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Self {
        Self::Array(elements)
    }
}

impl From<Object> for Value {
    fn from(members: Object) -> Self {
        Self::Object(members)
    }
}

#[cfg(test)]
mod tests;
